/*
 * submit_scan: a complete message before the scanner, and what follows from
 * its verdict; for submit only.
 *
 *   whole in tmp/ID --submit_scan_begin--> scanner, clamd ... conn_wake
 *                   <--submit_scan_end-- the mark's text is written into the
 *                                        place left for it, or it is refused
 *
 * X-Gatepost-Scan stands below our Received line in every message that was
 * inspected.  The head of the file is written long before the verdict is
 * there, so that the field has a fixed length and is filled with spaces.
 * Fields of that name that a message came with become X-Unproven-Scan: whoever
 * reads X-Gatepost-Scan reads this server's word.
 */
#ifndef SERVICE_SUBMIT_SCAN_H
#define SERVICE_SUBMIT_SCAN_H

#include "service/submit.h"

/* Is a message that comes now looked into, by whomever? */
bool submit_scan_is_on(const struct submit *su);

/* The message is whole: ask.  True: there is nothing to wait for. */
bool submit_scan_begin(struct submit_session *ss);

/* The transaction is given up; harmless at any time. */
void submit_scan_forget(struct submit_session *ss);

/* Is the verdict there, or none due? */
bool submit_scan_is_over(const struct submit_session *ss);

/*
 * Act on the verdict: SMTP_OK: go on, with t->held perhaps and the reply due
 * after the barrier; else the refusal.
 */
enum smtp_reply submit_scan_end(struct submit_session *ss);

/*
 * What submit_scan_end wants held goes to the quarantine, as delivery_hold
 * does it; its errors.
 */
int submit_scan_hold(
    struct submit_session *ss, const struct delivery_head *head) MUST_CHECK;

/* Which of the scanner's rules (enum scan_rule) the settings want. */
uint32_t submit_scan_rules(const struct verdict_rules *rules);

#endif
