/* test_api: routes are found, long answers come in pieces, errors in words. */
#include "support/test.h"

#include "service/api.h"

static struct api api;
static struct api_call call;
static char piece_mem[API_PIECE + 1];
static char all_mem[400000];
static struct text all;
static unsigned pieces;

static enum api_result
echo_arg(struct api_call *c)
{
	json_object(&c->json, NULL);
	json_str(&c->json, "arg", c->arg[0]);
	json_str(&c->json, "context", span_str(c->context));
	json_end(&c->json);
	return API_DONE;
}

/* A list of 100 entries of `arg` bytes each. */
static enum api_result
list(struct api_call *c)
{
	static char mem[API_PIECE + 1];
	uint64_t len = 0;

	assert_int_equal(span_u64(c->arg[0], API_PIECE, &len), 0);
	memset(mem, 'x', sizeof(mem));
	assert_int_equal(c->state.bytes[7], (uint8_t)c->cursor);
	c->state.bytes[7]++; /* taken back together with the cursor */
	if (c->cursor == 0) {
		json_object(&c->json, NULL);
		json_array(&c->json, "list");
	}
	if (c->cursor++ < 100) {
		json_str(&c->json, NULL, span_of(mem, (size_t)len));
		return API_MORE;
	}
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

static enum api_result
slow(struct api_call *c)
{
	if (++c->state.bytes[0] < 3)
		return API_AGAIN;
	return api_ok(c);
}

static enum api_result
change(struct api_call *c)
{
	char mem[8];
	struct text t;
	struct json j;
	bool flag;

	text_init(&t, mem, sizeof(mem));
	if (api_body(c, &j, "name flag"))
		return API_DONE;
	switch (api_body_text(c, &j, "name", &t)) {
	case ERR_OK:
		break;
	case ERR_MISSING:
		return api_refuse(c, 400, "name is missing");
	default:
		return API_DONE;
	}
	if (api_body_truth(c, &j, "flag", &flag))
		return API_DONE;
	c->status = flag ? 201 : 200;
	return api_ok(c);
}

static enum api_result
regret(struct api_call *c)
{
	if (c->cursor == 0)
		json_array(&c->json, NULL);
	else
		json_u64(&c->json, NULL, c->cursor);
	if (c->cursor++ < (c->arg[0].p[0] == '1' ? 1 : 5000))
		return API_MORE;
	return api_refuse(c, 409, "too late");
}

static const struct api_route routes_a[] = {
	{ HTTP_GET, "/things/{name}", echo_arg },
	{ HTTP_GET, "/things/{name}/parts/{part}", echo_arg },
	{ HTTP_GET, "/list/{octets}", list },
};
static const struct api_route routes_b[] = {
	{ HTTP_DELETE, "/things/{name}", echo_arg },
	{ HTTP_GET, "/slow", slow },
	{ HTTP_POST, "/change", change },
	{ HTTP_GET, "/regret/{after}", regret },
};
static const struct api_table table_a = API_TABLE(routes_a);
static const struct api_table table_b = API_TABLE(routes_b);

static int
run(enum http_method m, const char *path, const char *body)
{
	struct text t;
	int got;

	text_init(&all, all_mem, sizeof(all_mem));
	pieces = 0;
	api_begin(&api, &call, m, span_str(path), SPAN(""), span_str(body));
	do {
		text_init(&t, piece_mem, sizeof(piece_mem));
		got = api_piece(&call, &t);
		text_span(&all, text_data(&t));
		pieces++;
	} while (got == API_MORE || got == API_AGAIN);
	return got;
}

static int
set_up(void **state)
{
	static char a[] = "a", b[] = "b";

	(void)state;
	api_init(&api);
	api_add(&api, &table_a, a);
	api_add(&api, &table_b, b);
	return 0;
}

static void
finds_routes_over_several_tables(void **state)
{
	(void)state;
	assert_int_equal(run(HTTP_GET, "/api/v1/things/x", ""), API_DONE);
	assert_string_equal(all_mem, "{\"arg\":\"x\",\"context\":\"a\"}");
	assert_int_equal(run(HTTP_DELETE, "/api/v1/things/y", ""), API_DONE);
	assert_string_equal(all_mem, "{\"arg\":\"y\",\"context\":\"b\"}");
	assert_int_equal(run(HTTP_HEAD, "/api/v1/things/x", ""), API_DONE);
	assert_int_equal(call.status, 200);
}

static void
answers_404_and_405_in_words(void **state)
{
	static const char *const lost[] = { "", "/", "/api/v1", "/api/v1/",
		"/api/v1/thing", "/api/v1/things", "/api/v1/things/",
		"/api/v1/things/a/b", "/api/v2/things/a", "/api/v1things/a",
		"/api/v1/things/a/parts/" };

	(void)state;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		assert_int_equal(run(HTTP_GET, lost[i], ""), API_DONE);
		if (call.status != 404)
			fail_msg("%u: %s", call.status, lost[i]);
	}
	assert_true(span_starts(text_data(&all), SPAN("{\"error\":\"no such")));
	assert_int_equal(run(HTTP_POST, "/api/v1/slow", ""), API_DONE);
	assert_int_equal(call.status, 405);
}

