/* cli_talk: bytes over a blocking socket; what is said is the caller's. */
#include "service/cli_talk.h"

/* ---- TLS ---- */

static bool
send_records(struct cli_talk *t)
{
	struct tls *tls = &t->secure->tls;
	struct span s;

	while (s = tls_data(tls), s.len > 0) {
		int n = net_write(t->fd, s);

		if (n < 0)
			return false;
		tls_drop(tls, (size_t)n);
	}
	return true;
}

/* Send what waits, then receive once. */
static bool
turn(struct cli_talk *t)
{
	struct tls *tls = &t->secure->tls;
	uint8_t *room;
	size_t len;
	int n;

	if (!send_records(t))
		return false;
	room = tls_room(tls, &len);
	if (len == 0)
		return false;
	n = net_read(t->fd, room, len);
	if (n < 0)
		return false;
	tls_commit(tls, (size_t)n);
	return tls_state(tls) != TLS_FAILED;
}

static int
secure_read(struct cli_talk *t, void *to, size_t cap)
{
	struct tls *tls = &t->secure->tls;
	uint8_t *data;
	size_t len;

	while (data = tls_app_data(tls, &len), len == 0) {
		if (!turn(t))
			return ERR_CLOSED;
	}
	if (len > cap)
		len = cap;
	memcpy(to, data, len);
	tls_app_drop(tls, len);
	return (int)len;
}

static bool
secure_write(struct cli_talk *t, struct span s)
{
	struct tls *tls = &t->secure->tls;

	while (s.len > 0) {
		size_t len;
		uint8_t *room = tls_app_room(tls, &len);

		if (len > s.len)
			len = s.len;
		if (len > 0)
			memcpy(room, s.p, len);
		tls_app_commit(tls, len);
		tls_flush(tls);
		s = span_from(s, len);
		if (!send_records(t) || (len == 0 && !turn(t)))
			return false;
	}
	return true;
}

/* ---- replies ---- */

/* Is there a last line, "250 ..." rather than "250-..."? */
static bool
is_whole(struct span s)
{
	size_t begin = s.len;

	if (s.len < 5 || s.p[s.len - 1] != '\n')
		return false;
	while (begin > 0 && (begin == s.len || s.p[begin - 1] != '\n'))
		begin--;
	return s.len - begin >= 5 && s.p[begin + 3] != '-';
}

static void
take_code(struct cli_talk *t)
{
	struct span s = text_data(&t->reply);
	uint64_t n;

	if (is_whole(s) && span_u64(span_first(s, 3), 599, &n) == ERR_OK)
		t->code = (unsigned)n;
}

bool
cli_talk_hear(struct cli_talk *t)
{
	char mem[256];
	int n;

	t->code = 0;
	text_init(&t->reply, t->mem, t->size);
	while (!t->reply.cut && !is_whole(text_data(&t->reply))) {
		n = t->secure != NULL ? secure_read(t, mem, sizeof(mem))
				      : net_read(t->fd, mem, sizeof(mem));
		if (n < 0)
			return false;
		text_span(&t->reply, span_of(mem, (size_t)n));
	}
	take_code(t);
	return t->code >= 200;
}

bool
cli_talk_say(struct cli_talk *t, struct span line)
{
	bool sent = t->secure != NULL ? secure_write(t, line)
				      : net_write(t->fd, line) == (int)line.len;

	return sent && cli_talk_hear(t);
}

void
cli_talk_begin(struct cli_talk *t, int fd, struct cli_secure *secure, char *mem,
    size_t size)
{
	*t = (struct cli_talk) {
		.fd = fd, .secure = secure, .mem = mem, .size = size
	};
	text_init(&t->reply, mem, size);
	if (secure == NULL)
		return;
	tls_config_init(&secure->config, false);
	/* a failure shows in tls_state, and nothing is received */
	if (tls_peer_init(&secure->peer, TLS_ANY, SPAN("localhost"), NULL, 0)
	    || tls_connect(&secure->tls, &secure->config, &secure->peer))
		t->fd = -1;
}

void
cli_talk_end(struct cli_talk *t)
{
	if (t->secure != NULL && t->fd >= 0)
		tls_end(&t->secure->tls);
}
