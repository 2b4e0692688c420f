/*
 * smtp_client: the sending side of SMTP (RFC 5321) and LMTP (RFC 2033).
 *
 *                 replies in                  a message, its recipients
 *   far end  ------------------>  client  <----------------------------- relayd
 *            <------------------          ----------------------------->
 *               commands, body                 results
 *
 * Like a server session it does no I/O, reads no clock and allocates nothing;
 * `smtp_client_want` says what it needs next:
 *
 *   CLIENT_REPLY   feed() with what the far end sent
 *   CLIENT_TLS     the output has left: start TLS, then secured().  What else
 *                  the far end had sent before is discarded (by feed, and by
 *                  the caller where it still holds some)
 *   CLIENT_READY   mail() with the next message, or quit()
 *   CLIENT_RCPT    rcpt() with the next recipient, or rcpt_end()
 *   CLIENT_BODY    body() with a piece of the message, until its last
 *   CLIENT_RESULT  next() takes a result
 *   CLIENT_CLOSE   send what is in the window, then close
 *
 * A message ends with its results and CLIENT_READY (or CLIENT_CLOSE).  A
 * result names one recipient by its order, or SMTP_CLIENT_ALL: every recipient
 * that got no result of its own, those not yet handed in included.
 *
 * What the far end offers is used: PIPELINING, SIZE, 8BITMIME, SMTPUTF8, DSN,
 * CHUNKING, LIMITS, AUTH; each has its way of doing without.  A reply that
 * nobody asked for ends the connection: a far end that answers the end of a
 * message before it was sent is not believed.
 *
 * What is sent has CRLF line ends only: LF becomes CRLF, and a CR never leaves
 * but before the LF that ends its line.
 *
 * Memory: the struct; names and secrets of the config stay the caller's.
 * Bounds: every call appends at most SMTP_CLIENT_OUT bytes; body() fills what
 * room there is.  SMTP_CLIENT_RCPTS recipients per message.
 * Tested: test_smtp_client (dialogues split at every byte), fuzz_smtp_client,
 * tests/e2e/test_relay.py (a far end that misbehaves).
 */
#ifndef PROTO_SMTP_CLIENT_H
#define PROTO_SMTP_CLIENT_H

#include "codec/dot_out.h"
#include "core/buf.h"
#include "core/err.h"
#include "proto/reply.h"

#define SMTP_CLIENT_OUT	  1536
#define SMTP_CLIENT_RCPTS 128
#define SMTP_CLIENT_ALL	  (-1)

enum client_want {
	CLIENT_REPLY,
	CLIENT_TLS,
	CLIENT_READY,
	CLIENT_RCPT,
	CLIENT_BODY,
	CLIENT_RESULT,
	CLIENT_CLOSE,
};

/* Where a result comes from; the names stand in bounces and logs. */
enum client_step {
	CLIENT_AT_GREETING,
	CLIENT_AT_HELLO,
	CLIENT_AT_TLS,
	CLIENT_AT_AUTH,
	CLIENT_AT_MAIL,
	CLIENT_AT_RCPT,
	CLIENT_AT_DATA,
	CLIENT_AT_END,
	CLIENT_AT_RESET,
	CLIENT_AT_QUIT,
};

enum client_outcome {
	CLIENT_SENT,  /* the far end has taken responsibility */
	CLIENT_LATER, /* not now: try again later */
	CLIENT_AGAIN, /* too many at once: in another message, now */
	CLIENT_NEVER, /* refused for good */
};

/* What a far end offers; smtp_client_offers. */
enum client_offer {
	OFFER_PIPELINING = 1,
	OFFER_SIZE = 2,
	OFFER_8BITMIME = 4,
	OFFER_SMTPUTF8 = 8,
	OFFER_DSN = 16,
	OFFER_CHUNKING = 32,
	OFFER_STARTTLS = 64,
	OFFER_AUTH = 128,
};

struct smtp_client_config {
	bool lmtp;
	bool secure;	   /* TLS was there from the first byte */
	bool start_tls;	   /* use STARTTLS when it is offered */
	bool need_tls;	   /* without TLS, no mail */
	bool plain_secret; /* a password may go without TLS */
	bool chunking;	   /* use BDAT when it is offered */
	struct span name;  /* our own name for EHLO */
	struct span user;  /* empty: no AUTH */
	struct span secret;
	struct span nonce; /* fresh printable characters for SCRAM, no comma */
};

struct smtp_client_mail {
	struct span sender; /* without <>; empty is the null sender */
	uint64_t octets;    /* on the wire, with CRLF line ends */
	bool eight_bit;	    /* holds bytes above 127 */
	bool utf8; /* needs SMTPUTF8: a header or an address is not ASCII */
	char ret;  /* RFC 3461 RET: 'F', 'H' or 0 */
	struct span envid; /* xtext, or empty */
};

enum client_notify {
	NOTIFY_NEVER = 1,
	NOTIFY_SUCCESS = 2,
	NOTIFY_FAILURE = 4,
	NOTIFY_DELAY = 8,
};

