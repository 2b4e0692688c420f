/* test_directory: what addresses mean, with a small book of aliases. */
#include "support/test.h"

#include "core/text.h"
#include "service/directory.h"

static const struct {
	const char *key, *text;
} book[] = {
	{ "alias.sales", "joe, ann ,sales@far.example" },
	{ "alias.info@b.example", "ann" },
	{ "alias.ring", "ring2" },
	{ "alias.ring2", "ring, joe" },
	{ "alias.everyone", "sales,joe,info@b.example,ann@our.example" },
	{ "forward.ann", "ann@mobile.example,keep" },
	{ "forward.away", "away@far.example" },
	{ "list.club", "members=joe" },
};

static int
read_book(void *ctx, const char *key, char *out, size_t cap)
{
	(void)ctx;
	for (size_t i = 0; i < sizeof(book) / sizeof(book[0]); i++) {
		if (strcmp(key, book[i].key) != 0)
			continue;
		assert_true(strlen(book[i].text) <= cap);
		memcpy(out, book[i].text, strlen(book[i].text));
		return (int)strlen(book[i].text);
	}
	return ERR_MISSING;
}

static struct account table[8];
static uint16_t places[ACCOUNTS_INDEX(8)];
static struct accounts accounts;
static const struct srs srs = {
	.key = { 7 }, .domain = { (const uint8_t *)"our.example", 11 }, .day = 1
};
static struct directory d;
static struct directory_walk walk;

static int
set_up(void **state)
{
	static const char *const names[] = { "joe", "ann", "away", "admin" };
	const struct users_verifier v = { 0 };

	(void)state;
	accounts_init(&accounts, table, 8, places);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
		    accounts_add(&accounts, span_str(names[i]), &v, SPAN("")),
		    ERR_OK);
	d = (struct directory) { .accounts = &accounts,
		.book = { read_book, NULL },
		.host = SPAN("gate.our.example"),
		.domains = SPAN("our.example, b.example"),
		.postmaster = SPAN("admin"),
		.suffix = '+',
		.srs = &srs };
	return 0;
}

static struct addr
parsed(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(span_str(s), ADDR_ALLOW_BARE, &a), ADDR_OK);
	return a;
}

static enum directory_kind
kind_of(const char *s)
{
	struct addr a = parsed(s);

	return directory_lookup(&d, &a).kind;
}

/* Everything that the addresses lead to, as one text. */
static const char *
targets(const char *sender, const char *first, const char *second)
{
	static char mem[1024];
	struct directory_target t;
	const char *const each[] = { first, second };
	struct text out;
	int got;

	text_init(&out, mem, sizeof(mem));
	directory_begin(&walk, &d, span_str(sender));
	for (unsigned i = 0; i < 2 && each[i] != NULL; i++) {
		struct addr a = parsed(each[i]);

		directory_expand(&walk, &a);
		while ((got = directory_next(&walk, &t)) > 0) {
			if (t.kind == DIRECTORY_BOX)
				text_span(&out, account_name(accounts_by_id(
						    &accounts, t.account)));
			else
				text_span(&out, t.path);
			text_str(
			    &out, t.kind == DIRECTORY_LIST ? "(list)" : "");
			text_str(&out, t.sender.len > 0 ? "(srs) " : " ");
		}
		assert_int_equal(got, 0);
	}
	return mem;
}

