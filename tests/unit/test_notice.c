/* test_notice: what a sender reads about his message, by kind and language. */
#include "support/test.h"

#include "support/post.h"

static struct post p;
static struct queue_entry entry;

static const struct notice_time when = {
	.at = { .now_ms = 1000, .now_s = 1763826000, .zone_minutes = 60 },
	.until_s = 1764258000,
};

static void
queue_message(const struct delivery_head *head, const char *to)
{
	assert_int_equal(post_send(&p, head, to, 14), ERR_OK);
	assert_true(post_open(&p, &entry));
}

static const struct delivery_head from_ann = {
	.sender = { (const uint8_t *)"ann@home.example", 16 },
	.envid = { (const uint8_t *)"id+2B1", 6 },
	.wire_octets = 20,
	.arrived_s = 1763825000,
	.flags = QUEUE_OWN,
};

static int
set_up(void **state)
{
	(void)state;
	post_init(&p);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (ENABLE_RELAY)
		queue_file_close(&p.queued);
	return 0;
}

/* The n-th recipient comes into this state, with these last words. */
static void
settle(unsigned n, enum queue_state state, unsigned code, const char *words)
{
	uint64_t at = p.queued.first;
	struct queue_rcpt q;

	do
		assert_int_equal(
		    queue_file_rcpt(&p.queued, &at, &q, &p.strings), 1);
	while (n-- > 0);
	q.state = state;
	q.code = code;
	q.enhanced[0] = code / 100;
	q.enhanced[1] = 1;
	q.enhanced[2] = 1;
	q.words = span_str(words);
	assert_int_equal(queue_file_settle(&p.queued, &q), ERR_OK);
}

static const char *
send(enum notice_kind kind)
{
	assert_int_equal(
	    notice_send(&p.notice, &p.queued, entry.id, kind, &when), ERR_OK);
	assert_int_equal(post_count(&p, "ann"), 1);
	return post_read(&p, "ann");
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void
hasnt(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void
failure_names_those_who_did_not_get_it(void **state)
{
	const char *text;

	(void)state;
	needs(ENABLE_RELAY);
	queue_message(&from_ann, "x@x.example y@y.example z@z.example");
	settle(0, QUEUE_SENT, 250, "taken");
	settle(1, QUEUE_FAILED, 550, "nobody\x1b[2J\r\nX-Evil: 1 here");
	text = send(NOTICE_FAILURE);
	has(text, "\nTo: <ann@home.example>\n");
	has(text, "\nSubject: Your message could not be delivered\n");
	has(text, "\nAuto-Submitted: auto-replied\n");
	has(text, "multipart/report; report-type=delivery-status;");
	has(text, "\nReporting-MTA: dns; gate.example\n");
	has(text, "\nOriginal-Envelope-Id: id+1\n");
	has(text, "\nArrival-Date: Sat, 22 Nov 2025 16:23:20 +0100\n");
	has(text, "\nOriginal-Recipient: rfc822; o+x@x.example\n"
		  "Final-Recipient: rfc822; y@y.example\n"
		  "Action: failed\nStatus: 5.1.1\n"
		  "Diagnostic-Code: smtp; 550 5.1.1 nobody");
	hasnt(text, "\nX-Evil");
	hasnt(text, "\x1b");
	hasnt(text, "x@x.example>");
	hasnt(text, "z@z.example");
	has(text, "\nContent-Type: text/rfc822-headers\n");
	has(text, "\nSubject: x\n");
	hasnt(text, "\nbody\n");
}

static void
all_comes_back_where_that_was_asked_for(void **state)
{
	struct delivery_head head = from_ann;
	const char *text;

	(void)state;
	needs(ENABLE_RELAY);
	head.ret = 'F';
	queue_message(&head, "x@x.example");
	settle(0, QUEUE_FAILED, 0, "");
	text = send(NOTICE_FAILURE);
	has(text, "\nContent-Type: message/rfc822\n");
	has(text, "\nSubject: x\n\nbody\n");
	has(text, "Status: 5.0.0\n");
	hasnt(text, "Diagnostic-Code");
}

static void
delay_says_until_when(void **state)
{
	const char *text;

	(void)state;
	needs(ENABLE_RELAY);
	queue_message(&from_ann, "x@x.example");
	settle(0, QUEUE_WAITING, 451, "come back");
	text = send(NOTICE_DELAY);
	has(text, "Action: delayed\nStatus: 4.1.1\n");
	has(text, "\nWill-Retry-Until: Thu, 27 Nov 2025 16:40:00 +0100\n");
	has(text, "You need do\nnothing");
}

static void
success_tells_relayed_from_delivered(void **state)
{
	const char *text;

	(void)state;
	needs(ENABLE_RELAY);
	queue_message(&from_ann, "x@x.example y@y.example");
	settle(0, QUEUE_ARRIVED, 250, "ok");
	settle(1, QUEUE_DELIVERED, 250, "ok");
	text = send(NOTICE_SUCCESS);
	has(text, "Final-Recipient: rfc822; x@x.example\nAction: relayed\n"
		  "Status: 2.1.1\n");
	has(text, "Final-Recipient: rfc822; y@y.example\nAction: delivered\n");
}

static void
owners_may_have_it_in_japanese(void **state)
{
	const char *text;

	(void)state;
	needs(ENABLE_JAPANESE);
	needs(ENABLE_RELAY);
	p.letter.language = LETTER_JAPANESE;
	queue_message(&from_ann, "x@x.example");
	settle(0, QUEUE_FAILED, 550, "no");
	text = send(NOTICE_FAILURE);
	has(text, "\nSubject: =?UTF-8?B?");
	has(text, "配送できませんでした");
	has(text, "Action: failed\n");
}

static void
nobody_is_told_about_a_null_sender_or_a_notice(void **state)
{
	struct delivery_head head = from_ann;

	(void)state;
	needs(ENABLE_RELAY);
	head.sender = SPAN("");
	queue_message(&head, "x@x.example");
	settle(0, QUEUE_FAILED, 550, "no");
	assert_int_equal(
	    notice_send(&p.notice, &p.queued, entry.id, NOTICE_FAILURE, &when),
	    ERR_OK);
	queue_file_close(&p.queued);
	head = from_ann;
	head.flags = QUEUE_NOTICE;
	queue_message(&head, "x@x.example");
	settle(0, QUEUE_FAILED, 550, "no");
	assert_int_equal(
	    notice_send(&p.notice, &p.queued, entry.id, NOTICE_FAILURE, &when),
	    ERR_OK);
	assert_int_equal(post_count(&p, "ann"), 0);
	assert_int_equal(p.notice.sent, 0);
}

static void
a_full_disk_is_told_to_the_caller(void **state)
{
	(void)state;
	needs(ENABLE_RELAY);
	queue_message(&from_ann, "x@x.example");
	settle(0, QUEUE_FAILED, 550, "no");
	fs_emu_fail_at(&p.emu, 3, 1000, ERR_FULL);
	assert_int_equal(
	    notice_send(&p.notice, &p.queued, entry.id, NOTICE_FAILURE, &when),
	    ERR_FULL);
	p.emu.fail_at = 0;
	assert_int_equal(post_count(&p, "ann"), 0);
	(void)send(NOTICE_FAILURE);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(failure_names_those_who_did_not_get_it),
		T(all_comes_back_where_that_was_asked_for),
		T(delay_says_until_when),
		T(success_tells_relayed_from_delivered),
		T(owners_may_have_it_in_japanese),
		T(nobody_is_told_about_a_null_sender_or_a_notice),
		T(a_full_disk_is_told_to_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
