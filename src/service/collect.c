/*
 * collect: takes the requests of POP3 sessions.
 *
 * Each handler returns true when the request has moved on, so that the next
 * one may be there already; false when it waits: for auth, for the next turn
 * (it has woken its connection then), or for room in the output.
 */
#include "service/collect.h"

#include "codec/ip.h"
#include "core/log.h"
#include "core/secret.h"
#include "core/text.h"
#include "core/zero.h"
#include "platform/area.h"
#include "platform/entropy.h"
#include "service/listen.h"
#include "store/mailbox.h"

/* Room for the "+OK" line of a message and some of its text. */
#define READ_ROOM 256

static struct auth_peer
peer_of(const struct conn *c, bool tls)
{
	return (struct auth_peer) {
		.addr = c->peer,
		.protocol = AUTH_POP3,
		.tls = tls,
		.legacy = c->listener->plain_auth,
		.wake = (void (*)(void *))conn_wake,
		.waker = (void *)(uintptr_t)c,
	};
}

static void
log_session(const struct collect_session *s, const char *event)
{
	char peer[NET_ADDR_TEXT];
	struct log_line l;

	log_begin(&l, LOG_INFO, event);
	if (l.muted)
		return;
	net_addr_text(&s->conn->peer, peer);
	log_u64(&l, "conn", s->conn->serial);
	log_str(&l, "peer", peer);
	log_span(
	    &l, "account", span_of(s->drop->account, s->drop->account_len));
	log_u64(&l, "messages", maildrop_count(s->drop));
	log_u64(&l, "retrieved", s->retrieved);
	log_end(&l);
}

static bool
deny(struct collect_session *s, enum pop3_login how)
{
	pop3_answer_denied(&s->pop3, how, &s->conn->out);
	return true;
}

/* --- logging in ------------------------------------------------------------
 */

static void
let_go(struct collect_session *s)
{
	if (s->reading >= 0)
		(void)s->owner->fs->close(s->owner->fs, s->reading);
	s->reading = -1;
	if (s->drop != NULL)
		maildrop_close(s->drop);
	s->drop = NULL;
}

static bool
load(struct collect_session *s)
{
	int err = maildrop_load(s->drop);

	if (err == ERR_AGAIN) {
		conn_wake(s->conn);
		return false;
	}
	if (err) {
		log_event(LOG_ERROR, "pop3.maildrop", "maildir",
		    s->drop->maildir, err);
		let_go(s);
		return deny(s, POP3_LOGIN_TEMP);
	}
	s->owner->logins++;
	log_session(s, "pop3.login");
	pop3_answer_welcome(&s->pop3, maildrop_count(s->drop),
	    maildrop_octets(s->drop), &s->conn->out);
	return true;
}

static bool
is_too_soon(const struct collect_session *s, const struct account *a)
{
	const struct collect *co = s->owner;
	int64_t last = co->logged_in_ms[a->id];

	return last != 0
	       && s->conn->owner->now_ms
		      < last + 1000 * (int64_t)co->config.login_delay_s;
}

/* The name and secret are right: lock the maildrop. */
static bool
enter(struct collect_session *s, const struct account *a)
{
	struct collect *co = s->owner;
	char maildir[FS_PATH_MAX];
	int err;

	if (is_too_soon(s, a))
		return deny(s, POP3_LOGIN_TOO_SOON);
	err = mailbox_folder(maildir, co->config.mail_root, account_name(a));
	if (!err)
		err = maildrop_open(
		    &co->drops, account_name(a), maildir, &s->drop);
	if (!err) {
		co->logged_in_ms[a->id] = s->conn->owner->now_ms;
		return load(s);
	}
	s->drop = NULL;
	if (err != ERR_BUSY)
		log_event(LOG_ERROR, "pop3.maildrop", "maildir", maildir, err);
	return deny(s, err == ERR_BUSY	  ? POP3_LOGIN_IN_USE
		       : err == ERR_RANGE ? POP3_LOGIN_PERM
					  : POP3_LOGIN_TEMP);
}

