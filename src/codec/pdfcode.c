/* pdfcode: four small decoders; none of them is ever at an error. */
#include "codec/pdfcode.h"

#include "core/chr.h"

enum { CLEAR = 256, END = 257, FIRST = 258 };

size_t
pdfcode_hex(struct span in, uint8_t *out, size_t cap)
{
	size_t n = 0;
	int high = -1;

	for (size_t i = 0; i < in.len && n < cap && in.p[i] != '>'; i++) {
		int v = chr_hex(in.p[i]);

		if (v < 0)
			continue;
		if (high >= 0)
			out[n++] = (uint8_t)(high << 4 | v);
		high = high < 0 ? v : -1;
	}
	if (high >= 0 && n < cap)
		out[n++] = (uint8_t)(high << 4);
	return n;
}

/* The first `n` octets of the number. */
static size_t
put_group(uint32_t group, unsigned n, uint8_t *out, size_t cap)
{
	size_t i;

	for (i = 0; i < n && i < cap; i++)
		out[i] = (uint8_t)(group >> (24 - 8 * i));
	return i;
}

size_t
pdfcode_85(struct span in, uint8_t *out, size_t cap)
{
	uint32_t group = 0;
	unsigned have = 0;
	size_t n = 0;

	if (span_starts(in, SPAN("<~")))
		in = span_from(in, 2);
	for (size_t i = 0; i < in.len && n < cap && in.p[i] != '~'; i++) {
		uint8_t c = in.p[i];

		if (c == 'z' && have == 0)
			n += put_group(0, 4, out + n, cap - n);
		if (c < '!' || c > 'u')
			continue;
		group = group * 85 + (c - 33u);
		if (++have < 5)
			continue;
		n += put_group(group, 4, out + n, cap - n);
		group = have = 0;
	}
	if (have < 2)
		return n;
	for (unsigned i = have; i < 5; i++)
		group = group * 85 + 84;
	return n + put_group(group, have - 1, out + n, cap - n);
}

size_t
pdfcode_runs(struct span in, uint8_t *out, size_t cap)
{
	size_t n = 0, len;

	for (size_t i = 0; i + 1 < in.len && in.p[i] != 128 && n < cap;) {
		bool same = in.p[i] > 128;

		len = same ? 257u - in.p[i] : in.p[i] + 1u;
		i++;
		if (len > cap - n)
			len = cap - n;
		if (!same && len > in.len - i)
			len = in.len - i;
		if (same)
			memset(out + n, in.p[i], len);
		else
			memcpy(out + n, in.p + i, len);
		i += same ? 1 : len;
		n += len;
	}
	return n;
}

/* ---- LZW ---- */

struct bits {
	struct span in;
	uint32_t held;
	unsigned n;
};

/* The next code; END where there is none. */
static unsigned
take(struct bits *b, unsigned width)
{
	while (b->n < width) {
		if (b->in.len == 0)
			return END;
		b->held = b->held << 8 | b->in.p[0];
		b->in = span_from(b->in, 1);
		b->n += 8;
	}
	b->n -= width;
	return b->held >> b->n & ((1u << width) - 1);
}

static unsigned
width_of(unsigned codes)
{
	unsigned width = 9;

	while (width < 12 && codes >= 1u << width)
		width++;
	return width;
}

size_t
pdfcode_lzw(struct pdfcode_lzw *w, unsigned early, struct span in, uint8_t *out,
    size_t cap)
{
	struct bits b = { .in = in };
	unsigned next = FIRST, code;
	size_t n = 0, before = 0, len = 0;

	while (n < cap && (code = take(&b, width_of(next + early))) != END) {
		if (code == CLEAR) {
			next = FIRST;
			len = 0;
			continue;
		}
		/* the string before, and the first octet of this one */
		if (len > 0 && next < PDFCODE_CODES) {
			w->at[next] = before;
			w->len[next++] = (uint16_t)(len + 1);
		}
		if (code >= next)
			break;
		before = n;
		len = code < CLEAR ? 1 : w->len[code];
		if (code < CLEAR)
			out[n++] = (uint8_t)code;
		else
			for (size_t i = 0; i < len && n < cap; i++)
				out[n++] = out[w->at[code] + i];
	}
	return n;
}
