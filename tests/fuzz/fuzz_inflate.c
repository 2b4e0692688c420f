/*
 * fuzz_inflate: the fast inflate and zlib give the same for what zlib takes,
 * raw and gzip (the first octet says which), and what does not fit or is
 * damaged comes out as zlib alone gives it.
 */
#include <assert.h>

#include "scan/unpack.h"
#include "service/inflater.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scan sc;

/* Inflate to `room` bytes at `out`; the flaws. */
static unsigned
inflate_to(struct span in, int window, uint8_t *out, size_t room,
    struct span *got, size_t *used)
{
	sc.scratch = out;
	sc.scratch_cap = room;
	sc.scratch_len = 0;
	sc.left = room;
	sc.flaws = 0;
	*got = scan_inflate(&sc, in, window, used);
	assert(got->len <= room);
	assert(*used <= in.len);
	return sc.flaws;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t fast[16384], slow[16384];
	struct span in = span_from(span_of(data, size), 1), a, b;
	size_t used_a, used_b, room;
	int window;
	unsigned flaws;

	if (size == 0)
		return 0;
	window = data[0] & 1 ? 31 : -15;
	room = data[0] & 2 ? 100 : sizeof(fast);
	inflater_offer(&sc);
	flaws = inflate_to(in, window, fast, room, &a, &used_a);
	sc.inflate = NULL;
	if (inflate_to(in, window, slow, room, &b, &used_b) == 0) {
		assert(flaws == 0);
		assert(used_a == used_b);
	} else if (flaws == 0) {
		return 0; /* zlib refuses some codes that mean something */
	}
	assert(a.len == b.len && !memcmp(a.p, b.p, a.len));
	return 0;
}
