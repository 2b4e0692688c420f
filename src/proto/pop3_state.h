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

#endif
