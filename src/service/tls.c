/*
 * tls: the windows between a socket, BearSSL's engine and a session.
 *
 * The engine asks for a record's five header bytes first and then for its
 * body.  Receiving exactly that would cost two system calls a record, so the
 * socket's bytes are received ahead, into the engine's own input buffer: it
 * writes nothing behind the place it has been told of, and that place never
 * lies behind the bytes received ahead, so they are handed to it by moving
 * them down (by nothing at all for the first record in the buffer).
 *
 *	in:  | record being decrypted or read |  ahead .. ahead_end  |  room |
 *
 * Which suites, keys and checks are used is decided elsewhere: tls_kit.c,
 * tls_server.c, tls_client.c.
 */
#include "service/tls.h"

#include <assert.h>

#include "core/secret.h"
#include "service/tls_engine.h"
#include "service/tls_identity.h"

/* The handshake is over: its private key is not needed any more. */
static void
let_identity_go(struct tls *t)
{
	if (t->identity != NULL)
		t->identity->users--;
	t->identity = NULL;
}

static void
note_progress(struct tls *t)
{
	unsigned state = br_ssl_engine_current_state(&t->br.eng);

	if (!t->up && (state & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) != 0) {
		t->up = true;
		let_identity_go(t);
	}
}

/*
 * The engine sends its alert about a version that is too old before it has
 * settled on a version, as a record of version 0.0, and the client would
 * complain about that instead.
 */
static void
mend_early_alert(struct tls *t)
{
	size_t len;
	uint8_t *p = br_ssl_engine_sendrec_buf(&t->br.eng, &len);

	if (p == t->out && len >= 5 && p[0] == 21 && p[1] == 0) {
		p[1] = 3;
		p[2] = 1;
	}
}

/* Hand the engine what was received ahead, as far as it takes it. */
static void
pump(struct tls *t)
{
	while (t->ahead < t->ahead_end) {
		size_t len, n = (size_t)t->ahead_end - t->ahead;
		uint8_t *to = br_ssl_engine_recvrec_buf(&t->br.eng, &len);

		if (to == NULL)
			break;
		if (n > len)
			n = len;
		assert(to <= t->in + t->ahead);
		memmove(to, t->in + t->ahead, n);
		t->ahead = (uint16_t)(t->ahead + n);
		br_ssl_engine_recvrec_ack(&t->br.eng, n);
	}
	if (br_ssl_engine_current_state(&t->br.eng) == BR_SSL_CLOSED)
		t->ahead = t->ahead_end = 0;
	if (!t->up)
		mend_early_alert(t);
	note_progress(t);
}

int
tls_begin(struct tls *t, const struct tls_config *c)
{
	t->policy = NULL;
	t->config = c;
	t->identity = NULL;
	t->peer = NULL;
	t->ahead = t->ahead_end = t->in_high = 0;
	t->up = t->closing = t->resumed = false;
	return tls_engine_prepare(t);
}

void
tls_end(struct tls *t)
{
	let_identity_go(t);
	secret_wipe(&t->br, sizeof(t->br));
	secret_wipe(t->in, t->in_high); /* passwords and mail, decrypted */
	t->in_high = 0;
}

uint8_t *
tls_room(struct tls *t, size_t *len)
{
	size_t wanted;
	uint8_t *to = NULL;

	*len = 0;
	if (t->ahead == t->ahead_end)
		to = br_ssl_engine_recvrec_buf(&t->br.eng, &wanted);
	if (to == NULL)
		return NULL;
	t->ahead = t->ahead_end = (uint16_t)(to - t->in);
	*len = sizeof(t->in) - t->ahead;
	return to;
}

void
tls_commit(struct tls *t, size_t len)
{
	assert(len <= sizeof(t->in) - t->ahead_end);
	t->ahead_end = (uint16_t)(t->ahead_end + len);
	if (t->in_high < t->ahead_end)
		t->in_high = t->ahead_end;
	pump(t);
}

struct span
tls_data(const struct tls *t)
{
	size_t len;
	const uint8_t *p = br_ssl_engine_sendrec_buf(&t->br.eng, &len);

	return span_of(p, len);
}

void
tls_drop(struct tls *t, size_t len)
{
	if (len > 0)
		br_ssl_engine_sendrec_ack(&t->br.eng, len);
	pump(t);
}

uint8_t *
tls_app_data(struct tls *t, size_t *len)
{
	return br_ssl_engine_recvapp_buf(&t->br.eng, len);
}

void
tls_app_drop(struct tls *t, size_t len)
{
	if (len > 0)
		br_ssl_engine_recvapp_ack(&t->br.eng, len);
	pump(t);
}

uint8_t *
tls_app_room(struct tls *t, size_t *len)
{
	return br_ssl_engine_sendapp_buf(&t->br.eng, len);
}

void
tls_app_commit(struct tls *t, size_t len)
{
	if (len > 0)
		br_ssl_engine_sendapp_ack(&t->br.eng, len);
}

void
tls_flush(struct tls *t)
{
	br_ssl_engine_flush(&t->br.eng, 0);
}

void
tls_close(struct tls *t)
{
	size_t len;

	if (t->closing)
		return;
	t->closing = true;
	tls_flush(t);
	/* With unread bytes in its buffer the engine would wait for ever. */
	while (tls_app_data(t, &len) != NULL)
		br_ssl_engine_recvapp_ack(&t->br.eng, len);
	br_ssl_engine_close(&t->br.eng);
	pump(t);
}

enum tls_state
tls_state(const struct tls *t)
{
	if (br_ssl_engine_current_state(&t->br.eng) != BR_SSL_CLOSED)
		return t->up ? TLS_UP : TLS_HANDSHAKING;
	return tls_error_code(t) == 0 ? TLS_CLOSED : TLS_FAILED;
}

int
tls_error_code(const struct tls *t)
{
	return br_ssl_engine_last_error(&t->br.eng);
}
