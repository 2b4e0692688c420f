/* names: no grammar of parameters; "name" and "=" are looked for. */
#include "scan/names.h"

#include "codec/mime.h"
#include "core/chr.h"

#define PIECES 16
#define VALUE  4096
#define NEAR   65536 /* how far behind the first one pieces are looked for */
#define NAMES  1000
#define JOINS  16

/* One "name*N*=value"; the value as it stands. */
struct param {
	unsigned piece; /* N + 1; 0: it is not in pieces */
	bool percent;	/* a star before the sign: %xx */
	bool quoted;
	struct span value;
};

/* ---- fields ---- */

/* Cut the next Content- field off, with its folded lines. */
static bool
next_field(struct span *rest, struct span *field)
{
	while (rest->len > 0) {
		size_t end = span_find(*rest, '\n');

		while (
		    end + 1 < rest->len && chr_is(rest->p[end + 1], CHR_SPACE))
			end += 1 + span_find(span_from(*rest, end + 1), '\n');
		*field = span_first(*rest, end);
		*rest = span_from(*rest, end + 1);
		if (span_starts_nocase(*field, SPAN("Content-")))
			return true;
	}
	return false;
}

bool
names_mention(struct span head, struct span word)
{
	struct span field;

	while (next_field(&head, &field))
		if (span_has_nocase(field, word))
			return true;
	return false;
}

/* ---- parameters ---- */

static size_t
skip_space(struct span s, size_t at)
{
	while (at < s.len && s.p[at] <= ' ')
		at++;
	return at;
}

/* A quoted value, up to its quote or the end. */
static size_t
quoted_end(struct span s, size_t at)
{
	while (at < s.len && s.p[at] != '"')
		at += s.p[at] == '\\' ? 2 : 1;
	return at < s.len ? at : s.len;
}

/* What stands behind "name" at `at`: is it a parameter? */
static bool
read_param(struct span s, size_t at, struct param *p)
{
	size_t end;

	*p = (struct param) { .piece = 0 };
	if (at + 1 < s.len && s.p[at] == '*'
	    && chr_is(s.p[at + 1], CHR_DIGIT)) {
		for (at++; at < s.len && chr_is(s.p[at], CHR_DIGIT); at++)
			if (p->piece < PIECES)
				p->piece = p->piece * 10 + (s.p[at] & 15u);
		p->piece++;
	}
	if (at < s.len && s.p[at] == '*') {
		p->percent = true;
		at++;
	}
	at = skip_space(s, at);
	if (at >= s.len || s.p[at] != '=')
		return false;
	at = skip_space(s, at + 1);
	p->quoted = at < s.len && s.p[at] == '"';
	at += p->quoted;
	s = span_first(s, at + VALUE);
	end = p->quoted ? quoted_end(s, at)
			: at + span_find(span_from(s, at), ';');
	p->value = span_first(span_from(s, at), end - at);
	return true;
}

/* The next parameter whose name ends in "name", from *at on. */
static bool
next_param(struct span s, size_t *at, struct param *p)
{
	for (size_t i = *at; i + 4 < s.len; i++) {
		if (chr_lower(s.p[i]) != 'n'
		    || !span_is_nocase(span_of(s.p + i, 4), SPAN("name")))
			continue;
		*at = i + 4;
		if (read_param(s, i + 4, p))
			return true;
	}
	return false;
}

/* ---- values ---- */

/* A name that is too long: its first bytes do not matter. */
static void
put(struct names *n, uint8_t c)
{
	if (n->len == sizeof(n->mem)) {
		memmove(n->mem, n->mem + n->len / 2, n->len / 2);
		n->len /= 2;
	}
	if (c != '\r' && c != '\n' && c != '\0')
		n->mem[n->len++] = c;
}

static void
put_all(struct names *n, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		put(n, s.p[i]);
}

/* `sign` and two hexadecimal digits; true when they were. */
static bool
put_hex(struct names *n, struct span s, size_t i, uint8_t sign)
{
	int high, low;

	if (s.p[i] != sign || i + 2 >= s.len)
		return false;
	high = chr_hex(s.p[i + 1]);
	low = chr_hex(s.p[i + 2]);
	if (high < 0 || low < 0)
		return false;
	put(n, (uint8_t)(high << 4 | low));
	return true;
}

