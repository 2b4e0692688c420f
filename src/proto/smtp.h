/*
 * smtp: the server side of SMTP and submission, pure.
 *
 * RFC 5321 with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8
 * (6531), ENHANCEDSTATUSCODES (2034), STARTTLS (3207), AUTH (4954), DSN
 * (3461), CHUNKING (3030) and LIMITS (9422).
 *
 *   EHLO -> HELLO      AUTH -> AUTH, AUTH_NEXT ...      STARTTLS
 *   MAIL -> MAIL       RCPT -> RCPT                     DATA, BDAT -> BODY,
 *                                                       WRITE ..., COMMIT
 *
 * The names on the right are the requests (enum smtp_ask) that the service
 * answers with smtp_answer, one at a time.  Whoever asks about meaning (is
 * there such a user, may he, is there room) is the service; the session knows
 * grammar, order and limits.
 *
 * Memory: one struct smtp; spans in a request point into the line or body
 * bytes that the session was last given.
 * Bounds: command lines SMTP_LINE_MAX; 20 wrong commands; 100 commands that
 * lead nowhere; recipients and octets as configured.
 * Failure: a client's mistake is a reply here and nowhere else.
 * Tested: tests/talks/smtp (at every split point), tests/fuzz/fuzz_smtp.c.
 */
#ifndef PROTO_SMTP_H
#define PROTO_SMTP_H

#include "codec/addr.h"
#include "codec/dot.h"
#include "proto/session.h"

#define SMTP_LINE_MAX 2048
#define SMTP_HELO_MAX 100

enum smtp_ask {
	SMTP_ASK_NONE,
	SMTP_ASK_HELLO,	      /* EHLO or HELO: any open transaction is over */
	SMTP_ASK_AUTH,	      /* a mechanism, perhaps with its first response */
	SMTP_ASK_AUTH_NEXT,   /* the next response */
	SMTP_ASK_AUTH_CANCEL, /* the client gave up */
	SMTP_ASK_MAIL,
	SMTP_ASK_RCPT,
	SMTP_ASK_BODY,	 /* a body will follow: prepare to write */
	SMTP_ASK_WRITE,	 /* a piece of it, decoded */
	SMTP_ASK_COMMIT, /* it is complete: keep it, then answer */
	SMTP_ASK_RESET,	 /* forget the transaction; always answered ok */
};

/* Every reply that a service may give; the words are in smtp_words.c. */
enum smtp_reply {
	SMTP_OK,	/* yes, in the words that fit the request */
	SMTP_CHALLENGE, /* only through smtp_challenge */
	SMTP_SHUTDOWN,
	SMTP_IDLE,
	SMTP_SLOW,
	SMTP_TOO_MANY_ERRORS,
	SMTP_TOO_MANY_UNKNOWN,
	SMTP_TRY_LATER,
	SMTP_GREYLISTED,
	SMTP_LOCAL_ERROR,
	SMTP_NO_SPACE,
	SMTP_TOO_MANY_RECIPIENTS,
	SMTP_MAILBOX_FULL,
	SMTP_RATE,
	SMTP_AUTH_TEMPORARY,
	SMTP_TLS_UNAVAILABLE,
	SMTP_UNKNOWN_COMMAND,
	SMTP_LINE_LONG,
	SMTP_LINE_BARE,
	SMTP_LINE_NUL,
	SMTP_SYNTAX,
	SMTP_PARAMETER,
	SMTP_NOT_IMPLEMENTED,
	SMTP_SEQUENCE,
	SMTP_HELLO_FIRST,
	SMTP_AUTH_TWICE,
	SMTP_AUTH_UNKNOWN,
	SMTP_AUTH_REFUSED,
	SMTP_AUTH_CANCELLED,
	SMTP_AUTH_LONG,
	SMTP_AUTH_SYNTAX, /* not what the mechanism says */
	SMTP_AUTH_BASE64,
	SMTP_AUTH_FIRST,
	SMTP_TLS_FIRST,
	SMTP_NO_USER,
	SMTP_RELAY_DENIED,
	SMTP_RELAY_LATER,
	SMTP_BAD_SENDER,
	SMTP_BAD_RECIPIENT,
	SMTP_SENDER_DENIED,
	SMTP_RECIPIENT_DENIED,
	SMTP_UTF8_NEEDED,
	SMTP_TOO_BIG,
	SMTP_LOOP,
	SMTP_BARE_DATA,
	SMTP_NO_RECIPIENTS,
	SMTP_INFECTED,
	SMTP_UNSCANNABLE,
	SMTP_BANNED,
	SMTP_REPLIES
};