static void
gives_long_lists_in_pieces_without_losing_an_entry(void **state)
{
	static const char *const octets[] = { "0", "1", "700", "1500", "1535",
		"1536", "3000", "3058" };
	static struct json_token tokens[128];

	(void)state;
	for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++) {
		char path[64];
		struct text t;
		struct json j;
		int at;

		text_init(&t, path, sizeof(path));
		text_str(&t, "/api/v1/list/");
		text_str(&t, octets[i]);
		text_init(&all, all_mem, sizeof(all_mem));
		assert_int_equal(run(HTTP_GET, path, ""), API_DONE);
		assert_false(all.cut);
		assert_int_equal(
		    json_parse(&j, text_data(&all), tokens, 128), 0);
		at = json_member(&j, JSON_ROOT, "list");
		assert_int_equal(json_count(&j, at), 100);
	}
}

static void
breaks_off_an_entry_that_fits_nowhere(void **state)
{
	(void)state;
	assert_int_equal(run(HTTP_GET, "/api/v1/list/3071", ""), ERR_FULL);
}

static void
comes_again_for_long_work(void **state)
{
	(void)state;
	assert_int_equal(run(HTTP_GET, "/api/v1/slow", ""), API_DONE);
	assert_int_equal(pieces, 3);
	assert_string_equal(all_mem, "{}");
}

static void
says_what_is_wrong_with_a_body(void **state)
{
	static const struct {
		const char *body, *error;
		unsigned status;
	} table[] = {
		{ "{\"name\":\"x\"}", "{}", 200 },
		{ "{\"name\":\"x\",\"flag\":true}", "{}", 201 },
		{ "",
		    "{\"error\":\"the body must be a JSON object, like "
		    "{\\\"name\\\":\\\"anna\\\"}: strict JSON, no key twice, "
		    "no numbers but "
		    "whole ones\"}",
		    400 },
		{ "[]",
		    "{\"error\":\"the body must be a JSON object, like "
		    "{\\\"name\\\":\\\"anna\\\"}: strict JSON, no key twice, "
		    "no numbers but "
		    "whole ones\"}",
		    400 },
		{ "{}", "{\"error\":\"name is missing\"}", 400 },
		{ "{\"name\":1}",
		    "{\"error\":\"\\\"name\\\" in the body "
		    "must be a string in UTF-8\"}",
		    400 },
		{ "{\"name\":\"12345678\"}",
		    "{\"error\":\"\\\"name\\\" in the body is too long\"}",
		    400 },
		{ "{\"name\":\"x\",\"flag\":1}",
		    "{\"error\":\"\\\"flag\\\" in "
		    "the body must be true or false\"}",
		    400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(
		    run(HTTP_POST, "/api/v1/change", table[i].body), API_DONE);
		assert_string_equal(all_mem, table[i].error);
		assert_int_equal(call.status, table[i].status);
	}
}

static void
refuses_after_all_only_while_nothing_was_given_out(void **state)
{
	(void)state;
	assert_int_equal(run(HTTP_GET, "/api/v1/regret/1", ""), API_DONE);
	assert_int_equal(call.status, 409);
	assert_string_equal(all_mem, "{\"error\":\"too late\"}");
	assert_int_equal(run(HTTP_GET, "/api/v1/regret/5000", ""), ERR_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_routes_over_several_tables),
		cmocka_unit_test(answers_404_and_405_in_words),
		cmocka_unit_test(
		    gives_long_lists_in_pieces_without_losing_an_entry),
		cmocka_unit_test(breaks_off_an_entry_that_fits_nowhere),
		cmocka_unit_test(comes_again_for_long_work),
		cmocka_unit_test(says_what_is_wrong_with_a_body),
		cmocka_unit_test(
		    refuses_after_all_only_while_nothing_was_given_out),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
