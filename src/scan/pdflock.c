/* pdflock: what the dictionary behind /Encrypt says. */
#include "scan/pdflock.h"

#include "scan/pdftoken.h"
#include "scan/unpack.h"

#define TRIES  4
#define STRING 128 /* O, U, UE, ID: 48 at most matter */

/* The dictionary, and the filters that it names. */
struct told {
	struct pdfcrypt_said said;
	bool is_standard;
	uint8_t owner[STRING], user[STRING], key[STRING], id[STRING];
	struct span streams, strings, files; /* names */
	struct span filters;		     /* behind CF */
	uint8_t last;			     /* enum pdfcrypt_how: of them */
};

/* ---- where it stands ---- */

/* The next name that is `name`, from *at on; `*value`: what follows. */
static bool
next_entry(struct span s, size_t *at, struct span name, struct span *value)
{
	uint8_t mem[PDFTOKEN_NAME];

	for (;;) {
		*value = span_from(s, *at);
		*value = span_from(*value, span_find(*value, '/'));
		if (value->len < 2) {
			*at = s.len;
			return false;
		}
		*at = (size_t)(value->p + 1 - s.p);
		if (value->p[1] != name.p[0] && value->p[1] != '#')
			continue;
		if (span_is(pdftoken_name(value, mem), name))
			return true;
	}
}

bool
pdflock_is_told(struct span s)
{
	struct span value;
	size_t at = 0;

	return next_entry(s, &at, SPAN("Encrypt"), &value);
}

/* "NUMBER GENERATION R" */
static bool
is_reference(struct span s, uint32_t *number)
{
	struct span word;
	uint64_t n, generation;

	if (pdftoken_next(&s, &word) != PDFTOKEN_WORD
	    || span_u64(word, UINT32_MAX, &n)
	    || pdftoken_next(&s, &word) != PDFTOKEN_WORD
	    || span_u64(word, UINT32_MAX, &generation)
	    || pdftoken_next(&s, &word) != PDFTOKEN_WORD
	    || !span_is(word, SPAN("R")))
		return false;
	*number = (uint32_t)n;
	return true;
}

/* The next object of that number, from *at on: what is behind "obj". */
static bool
next_object(struct span s, size_t *at, uint32_t number, struct span *body)
{
	uint32_t n, generation;

	while ((*at = scan_find(s, *at, SPAN("obj"))) < s.len) {
		*at += 3;
		if (pdftoken_object(s, *at, &n, &generation) || n != number)
			continue;
		*body = span_from(s, *at);
		return true;
	}
	return false;
}

/* ---- what it says ---- */

/* The string at the start of `s`; empty: it is none, or a long one. */
static struct span
read_string(struct span s, uint8_t mem[STRING])
{
	struct span text;
	enum pdftoken kind = pdftoken_next(&s, &text);
	uint8_t wide[4 * STRING]; /* as many octets, each by its digits */
	size_t n;

	if ((kind != PDFTOKEN_TEXT && kind != PDFTOKEN_HEX)
	    || text.len > sizeof(wide))
		return SPAN("");
	n = pdftoken_string(kind, text, wide);
	n = n < STRING ? n : STRING;
	memcpy(mem, wide, n);
	return span_of(mem, n);
}

/* The number at the start of `s`, which may be negative; 0: none. */
static uint32_t
read_number(struct span s)
{
	struct span word;
	uint64_t n = 0;
	bool minus;

	if (pdftoken_next(&s, &word) != PDFTOKEN_WORD)
		return 0;
	minus = span_starts(word, SPAN("-"));
	if (span_u64(span_from(word, minus), UINT32_MAX, &n))
		return 0;
	return minus ? 0 - (uint32_t)n : (uint32_t)n;
}

static bool
is_value(struct span s, enum pdftoken kind, const char *text)
{
	struct span token;

	return pdftoken_next(&s, &token) == kind
	       && span_is(token, span_str(text));
}

/* The name at the start of `s`, with its slash. */
static struct span
read_name(struct span s)
{
	struct span name;

	return pdftoken_next(&s, &name) == PDFTOKEN_NAMED ? name : SPAN("");
}

static void
read_entry(struct told *t, struct span name, struct span value)
{
	struct pdfcrypt_said *said = &t->said;

	if (span_is(name, SPAN("Filter")))
		t->is_standard = is_value(value, PDFTOKEN_NAMED, "/Standard");
	else if (span_is(name, SPAN("V")))
		said->version = read_number(value);
	else if (span_is(name, SPAN("R")))
		said->revision = read_number(value);
	else if (span_is(name, SPAN("Length")))
		said->bits = read_number(value);
	else if (span_is(name, SPAN("P")))
		said->may = read_number(value);
	else if (span_is(name, SPAN("O")))
		said->owner = read_string(value, t->owner);
	else if (span_is(name, SPAN("U")))
		said->user = read_string(value, t->user);
	else if (span_is(name, SPAN("UE")))
		said->user_key = read_string(value, t->key);
	else if (span_is(name, SPAN("EncryptMetadata")))
		said->is_meta_plain = is_value(value, PDFTOKEN_WORD, "false");
	else if (span_is(name, SPAN("StmF")))
		t->streams = read_name(value);
	else if (span_is(name, SPAN("StrF")))
		t->strings = read_name(value);
	else if (span_is(name, SPAN("EFF")))
		t->files = read_name(value);
	else if (span_is(name, SPAN("CF")))
		t->filters = value;
}