struct smtp_client_rcpt {
	struct span path; /* without <> */
	struct span
	    orcpt;	 /* "rfc822;" and xtext, "utf-8;" and UTF-8, or empty */
	unsigned notify; /* client_notify; 0: not said */
};

struct smtp_client_result {
	int recipient; /* its order, or SMTP_CLIENT_ALL */
	enum client_step step;
	enum client_outcome outcome;
	const struct reply *reply; /* until the next call */
};

enum client_phase {
	CLIENT_IS_COMING,   /* waiting for the greeting */
	CLIENT_IS_GREETING, /* EHLO, LHLO or HELO */
	CLIENT_IS_STARTING, /* STARTTLS is asked for */
	CLIENT_IS_SECURING, /* the handshake */
	CLIENT_IS_AUTH,
	CLIENT_IS_READY,
	CLIENT_IS_ENVELOPE,
	CLIENT_IS_DATA, /* DATA is sent, waiting for its reply */
	CLIENT_IS_BODY,
	CLIENT_IS_END, /* waiting for the final replies */
	CLIENT_IS_RESET,
	CLIENT_IS_QUIT,
	CLIENT_IS_OVER,
};

struct smtp_client {
	struct smtp_client_config config;
	enum client_phase phase;
	unsigned offers;
	uint64_t size_max; /* 0: not said */
	unsigned rcpt_max;
	unsigned mechs; /* bits: the login mechanisms on offer */
	bool secure;
	bool helo;	/* the far end knows no EHLO */
	bool reply_due; /* one command outside a message is unanswered */
	bool unasked;	/* the reply being read began before it was asked for */
	unsigned mails; /* messages begun on this connection */

	/* the message on its way */
	bool mail_due, data_due;
	bool ended;	    /* all recipients are handed in */
	bool failed;	    /* its result is given; what comes is only read */
	bool utf8;	    /* the message goes with SMTPUTF8 */
	bool chunked;	    /* BDAT instead of DATA */
	bool at_line_start; /* of a chunked body */
	struct dot_out dots;
	unsigned sent, seen, accepted; /* RCPTs */
	unsigned chunks; /* replies to chunks before the last to come */
	unsigned ends;	 /* final replies still to come */
	unsigned end_at; /* LMTP: order of the next final reply */
	uint32_t accepted_set[SMTP_CLIENT_RCPTS / 32];

	bool result_due;
	struct smtp_client_result result;
	struct reply reply;
	struct reply own; /* words of ours, where no server spoke */
	unsigned mech;	  /* the login mechanism in use */
	unsigned auth_step;
	bool proven;	      /* SCRAM: the server has shown that it knows us */
	uint8_t expected[32]; /* SCRAM: what it must show */
};

/* Begin: a connection has just been made. */
void smtp_client_init(
    struct smtp_client *c, const struct smtp_client_config *config);

enum client_want smtp_client_want(const struct smtp_client *c);

/*
 * Read what the far end sent; returns how many bytes were used.  Less than
 * all means that a result waits: take it and feed the rest.
 */
size_t smtp_client_feed(
    struct smtp_client *c, struct span bytes, struct buf *out);

/* TLS is up; all that was said before is forgotten. */
void smtp_client_secured(struct smtp_client *c, struct buf *out);

/*
 * Offer the next message; only in CLIENT_READY.  Where the far end's limits
 * forbid it, the result is there at once and nothing is sent.
 */
void smtp_client_mail(struct smtp_client *c,
    const struct smtp_client_mail *mail, struct buf *out);

/* The most recipients that fit into one message here. */
unsigned smtp_client_rcpt_max(const struct smtp_client *c);

void smtp_client_rcpt(struct smtp_client *c,
    const struct smtp_client_rcpt *rcpt, struct buf *out);
void smtp_client_rcpt_end(struct smtp_client *c, struct buf *out);

/*
 * Send a piece of the message, which has LF line ends (a CR is dropped);
 * `last` marks the piece that ends it.  Returns how many bytes were used;
 * the message is at its end when all of the last piece were.
 */
size_t smtp_client_body(
    struct smtp_client *c, struct span piece, bool last, struct buf *out);

/* Take the result; only in CLIENT_RESULT. */
struct smtp_client_result smtp_client_next(
    struct smtp_client *c, struct buf *out);

/* Say goodbye; only in CLIENT_READY. */
void smtp_client_quit(struct smtp_client *c, struct buf *out);

/*
 * The connection is lost or given up, with `words` saying how ("timed out").
 * A message that has no final result gets CLIENT_LATER; then CLIENT_CLOSE.
 */
void smtp_client_lost(struct smtp_client *c, const char *words);

/* Total seconds that the present phase may last (RFC 5321, 4.5.3.2). */
unsigned smtp_client_seconds(const struct smtp_client *c);

/* The step that a reply would now belong to, and its name. */
enum client_step smtp_client_step(const struct smtp_client *c);
const char *smtp_client_step_name(enum client_step step);

#endif
