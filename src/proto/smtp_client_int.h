/*
 * smtp_client_int: what the client's three files share; nobody else's.
 * smtp_client.c: greeting to ready; smtp_client_mail.c: one message;
 * smtp_client_auth.c: AUTH.
 */
#ifndef PROTO_SMTP_CLIENT_INT_H
#define PROTO_SMTP_CLIENT_INT_H

#include "proto/smtp_client.h"

void client_put(struct buf *out, const char *s);
void client_put_span(struct buf *out, struct span s);
void client_put_u64(struct buf *out, uint64_t n);

/* Announce a result; the reply is the far end's last, or `own`. */
void client_result(struct smtp_client *c, int recipient, enum client_step step,
    enum client_outcome outcome);
void client_result_own(struct smtp_client *c, int recipient,
    enum client_step step, enum client_outcome outcome);

/* By the class of the reply's code. */
enum client_outcome client_outcome_of(const struct reply *r);

/* Send one command outside a message and expect its reply. */
void client_command(struct smtp_client *c, enum client_phase phase,
    const char *line, struct buf *out);

/* The far end said what makes no sense: fail what is open, then close. */
void client_broken(struct smtp_client *c, const char *words);

/* smtp_client_mail.c: a complete reply inside a message. */
bool client_mail_due(const struct smtp_client *c);
void client_mail_reply(struct smtp_client *c, struct buf *out);
void client_mail_settle(struct smtp_client *c, struct buf *out);

/* smtp_client_auth.c: begin (false: no mechanism fits), and each reply. */
bool client_auth_begin(struct smtp_client *c, struct buf *out);
void client_auth_reply(struct smtp_client *c, struct buf *out);
void client_auth_offer(struct smtp_client *c, struct span mechanisms);

#endif