static void
tells_ours_from_foreign_and_unknown(void **state)
{
	(void)state;
	assert_int_equal(kind_of("x@far.example"), DIRECTORY_FOREIGN);
	assert_int_equal(kind_of("joe@[127.0.0.1]"), DIRECTORY_FOREIGN);
	assert_int_equal(kind_of("nobody@our.example"), DIRECTORY_UNKNOWN);
	assert_int_equal(kind_of("JOE@Our.Example"), DIRECTORY_LOCAL);
	assert_int_equal(kind_of("\"joe\"@b.example"), DIRECTORY_LOCAL);
	assert_int_equal(kind_of("joe+x+y@gate.our.example"), DIRECTORY_LOCAL);
	assert_int_equal(kind_of("+joe@our.example"), DIRECTORY_UNKNOWN);
	assert_int_equal(
	    kind_of("joe%far.example@our.example"), DIRECTORY_UNKNOWN);
	assert_int_equal(kind_of("postmaster"), DIRECTORY_LOCAL);
	assert_int_equal(kind_of("sales@our.example"), DIRECTORY_LOCAL);
	assert_int_equal(kind_of("info@b.example"), DIRECTORY_LOCAL);
	assert_int_equal(kind_of("info@our.example"), DIRECTORY_UNKNOWN);
	assert_string_equal(targets("", "postmaster", NULL), "admin ");
	d.postmaster = SPAN("nobody"); /* the first account stands in */
	assert_string_equal(targets("", "Postmaster@b.example", NULL), "joe ");
	d.postmaster = SPAN("ring2");
	assert_string_equal(targets("", "postmaster", NULL), "joe ");
	d.postmaster = SPAN("boss@far.example");
	assert_string_equal(
	    targets("", "postmaster", NULL), "boss@far.example ");
	d.catch_all = SPAN("joe");
	assert_int_equal(kind_of("info@our.example"), DIRECTORY_LOCAL);
}

static void
names_the_account_only_where_mail_stays_in_its_box(void **state)
{
	struct addr joe = parsed("joe@our.example");
	struct addr ann = parsed("ann@our.example");

	(void)state;
	assert_int_equal(directory_lookup(&d, &joe).account, 1);
	assert_int_equal(directory_lookup(&d, &ann).account, 0);
}

static void
follows_aliases_forwards_and_lists(void **state)
{
	(void)state;
	needs(ENABLE_LISTS && ENABLE_RELAY);
	assert_string_equal(
	    targets("s@x.org", "joe+a@our.example", NULL), "joe ");
	assert_string_equal(targets("s@x.org", "sales@our.example", NULL),
	    "joe ann ann@mobile.example(srs) sales@far.example(srs) ");
	assert_string_equal(
	    targets("", "away@our.example", NULL), "away@far.example ");
	/* named twice, it still has no box */
	assert_string_equal(
	    targets("", "away@our.example", "away+x@our.example"),
	    "away@far.example ");
	assert_string_equal(
	    targets("s@x.org", "club@our.example", NULL), "club(list) ");
	assert_string_equal(
	    targets("s@x.org", "y@far.example", NULL), "y@far.example ");
}

static void
gives_each_target_once_and_ends_circles(void **state)
{
	(void)state;
	assert_string_equal(
	    targets("s@x.org", "ring@our.example", NULL), "joe ");
	assert_string_equal(targets("joe@our.example", "everyone@our.example",
				"Sales@Far.Example"),
	    "joe ann ann@mobile.example sales@far.example ");
}

static void
leads_rewritten_senders_back(void **state)
{
	char mem[300];
	struct text t;
	struct addr a = parsed("bob@far.example");
	const char *out;

	(void)state;
	needs(ENABLE_RELAY);
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(srs_forward(&srs, &a, &t), ERR_OK);
	assert_int_equal(kind_of(mem), DIRECTORY_LOCAL);
	out = targets("", mem, NULL);
	assert_string_equal(out, "bob@far.example ");
	mem[6] = mem[6] == 'x' ? 'y' : 'x';
	assert_int_equal(kind_of(mem), DIRECTORY_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    tells_ours_from_foreign_and_unknown, set_up),
		cmocka_unit_test_setup(
		    names_the_account_only_where_mail_stays_in_its_box, set_up),
		cmocka_unit_test_setup(
		    follows_aliases_forwards_and_lists, set_up),
		cmocka_unit_test_setup(
		    gives_each_target_once_and_ends_circles, set_up),
		cmocka_unit_test_setup(leads_rewritten_senders_back, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
