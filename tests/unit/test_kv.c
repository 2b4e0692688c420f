/* test_kv: what store/kv promises, but for power cuts (tests/powerloss). */
#include "support/test.h"

#include <stdio.h>
#include <zlib.h>

#include "core/le.h"
#include "store/kv.h"
#include "store/kv_item.h"
#include "support/flash_emu.h"

#define SLOTS 512

static struct flash_emu emu;
static struct kv kv;
static struct kv_slot slots[SLOTS];
static uint8_t txn[2 * KV_TXN_MIN], copy[KV_COPY_MIN];
static uint8_t value[KV_VALUE_MAX + 1];
static struct kv_memory memory = { slots, SLOTS, txn, sizeof(txn), copy,
	sizeof(copy) };

static int
setup(void **state)
{
	(void)state;
	emu_init(&emu, 65536, 2);
	memory.slots_n = SLOTS;
	assert_int_equal(kv_open(&kv, &emu.flash, 1, &memory), ERR_MISSING);
	assert_int_equal(kv_format(&kv), ERR_OK);
	return 0;
}

static int
put(const char *key, struct span v)
{
	int rc;

	assert_int_equal(kv_begin(&kv), ERR_OK);
	rc = kv_put(&kv, span_str(key), v);
	if (rc == ERR_OK)
		return kv_commit(&kv);
	kv_abort(&kv);
	return rc;
}

static void
reopen(void)
{
	assert_int_equal(kv_open(&kv, &emu.flash, 1, &memory), ERR_OK);
}

static void
keys_and_values_keep_to_their_bounds(void **state)
{
	static const char long_key[] =
	    "0123456789012345678901234567890123456789012345678901234567890123";

	(void)state;
	memset(value, 'v', sizeof(value));
	assert_int_equal(put("", SPAN("x")), ERR_RANGE);
	assert_int_equal(put("a b", SPAN("x")), ERR_RANGE);
	assert_int_equal(put(long_key, SPAN("x")), ERR_RANGE);
	assert_int_equal(put(long_key + 1, SPAN("x")), ERR_OK);
	assert_int_equal(put("k", span_of(value, KV_VALUE_MAX)), ERR_OK);
	assert_int_equal(put("k", span_of(value, KV_VALUE_MAX + 1)), ERR_RANGE);
	assert_int_equal(
	    kv_get(&kv, SPAN("k"), value, KV_VALUE_MAX - 1), ERR_RANGE);
	assert_int_equal(
	    kv_get(&kv, SPAN("k"), value, KV_VALUE_MAX), KV_VALUE_MAX);
}

static void
an_unchanged_value_is_not_written_again(void **state)
{
	uint64_t before;

	(void)state;
	assert_int_equal(put("host.name", SPAN("a.example")), ERR_OK);
	before = emu.programmed;
	assert_int_equal(put("host.name", SPAN("a.example")), ERR_OK);
	assert_int_equal(kv_begin(&kv), ERR_OK);
	assert_int_equal(kv_put(&kv, SPAN("host.name"), SPAN("b")), ERR_OK);
	assert_int_equal(
	    kv_put(&kv, SPAN("host.name"), SPAN("a.example")), ERR_OK);
	assert_int_equal(kv_delete(&kv, SPAN("nothing.there")), ERR_OK);
	assert_int_equal(kv_commit(&kv), ERR_OK);
	assert_true(emu.programmed == before);
}

static void
too_much_is_refused_with_the_numbers_before_anything_is_written(void **state)
{
	struct kv_stats st;
	char key[16];
	uint64_t before = 0;
	int rc = ERR_OK;

	(void)state;
	memset(value, 'v', sizeof(value));
	for (unsigned i = 0; rc == ERR_OK; i++) {
		snprintf(key, sizeof(key), "key.%u", i);
		before = emu.programmed;
		rc = put(key, span_of(value, 1000));
	}
	assert_int_equal(rc, ERR_FULL);
	assert_true(emu.programmed == before);
	kv_stats(&kv, &st);
	assert_true(kv_need(&kv).octets > st.total.octets);
	assert_true(st.used.octets <= st.total.octets);
	assert_true(st.used.octets > st.total.octets - 1100);
	assert_int_equal(put("key.0", span_of(value, 1000)), ERR_OK);
	assert_int_equal(put("key.0", span_of(value, 10)), ERR_OK);
	assert_int_equal(put(key, span_of(value, 900)), ERR_OK);
	reopen();
	assert_int_equal(kv_get(&kv, span_str(key), value, 1000), 900);
}

static void
too_many_keys_are_refused_before_anything_is_written(void **state)
{
	struct kv_stats st;
	char key[16];
	int rc = ERR_OK;
	unsigned i;

	(void)state;
	memory.slots_n = 16;
	reopen();
	for (i = 0; rc == ERR_OK; i++) {
		snprintf(key, sizeof(key), "key.%u", i);
		rc = put(key, SPAN("x"));
	}
	kv_stats(&kv, &st);
	assert_int_equal(rc, ERR_FULL);
	assert_int_equal(i - 1, st.total.keys);
	assert_int_equal(kv_need(&kv).keys, st.total.keys + 1);
}