static enum pop3_login
denial(enum auth_result result)
{
	switch (result) {
	case AUTH_TEMPFAIL:
		return POP3_LOGIN_TEMP;
	case AUTH_NEEDS_TLS:
		return POP3_LOGIN_NEEDS_TLS;
	case AUTH_UNKNOWN_MECH:
		return POP3_LOGIN_UNKNOWN_MECH;
	case AUTH_SYNTAX:
		return POP3_LOGIN_SYNTAX;
	case AUTH_BANNED:
		return POP3_LOGIN_BANNED;
	case AUTH_FAILED:
	case AUTH_OK:
	case AUTH_PENDING:
	case AUTH_CHALLENGE:
		break;
	}
	return POP3_LOGIN_DENIED;
}

static bool
auth_over(struct collect_session *s, enum auth_result result)
{
	const struct account *a = auth_account(s->auth);
	bool ok = result == AUTH_OK && a != NULL;

	auth_end(s->auth);
	s->auth = NULL;
	return ok ? enter(s, a) : deny(s, denial(result));
}

static struct auth *
begin_auth(struct collect_session *s, const struct pop3_request *r)
{
	struct auth_service *as = s->owner->auth;
	struct auth_peer peer = peer_of(s->conn, s->conn->tls != NULL);

	s->auth_fed = true;
	if (r->ask == POP3_ASK_LOGIN)
		return auth_password(as, &peer, r->user, r->secret);
	if (r->ask == POP3_ASK_APOP)
		return auth_apop(
		    as, &peer, r->user, r->secret, pop3_challenge(&s->pop3));
	return auth_begin(as, r->mech, &peer, r->secret, r->has_secret);
}

static bool
ask_login(struct collect_session *s, const struct pop3_request *r)
{
	enum auth_result result;

	if (s->drop != NULL)
		return load(s);
	if (s->auth == NULL)
		s->auth = begin_auth(s, r);
	if (s->auth == NULL)
		return deny(s, POP3_LOGIN_TEMP);
	if (!s->auth_fed)
		(void)auth_step(s->auth, r->secret);
	s->auth_fed = true;
	result = auth_poll(s->auth);
	if (result == AUTH_PENDING)
		return false;
	if (result != AUTH_CHALLENGE)
		return auth_over(s, result);
	s->auth_fed = false;
	pop3_answer_challenge(&s->pop3, auth_challenge(s->auth), &s->conn->out);
	return true;
}

static bool
ask_cancel(struct collect_session *s)
{
	auth_end(s->auth);
	s->auth = NULL;
	return deny(s, POP3_LOGIN_CANCELLED);
}

/* --- messages --------------------------------------------------------------
 */

/* A message can't be had; true: the client has been told. */
static bool
refuse(struct collect_session *s, int err)
{
	if (err == ERR_AGAIN) {
		conn_wake(s->conn);
		return false;
	}
	if (err != ERR_MISSING)
		log_event(LOG_ERROR, "pop3.message", "maildir",
		    s->drop->maildir, err);
	pop3_answer_refused(&s->pop3,
	    err == ERR_MISSING ? POP3_GONE : POP3_TROUBLE, &s->conn->out);
	return true;
}

/* The ordinary window until it is full, then a large one. */
static struct buf *
room(struct conn *c, size_t want)
{
	struct buf *out = conn_out(c, want);

	return out != NULL ? out : conn_out_big(c, want);
}

static bool
ask_entry(struct collect_session *s, const struct pop3_request *r)
{
	struct buf *out = room(s->conn, POP3_ENTRY_MAX);
	char uid[MAILDROP_UID_MAX];
	const struct maildrop_entry *e;
	struct pop3_entry answer;
	int err;

	if (out == NULL)
		return false;
	err = maildrop_entry(s->drop, r->number, &e);
	if (err)
		return refuse(s, err);
	answer.deleted = maildrop_is_marked(s->drop, r->number, e);
	answer.octets = e->octets;
	answer.uid = span_of(uid, maildrop_uid(e, uid));
	pop3_answer_entry(&s->pop3, &answer, out);
	return true;
}

