/* Tests of policy/verdict: the whole table of who gets what. */
#include "policy/verdict.h"

#include "support/test.h"

#define BIT(cause) (1u << (cause))

static const struct verdict_rules all_deliver = {
	.of = { VERDICT_IGNORE, VERDICT_DELIVER, VERDICT_DELIVER,
	    VERDICT_DELIVER, VERDICT_DELIVER, VERDICT_DELIVER, VERDICT_DELIVER,
	    VERDICT_DELIVER, VERDICT_DELIVER, VERDICT_DELIVER }
};

static struct verdict
decide(const struct verdict_rules *r, uint32_t causes, bool ours)
{
	const struct verdict_facts f = { causes, ours };

	return verdict_decide(r, &f);
}

static void
assert_verdict(struct verdict v, enum verdict_end end, bool keep, bool sender,
    bool recipients)
{
	assert_int_equal(v.end, end);
	assert_int_equal(v.keep, keep);
	assert_int_equal(v.warn_sender, sender);
	assert_int_equal(v.warn_recipients, recipients);
}

static void
clean_mail_passes_unmarked_by_rules(void **unused)
{
	(void)unused;
	assert_verdict(
	    decide(&all_deliver, 0, false), VERDICT_PASS, false, false, false);
	assert_verdict(
	    decide(&all_deliver, 0, true), VERDICT_PASS, false, false, false);
}

static void
malware_of_a_stranger_is_refused_and_kept_and_its_recipients_are_told(
    void **unused)
{
	struct verdict v = decide(&all_deliver, BIT(VERDICT_MALWARE), false);

	(void)unused;
	assert_verdict(v, VERDICT_REFUSE, true, false, true);
	assert_int_equal(v.cause, VERDICT_MALWARE);
}

static void
malware_of_our_own_is_held_and_both_sides_are_told(void **unused)
{
	(void)unused;
	assert_verdict(decide(&all_deliver, BIT(VERDICT_MALWARE), true),
	    VERDICT_HOLD, true, true, true);
}

static void
no_setting_lets_malware_pass(void **unused)
{
	(void)unused;
	for (unsigned rule = VERDICT_IGNORE; rule <= VERDICT_REFUSAL; rule++) {
		struct verdict_rules r;

		memset(r.of, (int)rule, sizeof(r.of));
		assert_true(decide(&r, UINT32_MAX, true).end == VERDICT_HOLD);
		assert_true(
		    decide(&r, UINT32_MAX, false).end == VERDICT_REFUSE);
	}
}

/* Every cause, every rule, both kinds of sender. */
static void
each_cause_is_what_its_setting_says(void **unused)
{
	(void)unused;
	for (unsigned c = VERDICT_FAILED; c < VERDICT_CAUSES; c++) {
		for (unsigned ours = 0; ours < 2; ours++) {
			struct verdict_rules r = all_deliver;
			struct verdict v;

			r.of[c] = VERDICT_IGNORE;
			v = decide(&r, BIT(c), ours);
			assert_verdict(v, VERDICT_PASS, false, false, false);
			r.of[c] = VERDICT_DELIVER;
			v = decide(&r, BIT(c), ours);
			assert_verdict(v, VERDICT_MARK, false, false, false);
			assert_int_equal(v.cause, c);
			r.of[c] = VERDICT_QUARANTINE;
			v = decide(&r, BIT(c), ours);
			assert_verdict(v, VERDICT_HOLD, true, ours, true);
			assert_int_equal(v.cause, c);
			r.of[c] = VERDICT_REFUSAL;
			v = decide(&r, BIT(c), ours);
			assert_verdict(v, VERDICT_REFUSE, false, false, false);
			assert_int_equal(v.cause, c);
		}
	}
}

/* Every pair of causes with every pair of rules. */
static void
of_several_causes_the_gravest_rule_counts(void **unused)
{
	(void)unused;
	for (unsigned a = VERDICT_FAILED; a < VERDICT_CAUSES; a++) {
		for (unsigned b = VERDICT_FAILED; b < VERDICT_CAUSES; b++) {
			for (unsigned i = 0; a != b && i < 16; i++) {
				struct verdict_rules r = all_deliver;
				unsigned x = i / 4, y = i % 4;
				struct verdict v;

				r.of[a] = (uint8_t)x;
				r.of[b] = (uint8_t)y;
				v = decide(&r, BIT(a) | BIT(b), false);
				assert_int_equal(v.end, x > y ? x : y);
				if (x != y)
					assert_int_equal(
					    v.cause, x > y ? a : b);
			}
		}
	}
}

static void
assert_mark(
    const struct verdict_rules *r, uint32_t causes, const char *expected)
{
	const struct verdict_facts f = { causes, false };
	char mem[VERDICT_MARK_MAX];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	verdict_mark(&t, r, &f);
	assert_false(t.cut);
	assert_string_equal(mem, expected);
}

static void
the_mark_names_every_cause_that_is_not_ignored(void **unused)
{
	struct verdict_rules r = all_deliver;

	(void)unused;
	assert_mark(&r, 0, "clean");
	assert_mark(&r, BIT(VERDICT_ENCRYPTED), "encrypted");
	assert_mark(
	    &r, BIT(VERDICT_DAMAGED) | BIT(VERDICT_DEEP), "deep, damaged");
	r.of[VERDICT_DEEP] = VERDICT_IGNORE;
	assert_mark(&r, BIT(VERDICT_DAMAGED) | BIT(VERDICT_DEEP), "damaged");
	r.of[VERDICT_DAMAGED] = VERDICT_IGNORE;
	assert_mark(&r, BIT(VERDICT_DAMAGED) | BIT(VERDICT_DEEP), "clean");
}

static void
the_longest_mark_has_room(void **unused)
{
	(void)unused;
	assert_mark(&all_deliver, UINT32_MAX & ~BIT(VERDICT_MALWARE),
	    "failed, limits, deep, encrypted, unopened, damaged, ...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_mail_passes_unmarked_by_rules),
		cmocka_unit_test(
		    malware_of_a_stranger_is_refused_and_kept_and_its_recipients_are_told),
		cmocka_unit_test(
		    malware_of_our_own_is_held_and_both_sides_are_told),
		cmocka_unit_test(no_setting_lets_malware_pass),
		cmocka_unit_test(each_cause_is_what_its_setting_says),
		cmocka_unit_test(of_several_causes_the_gravest_rule_counts),
		cmocka_unit_test(
		    the_mark_names_every_cause_that_is_not_ignored),
		cmocka_unit_test(the_longest_mark_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
