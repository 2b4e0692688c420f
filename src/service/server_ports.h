/*
 * server_ports: the listeners of the settings.
 *
 * For server.c only.
 */
#ifndef SERVICE_SERVER_PORTS_H
#define SERVICE_SERVER_PORTS_H

#include "service/server.h"

/* Open every port that is set; `why` names the setting that can't be had. */
int server_ports_open(struct server *sv, struct text *why) MUST_CHECK;

#endif
