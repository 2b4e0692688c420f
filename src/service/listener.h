/*
 * listener: one port that clients come to, and what its owner says of it.
 *
 * Made by listen; read by everybody who serves a connection.
 */
#ifndef SERVICE_LISTENER_H
#define SERVICE_LISTENER_H

#include "platform/net.h"

struct conn_kind;

enum listener_role {
	LISTENER_SMTP,	     /* 25: mail from anyone for local domains */
	LISTENER_SUBMISSION, /* 587: permission before any mail */
	LISTENER_SMTPS,	     /* 465: the same, TLS from the first byte */
	LISTENER_POP3,
	LISTENER_POP3S,
	LISTENER_HTTP,
	LISTENER_HTTPS,
	LISTENER_CONTROL, /* the Unix socket of the command line */
	LISTENER_ROLES
};

struct listener {
	int fd;
	enum listener_role role;
	const struct conn_kind *kind;
	struct net_addr local;
	bool tls_first;	 /* TLS from the first byte */
	bool old_tls;	 /* marked as legacy by tls.legacy */
	bool plain_auth; /* marked as legacy by auth.legacy */
};

/* The name that settings and logs use: "smtp", "submission", ... */
const char *listener_name(enum listener_role role);

#endif
