/*
 * pop3: the server side of a POP3 dialogue (RFC 1939), as a pure session.
 *
 *   AUTHORIZATION --(USER PASS, APOP, AUTH)--> TRANSACTION --(QUIT)--> closed
 *        `--- STLS: everything said before is forgotten
 *
 * Extensions: CAPA and response codes (RFC 2449), RESP-CODES for logins
 * (RFC 3206), STLS (RFC 2595), AUTH (RFC 5034; the session carries base64 and
 * knows no mechanism), UTF8 (RFC 6856; messages pass as they are).  A line may
 * end in a bare LF: old clients do that, and nothing can be smuggled here.
 *
 * The session never sees a mailbox: it asks one thing at a time (enum
 * pop3_ask) and is given the answer.  It keeps the number of messages, their
 * octets and a cursor, so that a list of any length and a message of any size
 * leave in pieces as large as the output window allows.
 *
 * Memory: struct pop3, about 1 KiB, in the caller's memory.  No secret is kept
 * once the request that carries it has been answered.
 * Bounds: POP3_LINE_MAX octets a line; POP3_WRONG_MAX wrong commands in
 * a row and POP3_DENIED_MAX refused logins, then the connection is closed.
 * Failure: a client's mistake gets one "-ERR" line.  A message that can't be
 * read to its end closes the connection, as no reply could undo the "+OK".
 * Tested: talks/pop3 at every split (test_pop3), fuzz_pop3.
 */
#ifndef PROTO_POP3_H
#define PROTO_POP3_H

#include "codec/dot_out.h"
#include "proto/session.h"

#define POP3_LINE_MAX	   768 /* a base64 line of POP3_SECRET_MAX and AUTH */
#define POP3_USER_MAX	   128
#define POP3_SECRET_MAX	   512
#define POP3_CHALLENGE_MAX 96
#define POP3_UID_MAX	   70 /* RFC 1939 section 7 */
#define POP3_WRONG_MAX	   20
#define POP3_DENIED_MAX	   5

/* The largest line that one entry of a list makes, end of list included. */
#define POP3_ENTRY_MAX 128

/* What a listener's sessions offer; shared, must outlive them. */
struct pop3_config {
	struct span implementation; /* "gatepost-1.0": one word */
	struct span sasl_plain; /* mechanisms without TLS: "SCRAM-SHA-256" */
	struct span sasl_tls;	/* and with it: "PLAIN LOGIN" */
	bool stls;		/* TLS can be started */
	unsigned login_delay_s; /* between two logins, announced */
	bool plaintext;		/* USER and PASS are allowed without TLS */
};

enum pop3_ask {
	POP3_ASK_NOTHING,
	POP3_ASK_LOGIN,	 /* is `secret` the password of `user`? */
	POP3_ASK_APOP,	 /* is `secret` its digest with `challenge`? */
	POP3_ASK_SASL,	 /* begin `mech`; `secret` if has_secret */
	POP3_ASK_STEP,	 /* its next response is `secret` */
	POP3_ASK_CANCEL, /* it was given up: forget it */
	POP3_ASK_ENTRY,	 /* size and unique id of message `number` */
	POP3_ASK_READ,	 /* the text of message `number` */
	POP3_ASK_MARK,	 /* mark message `number` as deleted */
	POP3_ASK_RESET,	 /* take all marks away */
	POP3_ASK_QUIT,	 /* remove what is marked, let go of the maildrop */
};

/*
 * The open request.  `user` and `secret` may point into the line: they are
 * valid only until the call of `line` that raised the request has been
 * followed by another call of any kind.
 */
struct pop3_request {
	enum pop3_ask ask;
	bool has_secret;
	uint32_t number; /* 1 to count */
	struct span user;
	struct span mech;
	struct span secret;
};

/* How a login ended. */
enum pop3_login {
	POP3_LOGIN_DENIED, /* unknown user or wrong secret: one text */
	POP3_LOGIN_IN_USE, /* the maildrop is locked by another session */
	POP3_LOGIN_TEMP,   /* something of ours failed; try again later */
	POP3_LOGIN_PERM,   /* something of ours needs the owner */
	POP3_LOGIN_NEEDS_TLS,
	POP3_LOGIN_UNKNOWN_MECH,
	POP3_LOGIN_SYNTAX, /* the mechanism can't read the response */
	POP3_LOGIN_CANCELLED,
	POP3_LOGIN_BASE64, /* the session's own reasons to cancel */
	POP3_LOGIN_LONG,
	POP3_LOGIN_MALFORMED,
	POP3_LOGIN_TOO_SOON, /* after the last one: LOGIN-DELAY */
	POP3_LOGIN_BANNED,   /* the session ends */
	POP3_LOGINS
};

