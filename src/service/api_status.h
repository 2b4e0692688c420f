/*
 * api_status: how gatepost does, in the API.
 *
 *	GET /status     {"version":..,"running":true,"uptime_s":..,
 *	                 "set_up":..,"state":..,"accounts":..,
 *	                 "listeners":[{"role":"smtp","address":..}],
 *	                 "pools":[{"name":..,"used":..,"high":..,"size":..,
 *	                           "refused":..}],
 *	                 "counters":{"smtp.accepted":..}}
 *
 * Without a server (the command line's own process) "running" is false, and
 * only what is stored is told.
 */
#ifndef SERVICE_API_STATUS_H
#define SERVICE_API_STATUS_H

#include "service/api.h"
#include "service/listen.h"
#include "service/state.h"
#include "service/stats.h"

struct api_status {
	const struct state *state;
	const struct listeners *listeners; /* these three: NULL in the */
	const struct stats *stats;	   /* command line's own process */
	int64_t started_ms;		   /* monotonic */
};

void api_status_offer(struct api *api, struct api_status *status);

#endif
