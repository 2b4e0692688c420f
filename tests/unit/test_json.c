/* test_json: what is written reads back; what is not JSON is refused. */
#include "support/test.h"

#include "codec/json.h"

#define TOKENS 64

static struct json_token tokens[TOKENS];

static int
parse(struct json *j, const char *text)
{
	return json_parse(j, span_str(text), tokens, TOKENS);
}

static void
writes_nested_values_with_commas_in_the_right_places(void **state)
{
	char mem[256];
	struct text t;
	struct json_out o;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	json_begin(&o, &t);
	json_object(&o, NULL);
	json_cstr(&o, "a", "x");
	json_array(&o, "list");
	json_u64(&o, NULL, 1);
	json_object(&o, NULL);
	json_end(&o);
	json_array(&o, NULL);
	json_end(&o);
	json_i64(&o, NULL, -2);
	json_end(&o);
	json_key(&o, SPAN("k\n"));
	json_bool(&o, NULL, true);
	json_null(&o, "n");
	json_hex(&o, "h", SPAN("\x0f"));
	json_end(&o);
	assert_string_equal(text_cstr(&t),
	    "{\"a\":\"x\",\"list\":[1,{},[],-2],\"k\\n\":true,\"n\":null,"
	    "\"h\":\"0f\"}");
}

static void
writes_strings_that_no_page_or_terminal_can_be_fooled_with(void **state)
{
	char mem[256];
	struct text t;
	struct json_out o;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	json_begin(&o, &t);
	json_str(&o, NULL, SPAN("</script>&\"\\\x1b\x7f\0z"));
	assert_string_equal(text_cstr(&t),
	    "\"\\u003c/script\\u003e\\u0026\\\"\\\\\\u001b\\u007f\\u0000z\"");
}

static void
replaces_each_byte_that_is_not_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "\xe6\x97\xa5", "\"\xe6\x97\xa5\"" },
		{ "\xf0\x9f\x93\xa8", "\"\xf0\x9f\x93\xa8\"" },
		{ "\xff", "\"\\ufffd\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" }, /* overlong */
		{ "\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "a\xe6\x97", "\"a\\ufffd\\ufffd\"" }, /* cut off */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char mem[64];
		struct text t;
		struct json_out o;

		text_init(&t, mem, sizeof(mem));
		json_begin(&o, &t);
		json_cstr(&o, NULL, table[i].in);
		assert_string_equal(text_cstr(&t), table[i].out);
	}
}

static void
marks_a_document_that_does_not_fit(void **state)
{
	char mem[8];
	struct text t;
	struct json_out o;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	json_begin(&o, &t);
	json_object(&o, NULL);
	json_cstr(&o, "key", "value");
	json_end(&o);
	assert_true(t.cut);
}

static void
reads_members_elements_and_scalars(void **state)
{
	struct json j;
	uint64_t n = 0;
	bool yes = false;
	int list, child = JSON_ABSENT;
	char mem[16];
	struct text t;

	(void)state;
	assert_int_equal(
	    parse(&j,
		" { \"n\" : 17, \"skip\":{\"n\":1}, \"list\":[true,\"b\",null],"
		"\"s\":\"\\u65e5\\ud83d\\udce8\\n\" } \n"),
	    0);
	assert_int_equal(json_number(&j, json_member(&j, 0, "n"), 17, &n), 0);
	assert_int_equal(n, 17);
	assert_int_equal(
	    json_number(&j, json_member(&j, 0, "n"), 16, &n), ERR_RANGE);
	list = json_member(&j, JSON_ROOT, "list");
	assert_int_equal(json_count(&j, list), 3);
	assert_true(json_next(&j, list, &child, NULL));
	assert_int_equal(json_truth(&j, child, &yes), 0);
	assert_true(yes);
	assert_true(json_next(&j, list, &child, NULL));
	assert_span(json_raw(&j, child), "\"b\"");
	assert_true(json_next(&j, list, &child, NULL));
	assert_int_equal(json_type(&j, child), JSON_NULL);
	assert_false(json_next(&j, list, &child, NULL));
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(json_text(&j, json_member(&j, 0, "s"), &t), 0);
	assert_string_equal(text_cstr(&t), "\xe6\x97\xa5\xf0\x9f\x93\xa8\n");
	assert_int_equal(json_member(&j, 0, "none"), JSON_ABSENT);
	assert_int_equal(json_type(&j, JSON_ABSENT), JSON_NONE);
	assert_int_equal(json_raw(&j, JSON_ABSENT).len, 0);
}