static void
put_percent(struct names *n, struct span s, bool first)
{
	size_t skip = first ? span_find(s, '\'') : s.len;

	/* charset'language' */
	if (skip < s.len)
		skip += 1 + span_find(span_from(s, skip + 1), '\'');
	if (skip < s.len)
		s = span_from(s, skip + 1);
	for (size_t i = 0; i < s.len; i++) {
		if (put_hex(n, s, i, '%'))
			i += 2;
		else
			put(n, s.p[i]);
	}
}

static void
put_base64(struct names *n, struct span s)
{
	uint8_t mem[192];

	while (s.len > 0) {
		struct span piece = span_first(s, 256);

		put_all(n, span_of(mem, mime_base64(piece, mem, sizeof(mem))));
		s = span_from(s, piece.len);
	}
}

static void
put_q(struct names *n, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (put_hex(n, s, i, '='))
			i += 2;
		else
			put(n, s.p[i] == '_' ? ' ' : s.p[i]);
	}
}

/*
 * One of RFC 2047's words at the start of `s`, =?charset?b?text?=: put what it
 * says and return its length; 0: it is none.
 */
static size_t
put_word(struct names *n, struct span s)
{
	struct span text;
	size_t at, end;

	if (!span_starts(s, SPAN("=?")))
		return 0;
	at = 2 + span_find(span_from(s, 2), '?');
	if (at + 3 >= s.len || s.p[at + 2] != '?')
		return 0;
	text = span_from(s, at + 3);
	for (end = 0; end + 1 < text.len; end++)
		if (text.p[end] == '?' && text.p[end + 1] == '=')
			break;
	if (end + 1 >= text.len)
		return 0;
	if (chr_lower(s.p[at + 1]) == 'b')
		put_base64(n, span_first(text, end));
	else
		put_q(n, span_first(text, end));
	return at + 3 + end + 2;
}

/* Text with such words in it; spaces between two of them are none. */
static void
put_text(struct names *n, struct span s)
{
	size_t i = 0, used;

	while (i < s.len) {
		used = put_word(n, span_from(s, i));
		if (used > 0) {
			size_t next = skip_space(s, i + used);

			i += used;
			if (span_starts(span_from(s, next), SPAN("=?")))
				i = next;
			continue;
		}
		if (s.p[i] == '\\' && n->quoted && i + 1 < s.len)
			i++;
		put(n, s.p[i++]);
	}
}

static void
put_value(struct names *n, const struct param *p)
{
	n->quoted = p->quoted;
	if (p->percent)
		put_percent(n, p->value, p->piece <= 1);
	else
		put_text(n, p->quoted ? p->value : span_trim(p->value));
}

/* The pieces that belong to the first one, in whatever order they stand. */
static void
put_pieces(struct names *n)
{
	size_t from = n->at > NEAR ? n->at - NEAR : 0;
	struct span near =
	    span_first(span_from(n->field, from), 2 * (size_t)NEAR);
	struct param p;

	for (unsigned i = 2; i <= PIECES; i++) {
		size_t at = 0;
		bool found = false;

		while (!found && next_param(near, &at, &p))
			found = p.piece == i;
		if (!found)
			return;
		put_value(n, &p);
	}
}

/* ---- */

void
names_init(struct names *n, struct span head)
{
	n->rest = head;
	n->field = SPAN("");
	n->at = 0;
	n->left = NAMES;
	n->joins = JOINS;
}

bool
names_next(struct names *n, struct span *name)
{
	struct param p;

	if (n->left == 0)
		return false;
	n->left--;
	while (!next_param(n->field, &n->at, &p)) {
		n->at = 0;
		if (!next_field(&n->rest, &n->field))
			return false;
	}
	n->len = 0;
	put_value(n, &p);
	if (p.piece == 1 && n->joins > 0) {
		n->joins--;
		put_pieces(n);
	}
	*name = span_of(n->mem, n->len);
	return true;
}

struct span
names_base(struct span path)
{
	size_t n = path.len;

	while (n > 0 && path.p[n - 1] != '/' && path.p[n - 1] != '\\')
		n--;
	return span_from(path, n);
}
