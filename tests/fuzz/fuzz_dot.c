/*
 * fuzz_dot: the decoder against a naive one that sees the whole message, in
 * one piece and in pieces; DATA and BDAT.  The first byte chooses which.
 */
#include <assert.h>

#include "codec/dot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_HERE 4096

struct text {
	uint8_t bytes[SIZE_MAX_HERE];
	size_t len;
	size_t used;
	unsigned flaws;
	uint64_t wire_octets;
	bool ended;
};

/* Does "CR LF . CR LF" end here?  `at` stands on the dot of a line start. */
static bool
is_end(const uint8_t *p, size_t len, size_t at)
{
	return len - at >= 3 && p[at + 1] == '\r' && p[at + 2] == '\n';
}

static void
put(struct text *t, uint8_t byte, unsigned octets)
{
	t->bytes[t->len++] = byte;
	t->wire_octets += octets;
}

/* Written from the standard's words, not from the decoder. */
static void
naive(const uint8_t *p, size_t len, bool chunked, struct text *t)
{
	bool fresh = true;
	size_t i = 0;

	while (i < len && !t->ended) {
		if (fresh && !chunked && p[i] == '.') {
			t->ended = is_end(p, len, i);
			i += t->ended ? 3 : 1;
			fresh = false;
			continue;
		}
		fresh = false;
		if (p[i] == '\r' && i + 1 < len && p[i + 1] == '\n') {
			put(t, '\n', 2);
			fresh = true;
			i += 2;
			continue;
		}
		if (p[i] == '\r') {
			t->flaws |= DOT_BARE_CR;
		} else {
			if (p[i] == '\n')
				t->flaws |= DOT_BARE_LF;
			if (p[i] == 0)
				t->flaws |= DOT_NUL;
			put(t, p[i], 1);
		}
		i++;
	}
	/* a chunk's last line without an end gets one on its way out */
	if (chunked && len > 0 && !fresh && p[len - 1] != '\r')
		t->wire_octets += 2;
	t->used = i;
}

/* In pieces of `step` bytes. */
static void
real(const uint8_t *p, size_t len, bool chunked, size_t step, struct text *t)
{
	static uint8_t piece[SIZE_MAX_HERE];
	struct dot d;

	dot_init(&d, chunked);
	while (t->used < len && !d.ended) {
		size_t n = len - t->used < step ? len - t->used : step;
		struct dot_made made;

		memcpy(piece, p + t->used, n);
		made = dot_feed(&d, piece, n);
		assert(made.made <= n && made.used <= n);
		assert(made.used == n || d.ended);
		if (made.made > 0)
			memcpy(t->bytes + t->len, piece, made.made);
		t->len += made.made;
		t->used += made.used;
	}
	dot_finish(&d);
	t->ended = d.ended;
	t->flaws = d.flaws;
	t->wire_octets = d.wire_octets;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct text want, got;
	size_t step, len;
	bool chunked;

	if (size < 1 || size > SIZE_MAX_HERE)
		return 0;
	chunked = data[0] & 1;
	step = data[0] >> 1;
	len = size - 1;
	memset(&want, 0, sizeof(want));
	memset(&got, 0, sizeof(got));
	naive(data + 1, len, chunked, &want);
	real(data + 1, len, chunked, step > 0 ? step : SIZE_MAX_HERE, &got);
	assert(want.ended == got.ended);
	assert(want.used == got.used);
	assert(want.len == got.len);
	assert(!memcmp(want.bytes, got.bytes, want.len));
	assert(want.flaws == got.flaws || !got.ended);
	assert(want.wire_octets == got.wire_octets || (!chunked && !got.ended));
	return 0;
}