static void
refuses_what_is_not_json(void **state)
{
	static const char *const bad[] = { "", " ", "{", "}", "[1,]", "[,1]",
		"[1 2]", "[1,,2]", "{\"a\":1,}", "{\"a\"}", "{\"a\" 1}",
		"{\"a\":}", "{\"a\":1 \"b\":2}", "{1:2}", "{\"a\":1}{}",
		"{\"a\":1}x", "[1]]", "[1}", "{]", "[tru]", "[nullx]", "[01]",
		"[-]", "[1.5]", "[1e3]", "[+1]", "['a']", "[\"\\x\"]",
		"[\"\\u12g4\"]", "[\"a\nb\"]", "[\"\x01\"]",
		"{\"a\":1,\"a\":2}", "{\"o\":{\"a\":1,\"b\":{},\"a\":[]}}",
		"{:1}", "[:]", "{,}", "{\"a\":1:2}", "[\"a\":1]",
		"{\"a\",\"b\"}", "{[]:1}", "[18446744073709551616]", "\"open",
		"{\"a\":\"b\"\"c\"}" };
	struct json j;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(&j, bad[i]) != ERR_SYNTAX)
			fail_msg("taken for JSON: %s", bad[i]);
	assert_int_equal(
	    json_parse(&j, SPAN("[1]\0[2]"), tokens, TOKENS), ERR_SYNTAX);
}

static void
refuses_every_prefix_of_a_document(void **state)
{
	static const char doc[] =
	    "{\"a\":[1,{\"b\":\"\\u00e9\\\\\"}],\"c\":true}";
	struct json j;

	(void)state;
	for (size_t len = 0; len < sizeof(doc) - 1; len++)
		assert_int_equal(
		    json_parse(&j, span_of(doc, len), tokens, TOKENS),
		    ERR_SYNTAX);
	assert_int_equal(parse(&j, doc), 0);
}

static void
refuses_too_many_values_and_levels(void **state)
{
	struct json j;
	struct json_token two[2];

	(void)state;
	assert_int_equal(json_parse(&j, SPAN("[1,2]"), two, 2), ERR_FULL);
	assert_int_equal(parse(&j, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), 0);
	assert_int_equal(
	    parse(&j, "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), ERR_FULL);
}

static void
refuses_lone_surrogates_and_bad_utf8_in_strings(void **state)
{
	static const char *const bad[] = { "[\"\\ud83d\"]", "[\"\\udce8\"]",
		"[\"\\ud83dx\"]", "[\"\\ud83d\\n\"]", "[\"\\ud83d\\u0041\"]",
		"[\"\xff\"]", "[\"\xc3\"]" };
	struct json j;
	char mem[16];
	struct text t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&j, bad[i]), 0);
		text_init(&t, mem, sizeof(mem));
		assert_int_equal(json_text(&j, 1, &t), ERR_SYNTAX);
	}
	assert_int_equal(parse(&j, "[\"0123456789abcdef\"]"), 0);
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(json_text(&j, 1, &t), ERR_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    writes_nested_values_with_commas_in_the_right_places),
		cmocka_unit_test(
		    writes_strings_that_no_page_or_terminal_can_be_fooled_with),
		cmocka_unit_test(replaces_each_byte_that_is_not_utf8),
		cmocka_unit_test(marks_a_document_that_does_not_fit),
		cmocka_unit_test(reads_members_elements_and_scalars),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(refuses_every_prefix_of_a_document),
		cmocka_unit_test(refuses_too_many_values_and_levels),
		cmocka_unit_test(
		    refuses_lone_surrogates_and_bad_utf8_in_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
