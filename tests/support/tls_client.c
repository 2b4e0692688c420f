/* tls_client: see the header. */
#include "support/tls_client.h"

#include "support/test.h"

void
tls_client_start(struct tls_client *c, unsigned version, uint16_t suite,
    const br_ssl_session_parameters *resume)
{
	br_ssl_engine_context *e = &c->br.eng;

	tls_config_init(&c->config, true);
	assert_int_equal(
	    tls_peer_init(&c->peer, TLS_ANY, SPAN(""), NULL, 0), ERR_OK);
	c->peer.kit = &c->config.kit;
	br_ssl_client_init_full(&c->br, &c->peer.x509.full, NULL, 0);
	br_ssl_engine_set_x509(e, &c->peer.vtable);
	br_ssl_engine_set_versions(e, BR_TLS10, version);
	if (suite != 0)
		br_ssl_engine_set_suites(e, &suite, 1);
	br_ssl_engine_inject_entropy(e, "only a test", 11);
	br_ssl_engine_set_buffers_bidi(
	    e, c->in, sizeof(c->in), c->out, sizeof(c->out));
	if (resume != NULL)
		br_ssl_engine_set_session_parameters(e, resume);
	br_ssl_client_reset(&c->br, NULL, resume != NULL);
}

static bool
to_server(struct tls_client *c, struct tls *server)
{
	size_t len, room;
	uint8_t *from = br_ssl_engine_sendrec_buf(&c->br.eng, &len);
	uint8_t *to = tls_room(server, &room);

	if (from == NULL || to == NULL)
		return false;
	len = len < room ? len : room;
	memcpy(to, from, len);
	br_ssl_engine_sendrec_ack(&c->br.eng, len);
	tls_commit(server, len);
	return true;
}

static bool
from_server(struct tls_client *c, struct tls *server)
{
	size_t room;
	uint8_t *to = br_ssl_engine_recvrec_buf(&c->br.eng, &room);
	struct span data = span_first(tls_data(server), room);

	if (to == NULL || data.len == 0)
		return false;
	memcpy(to, data.p, data.len);
	tls_drop(server, data.len);
	br_ssl_engine_recvrec_ack(&c->br.eng, data.len);
	return true;
}

void
tls_client_settle(struct tls_client *c, struct tls *server)
{
	bool more;

	do {
		more = to_server(c, server);
		more = from_server(c, server) || more;
	} while (more);
}
