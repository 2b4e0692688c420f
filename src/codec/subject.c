/* subject: one field, one pass; the most forgiving reading of a word. */
#include "codec/subject.h"

#include "codec/mime.h"
#include "core/chr.h"

#define WORD_MAX 998 /* octets of one encoded word that are decoded */

struct span
subject_find(struct span head, const char *name)
{
	struct span want = span_str(name);

	while (head.len > 0 && head.p[0] != '\n') {
		size_t end = span_find(head, '\n');

		while (end + 1 < head.len && chr_is(head.p[end + 1], CHR_SPACE))
			end += 1 + span_find(span_from(head, end + 1), '\n');
		if (span_starts_nocase(head, want) && want.len < end
		    && head.p[want.len] == ':')
			return span_trim(span_first(
			    span_from(head, want.len + 1), end - want.len - 1));
		head = span_from(head, end + 1);
	}
	return SPAN("");
}

struct word {
	struct span charset, text;
	uint8_t encoding;
	size_t len; /* of all of it, from =? to ?= */
};

/* "=?charset*lang?Q?text?=" at the start of `s`. */
static bool
parse_word(struct span s, struct word *w)
{
	struct span rest = span_from(s, 2);
	size_t charset = span_find(rest, '?'), text;

	if (s.len < 8 || s.p[0] != '=' || s.p[1] != '?' || charset == 0
	    || charset + 3 > rest.len || rest.p[charset + 2] != '?')
		return false;
	w->charset = span_first(rest, charset);
	w->charset = span_first(w->charset, span_find(w->charset, '*'));
	w->encoding = chr_lower(rest.p[charset + 1]);
	rest = span_from(rest, charset + 3);
	text = span_find(rest, '?');
	if (text + 1 >= rest.len || rest.p[text + 1] != '=')
		return false;
	w->text = span_first(rest, text);
	w->len = (size_t)(rest.p + text + 2 - s.p);
	return text <= WORD_MAX && (w->encoding == 'q' || w->encoding == 'b');
}

static bool
is_latin(struct span charset)
{
	return span_is_nocase(charset, SPAN("iso-8859-1"))
	       || span_is_nocase(charset, SPAN("windows-1252"));
}

static bool
is_known(struct span charset, subject_decoder other)
{
	struct text nothing = { 0 };

	if (other != NULL && other(charset, SPAN(""), &nothing))
		return true;
	return is_latin(charset) || span_is_nocase(charset, SPAN("utf-8"))
	       || span_is_nocase(charset, SPAN("us-ascii"));
}

/* 0x80 to 0x9f of windows-1252; controls elsewhere, which nobody means. */
static const uint16_t windows[32] = { 0x20ac, '?', 0x201a, 0x0192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, '?',
	0x017d, '?', '?', 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, '?', 0x017e, 0x0178 };

static void
put_latin(uint8_t c, struct text *to)
{
	unsigned u = c >= 0x80 && c < 0xa0 ? windows[c - 0x80] : c;

	if (u >= 0x800) {
		text_chr(to, (char)(0xe0 | u >> 12));
		text_chr(to, (char)(0x80 | (u >> 6 & 0x3f)));
		text_chr(to, (char)(0x80 | (u & 0x3f)));
	} else if (u >= 0x80) {
		text_chr(to, (char)(0xc0 | u >> 6));
		text_chr(to, (char)(0x80 | (u & 0x3f)));
	} else {
		text_chr(to, (char)u);
	}
}

/* In Q, '_' is a space, and "=5F" is '_'. */
static size_t
decode_q(struct span text, uint8_t *out)
{
	static uint8_t spaced[WORD_MAX];

	for (size_t i = 0; i < text.len; i++)
		spaced[i] = text.p[i] == '_' ? ' ' : text.p[i];
	return mime_qp(span_of(spaced, text.len), out, WORD_MAX);
}

static void
put_decoded(const struct word *w, subject_decoder other, struct text *to)
{
	static uint8_t out[WORD_MAX];
	size_t n = w->encoding == 'b' ? mime_base64(w->text, out, WORD_MAX)
				      : decode_q(w->text, out);

	if (other != NULL && other(w->charset, span_of(out, n), to))
		return;
	for (size_t i = 0; i < n; i++) {
		if (is_latin(w->charset))
			put_latin(out[i], to);
		else
			text_chr(to, (char)out[i]);
	}
}

/* Between two encoded words white space is no text. */
static size_t
skip_gap(struct span s)
{
	size_t n = 0;
	struct word w;

	while (n < s.len && (chr_is(s.p[n], CHR_SPACE) || s.p[n] == '\n'))
		n++;
	return parse_word(span_from(s, n), &w) ? n : 0;
}

/* Words in a row that cannot be decoded: how long they are together. */
static size_t
put_unknown(struct span s, subject_decoder other, struct text *to)
{
	struct span first = SPAN(""), rest = s;
	struct word w;

	while (parse_word(rest, &w) && !is_known(w.charset, other)
	       && (first.len == 0 || span_is_nocase(w.charset, first))) {
		if (first.len == 0)
			first = w.charset;
		rest = span_from(rest, w.len);
		rest = span_from(rest, skip_gap(rest));
	}
	text_chr(to, '[');
	text_span(to, span_first(first, 40));
	text_chr(to, ']');
	return s.len - rest.len;
}

/* Bare ISO-2022-JP at the start of `s`, to where ASCII goes on; its length. */
static size_t
put_bare(struct span s, subject_decoder other, struct text *to)
{
	size_t end = 0;

	if (other == NULL || !span_starts(s, SPAN("\x1b$")))
		return 0;
	while (end < s.len && s.p[end] != '\n'
	       && !span_starts(span_from(s, end), SPAN("\x1b(B")))
		end++;
	return other(SPAN("iso-2022-jp"), span_first(s, end), to) ? end : 0;
}

void
subject_decode(struct span value, subject_decoder other, struct text *to)
{
	size_t bare;
	struct word w;

	while (value.len > 0) {
		bare = put_bare(value, other, to);
		if (bare > 0) {
			value = span_from(value, bare);
			if (span_starts(value, SPAN("\x1b(B")))
				value = span_from(value, 3);
			continue;
		}
		if (parse_word(value, &w) && is_known(w.charset, other)) {
			put_decoded(&w, other, to);
			value = span_from(value, w.len);
			value = span_from(value, skip_gap(value));
			continue;
		}
		if (parse_word(value, &w)) {
			value = span_from(value, put_unknown(value, other, to));
			continue;
		}
		if (value.p[0] != '\n' && value.p[0] != '\r')
			text_chr(to, (char)value.p[0]);
		value = span_from(value, 1);
	}
}
