/*
 * outgoing: one connection to another server; moves bytes between a socket,
 * TLS and a struct smtp_client.
 *
 *   relayd --mail, rcpt, body--> smtp_client --> out --> (TLS) --> socket
 *          <------- results ----            <--  in  <-- (TLS) <--
 *
 * A turn: outgoing_run reads and feeds; the owner serves what the client wants
 * (smtp_client_want) as long as outgoing_has_room; outgoing_push sends.
 *
 * Memory: one struct, its windows inside; a struct tls from the shared pool
 * while there is TLS.
 * Failure: whatever ends the connection is told to the client as lost, with
 * words; `state` is then OUTGOING_OVER.  A TLS handshake that fails is marked
 * (`tls_failed`), so that an opportunistic owner may come again without.
 * Tested: tests/e2e/test_relay.py.
 */
#ifndef SERVICE_OUTGOING_H
#define SERVICE_OUTGOING_H

#include "core/pool.h"
#include "platform/net.h"
#include "platform/poller.h"
#include "proto/smtp_client.h"
#include "service/tls_peer.h"

#define OUTGOING_IN	    2048
#define OUTGOING_OUT	    16384
#define OUTGOING_CONNECT_MS 30000
#define OUTGOING_SILENT_MS  300000

enum outgoing_state {
	OUTGOING_NONE,
	OUTGOING_CONNECTING,
	OUTGOING_UP,
	OUTGOING_OVER, /* closed or lost; call outgoing_close */
};

struct outgoing_config {
	struct smtp_client_config client;
	struct net_addr to;
	struct span name; /* of the server, for its certificate */
	enum tls_level level;
	const struct tls_roots *roots;
	const uint8_t *pin; /* for TLS_PINNED */
	int64_t wall_s;
};

struct outgoing {
	enum outgoing_state state;
	int fd;
	bool tls_failed;
	struct pool *tls_pool;
	const struct tls_config *tls_config;
	struct tls *tls;
	struct outgoing_config config;
	enum client_phase phase;
	int64_t phase_at_ms; /* when the phase has lasted too long */
	int64_t moved_ms;    /* the last byte either way */
	struct tls_peer peer;
	struct smtp_client client;
	struct buf in, out;
	char words[160]; /* why it was lost */
	uint8_t in_mem[OUTGOING_IN];
	uint8_t out_mem[OUTGOING_OUT];
};

void outgoing_init(struct outgoing *o, struct pool *tls_pool,
    const struct tls_config *tls_config);

/* Begin to connect; what goes wrong at once is told like later losses. */
void outgoing_open(
    struct outgoing *o, const struct outgoing_config *c, int64_t now_ms);

/* Let go of everything, at once. */
void outgoing_close(struct outgoing *o);

void outgoing_prep(struct outgoing *o, struct poller *p);
void outgoing_run(struct outgoing *o, struct poller *p);

/* May the client be asked to append now? */
bool outgoing_has_room(const struct outgoing *o);

/* Send what waits, as far as the socket takes it. */
void outgoing_push(struct outgoing *o, int64_t now_ms);

/* Feed what was received and not yet used, after results were taken. */
void outgoing_feed(struct outgoing *o);

#endif
