/*
 * fuzz_pdfcode: each decoder stays within its output, and less room gives the
 * beginning of the same.  Predictors, by the first four octets, stay within
 * what they undo.
 */
#include <assert.h>

#include "codec/pdfcode.h"
#include "codec/pdfpredict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 8192

static struct pdfcode_lzw lzw;

static size_t
decode(unsigned how, struct span in, uint8_t *out, size_t cap)
{
	if (how == 0)
		return pdfcode_hex(in, out, cap);
	if (how == 1)
		return pdfcode_85(in, out, cap);
	if (how == 2)
		return pdfcode_runs(in, out, cap);
	return pdfcode_lzw(&lzw, how == 3, in, out, cap);
}

static void
undo(const uint8_t *data, size_t size)
{
	static uint8_t mem[ROOM + 1];
	struct pdfpredict t;
	size_t n = size - 4 < ROOM ? size - 4 : ROOM;

	t = (struct pdfpredict) { data[0], data[1], data[2], data[3] };
	if (data[2] > 16)
		t.columns <<= data[2] & 15;
	t.bits &= 31;
	if (!pdfpredict_is_sound(&t))
		return;
	memcpy(mem, data + 4, n);
	mem[n] = 0x5a;
	assert(pdfpredict_undo(&t, mem, n) <= n && mem[n] == 0x5a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[ROOM + 1], less[ROOM];
	struct span in = span_of(data, size);

	if (size >= 4)
		undo(data, size);

	for (unsigned how = 0; how < 5; how++) {
		size_t n, cap, m;

		out[ROOM] = 0x5a;
		n = decode(how, in, out, ROOM);
		assert(n <= ROOM && out[ROOM] == 0x5a);
		cap = n / 2;
		m = decode(how, in, less, cap);
		assert(m == cap && (m == 0 || memcmp(out, less, m) == 0));
	}
	return 0;
}
