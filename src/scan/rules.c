/*
 * rules: what is not malware by any signature, but not wanted by everybody.
 *
 * Which rule looks at which member stands here; the rules themselves are in
 * html, program and office, and know nothing of containers.
 */
#include "scan/html.h"
#include "scan/names.h"
#include "scan/office.h"
#include "scan/program.h"
#include "scan/unpack.h"

void
scan_note(struct scan *sc, enum scan_rule rule, const char *name)
{
	unsigned i = rule / SCAN_SCRIPTS / 2;

	if (sc->where[0] == '\0')
		scan_note_where(sc);
	sc->flaws |= rule;
	if (sc->rule[i] == NULL)
		sc->rule[i] = name;
}

const char *
scan_rule_name(const struct scan *sc, enum scan_rule rule)
{
	return sc->rule[rule / SCAN_SCRIPTS / 2];
}

const char *
scan_first_rule(const struct scan *sc)
{
	for (unsigned i = 0; i < SCAN_RULES; i++)
		if (sc->rule[i] != NULL)
			return sc->rule[i];
	return "";
}

int
scan_rules_read(struct span words, unsigned *rules)
{
	struct span word;

	*rules = 0;
	while (span_next(&words, ',', &word)) {
		word = span_trim(word);
		if (span_is(word, SPAN("scripts")))
			*rules |= SCAN_SCRIPTS;
		else if (span_is(word, SPAN("programs")))
			*rules |= SCAN_PROGRAMS;
		else if (span_is(word, SPAN("macros")))
			*rules |= SCAN_MACROS;
		else
			return ERR_SYNTAX;
	}
	return ERR_OK;
}

/* Note the name that a rule gave, if it gave one. */
static void
judge(struct scan *sc, enum scan_rule rule, const char *name)
{
	if (name != NULL)
		scan_note(sc, rule, name);
}

/* Is a file of this name shown as markup? */
static bool
is_markup_name(struct span name)
{
	static const char *const ends[] = { ".htm", ".html", ".shtml", ".xhtml",
		".xht", ".svg", ".mht", ".mhtml", ".xml", ".xsl", ".xslt" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (span_ends_nocase(name, span_str(ends[i])))
			return true;
	return false;
}

void
scan_named(struct scan *sc, struct scan_frame *f, struct span name)
{
	bool inside = f->next != scan_next_mail;

	f->name = name;
	f->is_header = false;
	f->hints = is_markup_name(name) ? SCAN_AS_HTML : 0;
	if (inside && office_is_types(name))
		f->hints |= SCAN_AS_TYPES;
	if (sc->rules & SCAN_PROGRAMS)
		judge(sc, SCAN_PROGRAMS, program_name(name, inside));
	if ((sc->rules & SCAN_MACROS) && inside)
		judge(sc, SCAN_MACROS, office_part(name));
}

/* What the Content- fields say that the part is. */
static unsigned
hints_of(struct span head)
{
	static const char *const types[] = { "html", "svg", "/xml", "+xml" };
	unsigned hints = names_mention(head, SPAN("utf-7")) ? SCAN_AS_UTF7 : 0;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (names_mention(head, span_str(types[i])))
			hints |= SCAN_AS_HTML;
	if (names_mention(head, SPAN("message/"))
	    || names_mention(head, SPAN("multipart/")))
		hints |= SCAN_AS_MAIL;
	return hints;
}

void
scan_headed(struct scan *sc, struct scan_frame *f, struct span head)
{
	unsigned hints = hints_of(head);
	struct names names;
	struct span name;

	/* the other parts of it are in other mails */
	if ((hints & SCAN_AS_MAIL)
	    && names_mention(head, SPAN("message/partial")))
		scan_flaw(sc, SCAN_DAMAGED);
	names_init(&names, head);
	while (sc->rules != 0 && names_next(&names, &name)) {
		scan_named(sc, f, name);
		hints |= f->hints;
		/* unquoted, some readers stop at the first space */
		if (!names.quoted)
			scan_named(
			    sc, f, span_first(name, span_find(name, ' ')));
	}
	f->hints = hints;
	f->name = head;
	f->is_header = true;
}

/*
 * Where nothing says that it is HTML, its beginning may.  A mail is not asked:
 * its parts will be.
 */
static bool
is_markup(struct span member, const struct scan_kind *kind, unsigned hints)
{
	return (hints & SCAN_AS_HTML)
	       || (kind->next != scan_next_mail && html_is_likely(member));
}

void
scan_rules(struct scan *sc, struct span member, const struct scan_kind *kind,
    unsigned hints)
{
	if (sc->rules & SCAN_PROGRAMS)
		judge(sc, SCAN_PROGRAMS, program_content(member));
	if (sc->rules & SCAN_MACROS) {
		judge(sc, SCAN_MACROS, office_content(member));
		if (hints & SCAN_AS_TYPES)
			judge(sc, SCAN_MACROS, office_types(member));
	}
	if ((sc->rules & SCAN_SCRIPTS) && is_markup(member, kind, hints))
		judge(sc, SCAN_SCRIPTS,
		    html_script(member, (hints & SCAN_AS_UTF7) != 0));
}
