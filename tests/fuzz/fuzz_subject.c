/*
 * fuzz_subject: what is found lies within the header and begins no new field;
 * what is decoded is never much longer than it was, and decoding a text cut
 * short does the same up to there.
 */
#include <assert.h>

#include "codec/japanese.h"
#include "codec/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char all[65536], some[64];
	struct span head = span_of(data, size);
	struct span found = subject_find(head, "Subject");
	subject_decoder other = size % 2 ? japanese_decode : NULL;
	struct text t, cut;

	if (size > 16384)
		return 0;
	if (found.len > 0) {
		assert(found.p >= data && found.p + found.len <= data + size);
		for (size_t i = 0; i + 1 < found.len; i++)
			assert(found.p[i] != '\n' || found.p[i + 1] == ' '
			       || found.p[i + 1] == '\t');
	}
	text_init(&t, all, sizeof(all));
	subject_decode(head, other, &t);
	assert(!t.cut && t.len <= 3 * size);
	text_init(&cut, some, sizeof(some));
	subject_decode(head, other, &cut);
	assert(cut.cut == (t.len > cut.cap));
	assert(!memcmp(all, some, cut.len));
	return 0;
}
