/*
 * conn_io: the byte side of a connection: windows, socket and TLS.
 *
 * For conn.c only.  Everything here works on one connection, never blocks,
 * and marks a connection whose peer is gone as dead.
 */
#ifndef SERVICE_CONN_IO_H
#define SERVICE_CONN_IO_H

#include "core/log.h"
#include "service/conn.h"

/* Receive once, as far as the input window has room. */
void io_receive(struct conn *c);

/* Move decrypted bytes that wait into the window; true if there were any. */
bool io_more(struct conn *c);

/* Send what the socket takes. */
void io_send(struct conn *c);

/* Is nothing left to send? */
bool io_is_sent(const struct conn *c);

/* Should the poller look for input? */
bool io_wants_read(const struct conn *c);

bool io_is_shaking_hands(const struct conn *c);

/* Take a TLS engine and begin a handshake as server. */
int io_start_tls(struct conn *c) MUST_CHECK;

/* Say goodbye in TLS; true when everything has been sent. */
bool io_close(struct conn *c);

/* Give windows that are empty back to their pools. */
void io_return_windows(struct conn *c);

/* Give back windows and TLS, whatever they hold. */
void io_end(struct conn *c);

/* One write of a few bytes to a fresh socket: it fits, or the peer is gone. */
void io_refuse(int fd, const struct listener *l);

/* An event of this connection; `key` is NULL where there is no more to say. */
void io_log(const struct conn *c, enum log_level level, const char *event,
    const char *key, const char *value);

#endif