static void
the_walk_shows_each_key_once_with_its_newest_value(void **state)
{
	struct kv_cursor c = { 0 };
	struct kv_entry e;
	char seen[128] = "";

	(void)state;
	assert_int_equal(put("a.1", SPAN("x")), ERR_OK);
	assert_int_equal(put("b.1", SPAN("x")), ERR_OK);
	assert_int_equal(put("a.2", SPAN("x")), ERR_OK);
	assert_int_equal(put("a.1", SPAN("longer")), ERR_OK);
	assert_int_equal(kv_begin(&kv), ERR_OK);
	assert_int_equal(kv_delete(&kv, SPAN("a.2")), ERR_OK);
	assert_int_equal(kv_put(&kv, SPAN("a.3"), SPAN("")), ERR_OK);
	assert_int_equal(kv_commit(&kv), ERR_OK);
	while (kv_next(&kv, SPAN("a."), &c, &e) == 1)
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen),
		    "%s:%d ", e.key, (int)e.value_len);
	assert_string_equal(seen, "a.1:6 a.3:0 ");
}

static void
one_transaction_at_a_time_and_abort_leaves_no_trace(void **state)
{
	uint64_t before;

	(void)state;
	assert_int_equal(put("a", SPAN("1")), ERR_OK);
	before = emu.programmed;
	assert_int_equal(kv_begin(&kv), ERR_OK);
	assert_int_equal(kv_begin(&kv), ERR_BUSY);
	assert_int_equal(kv_put(&kv, SPAN("a"), SPAN("2")), ERR_OK);
	kv_abort(&kv);
	assert_int_equal(kv_get(&kv, SPAN("a"), value, 9), 1);
	assert_int_equal(value[0], '1');
	assert_true(emu.programmed == before);
}

static void
banks_take_turns_and_wear_survives_compaction(void **state)
{
	uint32_t erases[3], failures;
	struct kv_stats st;

	(void)state;
	emu_init(&emu, 16384, 3);
	memory.txn_cap = KV_TXN_MIN;
	assert_int_equal(kv_open(&kv, &emu.flash, 1, &memory), ERR_MISSING);
	assert_int_equal(kv_format(&kv), ERR_OK);
	for (unsigned i = 0; i < 4000; i++) {
		uint8_t n[4];

		le32_put(n, i);
		assert_int_equal(put("counter", span_of(n, 4)), ERR_OK);
	}
	reopen();
	kv_stats(&kv, &st);
	for (uint32_t bank = 0; bank < 3; bank++) {
		kv_wear(&kv, bank, &erases[bank], &failures);
		assert_int_equal(erases[bank], emu.erases[bank]);
		assert_int_equal(failures, 0);
		assert_in_range(
		    erases[bank], st.compactions / 3, st.compactions / 3 + 1);
	}
	assert_int_equal(kv_get(&kv, SPAN("counter"), value, 4), 4);
	assert_int_equal(le32_get(value), 3999);
	memory.txn_cap = sizeof(txn);
}

static void
another_geometry_is_refused_untouched(void **state)
{
	uint64_t before;

	(void)state;
	assert_int_equal(put("a", SPAN("1")), ERR_OK);
	before = emu.programmed;
	emu.flash.block_octets = 32768;
	emu.flash.blocks = 4;
	assert_int_equal(kv_open(&kv, &emu.flash, 1, &memory), ERR_UNSUPPORTED);
	assert_int_equal(kv_open(&kv, &emu.flash, 2, &memory), ERR_OK);
	assert_true(emu.programmed == before + KV_SEAL + 24);
}

/*
 * The format is fixed: this bank was written by version 1 and must always
 * open.  It holds gone.x=1, then host.name=mx with gone.x deleted.  A later
 * version adds its image beside it.
 */
static const uint8_t version_1[] = { 0x47, 0x50, 0x4b, 0x56, 0x01, 0x00, 0x02,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x39, 0x3c, 0x34, 0x43, 0x53, 0x45, 0x41, 0x4c, 0x01, 0x00, 0x00,
	0x00, 0x70, 0x63, 0xf4, 0x57, 0x00, 0x00, 0x00, 0x00, 0x52, 0x46, 0x00,
	0x00, 0x0a, 0x00, 0x00, 0x00, 0x62, 0x65, 0x73, 0x4f, 0x44, 0x91, 0xec,
	0x00, 0x06, 0x01, 0x00, 0x67, 0x6f, 0x6e, 0x65, 0x2e, 0x78, 0x31, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x46, 0x00, 0x00, 0x17, 0x00, 0x00,
	0x00, 0xc4, 0x31, 0xe8, 0x68, 0xb1, 0x93, 0x58, 0xd3, 0x09, 0x02, 0x00,
	0x68, 0x6f, 0x73, 0x74, 0x2e, 0x6e, 0x61, 0x6d, 0x65, 0x6d, 0x78, 0x06,
	0xff, 0xff, 0x67, 0x6f, 0x6e, 0x65, 0x2e, 0x78, 0xff };

