/*
 * password: the form in which passwords are compared (SASLprep, RFC 4013), and
 * how much work that is.
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
#include "store/settings.h"

/* auth.iterations, or what suits this board. */
uint32_t password_iterations(const struct settings *s);

/* As users_prep: octets in `out`, ERR_SYNTAX, ERR_RANGE. */
int password_prep(struct span in, uint8_t out[USERS_PASSWORD_MAX]) MUST_CHECK;

#endif
