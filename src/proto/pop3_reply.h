/*
 * pop3_reply: the words of the POP3 session; for pop3*.c only.
 *
 * All replies go to a window that the contract of proto/session.h guarantees
 * to be large enough: what does not fit is our own mistake.
 */
#ifndef PROTO_POP3_REPLY_H
#define PROTO_POP3_REPLY_H

#include "proto/pop3.h"

/* One reply line; the CR LF is added. */
void pop3_say(struct buf *out, const char *line);

/* Two numbers with words around them. */
void pop3_say_numbers(struct buf *out, const char *head, uint64_t a,
    const char *between, uint64_t b, const char *tail);

/* One number with words around it. */
void pop3_say_number(
    struct buf *out, const char *head, uint64_t n, const char *tail);

/* "NUMBER octets" or "NUMBER uid" behind `head`. */
void pop3_say_entry(struct buf *out, const char *head, uint32_t number,
    const struct pop3_entry *entry, bool uid);

void pop3_say_greeting(const struct pop3 *s, struct buf *out);

/* The answer to CAPA (RFC 2449 section 5) in the session's present state. */
void pop3_say_capabilities(const struct pop3 *s, struct buf *out);

/* The answer to a bare AUTH: the mechanisms, one a line. */
void pop3_say_mechanisms(const struct pop3 *s, struct buf *out);

/* The mechanisms that may be used now, separated by single spaces. */
struct span pop3_mechanisms(const struct pop3 *s);

/* "+ " and the challenge in base64. */
void pop3_say_challenge(struct span challenge, struct buf *out);

void pop3_say_denied(enum pop3_login how, struct buf *out);
void pop3_say_refused(enum pop3_refusal why, struct buf *out);

#endif