enum smtp_body {
	SMTP_7BIT,
	SMTP_8BITMIME,
};

enum smtp_ret {
	SMTP_RET_NONE,
	SMTP_RET_FULL,
	SMTP_RET_HDRS,
};

enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1,
	SMTP_NOTIFY_SUCCESS = 2,
	SMTP_NOTIFY_FAILURE = 4,
	SMTP_NOTIFY_DELAY = 8,
};

/* The open request.  Which members count follows from `ask`. */
struct smtp_request {
	enum smtp_ask ask;
	struct span text;     /* HELLO: name; AUTH: mechanism; WRITE: bytes */
	struct span response; /* AUTH, AUTH_NEXT: decoded */
	bool has_response;
	struct addr path;    /* MAIL, RCPT */
	uint64_t size;	     /* MAIL: SIZE=, 0 when not given */
	enum smtp_body body; /* MAIL */
	enum smtp_ret ret;   /* MAIL */
	struct span envid;   /* MAIL: xtext as written */
	unsigned notify;     /* RCPT: enum smtp_notify or-ed; 0: not given */
	struct span orcpt;   /* RCPT: as written */
	bool utf8;	     /* MAIL and RCPT: with SMTPUTF8 */
};

/* What the service decides about a session; it may change it at HELLO. */
struct smtp_config {
	const char *host;	/* our name in the greeting */
	struct span mechanisms; /* "PLAIN LOGIN"; empty: no AUTH offered */
	uint64_t max_octets;
	unsigned max_recipients;
	bool offer_tls;
	bool no_utf8; /* SMTPUTF8 is neither announced nor taken */
	bool tls_on;
	bool legacy_auth; /* announce AUTH=... too */
	bool no_notices;  /* nobody could tell of success: no DSN */
	bool naked_paths; /* old devices: addresses without <>, EHLO alone */
};

struct smtp {
	const struct smtp_config *config; /* the caller's; outlives this */
	struct smtp_request req;
	enum want want;
	uint8_t state; /* where in the dialogue: smtp.c */
	bool extended; /* EHLO, not HELO */
	bool greeted;
	bool authed;
	bool mail;	 /* a transaction is open */
	bool utf8;	 /* ... and it asked for SMTPUTF8 */
	bool body_open;	 /* ... and its body has begun */
	bool chunk_last; /* the present BDAT chunk is the last */
	bool ending;	 /* the WRITE just asked is the last */
	uint8_t failed;	 /* enum smtp_reply due when the body is over */
	uint8_t after;	 /* enum smtp_reply due when RESET is answered */
	uint8_t helo_len;
	uint16_t errors;
	uint16_t fruitless;  /* commands since the last message */
	unsigned recipients; /* accepted in this transaction */
	unsigned progress;
	uint64_t chunk_left;
	uint64_t chunk_octets;
	struct dot dot;
	char helo[SMTP_HELO_MAX];
};

extern const struct session_ops smtp_ops;

/* Begin a session and greet; see session.h for what follows. */
void smtp_init(struct smtp *s, const struct smtp_config *c, struct buf *out);

/* The open request; valid while the session wants an answer. */
static inline const struct smtp_request *
smtp_request(const struct smtp *s)
{
	return &s->req;
}

/*
 * Settle the open request.  `detail`: appended to the words of the 250 after
 * COMMIT (an id), else empty.  For WRITE anything but SMTP_OK is kept and
 * answered when the body is over.
 */
void smtp_answer(
    struct smtp *s, enum smtp_reply reply, struct span detail, struct buf *out);

/* Settle AUTH or AUTH_NEXT with a further challenge (at most 768 bytes). */
void smtp_challenge(struct smtp *s, struct span challenge, struct buf *out);

/* The name given with HELO or EHLO; printable ASCII. */
static inline struct span
smtp_helo(const struct smtp *s)
{
	return span_of(s->helo, s->helo_len);
}

/* Append the complete reply line(s) for `reply`; false when out is full. */
bool smtp_words_put(struct buf *out, enum smtp_reply reply);

#endif
