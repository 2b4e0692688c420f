/* pdfpredict: PNG's filters are those of RFC 2083, 6. */
#include "codec/pdfpredict.h"

#define COLORS 32

bool
pdfpredict_is_sound(const struct pdfpredict *t)
{
	return t->colors > 0 && t->colors <= COLORS && t->columns > 0
	       && (t->bits == 1 || t->bits == 2 || t->bits == 4 || t->bits == 8
		   || t->bits == 16);
}

static size_t
row_octets(const struct pdfpredict *t)
{
	uint64_t n = ((uint64_t)t->colors * t->bits * t->columns + 7) / 8;

	return n < SIZE_MAX ? (size_t)n : SIZE_MAX;
}

/* ---- PNG ---- */

static uint8_t
paeth(unsigned left, unsigned above, unsigned corner)
{
	int p = (int)left + (int)above - (int)corner;
	int a = p > (int)left ? p - (int)left : (int)left - p;
	int b = p > (int)above ? p - (int)above : (int)above - p;
	int c = p > (int)corner ? p - (int)corner : (int)corner - p;

	if (a <= b && a <= c)
		return (uint8_t)left;
	return (uint8_t)(b <= c ? above : corner);
}

/* A row of `n` octets; `above` is the one before, or NULL. */
static void
undo_row(uint8_t how, uint8_t *row, const uint8_t *above, size_t n, size_t step)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t left = i < step ? 0 : row[i - step];
		uint8_t up = above == NULL ? 0 : above[i];
		uint8_t corner =
		    i < step || above == NULL ? 0 : above[i - step];

		switch (how) {
		case 1:
			row[i] = (uint8_t)(row[i] + left);
			break;
		case 2:
			row[i] = (uint8_t)(row[i] + up);
			break;
		case 3:
			row[i] = (uint8_t)(row[i] + (left + up) / 2);
			break;
		case 4:
			row[i] = (uint8_t)(row[i] + paeth(left, up, corner));
			break;
		default:
			return;
		}
	}
}

static size_t
undo_png(const struct pdfpredict *t, uint8_t *p, size_t len)
{
	size_t most = row_octets(t), step = (t->colors * t->bits + 7) / 8;
	size_t out = 0;

	for (size_t at = 0; at + 1 < len;) {
		uint8_t how = p[at++];
		size_t n = most < len - at ? most : len - at;

		memmove(p + out, p + at, n);
		undo_row(
		    how, p + out, out > 0 ? p + out - most : NULL, n, step);
		at += n;
		out += n;
	}
	return out;
}

/* ---- TIFF ---- */

/* The sample number `i` of a row; 16 bits are two octets, the higher first. */
static unsigned
sample(const uint8_t *row, size_t i, unsigned bits)
{
	if (bits == 16)
		return row[2 * i] * 256u + row[2 * i + 1];
	return row[i * bits / 8] >> (8 - bits - i * bits % 8)
	       & ((1u << bits) - 1);
}

static void
put_sample(uint8_t *row, size_t i, unsigned bits, unsigned value)
{
	unsigned shift, mask;

	if (bits == 16) {
		row[2 * i] = (uint8_t)(value >> 8);
		row[2 * i + 1] = (uint8_t)value;
		return;
	}
	shift = 8 - bits - (unsigned)(i * bits % 8);
	mask = ((1u << bits) - 1) << shift;
	row[i * bits / 8] =
	    (uint8_t)((row[i * bits / 8] & ~mask) | (value << shift & mask));
}

static void
undo_tiff(const struct pdfpredict *t, uint8_t *p, size_t len)
{
	size_t most = row_octets(t), samples = (size_t)t->columns * t->colors;

	for (size_t at = 0; at < len; at += most) {
		size_t n = most < len - at ? most : len - at;
		size_t whole = n < most ? n * 8 / t->bits : samples;

		for (size_t i = t->colors; i < whole; i++)
			put_sample(p + at, i, t->bits,
			    sample(p + at, i, t->bits)
				+ sample(p + at, i - t->colors, t->bits));
		if (n < most)
			return;
	}
}

size_t
pdfpredict_undo(const struct pdfpredict *t, uint8_t *p, size_t len)
{
	if (t->predictor >= 10)
		return undo_png(t, p, len);
	if (t->predictor == 2)
		undo_tiff(t, p, len);
	return len;
}
