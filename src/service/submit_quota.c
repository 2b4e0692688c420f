/* submit_quota: questions to quota; the words of refusals are smtp's. */
#include "service/submit_quota.h"

#include "config.h"

#include "service/quota.h"

void
submit_quota_note(struct submit_session *ss, uint16_t account)
{
	const struct submit_txn *t = ss->txn;

	if (!ENABLE_QUOTAS)
		return;
	ss->box = (struct submit_box) {
		.account = account,
		.to_len = t->to_len,
		.recipients = t->recipients,
		.noted_n = t->delivery.noted_n,
		.noted_len = t->delivery.noted_len,
	};
}

bool
submit_quota_waits(struct submit_session *ss)
{
	return ENABLE_QUOTAS && ss->box.account != 0
	       && !quota_is_known(ss->owner->deliver->quota, ss->box.account,
		   ss->txn->declared, ss->conn->owner->now_ms);
}

enum smtp_reply
submit_quota_reply(struct submit_session *ss, enum smtp_reply otherwise)
{
	const struct submit_box was = ss->box;
	struct submit_txn *t = ss->txn;

	ss->box.account = 0;
	if (!ENABLE_QUOTAS || was.account == 0 || otherwise != SMTP_OK
	    || !quota_is_over(
		ss->owner->deliver->quota, was.account, t->declared))
		return otherwise;
	t->to_len = was.to_len;
	t->recipients = was.recipients;
	t->delivery.noted_n = was.noted_n;
	t->delivery.noted_len = was.noted_len;
	return SMTP_MAILBOX_FULL;
}
