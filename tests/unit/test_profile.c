/* test_profile: devices as the owner writes them down. */
#include "support/test.h"

#include "codec/ip.h"
#include "policy/profile.h"

static struct profile p;
static char why_mem[200];
static struct text why;

static int
parse(const char *line)
{
	text_init(&why, why_mem, sizeof(why_mem));
	return profile_parse(SPAN("scanner"), span_str(line), &p, &why);
}

static bool
reaches(const char *to)
{
	struct addr a;

	assert_int_equal(addr_parse(span_str(to), 0, &a), ADDR_OK);
	return profile_may_reach(&p, &a, false);
}

static void
line_is_read(void **state)
{
	uint8_t ip[16];

	(void)state;
	assert_int_equal(
	    parse("client=192.168.1.50,192.168.1.64/28  "
		  "from=scanner@home.example "
		  "to=far.example,.sub.example per_hour=60 per_day=500 "
		  "max_octets=20000000 repair=off"),
	    0);
	assert_span(p.from, "scanner@home.example");
	assert_int_equal(p.per_hour, 60);
	assert_int_equal(p.per_day, 500);
	assert_int_equal(p.max_octets, 20000000);
	assert_false(p.repair);
	assert_int_equal(ip_parse(SPAN("192.168.1.79"), ip), 0);
	assert_ptr_equal(profile_find(&p, 1, ip), &p);
	assert_int_equal(ip_parse(SPAN("192.168.1.80"), ip), 0);
	assert_null(profile_find(&p, 1, ip));
	assert_true(reaches("x@FAR.example"));
	assert_true(reaches("x@a.sub.example"));
	assert_false(reaches("x@sub.example"));
	assert_false(reaches("x@notfar.example"));
}

static void
own_people_are_always_reached(void **state)
{
	struct addr a;

	(void)state;
	assert_int_equal(parse("client=::1 to=own"), 0);
	assert_true(p.repair);
	assert_false(reaches("x@far.example"));
	assert_int_equal(addr_parse(SPAN("x@home.example"), 0, &a), ADDR_OK);
	assert_true(profile_may_reach(&p, &a, true));
	assert_int_equal(parse("client=::1 to=any"), 0);
	assert_true(reaches("x@far.example"));
	assert_int_equal(parse("client=::1"), 0);
	assert_true(reaches("x@far.example"));
}

static void
mistakes_are_explained(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "from=a@b.example",
		    "\"from=a@b.example\": expected client=ADDRESS in it" },
		{ "client=printer", "\"client=printer\": expected addresses "
				    "like 192.168.1.50" },
		{ "client=::1 from=scanner",
		    "\"from=scanner\": expected an address like "
		    "scanner@example.org" },
		{ "client=::1 to=a,,b", "\"to=a,,b\": expected any, own or "
					"domains" },
		{ "client=::1 per_hour=many",
		    "\"per_hour=many\": expected a number" },
		{ "client=::1 colour=red",
		    "\"colour=red\": expected client=, from=, to=, per_hour=, "
		    "per_day=, max_octets= or repair=" },
		{ "client=::1 repair", "\"repair\": expected on or off" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line), ERR_SYNTAX);
		assert_string_equal(text_cstr(&why), cases[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_read),
		cmocka_unit_test(own_people_are_always_reached),
		cmocka_unit_test(mistakes_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
