/* test_warning: who is told of a stopped message, when telling fails. */
#include "support/test.h"

#include "service/parts.h"
#include "service/warning.h"
#include "support/post.h"

static struct post p;
static struct quarantine quarantine;
static struct quarantine_file held;
static struct warning_rate rates[2 * WARNING_WAYS];
static struct warning warning;

static const struct letter_time when = { .now_ms = 1000, .now_s = 1763826000 };

/* A message from elsewhere to ann and ben, which the scanner has stopped. */
static void
stop_one(void)
{
	const struct delivery_head head = {
		.sender = SPAN("far@x.example"),
		.wire_octets = 20,
		.arrived_s = when.now_s,
	};
	const struct quarantine_note note = {
		.reason = QUARANTINE_MALWARE,
		.name = SPAN("Eicar"),
	};
	struct span text = SPAN("Subject: x\n\nbody\n");
	struct addr a = { .bare = true };

	assert_int_equal(spool_begin(&p.spool, &p.file, 1), ERR_OK);
	assert_int_equal(spool_append(&p.spool, &p.file, &text, 1), ERR_OK);
	delivery_begin(&p.delivery, &p.deliver);
	a.local = SPAN("ann");
	assert_int_equal(delivery_add(&p.delivery, &a, 0, SPAN("")), ERR_OK);
	a.local = SPAN("ben");
	assert_int_equal(delivery_add(&p.delivery, &a, 0, SPAN("")), ERR_OK);
	assert_int_equal(
	    delivery_hold(&p.delivery, &p.file, &head, &note), ERR_OK);
	spool_barrier(&p.spool);
	while (spool_next(&p.spool) != NULL)
		continue;
	assert_int_equal(p.file.result, ERR_OK);
	delivery_done(&p.delivery, when.now_ms);
}

static int
tell(void)
{
	struct quarantine_entry e;
	uint32_t slot = 0;
	int err;

	assert_int_equal(quarantine_next(&quarantine, &slot, &e), 1);
	assert_int_equal(
	    quarantine_file_open(&held, &p.emu.fs, "quarantine", e.id), ERR_OK);
	err = warning_stopped(&warning, &held, e.id, &when);
	quarantine_file_close(&held);
	return err;
}

static void
what_could_not_be_sent_is_not_counted(void **state)
{
	uint64_t free_octets;

	(void)state;
	if (!HAS_VERDICTS)
		return;
	post_init(&p);
	assert_int_equal(
	    quarantine_open(&quarantine, &p.emu.fs, "quarantine", &p.ids),
	    ERR_OK);
	p.deliver.quarantine = &quarantine;
	warning_init(&warning, &p.letter, rates, 2 * WARNING_WAYS);
	warning.on = true;
	warning.per_hour = 2;
	stop_one();
	free_octets = p.emu.free_octets;
	p.emu.free_octets = 0;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tell(), ERR_FULL);
	p.emu.free_octets = free_octets;
	assert_int_equal(tell(), ERR_OK);
	assert_int_equal(post_count(&p, "ann"), 1);
	assert_int_equal(post_count(&p, "ben"), 1);
	assert_int_equal(warning.suppressed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_not_be_sent_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
