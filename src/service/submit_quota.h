/*
 * submit_quota: is there room in the mailbox that RCPT names?  For submit.
 *
 *   submit_rcpt     submit_quota_note    before the recipient is noted
 *   the answer      submit_quota_waits   while the mailbox is being counted
 *                   submit_quota_reply   452 takes the recipient back
 */
#ifndef SERVICE_SUBMIT_QUOTA_H
#define SERVICE_SUBMIT_QUOTA_H

#include "service/submit.h"

#define SUBMIT_QUOTA_LOOK_MS 5 /* between two looks at a count */

/* This RCPT is for `account` (0: for no single mailbox of ours). */
void submit_quota_note(struct submit_session *ss, uint16_t account);

/* Must its answer wait? */
bool submit_quota_waits(struct submit_session *ss);

/* The answer of a RCPT that is `otherwise` so. */
enum smtp_reply submit_quota_reply(
    struct submit_session *ss, enum smtp_reply otherwise);

#endif
