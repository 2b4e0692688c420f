/*
 * warning: telling our own people that a message was stopped (R19, R20).
 *
 *   message in the quarantine --> who?  its sender, if one of ours
 *                                       its local recipients
 *                                       local members of a list it was for
 *                             --> may we?  the box's switch, the account's,
 *                                          not too often about the same thing
 *                             --> one letter to all senders, one to the others
 *
 * Nobody outside is ever told: an address there is as likely forged as not,
 * and our warning would be the next nuisance.  For a list's members their own
 * switch does not count.  A message without a sender has none to be told, and
 * notices and warnings are not warned about.
 *
 * "The same thing" is reason and name, by person and by whether he sent or
 * was to receive it; scan.warn_per_hour of them in an hour from the first.
 *
 * Subject and sender of the stopped message stand in the body only, decoded
 * (codec/subject) and without anything that is no visible character.
 *
 * Memory: one struct, about 10 KB, and the caller's table of rates, in which
 * the oldest give way.  Failure: enum err: nobody was told, ask again later.
 * Tested: tests/e2e/test_quarantine.py, tests/unit/test_warning.c.
 */
#ifndef SERVICE_WARNING_H
#define SERVICE_WARNING_H

#include "config.h"
#include "service/letter.h"

#define WARNING_HEAD  8192 /* octets of a message's header that are read */
#define WARNING_WAYS  4
#define WARNING_BATCH 200 /* people to a letter */

struct warning_rate {
	uint32_t who;
	uint32_t cause; /* 0: free */
	uint32_t count;
	int64_t since_ms;
};

struct warning {
	struct letter *letter;
	struct warning_rate *rates;
	uint32_t rates_n;
	bool on;	   /* scan.warn */
	uint32_t per_hour; /* scan.warn_per_hour */
	uint64_t sent;
	uint64_t suppressed; /* as too many about the same thing */

	struct directory_walk walk;
	struct queue_strings strings;
	uint8_t who[MAX_ACCOUNTS + 1]; /* enum warning_role, by account id */
	char list[DIRECTORY_TEXT];
	uint8_t head[WARNING_HEAD];
};

/* Prepare; `rates_n` is a multiple of WARNING_WAYS. */
void warning_init(struct warning *w, struct letter *l,
    struct warning_rate *rates, uint32_t rates_n);

/* Tell all who are to be told of the held message `f`; durable on return. */
int warning_stopped(struct warning *w, struct quarantine_file *f,
    const char *id, const struct letter_time *t) MUST_CHECK;

/* Tell an account that its mailbox is nearly full; `percent` of `mib`. */
int warning_quota(struct warning *w, const struct account *a, unsigned percent,
    uint64_t mib, const struct letter_time *t) MUST_CHECK;

#endif
