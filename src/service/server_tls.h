/*
 * server_tls: the server's keys, profiles and remembered sessions.
 *
 *	settings, PEM files --> two identities --> modern, legacy --> conns
 *
 * A second pair (tls.second_cert) of the other key type serves clients that
 * do not know EC keys: old devices need RSA.  Who gets the legacy profile is
 * for service/access to say.
 *
 * Memory: each identity stands twice, so that renewed files are loaded beside
 * those that handshakes still use.
 * Failure: at start, a pair that cannot be loaded stops the server; later it
 * is logged and the pair in force stays.
 */
#ifndef SERVICE_SERVER_TLS_H
#define SERVICE_SERVER_TLS_H

#include "core/text.h"
#include "service/tls.h"
#include "service/tls_identity.h"
#include "store/settings.h"

struct server_tls {
	struct tls_identity main[2];
	struct tls_identity other[2];
	struct tls_cache cache;
	struct tls_cache legacy_cache;
	struct tls_config modern;
	struct tls_config legacy;
};

/* Memory for the sessions of both profiles, half each. */
void server_tls_init(struct server_tls *st, uint8_t *cache, size_t octets);

/*
 * Load the pairs of the settings, or the one that `init` made; called again
 * for renewed files.  1 = there is a pair, 0 = nothing to load yet.
 */
int server_tls_load(struct server_tls *st, struct fs *fs,
    const struct settings *s, struct text *why) MUST_CHECK;

/* The pairs of certificate and key that settings name. */
enum server_tls_pair {
	SERVER_TLS_MAIN,
	SERVER_TLS_OTHER,
	SERVER_TLS_PAIRS,
};

/* Is `id` the setting of a file of this pair? */
bool server_tls_names(enum server_tls_pair pair, enum setting id);

/*
 * What would be wrong with a pair as the settings name it now, as one line in
 * `why`; empty: nothing, or handshakes still use the room for trying.  What is
 * in force stays.  Costs a private-key operation.
 */
void server_tls_try(struct server_tls *st, struct fs *fs,
    const struct settings *s, enum server_tls_pair pair, struct text *why);

#endif