enum pop3_refusal {
	POP3_DELETED, /* marked as deleted in this session */
	POP3_GONE,    /* somebody else removed it */
	POP3_TROUBLE, /* a device failed */
	POP3_REFUSALS
};

struct pop3_entry {
	bool deleted;
	uint64_t octets; /* with CR LF line ends */
	struct span uid; /* 1 to POP3_UID_MAX characters 0x21 to 0x7e */
};

struct pop3 {
	const struct pop3_config *config;
	struct pop3_request request;
	uint8_t state; /* private, like all that follows */
	uint8_t wrong;
	uint8_t denied;
	bool tls;
	bool listing; /* the entry asked for is one of a list */
	bool uids;    /* the list is one of unique ids */
	bool begun;   /* the "+OK" of a message has been said */
	bool top;     /* only the head and `lines` lines of it */
	bool in_body;
	bool line_used; /* the present line of the head has text */
	struct dot_out dot;
	unsigned phase;
	uint32_t count; /* messages at login */
	uint32_t live;	/* of them not marked */
	uint64_t octets;
	uint64_t live_octets;
	uint64_t lines;
	size_t sent; /* octets of the message since the phase moved on */
	uint8_t user_len;
	uint8_t challenge_len;
	uint8_t user[POP3_USER_MAX];
	uint8_t challenge[POP3_CHALLENGE_MAX];
	enum pop3_login flaw; /* why a SASL exchange was given up */
	uint8_t secret[POP3_SECRET_MAX];
};

/* For conn; its state is a struct pop3. */
extern const struct session_ops pop3_ops;

/*
 * Begin a dialogue with the greeting.  `challenge` is fresh for each session,
 * "<...@host>", at most POP3_CHALLENGE_MAX octets, and offers APOP; empty: no
 * APOP.  `tls`: the connection is already protected.
 */
void pop3_init(struct pop3 *s, const struct pop3_config *config,
    struct span challenge, bool tls, struct buf *out);

/*
 * Begin a dialogue that is over at once: the client's network may not fetch
 * mail here.
 */
void pop3_init_refused(struct pop3 *s, struct buf *out);

/* What the session asks, while its `want` is WANT_ANSWER. */
const struct pop3_request *pop3_request(const struct pop3 *s);

/* The challenge of the greeting, for APOP. */
struct span pop3_challenge(const struct pop3 *s);

/*
 * Settle a login (LOGIN, APOP, SASL, STEP): the maildrop is open and locked,
 * with `count` messages of `octets` octets.
 */
void pop3_answer_welcome(
    struct pop3 *s, uint32_t count, uint64_t octets, struct buf *out);

/* Settle a login that failed, or CANCEL. */
void pop3_answer_denied(struct pop3 *s, enum pop3_login how, struct buf *out);

/*
 * Go on with SASL: send `challenge`, at most POP3_SECRET_MAX octets, wait for
 * the response.
 */
void pop3_answer_challenge(
    struct pop3 *s, struct span challenge, struct buf *out);

/*
 * Settle ENTRY; needs POP3_ENTRY_MAX bytes of room.  While a list goes on the
 * next ENTRY is open afterwards: answer as many as there is room for.
 */
void pop3_answer_entry(
    struct pop3 *s, const struct pop3_entry *entry, struct buf *out);

/* READ: the message is there and has `octets` octets; its bytes follow. */
void pop3_answer_opened(struct pop3 *s, uint64_t octets, struct buf *out);

/*
 * READ: the next bytes of the message as it is stored; `last`: up to its end.
 * Returns how many were used; fewer than all when the room ran out.  READ is
 * settled when the request is no longer open: after the end, and with TOP as
 * soon as enough has been seen.  Until then give what was not used again.
 */
size_t pop3_answer_bytes(
    struct pop3 *s, struct span bytes, bool last, struct buf *out);

/* Settle ENTRY, READ (before its first byte), MARK or RESET with -ERR. */
void pop3_answer_refused(
    struct pop3 *s, enum pop3_refusal why, struct buf *out);

/* READ: the message can't be read to its end. */
void pop3_answer_broken(struct pop3 *s);

/* Settle MARK: done; the message had `octets` octets. */
void pop3_answer_marked(struct pop3 *s, uint64_t octets, struct buf *out);

/* Settle RESET: done. */
void pop3_answer_reset(struct pop3 *s, struct buf *out);

/* Settle QUIT: `kept` of the marked messages could not be removed. */
void pop3_answer_quit(struct pop3 *s, uint32_t kept, struct buf *out);

#endif
