/* test_accounts: the table, and its way through the settings log. */
#include "support/test.h"

#include "store/accounts.h"

#define CAP 4

static struct account table[CAP];
static uint16_t places[ACCOUNTS_INDEX(CAP)];
static struct accounts as;
static struct users_verifier v = { .iterations = 4096 };

static struct seal seal;
static struct seal other;

static int
no_random(void *to, size_t len)
{
	memset(to, 7, len);
	return 0;
}

/* A flash of 4 blocks in memory. */
static uint8_t cells[4][8192];

static int
cells_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	(void)f;
	memcpy(to, &cells[0][0] + at, len);
	return 0;
}

static int
cells_program(struct flash *f, uint32_t at, struct span data)
{
	(void)f;
	for (size_t i = 0; i < data.len; i++)
		(&cells[0][0])[at + i] &= data.p[i];
	return 0;
}

static int
cells_erase(struct flash *f, uint32_t block)
{
	(void)f;
	memset(cells[block], 0xff, sizeof(cells[block]));
	return 0;
}

static struct flash flash = { .block_octets = sizeof(cells[0]),
	.blocks = 4,
	.unit = 1,
	.read = cells_read,
	.program = cells_program,
	.erase = cells_erase };
static struct kv kv;
static struct kv_slot slots[32];
static uint8_t txn[KV_TXN_MIN], copy[KV_COPY_MIN];
static const struct kv_memory memory = { slots, 32, txn, sizeof(txn), copy,
	sizeof(copy) };

static int
setup(void **state)
{
	(void)state;
	seal = (struct seal) { .key = { 1 }, .random = no_random };
	other = (struct seal) { .key = { 2 }, .random = no_random };
	memset(cells, 0xff, sizeof(cells));
	assert_int_equal(kv_open(&kv, &flash, 2, &memory), ERR_MISSING);
	assert_int_equal(kv_format(&kv), 0);
	accounts_init(&as, table, CAP, places);
	return 0;
}

static void
load(void)
{
	unsigned bad;

	assert_int_equal(kv_open(&kv, &flash, 2, &memory), 0);
	accounts_init(&as, table, CAP, places);
	assert_int_equal(accounts_load(&as, &kv, &bad), 0);
	assert_int_equal(bad, 0);
}

static int
add(const char *name)
{
	return accounts_add(&as, span_str(name), &v, SPAN(""));
}

