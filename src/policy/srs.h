/*
 * srs: rewritten senders of forwarded mail, and the way back.
 *
 *   bob@far.example, forwarded by us
 *        ->  SRS0=hhhhhhhh=tt=far.example=bob@our.example
 *
 * `hhhhhhhh` is a keyed hash, so that nobody can use us to send where he
 * likes; `tt` is the day modulo 1024, and an address is good for SRS_DAYS.
 * An address that another forwarder has rewritten already (SRS0 or SRS1)
 * becomes an SRS1, which leads back through that forwarder (the SRS paper of
 * M. Wong and S. Gupta, 2003).  Nothing is kept in a table.
 *
 * Memory: nothing but the key.  Bounds: ADDR_LOCAL_MAX; what would be longer
 * is ERR_RANGE, and the mail is forwarded with its sender as it is.
 * Tested: tests/unit/test_srs.c.
 */
#ifndef POLICY_SRS_H
#define POLICY_SRS_H

#include "codec/addr.h"
#include "core/text.h"

#define SRS_DAYS    21
#define SRS_KEY_LEN 32

struct srs {
	uint8_t key[SRS_KEY_LEN];
	struct span domain; /* of the rewritten addresses: one of ours */
	uint32_t day; /* days since 1970; set anew by the owner every day */
};

/* Write the rewritten form of `sender` (not null); ERR_RANGE. */
int srs_forward(const struct srs *s, const struct addr *sender,
    struct text *out) MUST_CHECK;

/* Does this local part claim to be one of ours? */
bool srs_is_ours(struct span local);

/*
 * Write the address that a rewritten local part leads back to; ERR_DENIED:
 * its hash is wrong or it is too old, ERR_SYNTAX: no such form.
 */
int srs_reverse(
    const struct srs *s, struct span local, struct text *out) MUST_CHECK;

#endif
