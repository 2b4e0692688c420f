/* test_srs: rewritten senders there and back. */
#include "support/test.h"

#include "policy/srs.h"

static const struct srs ours = { .key = { 1, 2, 3 },
	.domain = { (const uint8_t *)"our.example", 11 },
	.day = 20779 };

static char mem[300];

static struct span
forward(const struct srs *s, struct span sender)
{
	struct addr a;
	struct text t;

	assert_int_equal(addr_parse(sender, 0, &a), ADDR_OK);
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(srs_forward(s, &a, &t), ERR_OK);
	return text_data(&t);
}

static struct span
local_of(struct span address)
{
	return span_first(address, span_rfind(address, '@'));
}

static void
leads_back_to_the_sender(void **state)
{
	char back[300];
	struct text t;
	struct span there = forward(&ours, SPAN("Bob+x@far.example"));

	(void)state;
	assert_true(span_starts(there, SPAN("SRS0=")));
	assert_true(
	    span_ends_nocase(there, SPAN("=far.example=Bob+x@our.example")));
	assert_true(srs_is_ours(there));
	text_init(&t, back, sizeof(back));
	assert_int_equal(srs_reverse(&ours, local_of(there), &t), ERR_OK);
	assert_span(text_data(&t), "Bob+x@far.example");
}

static void
quotes_stand_around_the_whole(void **state)
{
	char back[300];
	struct span there = forward(&ours, SPAN("\"a b..c\"@far.example")),
		    local;
	struct addr a;
	struct text t;

	(void)state;
	assert_true(span_starts(there, SPAN("\"SRS0=")));
	assert_true(
	    span_ends_nocase(there, SPAN("=far.example=a b..c\"@our.example")));
	assert_int_equal(addr_parse(there, 0, &a), ADDR_OK);
	local = span_of(a.local.p + 1, a.local.len - 2);
	text_init(&t, back, sizeof(back));
	assert_int_equal(srs_reverse(&ours, local, &t), ERR_OK);
	assert_span(text_data(&t), "\"a b..c\"@far.example");
	/* quotes that were not needed are gone */
	there = forward(&ours, SPAN("\"ab\"@far.example"));
	text_init(&t, back, sizeof(back));
	assert_int_equal(srs_reverse(&ours, local_of(there), &t), ERR_OK);
	assert_span(text_data(&t), "ab@far.example");
}

static void
leads_back_through_the_first_forwarder(void **state)
{
	char back[300], kept[300];
	struct span there = forward(&ours, SPAN("SRS0=ab=cd=x.org=u@fwd.net"));
	struct text t;

	(void)state;
	assert_true(span_ends_nocase(
	    there, SPAN("=fwd.net==ab=cd=x.org=u@our.example")));
	text_init(&t, back, sizeof(back));
	assert_int_equal(srs_reverse(&ours, local_of(there), &t), ERR_OK);
	assert_span(text_data(&t), "SRS0=ab=cd=x.org=u@fwd.net");
	/* one more forwarder: the one in between (us) drops out */
	memcpy(kept, there.p, there.len);
	there = forward(&ours, span_of(kept, there.len));
	text_init(&t, back, sizeof(back));
	assert_int_equal(srs_reverse(&ours, local_of(there), &t), ERR_OK);
	assert_span(text_data(&t), "SRS0=ab=cd=x.org=u@fwd.net");
}

static void
refuses_forged_and_old_ones(void **state)
{
	char back[300], copy[300];
	struct srs later = ours;
	struct span there = local_of(forward(&ours, SPAN("bob@far.example")));
	struct text t;

	(void)state;
	text_init(&t, back, sizeof(back));
	for (size_t i = 5; i < there.len; i++) {
		memcpy(copy, there.p, there.len);
		copy[i] = copy[i] == 'q' ? 'r' : 'q';
		assert_true(
		    srs_reverse(&ours, span_of(copy, there.len), &t) != ERR_OK);
	}
	for (size_t len = 5; len < there.len; len++)
		assert_true(
		    srs_reverse(&ours, span_first(there, len), &t) != ERR_OK);
	later.day += SRS_DAYS;
	assert_int_equal(srs_reverse(&later, there, &t), ERR_OK);
	later.day++;
	assert_int_equal(srs_reverse(&later, there, &t), ERR_DENIED);
}

static void
refuses_what_would_be_too_long(void **state)
{
	struct addr a = { .local = SPAN("bob") };
	char domain[ADDR_DOMAIN_MAX];
	struct text t;

	(void)state;
	memset(domain, 'd', sizeof(domain));
	a.domain = span_of(domain, sizeof(domain));
	text_init(&t, mem, sizeof(mem));
	assert_int_equal(srs_forward(&ours, &a, &t), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_back_to_the_sender),
		cmocka_unit_test(quotes_stand_around_the_whole),
		cmocka_unit_test(leads_back_through_the_first_forwarder),
		cmocka_unit_test(refuses_forged_and_old_ones),
		cmocka_unit_test(refuses_what_would_be_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
