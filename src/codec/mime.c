/* mime: forgiving decoders; what a message's parts are, scan/unmail says. */
#include "codec/mime.h"

#include "core/chr.h"

/* What a character stands for, and one more; 0: for nothing. */
static const uint8_t base64_more[256] = {
	['A'] = 1,
	['B'] = 2,
	['C'] = 3,
	['D'] = 4,
	['E'] = 5,
	['F'] = 6,
	['G'] = 7,
	['H'] = 8,
	['I'] = 9,
	['J'] = 10,
	['K'] = 11,
	['L'] = 12,
	['M'] = 13,
	['N'] = 14,
	['O'] = 15,
	['P'] = 16,
	['Q'] = 17,
	['R'] = 18,
	['S'] = 19,
	['T'] = 20,
	['U'] = 21,
	['V'] = 22,
	['W'] = 23,
	['X'] = 24,
	['Y'] = 25,
	['Z'] = 26,
	['a'] = 27,
	['b'] = 28,
	['c'] = 29,
	['d'] = 30,
	['e'] = 31,
	['f'] = 32,
	['g'] = 33,
	['h'] = 34,
	['i'] = 35,
	['j'] = 36,
	['k'] = 37,
	['l'] = 38,
	['m'] = 39,
	['n'] = 40,
	['o'] = 41,
	['p'] = 42,
	['q'] = 43,
	['r'] = 44,
	['s'] = 45,
	['t'] = 46,
	['u'] = 47,
	['v'] = 48,
	['w'] = 49,
	['x'] = 50,
	['y'] = 51,
	['z'] = 52,
	['0'] = 53,
	['1'] = 54,
	['2'] = 55,
	['3'] = 56,
	['4'] = 57,
	['5'] = 58,
	['6'] = 59,
	['7'] = 60,
	['8'] = 61,
	['9'] = 62,
	['+'] = 63,
	['/'] = 64,
};

/*
 * Whole groups, for as long as nothing else stands between: they are nearly
 * all.  Returns how many.
 */
static size_t
whole_groups(struct span in, uint8_t *out, size_t cap)
{
	size_t most = in.len / 4 < cap / 3 ? in.len / 4 : cap / 3;
	const uint8_t *p = in.p;

	for (size_t n = 0; n < most; n++, p += 4, out += 3) {
		/* of what stands for nothing, 0 - 1 has all bits */
		unsigned a = base64_more[p[0]] - 1u, b = base64_more[p[1]] - 1u;
		unsigned c = base64_more[p[2]] - 1u, d = base64_more[p[3]] - 1u;

		if ((a | b | c | d) > 63)
			return n;
		out[0] = (uint8_t)(a << 2 | b >> 4);
		out[1] = (uint8_t)(b << 4 | c >> 2);
		out[2] = (uint8_t)(c << 6 | d);
	}
	return most;
}

/* The bytes of a group that has `n` characters, of which each has 6 bits. */
static size_t
put_group(uint32_t bits, unsigned n, uint8_t *out, size_t room)
{
	size_t len = n > 1 ? n - 1u : 0;

	bits <<= 6 * (4 - n);
	for (size_t i = 0; i < len && i < room; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return len < room ? len : room;
}

static size_t
decode_base64(struct span in, uint8_t *out, size_t cap, bool padded)
{
	uint32_t bits = 0;
	unsigned n = 0;
	size_t len = 0;

	for (size_t i = 0; i < in.len && len < cap; i++) {
		size_t groups = n == 0 ? whole_groups(
				    span_from(in, i), out + len, cap - len)
				       : 0;
		unsigned v;

		i += 4 * groups;
		len += 3 * groups;
		if (i == in.len || len == cap)
			break;
		v = base64_more[in.p[i]];
		/* one character alone is no group that could be padded */
		if (v == 0 && (in.p[i] != '=' || n < 2 || !padded))
			continue;
		if (v > 0) {
			bits = bits << 6 | (v - 1);
			n++;
		}
		if (v > 0 && n < 4)
			continue;
		len += put_group(bits, n, out + len, cap - len);
		bits = n = 0;
	}
	if (n > 0)
		len += put_group(bits, n, out + len, cap - len);
	return len;
}

size_t
mime_base64(struct span in, uint8_t *out, size_t cap)
{
	return decode_base64(in, out, cap, true);
}

size_t
mime_base64_unpadded(struct span in, uint8_t *out, size_t cap)
{
	return decode_base64(in, out, cap, false);
}

bool
mime_has_inner_padding(struct span in)
{
	for (size_t i = span_find(in, '='); i < in.len; i++)
		if (base64_more[in.p[i]] > 0)
			return true;
	return false;
}

bool
mime_line(struct span *rest, struct span *line)
{
	struct span s = *rest;
	size_t end = 0;

	if (s.len == 0)
		return false;
	/* in short pieces: where one of the two never comes */
	while (end < s.len) {
		struct span piece = span_first(span_from(s, end), 256);
		size_t lf = span_find(piece, '\n');
		size_t cr = span_find(span_first(piece, lf), '\r');

		end += cr;
		if (cr < piece.len)
			break;
	}
	*line = span_first(s, end);
	if (span_starts(span_from(s, end), SPAN("\r\r\n")))
		end += 2;
	else
		end += span_starts(span_from(s, end), SPAN("\r\n"));
	*rest = span_from(s, end + 1);
	return true;
}

/* A soft line break at `s` ("=" and a line end): its length, or 0. */
static size_t
soft_break(struct span s)
{
	size_t i = 1, ends;

	while (i < s.len && chr_is(s.p[i], CHR_SPACE))
		i++;
	ends = i;
	while (i < s.len && s.p[i] == '\r')
		i++;
	i += i < s.len && s.p[i] == '\n';
	return i > ends || i == s.len ? i : 0;
}

/* How much white space is there at `s`? */
static size_t
blanks(struct span s)
{
	size_t i = 0;

	while (i < s.len && chr_is(s.p[i], CHR_SPACE))
		i++;
	return i;
}

/* Blanks at a line's end were put there on the way (RFC 2045, 6.7). */
static bool
is_line_end(struct span s)
{
	return s.len == 0 || s.p[0] == '\r' || s.p[0] == '\n';
}

size_t
mime_qp(struct span in, uint8_t *out, size_t cap)
{
	size_t len = 0, n;
	int high, low;

	while (in.len > 0 && len < cap) {
		n = in.p[0] <= ' ' ? blanks(in) : 0;
		if (n > 0 && !is_line_end(span_from(in, n))) {
			size_t room = n < cap - len ? n : cap - len;

			memcpy(out + len, in.p, room);
			len += room;
		} else if (n == 0 && in.p[0] == '=') {
			n = soft_break(in);
		}
		if (n > 0) {
			in = span_from(in, n);
			continue;
		}
		high = in.p[0] == '=' && in.len > 2 ? chr_hex(in.p[1]) : -1;
		low = high >= 0 ? chr_hex(in.p[2]) : -1;
		out[len] = in.p[0];
		if (low >= 0)
			out[len] = (uint8_t)(high << 4 | low);
		len++;
		in = span_from(in, low >= 0 ? 3 : 1);
	}
	return len;
}