/* Say "+OK" and open the file; false when that was the whole answer. */
static bool
open_message(struct collect_session *s, uint32_t number, int *err)
{
	const struct maildrop_entry *e;
	struct buf *out = &s->conn->out;
	uint64_t octets;

	*err = maildrop_entry(s->drop, number, &e);
	if (*err)
		return false;
	if (maildrop_is_marked(s->drop, number, e)) {
		pop3_answer_refused(&s->pop3, POP3_DELETED, out);
		return false;
	}
	octets = e->octets;
	s->reading = maildrop_message(s->drop, number);
	if (s->reading < 0) {
		*err = s->reading;
		return false;
	}
	s->at = 0;
	pop3_answer_opened(&s->pop3, octets, out);
	if (buf_free(out) <= octets)
		(void)conn_out_big(s->conn, 0);
	return true;
}

static void
end_message(struct collect_session *s)
{
	(void)s->owner->fs->close(s->owner->fs, s->reading);
	s->reading = -1;
	s->retrieved++;
	s->owner->retrieved++;
}

/* As much of the message as there is room for; true when it is over. */
static bool
send_message(struct collect_session *s)
{
	struct collect *co = s->owner;
	struct buf *out = &s->conn->out;
	size_t cap = buf_free(out) < MAILDROP_IO ? buf_free(out) : MAILDROP_IO;
	int got;

	if (cap < READ_ROOM)
		return false;
	got = co->fs->read(co->fs, s->reading, co->io, cap, s->at);
	if (got < 0) {
		log_event(
		    LOG_ERROR, "pop3.read", "maildir", s->drop->maildir, got);
		pop3_answer_broken(&s->pop3);
	} else {
		s->at += pop3_answer_bytes(&s->pop3,
		    span_of(co->io, (size_t)got), (size_t)got < cap, out);
	}
	if (pop3_request(&s->pop3)->ask == POP3_ASK_READ)
		return false;
	end_message(s);
	return true;
}

static bool
ask_read(struct collect_session *s, const struct pop3_request *r)
{
	int err = ERR_OK;

	if (s->reading < 0 && !open_message(s, r->number, &err))
		return err ? refuse(s, err) : true;
	return send_message(s);
}

static bool
ask_mark(struct collect_session *s, const struct pop3_request *r)
{
	const struct maildrop_entry *e;
	struct buf *out = &s->conn->out;
	uint64_t octets;
	int err = maildrop_entry(s->drop, r->number, &e);

	if (err)
		return refuse(s, err);
	if (maildrop_is_marked(s->drop, r->number, e)) {
		pop3_answer_refused(&s->pop3, POP3_DELETED, out);
		return true;
	}
	octets = e->octets;
	err = maildrop_mark(s->drop, r->number);
	if (err)
		return refuse(s, err);
	pop3_answer_marked(&s->pop3, octets, out);
	return true;
}

static bool
ask_reset(struct collect_session *s)
{
	maildrop_reset(s->drop);
	pop3_answer_reset(&s->pop3, &s->conn->out);
	return true;
}

/* Its client has heard it; the owner must, too. */
static void
log_kept(const struct collect_session *s, uint32_t kept)
{
	struct log_line l;

	if (kept == 0)
		return;
	log_begin(&l, LOG_ERROR, "pop3.not_removed");
	log_span(
	    &l, "account", span_of(s->drop->account, s->drop->account_len));
	log_u64(&l, "messages", kept);
	log_err(&l, s->drop->kept_for);
	log_end(&l);
}

static bool
ask_quit(struct collect_session *s)
{
	uint32_t kept = 0;
	int err = maildrop_commit(s->drop, &kept);

	if (err == ERR_AGAIN) {
		conn_wake(s->conn);
		return false;
	}
	s->owner->removed += s->drop->removed;
	log_session(s, "pop3.quit");
	log_kept(s, kept);
	let_go(s);
	pop3_answer_quit(&s->pop3, err ? 1 : kept, &s->conn->out);
	return true;
}

/* --- the service -----------------------------------------------------------
 */

