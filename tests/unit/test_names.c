/* test_names: the names of mail's attachments, in every form. */
#include "support/test.h"

#include "scan/names.h"

static const struct {
	const char *head;
	const char *want[3];
} rows[] = {
	{ "Content-Type: a/b; name=x.exe\n", { "x.exe" } },
	{ "content-disposition: attachment;\n FileName = \"x y.exe\"\n",
	    { "x y.exe" } },
	{ "Content-Disposition: attachment; filename=\"a\\\"b.exe\"; c=d\n",
	    { "a\"b.exe" } },
	{ "Content-Disposition: attachment; filename=\"a.e\n xe\"\n",
	    { "a.e xe" } },
	{ "Content-Disposition: attachment; filename=\"open.exe\n",
	    { "open.exe" } },
	{ "Content-Disposition: attachment filename=x.exe\n", { "x.exe" } },
	{ "Content-Type: a/b; name=\"a.txt\"\n"
	  "Content-Disposition: attachment; filename=\"a.exe\"\n",
	    { "a.txt", "a.exe" } },
	{ "Content-Type: a/b; name=\"=?utf-8?B?ZXZpbC5leGU=?=\"\n",
	    { "evil.exe" } },
	{ "Content-Type: a/b; name==?iso-8859-1?q?ev=69l_x?=\n"
	  "\t=?us-ascii?Q?=2Eexe?=\n",
	    { "evil x.exe" } },
	{ "Content-Type: a/b; name=\"a =?utf-8?Q?b?= c\"\n", { "a b c" } },
	{ "Content-Type: a/b; filename*=utf-8'en'ev%69l%2Eexe\n",
	    { "evil.exe" } },
	{ "Content-Type: a/b; filename*0=\"ev\"; filename*1=\"il.e\";\n"
	  " filename*2=xe\n",
	    { "evil.exe", "il.e", "xe" } },
	{ "Content-Type: a/b; filename*1*=%2Eexe; filename*0*=''evil\n",
	    { ".exe", "evil.exe" } },
	{ "Content-Type: a/b; name=\"=?utf-8?B?*\"\n", { "=?utf-8?B?*" } },
	{ "Subject: name=x.exe\nContent-Type: text/plain\n", { NULL } },
	{ "Content-Type: a/b; name\n", { NULL } },
	{ "Content-Type: a/b; name=", { "" } },
	{ "Content-Type: a/b; name*", { NULL } },
	{ "", { NULL } },
};

static void
reads_names_in_every_form(void **state)
{
	struct names n;
	struct span name;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned k = 0;

		names_init(&n, span_str(rows[i].head));
		for (; names_next(&n, &name); k++) {
			if (k == 3 || rows[i].want[k] == NULL
			    || !span_is(name, span_str(rows[i].want[k])))
				fail_msg("row %zu: %.*s", i, (int)name.len,
				    (const char *)name.p);
		}
		if (k < 3 && rows[i].want[k] != NULL)
			fail_msg("row %zu: no %s", i, rows[i].want[k]);
	}
}

static void
the_end_of_a_long_name_is_kept(void **state)
{
	static char head[4096];
	struct names n;
	struct span name;

	(void)state;
	memset(head, 'x', sizeof(head));
	memcpy(head, "Content-Type: a/b; name=", 24);
	memcpy(head + sizeof(head) - 5, ".exe\n", 5);
	names_init(&n, span_of(head, sizeof(head)));
	assert_true(names_next(&n, &name));
	assert_true(name.len <= NAMES_LONGEST);
	assert_true(span_ends_nocase(name, SPAN("xx.exe")));
	assert_false(names_next(&n, &name));
}

static void
words_count_in_content_fields_only(void **state)
{
	struct span head = SPAN("Subject: html\nContent-Type: text/HTML;\n"
				"\tcharset=UTF-7\n");

	(void)state;
	assert_true(names_mention(head, SPAN("html")));
	assert_true(names_mention(head, SPAN("utf-7")));
	assert_false(names_mention(SPAN("Subject: html\n"), SPAN("html")));
}

/* Each name would reach to the end, and look for its pieces everywhere. */
static void
a_header_made_of_names_ends_soon(void **state)
{
	static char head[1 << 20];
	struct names n;
	struct span name;
	unsigned count = 0;

	(void)state;
	memcpy(head, "Content-X:", 10);
	for (size_t i = 10; i + 7 <= sizeof(head); i += 7)
		memcpy(head + i, "name*0=", 7);
	names_init(&n, span_of(head, sizeof(head)));
	while (names_next(&n, &name))
		count++;
	assert_int_equal(count, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_names_in_every_form),
		cmocka_unit_test(the_end_of_a_long_name_is_kept),
		cmocka_unit_test(a_header_made_of_names_ends_soon),
		cmocka_unit_test(words_count_in_content_fields_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
