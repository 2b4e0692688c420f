/*
 * untar: the members of a tar file, in place.  Long names, links and the like
 * are members as well: whatever lies in a block is looked at.
 *
 * A block that should be a header and is none is told, and passed over up to
 * the next that is one.  Files with holes are "not opened": the pieces are
 * searched as they lie, but are not put together.
 */
#include "scan/unpack.h"

#define BLOCK	512
#define UNKNOWN UINT64_MAX

/* A number in octal, or in binary with its first bit set. */
static uint64_t
tar_number(const uint8_t *p, size_t len)
{
	uint64_t n = 0;

	if (p[0] & 0x80) {
		for (size_t i = len - 8; i < len; i++)
			n = n << 8 | p[i];
		return n;
	}
	for (size_t i = 0; i < len; i++)
		if (p[i] >= '0' && p[i] <= '7')
			n = n << 3 | (p[i] & 7u);
	return n;
}

/* The checksum: bytes added up, signed in some, its own field as spaces. */
bool
scan_is_tar(struct span s)
{
	uint32_t sum = 8 * ' ', high = 0, want;
	int32_t near;

	if (s.len < BLOCK)
		return false;
	want = (uint32_t)tar_number(s.p + 148, 8);
	near = (int32_t)want;
	/* where it cannot be one there is nothing to add up */
	if (near > BLOCK * 255 || near < -BLOCK * 128
	    || (near >= 0 && near <= 8 * ' '))
		return false;
	for (size_t i = 0; i < BLOCK; i++) {
		sum += s.p[i];
		high += s.p[i] >> 7;
	}
	for (size_t i = 148; i < 156; i++) {
		sum -= s.p[i];
		high -= s.p[i] >> 7;
	}
	return sum == want || sum - 256 * high == want;
}

/*
 * The next header from f->at on; empty: there is none.  Behind a block without
 * a name, the archive's end for most (f->from), anything may stand.
 */
static struct span
next_header(struct scan *sc, struct scan_frame *f)
{
	f->from = f->at;
	for (bool ended = false;; f->at += BLOCK) {
		struct span block =
		    span_first(span_from(f->bytes, f->at), BLOCK);

		if (block.len < BLOCK)
			return SPAN("");
		if (scan_is_tar(block))
			return block;
		ended |= block.p[0] == 0;
		if (!ended)
			scan_flaw(sc, SCAN_DAMAGED);
	}
}

/* The value of "LENGTH key=value\n" in a pax header; empty: it is not there. */
static struct span
pax_value(struct span s, struct span key)
{
	size_t at = scan_find(s, 0, key);

	s = span_from(s, at + key.len);
	return span_first(s, span_find(s, '\n'));
}

/*
 * What a pax header says of the member behind it.  A name is told as this
 * member's own.
 */
static void
read_pax(struct scan *sc, struct scan_frame *f, struct span s)
{
	struct span size = pax_value(s, SPAN(" size=")),
		    path = pax_value(s, SPAN(" path="));

	if (size.len > 0 && span_u64(size, UNKNOWN - 1, &f->told))
		scan_flaw(sc, SCAN_DAMAGED);
	if (path.len > 0)
		scan_named(sc, f, path);
	if (scan_find(s, 0, SPAN(" GNU.sparse.")) < s.len
	    || scan_find(s, 0, SPAN(" SCHILY.realsize=")) < s.len
	    || scan_find(s, 0, SPAN(" SUN.holesdata=")) < s.len)
		scan_flaw(sc, SCAN_UNOPENED);
}

/* Blocks of the map of a file with holes; they are not counted in its size. */
static size_t
map_octets(struct span header, struct span rest)
{
	size_t n = 0;
	bool more = header.p[482] != 0;

	while (more && rest.len - n >= BLOCK) {
		more = rest.p[n + 504] != 0;
		n += BLOCK;
	}
	return n;
}

/* A link has data for some; not where a header or the end follows. */
static uint64_t
size_of(const struct scan_frame *f, struct span header, struct span rest)
{
	bool is_link = header.p[156] >= '1' && header.p[156] <= '6';
	uint64_t size = tar_number(header.p + 124, 12);

	if (f->told != UNKNOWN)
		size = f->told;
	return is_link && (size > rest.len || scan_is_tar(rest)) ? 0 : size;
}

int
scan_next_tar(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span header, rest, name;
	size_t map = 0;
	uint64_t size;
	uint8_t type;

	if (f->count == 0)
		f->told = UNKNOWN;
	header = next_header(sc, f);
	if (header.len == 0) {
		f->at = f->bytes.len;
		return f->phase++ == 0 && f->count > 0
		       && scan_behind(f, f->from, member);
	}
	type = header.p[156];
	rest = span_from(f->bytes, f->at + BLOCK);
	if (type == 'S') {
		scan_flaw(sc, SCAN_UNOPENED);
		map = map_octets(header, rest);
		rest = span_from(rest, map);
	}
	size = size_of(f, header, rest);
	f->told = UNKNOWN;
	if (size > rest.len) {
		scan_flaw(sc, SCAN_DAMAGED);
		size = rest.len;
	}
	*member = span_first(rest, (size_t)size);
	name = span_first(header, 100);
	scan_named(sc, f, span_first(name, span_find(name, 0)));
	if (type == 'x' || type == 'X' || type == 'g')
		read_pax(sc, f, *member);
	else if (type == 'L')
		scan_named(sc, f, span_first(*member, span_find(*member, 0)));
	f->at += BLOCK + map + ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
	return 1;
}
