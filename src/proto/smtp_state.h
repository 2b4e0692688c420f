/*
 * smtp_state: what the parts of the SMTP session share; for smtp*.c only.
 *
 * smtp.c holds the table of verbs and the session's face, smtp_hello.c EHLO
 * and AUTH, smtp_mail.c the envelope, smtp_body.c the message.
 */
#ifndef PROTO_SMTP_STATE_H
#define PROTO_SMTP_STATE_H

#include "proto/smtp.h"

/* struct smtp's `state` */
enum {
	COMMAND,
	AUTHENTICATING, /* the next line is a response */
	DATA,		/* body until the final dot */
	CHUNK,		/* body of a BDAT chunk */
	DISCARD,	/* bytes of a chunk that nobody wants */
	OVER,
};

/* Append a reply, or a part of one; there is always room (session.h). */
void smtp_put(struct buf *out, struct span text);
void smtp_put_number(struct buf *out, uint64_t n);
void smtp_say(struct smtp *s, enum smtp_reply r, struct buf *out);

/* "CODE " our name "words": the greeting, EHLO's first line, the goodbye. */
void smtp_say_host(
    struct smtp *s, const char *code, const char *words, struct buf *out);

/* Say `r` and close. */
void smtp_say_last(struct smtp *s, enum smtp_reply r, struct buf *out);

/* The client's mistake: answered and counted; one too many closes. */
void smtp_mistake(struct smtp *s, enum smtp_reply r, struct buf *out);

/* Open a request. */
void smtp_ask(struct smtp *s, enum smtp_ask what);

void smtp_transaction_over(struct smtp *s);

/* Let the service forget the transaction, then say `r`. */
void smtp_reset_then(struct smtp *s, enum smtp_reply r);

/* Verbs: `args` is the line behind the verb's blank. */
void smtp_verb_ehlo(struct smtp *s, struct span args, struct buf *out);
void smtp_verb_helo(struct smtp *s, struct span args, struct buf *out);
void smtp_verb_auth(struct smtp *s, struct span args, struct buf *out);
void smtp_verb_mail(struct smtp *s, struct span args, struct buf *out);
void smtp_verb_rcpt(struct smtp *s, struct span args, struct buf *out);
void smtp_verb_data(struct smtp *s, struct span args, struct buf *out);
void smtp_verb_bdat(struct smtp *s, struct span args, struct buf *out);

/* A line while a mechanism waits for its response. */
void smtp_auth_line(struct smtp *s, struct span line, enum line_flaw flaw);

/* session_ops.body */
size_t smtp_body(void *me, uint8_t *bytes, size_t len, struct buf *out);

/* What follows from the answer to each request. */
void smtp_hello_done(struct smtp *s, struct buf *out);
void smtp_auth_done(struct smtp *s, enum smtp_reply r, struct buf *out);
void smtp_mail_done(struct smtp *s, enum smtp_reply r, struct buf *out);
void smtp_rcpt_done(struct smtp *s, enum smtp_reply r, struct buf *out);
void smtp_body_ready(struct smtp *s, enum smtp_reply r, struct buf *out);
void smtp_body_next(struct smtp *s, struct buf *out);
void smtp_committed(
    struct smtp *s, enum smtp_reply r, struct span detail, struct buf *out);

#endif