static void
reads_images_of_every_earlier_version(void **state)
{
	struct kv_stats st;

	(void)state;
	emu_init(&emu, 65536, 2);
	memcpy(emu.octets, version_1, sizeof(version_1));
	reopen();
	kv_stats(&kv, &st);
	assert_int_equal(st.damaged, 0);
	assert_int_equal(st.used.keys, 1);
	assert_int_equal(kv_get(&kv, SPAN("host.name"), value, 9), 2);
	assert_memory_equal(value, "mx", 2);
	assert_int_equal(kv_get(&kv, SPAN("gone.x"), value, 9), ERR_MISSING);
	assert_int_equal(put("gone.x", SPAN("2")), ERR_OK);
}

/* The same calls write the same bytes, on every machine. */
static void
writes_the_version_it_says_it_writes(void **state)
{
	(void)state;
	assert_int_equal(put("gone.x", SPAN("1")), ERR_OK);
	assert_int_equal(kv_begin(&kv), ERR_OK);
	assert_int_equal(kv_put(&kv, SPAN("host.name"), SPAN("mx")), ERR_OK);
	assert_int_equal(kv_delete(&kv, SPAN("gone.x")), ERR_OK);
	assert_int_equal(kv_commit(&kv), ERR_OK);
	assert_memory_equal(emu.octets, version_1, sizeof(version_1));
}

/* The mark's version raised by one, with a right checksum. */
static void
an_image_of_a_newer_version_is_left_alone(void **state)
{
	uint8_t *mark = emu.octets;
	uint64_t before;

	(void)state;
	mark[4]++;
	le32_put(mark + 20, (uint32_t)crc32(0, mark, 20));
	before = emu.programmed;
	assert_int_equal(kv_open(&kv, &emu.flash, 1, &memory), ERR_UNSUPPORTED);
	assert_true(emu.programmed == before);
}

/*
 * The figures of README.md, section "Wear": octets per change, and years for
 * a pair of 64 KiB blocks of 100,000 erases.
 */
static void
wear_is_what_the_readme_says(void **state)
{
	uint64_t before, per_change, changes, years;
	struct kv_stats st;

	(void)state;
	for (unsigned i = 0; i < 200; i++) { /* a well-filled small office */
		char key[24];

		snprintf(key, sizeof(key), "account.user%03u", i);
		assert_int_equal(put(key, span_of(value, 100)), ERR_OK);
	}
	before = emu.programmed;
	assert_int_equal(put("relay.window_minutes", SPAN("7")), ERR_OK);
	per_change = emu.programmed - before;
	assert_int_equal(per_change, 40);
	kv_stats(&kv, &st);
	/* changes from one compaction to the next, two blocks in turn */
	changes = (st.bank_octets - st.used.octets) / per_change;
	assert_in_range(changes, 900, 1100);
	years = 2 * 100000ull * changes / 50 / 365;
	assert_in_range(years, 9000, 12000);
	assert_in_range(kv_years(&kv, 50, 40), years - 2, years);
	assert_in_range(kv_years(&kv, 24 * 60, 40), 360, 400);
	kv.log.bank[0].wear = kv.log.bank[1].wear = KV_ENDURANCE / 2;
	assert_in_range(kv_years(&kv, 50, 40), years / 2 - 2, years / 2);
	kv.log.bank[0].wear = kv.log.bank[1].wear = KV_ENDURANCE + 1;
	assert_int_equal(kv_years(&kv, 50, 40), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(keys_and_values_keep_to_their_bounds, setup),
	cmocka_unit_test_setup(an_unchanged_value_is_not_written_again, setup),
	cmocka_unit_test_setup(
	    too_much_is_refused_with_the_numbers_before_anything_is_written,
	    setup),
	cmocka_unit_test_setup(
	    too_many_keys_are_refused_before_anything_is_written, setup),
	cmocka_unit_test_setup(
	    the_walk_shows_each_key_once_with_its_newest_value, setup),
	cmocka_unit_test_setup(
	    one_transaction_at_a_time_and_abort_leaves_no_trace, setup),
	cmocka_unit_test_setup(
	    banks_take_turns_and_wear_survives_compaction, setup),
	cmocka_unit_test_setup(another_geometry_is_refused_untouched, setup),
	cmocka_unit_test_setup(reads_images_of_every_earlier_version, setup),
	cmocka_unit_test_setup(writes_the_version_it_says_it_writes, setup),
	cmocka_unit_test_setup(
	    an_image_of_a_newer_version_is_left_alone, setup),
	cmocka_unit_test_setup(wear_is_what_the_readme_says, setup),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