static void
names_that_are_no_names_are_refused(void **state)
{
	static const char *const wrong[] = { "", ".", "..", ".a", "a.", "a..b",
		"-a", "A", "a b", "a/b", "a@b", "a%b", "a+b", "\xc3\xa9",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffff" };

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(add(wrong[i]), ERR_SYNTAX);
	assert_int_equal(add("a.b-c_9"), 0);
}

static void
accounts_are_found_and_removed_by_name_and_id(void **state)
{
	const struct account *a;

	(void)state;
	assert_int_equal(add("anna"), 0);
	assert_int_equal(add("ben"), 0);
	assert_int_equal(add("anna"), ERR_EXISTS);
	a = accounts_find(&as, SPAN("ben"));
	assert_int_equal(a->id, 2);
	assert_ptr_equal(accounts_by_id(&as, 2), a);
	assert_null(accounts_by_id(&as, 0));
	assert_null(accounts_by_id(&as, 3));
	assert_null(accounts_by_id(&as, 99));
	assert_int_equal(accounts_remove(&as, SPAN("anna")), 0);
	assert_int_equal(accounts_remove(&as, SPAN("anna")), ERR_MISSING);
	assert_null(accounts_find(&as, SPAN("anna")));
	assert_ptr_equal(accounts_find(&as, SPAN("ben")), a);
}

static void
freed_id_is_used_again_last(void **state)
{
	(void)state;
	assert_int_equal(add("a"), 0);
	assert_int_equal(add("b"), 0);
	assert_int_equal(accounts_remove(&as, SPAN("a")), 0);
	assert_int_equal(add("c"), 0);
	assert_int_equal(accounts_find(&as, SPAN("c"))->id, 3);
	assert_int_equal(add("d"), 0);
	assert_int_equal(add("e"), 0);
	assert_int_equal(accounts_find(&as, SPAN("e"))->id, 1);
	assert_int_equal(add("f"), ERR_FULL);
	assert_int_equal(as.count, 4);
}

static void
accounts_outlive_a_restart_with_their_ids(void **state)
{
	uint8_t sealed[ACCOUNT_SEALED_MAX], plain[USERS_PASSWORD_MAX];
	const struct account *a;
	int n;

	(void)state;
	load();
	n = account_seal(SPAN("old"), SPAN("battery"), &seal, sealed);
	assert_true(n > 0);
	assert_int_equal(add("anna"), 0);
	v.stored_key[0] = 77;
	assert_int_equal(
	    accounts_add(&as, SPAN("old"), &v, span_of(sealed, (size_t)n)), 0);
	assert_int_equal(accounts_remove(&as, SPAN("anna")), 0);
	assert_int_equal(
	    accounts_set_flags(&as, SPAN("old"), ACCOUNT_DISABLED), 0);
	load();
	assert_null(accounts_find(&as, SPAN("anna")));
	a = accounts_find(&as, SPAN("old"));
	assert_int_equal(a->id, 2);
	assert_int_equal(a->flags, ACCOUNT_DISABLED | ACCOUNT_LEGACY);
	assert_int_equal(a->verifier.stored_key[0], 77);
	assert_int_equal(as.legacy, 1);
	n = account_secret(a, &seal, plain);
	assert_span(span_of(plain, (size_t)n), "battery");
	assert_int_equal(account_secret(a, &other, plain), ERR_DENIED);
	assert_int_equal(
	    accounts_set_password(&as, SPAN("old"), &v, SPAN("")), 0);
	load();
	a = accounts_find(&as, SPAN("old"));
	assert_int_equal(a->flags, ACCOUNT_DISABLED);
	assert_int_equal(account_secret(a, &seal, plain), ERR_MISSING);
	assert_int_equal(as.legacy, 0);
}

static int
refuse_program(struct flash *f, uint32_t at, struct span data)
{
	(void)f;
	(void)at;
	(void)data;
	return ERR_IO;
}

static void
failed_write_changes_nothing(void **state)
{
	(void)state;
	load();
	assert_int_equal(add("anna"), 0);
	flash.program = refuse_program;
	assert_int_equal(add("ben"), ERR_IO);
	assert_int_equal(accounts_remove(&as, SPAN("anna")), ERR_IO);
	flash.program = cells_program;
	assert_null(accounts_find(&as, SPAN("ben")));
	assert_non_null(accounts_find(&as, SPAN("anna")));
	assert_int_equal(as.count, 1);
}

static void
damaged_record_is_counted_and_left_alone(void **state)
{
	unsigned bad;

	(void)state;
	load();
	assert_int_equal(add("anna"), 0);
	assert_int_equal(kv_begin(&kv), 0);
	assert_int_equal(
	    kv_put(&kv, SPAN("account.odd"), SPAN("something else")), 0);
	assert_int_equal(kv_commit(&kv), 0);
	assert_int_equal(accounts_load(&as, &kv, &bad), 0);
	assert_int_equal(bad, 1);
	assert_int_equal(as.count, 1);
}

static void
walk_goes_by_id(void **state)
{
	(void)state;
	assert_int_equal(add("b"), 0);
	assert_int_equal(add("a"), 0);
	assert_span(account_name(accounts_next(&as, 0)), "b");
	assert_span(account_name(accounts_next(&as, 1)), "a");
	assert_null(accounts_next(&as, 2));
}

#define T(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_that_are_no_names_are_refused),
		T(accounts_are_found_and_removed_by_name_and_id),
		T(freed_id_is_used_again_last),
		T(accounts_outlive_a_restart_with_their_ids),
		T(failed_write_changes_nothing),
		T(damaged_record_is_counted_and_left_alone),
		T(walk_goes_by_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
