/*
 * submit_may: what a client may do, as submit asks it; for submit only.
 *
 * Puts sessions and transactions before service/access, and gives devices
 * with a profile their sender, their header and their limits (R25).
 */
#ifndef SERVICE_SUBMIT_MAY_H
#define SERVICE_SUBMIT_MAY_H

#include "service/submit.h"

/* Is there anything that mends headers? */
#define SUBMIT_MENDS (ENABLE_DEVICES || ENABLE_RELAY)

/* A fresh session: leniency and size limit of a device. */
void submit_may_open(struct submit_session *ss);

/* MAIL: SMTP_OK, or the refusal. */
enum smtp_reply submit_may_mail(
    struct submit_session *ss, const struct addr *from);

/*
 * RCPT: SMTP_OK, or the refusal; `local`: it would be delivered here.  What
 * was permitted beyond local delivery is remembered for submit_may_body.
 */
enum smtp_reply submit_may_rcpt(
    struct submit_session *ss, const struct addr *to, bool local);

/* DATA or BDAT: one more message of this sender. */
enum smtp_reply submit_may_body(struct submit_session *ss);

/* The transaction begins: a device's sender takes the place of its own. */
void submit_may_sender(struct submit_session *ss);

/* The body begins: repair its header if the device needs that. */
void submit_may_repair(struct submit_session *ss);

/* Is it mail of our own people: somebody who may send? */
bool submit_is_own(const struct submit_session *ss);

/* What its queue files say of it (enum queue_flag), once it is complete. */
unsigned submit_flags(const struct submit_session *ss);

#endif
