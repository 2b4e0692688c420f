/* test_deliver: recipients into mailboxes, the queue, or both. */
#include "support/test.h"

#include "support/post.h"

#define SUCCESS 2u
#define FAILURE 4u

static struct post p;

static const struct delivery_head own = {
	.sender = { (const uint8_t *)"ann@home.example", 16 },
	.wire_octets = 20,
	.arrived_s = 1763826000,
	.flags = QUEUE_OWN,
};

static int
set_up(void **state)
{
	(void)state;
	post_init(&p);
	return 0;
}

static struct queue_rcpt
next(uint64_t *at)
{
	struct queue_rcpt q = { .state = 0 };

	assert_int_equal(queue_file_rcpt(&p.queued, at, &q, &p.strings), 1);
	return q;
}

static void
local_mail_goes_into_mailboxes_only(void **state)
{
	struct queue_entry e;

	(void)state;
	assert_int_equal(
	    post_send(&p, &own, "ann@home.example ben@gate.example", FAILURE),
	    ERR_OK);
	assert_int_equal(post_count(&p, "ann"), 1);
	assert_int_equal(post_count(&p, "ben"), 1);
	assert_string_equal(post_read(&p, "ben"), "Subject: x\n\nbody\n");
	assert_false(post_open(&p, &e));
}

static void
mail_elsewhere_goes_into_the_queue_only(void **state)
{
	struct queue_entry e;
	struct queue_rcpt q;
	uint64_t at;

	(void)state;
	needs(ENABLE_RELAY);
	assert_int_equal(
	    post_send(&p, &own, "x@x.example y@y.example", SUCCESS), ERR_OK);
	assert_int_equal(post_count(&p, "ann"), 0);
	assert_true(post_open(&p, &e));
	assert_int_equal(p.queued.rcpts, 2);
	assert_int_equal(p.queued.head.flags, QUEUE_OWN);
	assert_int_equal(p.queued.head.octets, 17);
	at = p.queued.first;
	q = next(&at);
	assert_span(q.path, "x@x.example");
	assert_int_equal(q.state, QUEUE_WAITING);
	assert_int_equal(q.notify, SUCCESS);
	assert_span(q.orcpt, "rfc822;o+2Bx@x.example");
	queue_file_close(&p.queued);
}

static void
both_share_the_body(void **state)
{
	struct queue_entry e;
	char body[64];

	(void)state;
	needs(ENABLE_RELAY);
	assert_int_equal(
	    post_send(&p, &own, "ben@home.example x@x.example", 0), ERR_OK);
	assert_int_equal(post_count(&p, "ben"), 1);
	assert_true(post_open(&p, &e));
	assert_int_equal(p.queued.rcpts, 1);
	assert_int_equal(p.queued.head.flags, QUEUE_OWN | QUEUE_APART);
	assert_int_equal(queue_file_body(&p.queued, body, sizeof(body), 0), 17);
	queue_file_close(&p.queued);
}

static void
asked_success_waits_in_the_queue_as_delivered(void **state)
{
	struct queue_entry e;
	struct queue_rcpt q;
	uint64_t at;

	(void)state;
	needs(ENABLE_RELAY);
	assert_int_equal(
	    post_send(&p, &own, "ben@home.example", SUCCESS), ERR_OK);
	assert_int_equal(post_count(&p, "ben"), 1);
	assert_true(post_open(&p, &e));
	at = p.queued.first;
	q = next(&at);
	assert_span(q.path, "ben@home.example");
	assert_int_equal(q.state, QUEUE_DELIVERED);
	assert_true(queue_is_arrived(q.state));
	queue_file_close(&p.queued);
}

static void
strangers_and_null_senders_are_not_told(void **state)
{
	struct delivery_head head = own;
	struct queue_entry e;

	(void)state;
	head.flags = 0;
	assert_int_equal(
	    post_send(&p, &head, "ben@home.example", SUCCESS), ERR_OK);
	head = own;
	head.sender = SPAN("");
	assert_int_equal(
	    post_send(&p, &head, "ben@home.example", SUCCESS), ERR_OK);
	assert_int_equal(post_count(&p, "ben"), 2);
	assert_false(post_open(&p, &e));
}

static void
unknown_people_are_nobody(void **state)
{
	(void)state;
	assert_int_equal(
	    post_send(&p, &own, "zoe@home.example", 0), ERR_MISSING);
	assert_int_equal(post_count(&p, "ann"), 0);
}

static void
recipients_have_a_bound(void **state)
{
	struct addr a;
	unsigned n = 0;

	(void)state;
	assert_int_equal(addr_parse(SPAN("x@x.example"), 0, &a), ADDR_OK);
	delivery_begin(&p.delivery, &p.deliver);
	while (delivery_add(&p.delivery, &a, 0, SPAN("")) == ERR_OK)
		n++;
	assert_true(n >= 100);
	assert_int_equal(n, p.delivery.noted_n);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		T(local_mail_goes_into_mailboxes_only),
		T(mail_elsewhere_goes_into_the_queue_only),
		T(both_share_the_body),
		T(asked_success_waits_in_the_queue_as_delivered),
		T(strangers_and_null_senders_are_not_told),
		T(unknown_people_are_nobody),
		T(recipients_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
