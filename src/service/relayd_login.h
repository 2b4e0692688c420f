/*
 * relayd_login: a login that a smarthost refuses concerns all mail that goes
 * there: it is told when it begins, once an hour, and when it is over, and not
 * for each message.
 *
 * Memory: one struct, in struct relayd.
 * Tested: tests/e2e/test_relay.py.
 */
#ifndef SERVICE_RELAYD_LOGIN_H
#define SERVICE_RELAYD_LOGIN_H

#include "proto/reply.h"

struct relayd;
struct relayd_slot;

struct relayd_login {
	uint64_t refused; /* since it last worked; 0: it works */
	uint32_t key;	  /* of its way */
	int64_t told_ms;
};

/* The smarthost of this slot has refused our login. */
void relayd_login_refused(
    struct relayd *r, struct relayd_slot *s, const struct reply *reply);

/* Its session goes well: a message may be sent. */
void relayd_login_works(struct relayd *r, const struct relayd_slot *s);

#endif
