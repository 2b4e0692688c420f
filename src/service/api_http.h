/*
 * api_http: the API over HTTP connections.
 *
 *   conn --> proto/http --> api_http --> guard --> api
 *
 * Each way in (the control socket, later the page) has a struct api_http with
 * a guard, which sees every request before anything is done with it.
 *
 * Memory: sessions and body areas from pools.  A request's body up to
 * API_HTTP_SMALL octets lies in its session; a longer one takes a body area.
 * Bounds: as many connections as sessions; bodies as long as an area (413).
 * Failure: 503 when a pool is empty, and a line in the log.
 * Tested: tests/e2e/test_api.py.
 */
#ifndef SERVICE_API_HTTP_H
#define SERVICE_API_HTTP_H

#include "core/pool.h"
#include "proto/http.h"
#include "service/api.h"
#include "service/conn.h"

#define API_HTTP_SMALL 2048

struct api_session {
	struct http http; /* first: it is the connection's session */
	struct api_call call;
	bool running;	 /* the call has begun */
	void *area;	 /* of a long body, or NULL */
	size_t area_len; /* octets of the body, in either place */
	uint8_t small[API_HTTP_SMALL];
};

struct api_http {
	struct conn_kind kind; /* first: how a connection finds us */
	struct api *api;
	struct pool *sessions; /* struct api_session */
	struct pool *areas;    /* `area_octets` each */
	size_t area_octets;

	/*
	 * May this request go on?  0, or the status to refuse it with and a
	 * line for the client.  NULL: all may.
	 */
	unsigned (*guard)(struct conn *c, const char **why);
	char *piece; /* API_PIECE + 1 bytes, shared by all calls */
};

/* Prepare; `areas` objects have `area_octets` each. */
void api_http_init(struct api_http *ah, struct api *api, struct pool *sessions,
    struct pool *areas, size_t area_octets, char *piece);

#endif