/* All entries of the dictionary at the start of `s`, not those within. */
static void
read_dictionary(struct told *t, struct span s)
{
	uint8_t mem[PDFTOKEN_NAME];
	bool is_value = false;
	struct span text;
	unsigned depth = 0;

	*t = (struct told) { 0 };
	do {
		enum pdftoken kind = pdftoken_next(&s, &text);

		if (kind == PDFTOKEN_END)
			return;
		depth += kind == PDFTOKEN_OPEN;
		depth -= kind == PDFTOKEN_CLOSE && depth > 0;
		if (depth == 1 && kind == PDFTOKEN_NAMED && !is_value) {
			struct span name = text;

			read_entry(t, pdftoken_name(&name, mem), s);
			is_value = true;
		} else if (depth <= 1) {
			is_value = false;
		}
	} while (depth > 0);
}

/* ---- crypt filters ---- */

static uint8_t
method(struct span s)
{
	if (is_value(s, PDFTOKEN_NAMED, "/V2"))
		return PDFCRYPT_RC4;
	if (is_value(s, PDFTOKEN_NAMED, "/AESV2")
	    || is_value(s, PDFTOKEN_NAMED, "/AESV3"))
		return PDFCRYPT_AES;
	return PDFCRYPT_NOT;
}

/* How the filter of that name encrypts. */
static uint8_t
find_method(struct told *t, struct span name)
{
	struct span s = t->filters, text, is = SPAN("");
	uint8_t found = PDFCRYPT_NOT;
	unsigned depth = 0;

	do {
		enum pdftoken kind = pdftoken_next(&s, &text);

		if (kind == PDFTOKEN_END)
			return found;
		depth += kind == PDFTOKEN_OPEN;
		depth -= kind == PDFTOKEN_CLOSE && depth > 0;
		if (kind != PDFTOKEN_NAMED)
			continue;
		if (depth == 1) {
			is = text;
		} else if (depth == 2 && span_is(text, SPAN("/CFM"))) {
			t->last = method(s);
			if (span_is(is, name))
				found = t->last;
		}
	} while (depth > 0);
	return found;
}

static void
choose_methods(struct pdflock *l, struct told *t)
{
	if (t->said.version < 4) {
		l->strings = l->streams = l->files = l->named = PDFCRYPT_RC4;
		return;
	}
	l->strings = find_method(t, t->strings);
	l->streams = find_method(t, t->streams);
	l->files = t->files.len > 0 ? find_method(t, t->files) : l->streams;
	l->named = t->last;
}

/* ---- keys ---- */

/* With each of the IDs that stand anywhere, and without one. */
static int
try_ids(struct pdflock *l, struct told *t, struct span s)
{
	int err = pdfcrypt_open(&l->crypt, &t->said);
	struct span value, text;
	unsigned tries = 0;
	size_t at = 0;

	while (err == ERR_DENIED && t->said.version < 5 && tries < TRIES
	       && next_entry(s, &at, SPAN("ID"), &value)) {
		if (pdftoken_next(&value, &text) != PDFTOKEN_OTHER
		    || !span_is(text, SPAN("[")))
			continue;
		t->said.id = read_string(value, t->id);
		err = pdfcrypt_open(&l->crypt, &t->said);
		tries++;
	}
	return err;
}

static int
try_dictionary(struct pdflock *l, struct span body, struct span s)
{
	struct told t;
	int err;

	read_dictionary(&t, body);
	if (!t.is_standard)
		return ERR_UNSUPPORTED;
	err = try_ids(l, &t, s);
	l->is_meta_plain = t.said.is_meta_plain;
	choose_methods(l, &t);
	return err;
}

/* Do all that say it mean the same? */
static bool
is_one(struct span s, bool direct, uint32_t number)
{
	struct span value;
	size_t at = 0;
	unsigned n = 0;
	uint32_t other;

	while (next_entry(s, &at, SPAN("Encrypt"), &value)) {
		if (!is_reference(value, &other) ? !direct || n > 0
						 : direct || other != number)
			return false;
		n++;
	}
	return true;
}

int
pdflock_open(struct pdflock *l, struct span s, bool *sure)
{
	struct span body = SPAN("");
	int err = ERR_UNSUPPORTED;
	uint32_t number = 0;
	size_t at = 0;
	unsigned tries = 0;
	bool direct;

	*sure = next_entry(s, &at, SPAN("Encrypt"), &body);
	direct = !is_reference(body, &number);
	*sure = *sure && is_one(s, direct, number);
	if (direct)
		return try_dictionary(l, body, s);
	for (at = 0; err && tries < TRIES && next_object(s, &at, number, &body);
	     tries++)
		err = try_dictionary(l, body, s);
	*sure = *sure && tries == 1 && !next_object(s, &at, number, &body);
	return err;
}
