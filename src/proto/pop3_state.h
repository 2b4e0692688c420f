/*
 * pop3_state: the states of a POP3 session; for pop3*.c only.
 */
#ifndef PROTO_POP3_STATE_H
#define PROTO_POP3_STATE_H

#include "proto/pop3.h"

/* Bits, so that a verb can name the states it belongs to. */
enum pop3_state {
	POP3_AUTHORIZATION = 1,
	POP3_TRANSACTION = 2,
	POP3_SASL = 4,	   /* the next line is a response */
	POP3_SECURING = 8, /* STLS has been granted */
	POP3_CLOSED = 16,
};

/* pop3.c: a line of the client. */
void pop3_line(
    void *session, struct span text, enum line_flaw flaw, struct buf *out);

/* A wrong command: this reply, or the end after too many. */
void pop3_wrong(struct pop3 *s, const char *reply, struct buf *out);

/* May a line with this flaw be used? */
bool pop3_is_usable(struct span line, enum line_flaw flaw);

/* pop3_login.c: the verbs that log in; a line of a SASL exchange. */
void pop3_do_user(struct pop3 *s, struct span arg, struct buf *out);
void pop3_do_pass(struct pop3 *s, struct span arg, struct buf *out);
void pop3_do_apop(struct pop3 *s, struct span arg, struct buf *out);
void pop3_do_auth(struct pop3 *s, struct span arg, struct buf *out);
void pop3_sasl_line(struct pop3 *s, struct span line, enum line_flaw flaw);

#endif
