/*
 * fuzz_json: any bytes are parsed or refused; every value of a document that
 * was taken can be walked, and a decoded string survives being written and
 * read again.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
round_trip(struct span value)
{
	static char mem[65536];
	static char back[65536];
	static struct json_token one[1];
	struct text t, u;
	struct json_out o;
	struct json j;

	text_init(&t, mem, sizeof(mem));
	json_begin(&o, &t);
	json_str(&o, NULL, value);
	if (t.cut)
		return;
	assert(json_parse(&j, text_data(&t), one, 1) == ERR_OK);
	text_init(&u, back, sizeof(back));
	assert(json_text(&j, JSON_ROOT, &u) == ERR_OK);
	assert(span_is(text_data(&u), value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_token tokens[256];
	static char mem[4096];
	struct json j;
	struct text t;
	struct span key;
	uint64_t n;
	bool yes;

	if (json_parse(&j, span_of(data, size), tokens, 256))
		return 0;
	for (int i = 0; i < j.n; i++) {
		int child = JSON_ABSENT;
		unsigned count = 0;

		while (json_next(&j, i, &child, &key))
			count++;
		assert(count == json_count(&j, i));
		text_init(&t, mem, sizeof(mem));
		if (json_text(&j, i, &t) == ERR_OK)
			round_trip(text_data(&t));
		if (json_number(&j, i, 1000, &n) == ERR_OK)
			assert(n <= 1000);
		if (json_truth(&j, i, &yes) == ERR_OK)
			assert(json_type(&j, i) == JSON_BOOL);
		assert(json_raw(&j, i).len > 0);
	}
	return 0;
}