static bool
one_request(struct collect_session *s)
{
	const struct pop3_request *r = pop3_request(&s->pop3);

	switch (r->ask) {
	case POP3_ASK_LOGIN:
	case POP3_ASK_APOP:
	case POP3_ASK_SASL:
	case POP3_ASK_STEP:
		return ask_login(s, r);
	case POP3_ASK_CANCEL:
		return ask_cancel(s);
	case POP3_ASK_ENTRY:
		return ask_entry(s, r);
	case POP3_ASK_READ:
		return ask_read(s, r);
	case POP3_ASK_MARK:
		return ask_mark(s, r);
	case POP3_ASK_RESET:
		return ask_reset(s);
	case POP3_ASK_QUIT:
		return ask_quit(s);
	case POP3_ASK_NOTHING:
		break;
	}
	return false;
}

static void
collect_request(struct conn *c)
{
	struct collect_session *s = c->session;

	while (pop3_ops.want(&s->pop3) == WANT_ANSWER && one_request(s))
		;
}

/* "<random@host>", only where somebody could use it (T6). */
static struct span
make_challenge(const struct collect *co, char mem[POP3_CHALLENGE_MAX])
{
	struct text t;
	uint8_t random[16];

	if (!auth_has_apop(co->auth) || entropy_fill(random, sizeof(random)))
		return span_of(NULL, 0);
	text_init(&t, mem, POP3_CHALLENGE_MAX);
	text_chr(&t, '<');
	text_hex(&t, span_of(random, sizeof(random)));
	text_chr(&t, '@');
	text_span(&t, span_first(co->config.host, 56));
	text_chr(&t, '>');
	return text_data(&t);
}

static void
configure_session(struct collect_session *s)
{
	struct auth_service *as = s->owner->auth;
	struct auth_peer plain = peer_of(s->conn, false);
	struct auth_peer tls = peer_of(s->conn, true);

	s->config = (struct pop3_config) {
		.implementation = SPAN("gatepost"),
		.sasl_plain = auth_mechanisms(as, &plain),
		.sasl_tls = auth_mechanisms(as, &tls),
		.stls = conn_may_secure(s->conn),
		.login_delay_s = s->owner->config.login_delay_s,
		.plaintext = auth_is_plaintext_ok(as, &plain),
	};
}

static bool
is_welcome(const struct collect *co, const struct conn *c)
{
	return co->config.networks.len == 0
	       || ip_list_has(co->config.networks, c->peer.ip);
}

static int
collect_open(struct conn *c)
{
	struct collect *co = c->kind->service;
	struct collect_session *s = pool_take(co->sessions);
	char challenge[POP3_CHALLENGE_MAX];

	if (s == NULL)
		return ERR_FULL;
	s->owner = co;
	s->conn = c;
	s->auth = NULL;
	s->drop = NULL;
	s->reading = -1;
	s->retrieved = 0;
	c->session = s;
	if (!is_welcome(co, c)) {
		pop3_init_refused(&s->pop3, &c->out);
		return ERR_OK;
	}
	configure_session(s);
	pop3_init(&s->pop3, &s->config, make_challenge(co, challenge),
	    c->tls != NULL, &c->out);
	return ERR_OK;
}

static void
collect_close(struct conn *c)
{
	struct collect_session *s = c->session;

	auth_end(s->auth);
	let_go(s);
	secret_wipe(s->pop3.secret, sizeof(s->pop3.secret));
	pool_give(s->owner->sessions, s);
	c->session = NULL;
}

void
collect_configure(struct collect *co, const struct collect_config *c)
{
	co->config = *c;
}

void
collect_init(struct collect *co, struct fs *fs, struct auth_service *auth,
    const struct collect_memory *m)
{
	zero_fill(co, sizeof(*co));
	co->fs = fs;
	co->auth = auth;
	co->io = m->work->io;
	co->sessions = m->sessions;
	co->logged_in_ms = m->logged_in_ms;
	maildrops_init(&co->drops, fs, m->drops, m->work);
	co->drops.expect = area_expect;
	co->kind = (struct conn_kind) {
		.ops = &pop3_ops,
		.service = co,
		.open = collect_open,
		.request = collect_request,
		.close = collect_close,
		.refusal =
		    SPAN("-ERR [SYS/TEMP] too many connections, try again "
			 "later\r\n"),
	};
}
