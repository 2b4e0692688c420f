/*
 * rules: what is not malware by any signature, but not wanted by everybody.
 *
 * Which rule looks at which member stands here; the rules themselves are in
 * html, program and office, and know nothing of containers.
 */
#include "scan/program.h"
#include "scan/unpack.h"

void
scan_note(struct scan *sc, enum scan_rule rule, const char *name)
{
	unsigned i = rule / SCAN_SCRIPTS / 2;

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

void
scan_named(struct scan *sc, struct scan_frame *f, struct span name)
{
	f->hints = 0;
	if (sc->rules & SCAN_PROGRAMS)
		judge(sc, SCAN_PROGRAMS,
		    program_name(name, f->next != scan_next_mail));
}

void
scan_headed(struct scan *sc, struct scan_frame *f, struct span head)
{
	(void)sc;
	(void)head;
	f->hints = 0;
}

void
scan_rules(struct scan *sc, struct span member, unsigned hints)
{
	(void)hints;
	if (sc->rules & SCAN_PROGRAMS)
		judge(sc, SCAN_PROGRAMS, program_content(member));
}
