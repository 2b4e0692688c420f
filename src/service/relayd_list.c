/*
 * relayd_list: a recipient that is a mailing list: its posting is made here,
 * and is a message of its own from then on.
 */
#include "service/relayd.h"

#include "config.h"

void
relayd_post(struct relayd *r, struct relayd_slot *s)
{
	char name[ADDR_LOCAL_MAX + 1];
	struct queue_rcpt q;
	struct text t;
	uint64_t at = s->rcpt[0];
	int err = ERR_TORN;

	if (ENABLE_LISTS
	    && queue_file_rcpt(&s->file, &at, &q, &r->strings) == 1) {
		text_init(&t, name, sizeof(name));
		text_span(&t, q.path);
		err = lists_post(
		    r->lists, &s->file, span_str(name), r->now_ms, r->now_s);
	}
	if (!err || err == ERR_EXISTS)
		reply_set(&r->own, 250, 0, 0,
		    err ? "dropped: it has been through this list before"
			: "posted to the list");
	else if (err == ERR_MISSING)
		reply_set(&r->own, 550, 1, 1, "there is nobody on this list");
	else
		reply_set(&r->own, 451, 3, 0, err_text(err));
	s->tried = true;
	relayd_result(r, s,
	    &(struct smtp_client_result) {
		.recipient = SMTP_CLIENT_ALL,
		.outcome = r->own.code == 250	? CLIENT_SENT
			   : r->own.code == 550 ? CLIENT_NEVER
						: CLIENT_LATER,
		.reply = &r->own,
	    });
	s->state = RELAYD_NEXT;
}
