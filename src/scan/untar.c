/*
 * untar: the members of a tar file, in place.  Long names, links and the like
 * are members as well: whatever lies in a block is looked at.
 */
#include "scan/unpack.h"

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

int
scan_next_tar(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span rest, head;
	uint64_t size;

	for (;;) {
		rest = span_from(f->bytes, f->at);
		if (rest.len < 512)
			return 0;
		if (rest.p[0] != 0 || rest.p[257] != 0)
			break;
		f->at += 512;
	}
	head = span_first(rest, 100);
	size = tar_number(rest.p + 124, 12);
	rest = span_from(rest, 512);
	if (size > rest.len) {
		scan_flaw(sc, SCAN_DAMAGED);
		size = rest.len;
	}
	scan_named(sc, f, span_first(head, span_find(head, 0)));
	*member = span_first(rest, (size_t)size);
	f->at += 512 + ((size_t)size + 511) / 512 * 512;
	return 1;
}
