/*
 * server_config: the settings, turned into what the modules need.
 *
 * For server.c only.  Each function writes one line to `why` on failure.
 */
#ifndef SERVICE_SERVER_CONFIG_H
#define SERVICE_SERVER_CONFIG_H

#include "service/server.h"

/* Our own name: host.name, or the machine's. */
int server_configure_host(struct server *sv, struct text *why) MUST_CHECK;

/* Everything that counts at once; called again after every change. */
int server_configure(struct server *sv, struct text *why) MUST_CHECK;

/* The key pair of tls.cert and tls.key, or the one that init made. */
int server_configure_tls(struct server *sv, const struct server_memory *m,
    struct text *why) MUST_CHECK;

/* Load the files again, which may have been renewed. */
int server_renew_tls(struct server *sv, struct text *why) MUST_CHECK;

/* Folders for mail, and recovery of what a crash left. */
int server_configure_spool(struct server *sv, struct text *why) MUST_CHECK;

/* The queue and what sends it on; after the spool. */
int server_configure_sending(struct server *sv, const struct server_memory *m,
    struct text *why) MUST_CHECK;

#endif
