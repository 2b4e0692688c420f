/*
 * sevenbit_type: what a part's header says about its kind, its encoding and
 * its boundary (RFC 2045, 2046).  Fields that cannot be understood make a part
 * that is not touched, never one that is touched wrongly.
 */
#include "codec/sevenbit.h"

#include "core/chr.h"
#include "core/err.h"

static const char inside[] = "a message within the message holds 8-bit text";
static const char signed_part[] = "a signed or encrypted part holds 8-bit text";
static const char odd[] = "a part that cannot be taken apart holds 8-bit text";
static const char encoded[] = "a part that says it is encoded holds 8-bit text";

/* Cut up to the separator off `*rest`, which does not count within quotes. */
static bool
next_param(struct span *rest, struct span *param)
{
	bool quoted = false;
	size_t i = 0;

	if (rest->len == 0)
		return false;
	for (; i < rest->len; i++) {
		uint8_t c = rest->p[i];

		if (c == '\\' && quoted)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == ';' && !quoted)
			break;
	}
	*param = span_trim(span_first(*rest, i));
	*rest = span_from(*rest, i + 1);
	return true;
}

/* A quoted string without its quotes and escapes; ERR_SYNTAX: it has no end. */
static int
read_quoted(struct span v, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 1; i < v.len; i++) {
		uint8_t c = v.p[i];

		if (c == '"')
			return (int)n;
		if (c == '\\' && i + 1 < v.len)
			c = v.p[++i];
		if (n == cap)
			return ERR_RANGE;
		out[n++] = (char)c;
	}
	return ERR_SYNTAX;
}

static int
read_token(struct span v, char *out, size_t cap)
{
	size_t n = 0;

	while (n < v.len && !chr_is(v.p[n], CHR_SPACE) && v.p[n] != '(')
		n++;
	if (n > cap)
		return ERR_RANGE;
	if (n > 0)
		memcpy(out, v.p, n);
	return (int)n;
}

/* A boundary's length; 0: none that can be found again. */
static uint8_t
read_boundary(struct span v, char out[SEVENBIT_BOUNDARY])
{
	int n = v.len > 0 && v.p[0] == '"'
		    ? read_quoted(v, out, SEVENBIT_BOUNDARY)
		    : read_token(v, out, SEVENBIT_BOUNDARY);

	while (n > 0 && chr_is((uint8_t)out[n - 1], CHR_SPACE))
		n--; /* padding of a line can't be told from it */
	return (uint8_t)(n > 0 ? n : 0);
}

static bool
open_level(struct sevenbit *s, struct span params, bool digest)
{
	struct span param;

	if (s->depth == SEVENBIT_DEPTH)
		return false;
	while (next_param(&params, &param)) {
		size_t eq = span_find(param, '=');
		struct span name = span_trim(span_first(param, eq));
		char *to = s->level[s->depth].boundary;
		uint8_t len;

		if (!span_is_nocase(name, SPAN("boundary")))
			continue;
		len = read_boundary(span_trim(span_from(param, eq + 1)), to);
		if (len == 0)
			return false;
		s->level[s->depth].len = len;
		s->level[s->depth].digest = digest;
		s->depth++;
		return true;
	}
	return false;
}

/* What header fields are written in where they are no UTF-8. */
static void
note_charset(struct sevenbit *s, struct span params)
{
	char mem[ENCWORD_CHARSET];
	struct span param;

	while (next_param(&params, &param)) {
		size_t eq = span_find(param, '=');
		struct span v = span_trim(span_from(param, eq + 1));
		int n;

		if (!span_is_nocase(
			span_trim(span_first(param, eq)), SPAN("charset")))
			continue;
		n = v.len > 0 && v.p[0] == '"'
			? read_quoted(v, mem, sizeof(mem))
			: read_token(v, mem, sizeof(mem));
		if (n > 0)
			plainhead_charset(&s->head, span_of(mem, (size_t)n));
	}
}

static enum sevenbit_kind
seal(struct sevenbit *s, const char *why)
{
	s->sealed = why;
	return SEVENBIT_SEALED;
}

static enum sevenbit_kind
judge_multipart(struct sevenbit *s, struct span type, struct span params)
{
	if (span_is_nocase(type, SPAN("multipart/signed"))
	    || span_is_nocase(type, SPAN("multipart/encrypted")))
		return seal(s, signed_part);
	if (s->type_len == sizeof(s->type)
	    || !open_level(
		s, params, span_is_nocase(type, SPAN("multipart/digest"))))
		return seal(s, odd);
	return SEVENBIT_MULTIPART;
}

static enum sevenbit_kind
judge_type(struct sevenbit *s)
{
	struct span rest = span_of(s->type, s->type_len), type;

	if (!next_param(&rest, &type) || span_find(type, '/') == type.len)
		type = s->depth > 0 && s->level[s->depth - 1].digest
			   ? SPAN("message/rfc822")
			   : SPAN("text/plain");
	type = span_trim(span_first(type, span_find(type, '(')));
	if (span_starts_nocase(type, SPAN("multipart/")))
		return judge_multipart(s, type, rest);
	note_charset(s, rest);
	if (span_starts_nocase(type, SPAN("message/")))
		return seal(s, inside);
	return span_starts_nocase(type, SPAN("text/")) ? SEVENBIT_TEXT
						       : SEVENBIT_DATA;
}

static enum sevenbit_label
judge_label(const struct sevenbit *s)
{
	struct span label = span_trim(span_of(s->label_mem, s->label_len));

	label = span_trim(span_first(label, span_find(label, '(')));
	if (label.len == 0 || span_is_nocase(label, SPAN("7bit")))
		return SEVENBIT_SAYS_NOTHING;
	if (span_is_nocase(label, SPAN("8bit")))
		return SEVENBIT_SAYS_8BIT;
	return span_is_nocase(label, SPAN("binary")) ? SEVENBIT_SAYS_BINARY
						     : SEVENBIT_SAYS_ENCODED;
}

void
sevenbit_judge(struct sevenbit *s)
{
	s->sealed = NULL;
	s->label = judge_label(s);
	s->kind = judge_type(s);
	if (s->label == SEVENBIT_SAYS_ENCODED && s->kind != SEVENBIT_MULTIPART
	    && s->kind != SEVENBIT_SEALED)
		s->sealed = encoded;
}
