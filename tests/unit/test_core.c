/* test_core: the small tools that everything else stands on. */
#include "support/test.h"

#include "core/buf.h"
#include "core/chr.h"
#include "core/crc.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/text.h"
#include "core/zero.h"

#include <zlib.h>

static void
span_next_yields_empty_pieces_between_separators(void **state)
{
	struct span rest = SPAN("a,,b"), piece;

	(void)state;
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "a");
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "");
	assert_true(span_next(&rest, ',', &piece));
	assert_span(piece, "b");
	assert_false(span_next(&rest, ',', &piece));
}

static void
span_has_high_finds_one_byte_at_every_place_of_every_length(void **state)
{
	uint8_t mem[40];

	(void)state;
	for (size_t from = 0; from < 8; from++)
		for (size_t len = 0; from + len <= sizeof(mem); len++) {
			memset(mem, 0xff, sizeof(mem));
			memset(mem + from, 0x7f, len);
			assert_false(span_has_high(span_of(mem + from, len)));
			for (size_t i = 0; i < len; i++) {
				mem[from + i] = 0x80;
				assert_true(
				    span_has_high(span_of(mem + from, len)));
				mem[from + i] = 0x7f;
			}
		}
}

static void
span_u64_refuses_signs_overflow_and_nothing(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(span_u64(SPAN(""), 10, &n), ERR_SYNTAX);
	assert_int_equal(span_u64(SPAN("-1"), 10, &n), ERR_SYNTAX);
	assert_int_equal(span_u64(SPAN("11"), 10, &n), ERR_RANGE);
	assert_int_equal(
	    span_u64(SPAN("18446744073709551616"), UINT64_MAX, &n), ERR_RANGE);
	assert_int_equal(n, 7);
	assert_int_equal(
	    span_u64(SPAN("18446744073709551615"), UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
}

static void
chr_table_knows_atext_and_nothing_beyond_ascii(void **state)
{
	static const char atext[] = "!#$%&'*+-/=?^_`{|}~";
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(atext) - 1; i++)
		assert_true(chr_is((uint8_t)atext[i], CHR_ATEXT));
	for (unsigned c = 0; c < 256; c++)
		n += chr_is((uint8_t)c, CHR_ATEXT);
	assert_int_equal(n, sizeof(atext) - 1 + 62);
	assert_int_equal(chr_hex('F'), 15);
	assert_int_equal(chr_hex('g'), -1);
}

static void
buf_moves_data_to_the_front_when_the_end_is_full(void **state)
{
	uint8_t mem[8];
	struct buf b;

	(void)state;
	buf_init(&b, mem, sizeof(mem));
	assert_true(buf_put(&b, SPAN("abcdefgh")));
	assert_false(buf_put(&b, SPAN("i")));
	buf_drop(&b, 6);
	assert_true(buf_put(&b, SPAN("ijklmn")));
	assert_span(buf_data(&b), "ghijklmn");
	buf_drop(&b, 8);
	assert_int_equal(buf_free(&b), 8);
}

static void
pool_refuses_politely_and_counts(void **state)
{
	static _Alignas(16) uint8_t mem[3 * 32];
	struct pool p;
	void *a, *b;

	(void)state;
	pool_init(&p, "test", mem, 20, 3);
	a = pool_take(&p);
	b = pool_take(&p);
	assert_non_null(pool_take(&p));
	assert_null(pool_take(&p));
	assert_int_equal(p.refused, 1);
	assert_int_equal(pool_index(&p, b), 1);
	pool_give(&p, a);
	assert_ptr_equal(pool_take(&p), a);
	assert_int_equal(p.high, 3);
}

static void
text_is_cut_never_overrun(void **state)
{
	char mem[6];
	struct text t;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	text_u64_pad(&t, 42, 4);
	assert_false(t.cut);
	text_escaped(&t, SPAN("\n"));
	assert_true(t.cut);
	assert_string_equal(text_cstr(&t), "0042\\");
}

static char seen[2][LOG_LINE_MAX];
static unsigned seen_n;

static void
remember(enum log_level level, struct span line)
{
	(void)level;
	memcpy(seen[seen_n % 2], line.p, line.len);
	seen[seen_n++ % 2][line.len] = '\0';
}

static void
log_escapes_foreign_text_and_counts_repeats(void **state)
{
	struct log_line l;

	(void)state;
	log_to(remember, LOG_INFO);
	for (int i = 0; i < 3; i++) {
		log_begin(&l, LOG_WARN, "smtp.helo");
		log_span(&l, "name", SPAN("a b\r\n\"x=1"));
		log_end(&l);
	}
	log_event(LOG_DEBUG, "hidden", NULL, NULL, 0);
	assert_int_equal(seen_n, 1);
	assert_string_equal(
	    seen[0], "smtp.helo name=\"a b\\x0d\\x0a\\x22x=1\"");
	log_event(LOG_INFO, "next", NULL, NULL, ERR_IO);
	assert_int_equal(seen_n, 3);
	assert_string_equal(seen[1], "log.repeated times=2");
	assert_string_equal(seen[0], "next error=\"device error\"");
	log_to(NULL, LOG_INFO);
}

static void
zero_clears_whatever_stands_anywhere(void **state)
{
	uint8_t mem[700];

	(void)state;
	for (size_t i = 0; i < sizeof(mem); i++) {
		memset(mem, 0, sizeof(mem));
		mem[i] = 1;
		zero_fill(mem, sizeof(mem));
		for (size_t k = 0; k < sizeof(mem); k++)
			assert_int_equal(mem[k], 0);
	}
	mem[699] = 1;
	zero_fill(mem, 699);
	assert_int_equal(mem[699], 1);
}

static void
crc_is_zlibs_however_it_is_cut(void **state)
{
	static uint8_t bytes[3000];
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1103515245 + 12345;
		bytes[i] = (uint8_t)(x >> 16);
	}
	assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
	for (size_t n = 0; n < sizeof(bytes); n += 7)
		assert_int_equal(crc32_add(crc32_add(0, bytes, n), bytes + n,
				     sizeof(bytes) - n),
		    crc32(0, bytes, sizeof(bytes)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    span_next_yields_empty_pieces_between_separators),
		cmocka_unit_test(
		    span_has_high_finds_one_byte_at_every_place_of_every_length),
		cmocka_unit_test(span_u64_refuses_signs_overflow_and_nothing),
		cmocka_unit_test(
		    chr_table_knows_atext_and_nothing_beyond_ascii),
		cmocka_unit_test(
		    buf_moves_data_to_the_front_when_the_end_is_full),
		cmocka_unit_test(pool_refuses_politely_and_counts),
		cmocka_unit_test(text_is_cut_never_overrun),
		cmocka_unit_test(zero_clears_whatever_stands_anywhere),
		cmocka_unit_test(crc_is_zlibs_however_it_is_cut),
		cmocka_unit_test(log_escapes_foreign_text_and_counts_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
