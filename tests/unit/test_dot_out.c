/* test_dot_out: encoding at every split of input and room. */
#include "support/test.h"

#include "codec/dot_out.h"

#define TEXT(s)                                                                \
	{                                                                      \
		(const uint8_t *)(s), sizeof(s) - 1                            \
	}

static const struct {
	struct span text;
	struct span wire;
} table[] = {
	{ TEXT(""), TEXT(".\r\n") },
	{ TEXT("\n"), TEXT("\r\n.\r\n") },
	{ TEXT("a"), TEXT("a\r\n.\r\n") },
	{ TEXT("a\n"), TEXT("a\r\n.\r\n") },
	{ TEXT("a\r\nb\r\n"), TEXT("a\r\nb\r\n.\r\n") },
	{ TEXT("."), TEXT("..\r\n.\r\n") },
	{ TEXT(".\n..\n.x\n"), TEXT("..\r\n...\r\n..x\r\n.\r\n") },
	{ TEXT("a\rb\r\r\nc\r"), TEXT("a\rb\r\r\nc\r\n.\r\n") },
	{ TEXT("\r\n\n\r"), TEXT("\r\n\r\n\r\n.\r\n") },
	{ TEXT("x\r.\n.\r\n"), TEXT("x\r.\r\n..\r\n.\r\n") },
	{ TEXT("\0\377.\n"), TEXT("\0\377.\r\n.\r\n") },
};

/* Encode in input pieces of `in` bytes into windows of `room` bytes. */
static size_t
encode(struct span text, size_t in, size_t room, uint8_t *wire)
{
	uint8_t mem[64];
	struct dot_out d;
	struct buf out;
	size_t at = 0, made = 0;

	dot_out_init(&d);
	buf_init(&out, mem, room);
	while (at < text.len) {
		struct span rest = span_from(text, at);

		at += dot_encode(&d, span_first(rest, in), &out);
		assert_true(buf_len(&out) > 0);
		memcpy(wire + made, buf_bytes(&out), buf_len(&out));
		made += buf_len(&out);
		buf_drop(&out, buf_len(&out));
	}
	buf_init(&out, mem, DOT_OUT_END_MAX);
	assert_true(dot_encode_end(&d, &out));
	memcpy(wire + made, buf_bytes(&out), buf_len(&out));
	return made + buf_len(&out);
}

static void
encodes_the_same_at_every_split_of_input_and_room(void **state)
{
	uint8_t wire[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (size_t in = 1; in <= table[i].text.len + 1; in++)
			for (size_t room = 1; room <= 32; room++) {
				size_t n =
				    encode(table[i].text, in, room, wire);

				assert_int_equal(n, table[i].wire.len);
				assert_memory_equal(wire, table[i].wire.p, n);
			}
}

static void
waits_with_the_dot_line_until_all_of_it_fits(void **state)
{
	uint8_t mem[8];
	struct dot_out d;
	struct buf out;

	(void)state;
	dot_out_init(&d);
	buf_init(&out, mem, DOT_OUT_END_MAX - 1);
	assert_false(dot_encode_end(&d, &out));
	assert_int_equal(buf_len(&out), 0);
}

/* How many octets of the wire form a client keeps: no stuffed dots. */
static uint64_t
kept(struct span wire)
{
	size_t n = wire.len - 3, i;

	for (i = 0; i + 3 < wire.len; i++)
		if (wire.p[i] == '.'
		    && (i == 0
			|| (i > 1 && !memcmp(wire.p + i - 2, "\r\n", 2))))
			n--;
	return n;
}

static void
counts_what_a_client_keeps_at_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct span text = table[i].text;

		for (size_t cut = 0; cut <= text.len; cut++) {
			struct dot_out d;
			uint64_t n;

			dot_out_init(&d);
			n = dot_out_count(&d, span_first(text, cut));
			n += dot_out_count(&d, span_from(text, cut));
			n += dot_out_missing(&d);
			assert_int_equal(n, kept(table[i].wire));
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    encodes_the_same_at_every_split_of_input_and_room),
		cmocka_unit_test(waits_with_the_dot_line_until_all_of_it_fits),
		cmocka_unit_test(counts_what_a_client_keeps_at_every_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
