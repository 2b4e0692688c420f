/*
 * submit: what SMTP sessions ask, answered.
 *
 *   smtp session --request--> submit --+-- auth       who is it?
 *                                      +-- directory  is there such a user?
 *                                      +-- spool      keep it
 *   COMMIT: a verdict (submit_scan); then, after all connections have run,
 *       one barrier for all messages completed meanwhile; it goes on while
 *       others are served; then the 250s
 *
 * A transaction (struct submit_txn) exists from MAIL to the answer after the
 * body.  It owns the spool file; losing the connection, RSET or a refusal
 * gives the file up.  A connection lost while the barrier is at its message
 * leaves the transaction behind (session NULL) until that has ended; the
 * message is delivered.
 *
 * Memory: sessions and transactions from pools.  Bounds: as many transactions
 * as the pool has; whoever finds none gets 450 at MAIL.
 * Failure: storage errors are 451 or 452; nothing is acknowledged that is not
 * durable (DESIGN section 4).
 * Tested: tests/e2e/test_smtp.py, test_scanner.py, test_clients.py,
 * test_killnine.py.
 */
#ifndef SERVICE_SUBMIT_H
#define SERVICE_SUBMIT_H

#include "codec/header.h"
#include "codec/repair.h"
#include "codec/trace.h"
#include "config.h"
#include "policy/verdict.h"
#include "proto/smtp.h"
#include "service/auth.h"
#include "service/conn.h"
#include "service/clamd.h"
#include "service/deliver.h"
#include "service/scanner.h"
#include "store/accounts.h"
#include "store/spool.h"

#define SUBMIT_DOMAINS_MAX 1024

struct access;
struct submit;
struct submit_session;

struct submit_txn {
	struct spool_file file;
	struct submit_session *session;
	struct header header;
	uint64_t declared;    /* SIZE of MAIL; 0: not said */
	uint64_t head_octets; /* of our own lines, as POP3 counts them */
	bool begun;	      /* our own lines are in the file */
	uint64_t head_len;    /* of them, in the file */
	uint64_t mark_at;     /* where the mark's text stands in the file */
	bool complete;	      /* the whole message is in the file */
	bool marked;	      /* our own lines have a mark */
	bool held;	      /* its place is in the quarantine */
	uint8_t due;	      /* enum smtp_reply after a good barrier */
	uint8_t cause;	      /* enum verdict_cause of that */
	bool waiting;	      /* in the spool's batch */
	bool done; /* the barrier has decided; file.result is valid */
	bool utf8;
	bool foreign; /* a recipient is not ours: not final delivery */
	bool eight_bit;
	bool eight_bit_head; /* ... in the header or an address */
	char ret;
	uint8_t envid_len;
	bool forced;	/* the device's profile says who it is from */
	bool repairing; /* its header is mended on the way */
	uint8_t basis;	/* enum relay_basis of what was permitted */
	struct repair repair;
	struct scan_job scan;
	struct clamd_job clamd;
	char fix_date[40];
	char fix_id[ADDR_DOMAIN_MAX + 64];
	uint16_t recipients;
	uint16_t from_len;
	char from[ADDR_TEXT_MAX];
	uint16_t to_len;
	char to[ADDR_TEXT_MAX]; /* the first recipient */
	char envid[QUEUE_ENVID_MAX];
	struct delivery delivery;
};

/* The mailbox that a RCPT is for, and what was noted before it. */
struct submit_box {
	uint16_t account; /* 0: none is being asked about */
	uint16_t to_len;
	uint16_t recipients;
	uint16_t noted_n;
	uint16_t noted_len;
};

struct submit_session {
	struct smtp smtp; /* first: it is the connection's session */
	struct submit_session *next, *prev; /* among those that are slowed */
	struct smtp_config config;
	struct submit *owner;
	struct conn *conn;
	struct submit_txn *txn;
	struct auth *auth; /* an exchange under way */
	bool auth_fed;	   /* its last response has been passed on */
	bool slowed;	   /* an answer is being held back */
	uint8_t held;	   /* enum smtp_reply */
	struct submit_box box;
	uint16_t bad_recipients;
	uint16_t account; /* who logged in; 0: nobody */
	int64_t answer_at_ms;
};

struct submit_config {
	struct span host;    /* our name */
	struct span domains; /* local ones, comma separated */
	uint64_t max_octets;
	unsigned max_recipients;
	bool utf8; /* SMTPUTF8 is offered */
	struct verdict_rules rules;
};

struct submit {
	struct participant base; /* the barrier; joins after the connections */
	struct conn_kind kind;	 /* for the listeners */
	const struct conns *conns; /* NULL before the first one */
	struct pool *sessions;
	struct pool *txns;
	struct spool *spool;
	struct accounts *accounts;
	struct auth_service *auth;
	struct deliver *deliver;
	struct access *access;
	struct scanner *scanner;
	struct clamd *clamd;
	struct verdict_rules rules;
	char mail_root[FS_PATH_MAX / 2]; /* folder of the mailboxes */
	char host[ADDR_DOMAIN_MAX + 1];
	char domains[SUBMIT_DOMAINS_MAX];
	char mended[REPAIR_OUT + 2048]; /* a piece of a header */
	char head[TRACE_MAX];		/* our own lines, while they are made */
	uint64_t max_octets;
	unsigned max_recipients;
	bool utf8;
	struct submit_session *slow;
	uint64_t accepted;
	uint64_t refused;
	uint64_t octets;
	uint64_t slowest_barrier_us;
	uint64_t folders_made; /* as told last */
};

/* What it works with; all of it outlives it. */
struct submit_parts {
	struct pool *sessions;
	struct pool *txns;
	struct spool *spool;
	struct accounts *accounts;
	struct auth_service *auth;
	struct deliver *deliver;
	struct access *access;
	struct scanner *scanner;
	struct clamd *clamd;
};

/* Prepare; afterwards join `base` to the loop, behind the connections. */
void submit_init(struct submit *su, const struct submit_parts *parts);

/* New settings; copied.  ERR_RANGE: a text is too long. */
int submit_configure(
    struct submit *su, const struct submit_config *c) MUST_CHECK;

/* The last barrier: wait for what is under way, when nobody is left. */
void submit_end(struct submit *su);

/* --- for submit_txn.c ---------------------------------------------------- */

/* MAIL: begin a transaction. */
enum smtp_reply submit_mail(
    struct submit_session *ss, const struct smtp_request *r);

/* RCPT: SMTP_OK when the recipient has been noted. */
enum smtp_reply submit_rcpt(
    struct submit_session *ss, const struct smtp_request *r);

/* BODY, WRITE: make the file, append to it. */
enum smtp_reply submit_body(struct submit_session *ss);
enum smtp_reply submit_write(struct submit_session *ss, struct span text);

/* COMMIT, first: the message is whole; ask for a verdict. */
enum smtp_reply submit_complete(struct submit_session *ss);

/* With the verdict: hand the file to the barrier, or refuse it. */
enum smtp_reply submit_commit(struct submit_session *ss);

/* The answer after the barrier. */
enum smtp_reply submit_result(struct submit_session *ss);

/* What the barrier is done with, and nobody waits for. */
void submit_orphan(struct submit *su, struct submit_txn *t);

/* Give the transaction up, in whatever state. */
void submit_drop(struct submit_session *ss);

#endif
