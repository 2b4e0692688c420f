/*
 * password: the form in which passwords are compared (SASLprep, RFC 4013).
 *
 *   as typed --users_prep--> blanks are spaces, what shows nothing is gone
 *            --nfkc--------> one form for what looks the same (ENABLE_NFKC)
 *
 * The same for a password that is set and for one that a client sends, by any
 * mechanism that sends one.  SCRAM's clients do it themselves.
 *
 * Memory: the caller's.  Tested: tests/unit/test_nfkc.c,
 * tests/e2e/test_access.py.
 */
#ifndef SERVICE_PASSWORD_H
#define SERVICE_PASSWORD_H

#include "policy/users.h"

/* As users_prep: octets in `out`, ERR_SYNTAX, ERR_RANGE. */
int password_prep(struct span in, uint8_t out[USERS_PASSWORD_MAX]) MUST_CHECK;

#endif
