/*
 * unmac: how Macs wrap files up for others: AppleSingle and AppleDouble (RFC
 * 1740), BinHex (RFC 1741).
 *
 * Members are the parts of a file; what only describes it is one, too.
 * BinHex's checksums are not looked at.
 */
#include "core/be.h"
#include "scan/unpack.h"

#define HEAD   26 /* of AppleSingle */
#define ENTRY  12
#define REPEAT 0x90
#define NEAR   80 /* how far behind BinHex's sign its colon is */
#define FORKS  22 /* octets of BinHex's header beside the name */

enum { RESOURCES = 1 }; /* phase: BinHex's second part comes next */

int
scan_next_apple(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span s = span_from(f->bytes, HEAD + f->at * ENTRY), data;
	struct span count = span_from(f->bytes, HEAD - 2);

	if (count.len >= 2 && f->at == count.p[0] * 256u + count.p[1])
		return 0;
	if (s.len < ENTRY) {
		scan_flaw(sc, SCAN_DAMAGED);
		return 0;
	}
	f->at++;
	data = span_from(f->bytes, be32_get(s.p + 4));
	if (data.len < be32_get(s.p + 8))
		scan_flaw(sc, SCAN_DAMAGED);
	*member = span_first(data, be32_get(s.p + 8));
	return 1;
}

/* ---- BinHex ---- */

/* What a character stands for; 64: nothing. */
static unsigned
value_of(uint8_t c)
{
	static const char letters[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQ"
				      "RSTUVXYZ[`abcdefhijklmpqr";
	const char *at = c != 0 ? strchr(letters, c) : NULL;

	return at != NULL ? (unsigned)(at - letters) : 64;
}

struct hex {
	uint8_t *to;
	size_t len, room;
	bool repeats; /* a count comes next */
};

static void
put(struct hex *h, uint8_t c, unsigned n)
{
	for (; n > 0 && h->len < h->room; n--)
		h->to[h->len++] = c;
}

/* One octet, of which some are signs to repeat the one before. */
static void
feed(struct hex *h, uint8_t c)
{
	if (h->repeats) {
		h->repeats = false;
		if (c == 0)
			put(h, REPEAT, 1);
		else if (h->len > 0)
			put(h, h->to[h->len - 1], c - 1u);
	} else if (c == REPEAT) {
		h->repeats = true;
	} else {
		put(h, c, 1);
	}
}

/* Unpack from behind the colon to the next one; false: it is cut off. */
static bool
unhex(struct hex *h, struct span s)
{
	size_t end = span_find(s, ':');
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < end; i++) {
		unsigned v = value_of(s.p[i]);

		if (v == 64)
			continue;
		bits = bits << 6 | v;
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		feed(h, (uint8_t)(bits >> n));
	}
	return end < s.len;
}

size_t
scan_binhex(struct span s, size_t from)
{
	static const char sign[] = "(This file must be converted with BinHex";
	size_t at = scan_find(s, from, SPAN(sign)), end;

	while (at < s.len) {
		end = at + span_find(span_from(s, at), ')');
		end += span_find(span_first(span_from(s, end), NEAR), ':');
		if (end < s.len && s.p[end] == ':')
			return end + 1;
		at = scan_find(s, at + 1, SPAN(sign));
	}
	return s.len;
}

/* The fork at `at` of this length; what is not there is a flaw. */
static struct span
fork_at(struct scan *sc, struct span s, size_t at, uint32_t len)
{
	s = span_from(s, at);
	if (s.len < len)
		scan_flaw(sc, SCAN_DAMAGED);
	return span_first(s, len);
}

int
scan_next_binhex(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = scan_binhex(f->bytes, f->at), name;
	struct hex h = { .len = 0 };
	struct span all;

	if (at == f->bytes.len)
		return 0;
	h.to = scan_most(sc, SIZE_MAX, &h.room);
	if (!unhex(&h, span_from(f->bytes, at)))
		scan_flaw(sc, SCAN_DAMAGED);
	if (h.len == h.room)
		scan_flaw(sc, SCAN_LIMITS);
	all = *member = scan_take(sc, h.len);
	name = h.len > 0 ? h.to[0] : 0;
	if (h.len < name + FORKS) {
		scan_flaw(sc, SCAN_DAMAGED);
		f->at = at;
		return 1;
	}
	scan_named(sc, f, span_of(h.to + 1, name));
	at = name + FORKS;
	*member = fork_at(sc, all, at, be32_get(h.to + at - 10));
	if (f->phase == RESOURCES) {
		*member = fork_at(
		    sc, all, at + member->len + 2, be32_get(h.to + at - 6));
		f->at = scan_binhex(f->bytes, f->at);
	}
	f->phase ^= RESOURCES;
	return 1;
}
