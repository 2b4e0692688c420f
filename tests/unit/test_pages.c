/* Tests of platform/pages and service/quiet: what is given back, and when. */
#include "platform/pages.h"

#include <sys/resource.h>

#include "service/quiet.h"
#include "support/test.h"

#define OCTETS (256 * 1024)

static const uint8_t constants[OCTETS] = { 1, [OCTETS - 1] = 2 };
static uint8_t written[OCTETS] = { 3 };

static unsigned
sum(const volatile uint8_t *mem)
{
	unsigned all = 0;

	for (size_t i = 0; i < OCTETS; i++)
		all += mem[i];
	return all;
}

/* How many page faults it takes to read them all; they add up to 3. */
static long
faults(const uint8_t *mem)
{
	struct rusage before, after;

	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_equal(sum(mem), 3);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	return after.ru_minflt - before.ru_minflt;
}

static void
gives_back_what_was_only_read_and_reads_it_again(void **state)
{
	(void)state;
	(void)faults(constants);
	assert_int_equal(faults(constants), 0);
	pages_shed();
	assert_true(faults(constants) > 0);
	assert_int_equal(faults(constants), 0);
}

static void
leaves_what_can_be_written(void **state)
{
	(void)state;
	for (size_t i = 1; i < OCTETS; i++)
		written[i] = 0;
	written[1] = 1;
	written[0] = 2;
	(void)faults(written);
	pages_shed();
	(void)faults(constants); /* the code of reading */
	assert_int_equal(faults(written), 0);
}

static int asked;

static void
count_asked(void *ctx)
{
	++*(int *)ctx;
}

/* A turn that begins now and ends so; true: it gave back. */
static bool
turn(struct quiet *q, int64_t now_ms, bool slept)
{
	struct poller p = { .now_ms = now_ms, .deadline_ms = INT64_MAX };
	bool gave;

	(void)faults(constants);
	q->base.prep(&q->base, &p);
	gave = faults(constants) > 0;
	p.slept = slept;
	q->base.run(&q->base, &p);
	return gave;
}

static void
gives_back_once_after_a_second_without_work(void **state)
{
	struct quiet q;

	(void)state;
	asked = 0;
	quiet_init(&q, count_asked, &asked);
	assert_false(turn(&q, 10000, false));
	assert_false(turn(&q, 10000 + QUIET_MS - 1, true));
	assert_true(turn(&q, 10000 + QUIET_MS, true));
	assert_false(turn(&q, 10000 + 9 * QUIET_MS, true));
	assert_false(turn(&q, 10000 + 10 * QUIET_MS, false));
	assert_true(turn(&q, 10000 + 12 * QUIET_MS, true));
	assert_int_equal(asked, 2);
}

static void
wakes_up_to_give_back(void **state)
{
	struct poller p = { .now_ms = 5000, .deadline_ms = INT64_MAX };
	struct quiet q;

	(void)state;
	quiet_init(&q, count_asked, &asked);
	q.base.run(&q.base, &p);
	q.base.prep(&q.base, &p);
	assert_int_equal(p.deadline_ms, 5000 + QUIET_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    gives_back_what_was_only_read_and_reads_it_again),
		cmocka_unit_test(leaves_what_can_be_written),
		cmocka_unit_test(gives_back_once_after_a_second_without_work),
		cmocka_unit_test(wakes_up_to_give_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
