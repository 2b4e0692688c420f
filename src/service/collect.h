/*
 * collect: what POP3 sessions ask, answered: the counterpart of submit.
 *
 *   pop3 session --request--> collect --+-- auth             who is it?
 *                                       +-- store/maildrop   what is there?
 *                                       +-- file port        a message's text
 *
 * Everything is answered at once, but logins that wait for auth, maildrops
 * that take more than a turn to open or to clear, and output that waits for
 * the client: then the request stays open and is taken up again.
 *
 * Memory: sessions and maildrops from pools; one reading buffer for all, that
 * of the maildrops.
 * Bounds: as many sessions and maildrops as their pools have.
 * Failure: a message that can't be read to its end ends the connection; other
 * failures are [SYS/TEMP] replies.  The maildrop's lock goes with the session,
 * however that ends.
 * Tested: tests/e2e/test_pop3.py.
 */
#ifndef SERVICE_COLLECT_H
#define SERVICE_COLLECT_H

#include "proto/pop3.h"
#include "service/auth.h"
#include "service/conn.h"
#include "store/maildrop.h"

struct collect;

struct collect_config {
	struct span host;	/* our name, for APOP's challenge */
	const char *mail_root;	/* folder of the mailboxes */
	struct span networks;	/* that may fetch mail; empty: all */
	unsigned login_delay_s; /* between two logins to one mailbox */
};

/* What it works with, the caller's. */
struct collect_memory {
	struct pool *sessions; /* struct collect_session */
	struct pool *drops;    /* struct maildrop */
	struct maildrop_work *work;
	int64_t *logged_in_ms; /* a place for each account id and for 0 */
};

struct collect_session {
	struct pop3 pop3; /* first: it is the connection's session */
	struct pop3_config config;
	struct collect *owner;
	struct conn *conn;
	struct auth *auth;     /* an exchange under way */
	bool auth_fed;	       /* its last response has been passed on */
	struct maildrop *drop; /* open: locked for us */
	int reading;	       /* handle of the message on its way out, or -1 */
	uint64_t at;	       /* in that message */
	uint32_t retrieved;    /* in this session, for the log */
};

struct collect {
	struct conn_kind kind; /* for the listeners */
	struct pool *sessions; /* struct collect_session */
	struct fs *fs;
	struct auth_service *auth;
	struct maildrops drops;
	uint8_t *io; /* MAILDROP_IO bytes, within one call */
	struct collect_config config;
	int64_t *logged_in_ms; /* by account id: the last login, or 0 */
	uint64_t logins;
	uint64_t retrieved;
	uint64_t removed;
};

/* Prepare. */
void collect_init(struct collect *co, struct fs *fs, struct auth_service *auth,
    const struct collect_memory *m);

/* New settings; what they point to must stay valid. */
void collect_configure(struct collect *co, const struct collect_config *c);

#endif
