/*
 * auth_may: what a peer may use to log in, from the settings and the way it
 * came.  Who is banned, and the exchanges themselves, are in service/auth.
 */
#include "service/auth.h"

static bool
is_marked(const struct auth_service *as, const struct auth_peer *peer)
{
	return peer->legacy
	       || (as->config.legacy != NULL
		   && networks_has(as->config.legacy, peer->addr.ip));
}

bool
auth_is_plaintext_ok(
    const struct auth_service *as, const struct auth_peer *peer)
{
	switch (as->config.plaintext) {
	case AUTH_PLAIN_ANY:
		return true;
	case AUTH_PLAIN_LEGACY:
		return peer->tls || is_marked(as, peer);
	case AUTH_PLAIN_TLS:
		break;
	}
	return peer->tls;
}

struct span
auth_mechanisms(const struct auth_service *as, const struct auth_peer *peer)
{
	bool plain = auth_is_plaintext_ok(as, peer);

	if (auth_has_apop(as))
		return plain ? SPAN("PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5")
			     : SPAN("SCRAM-SHA-256 CRAM-MD5");
	return plain ? SPAN("PLAIN LOGIN SCRAM-SHA-256")
		     : SPAN("SCRAM-SHA-256");
}

bool
auth_has_old_form(const struct auth_service *as, const struct auth_peer *peer)
{
	return as->config.old_form && auth_is_plaintext_ok(as, peer);
}

bool
auth_has_apop(const struct auth_service *as)
{
	return as->accounts->legacy > 0;
}
