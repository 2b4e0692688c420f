/*
 * cli_talk: the command line's own conversation with an SMTP listener of this
 * machine, in plain or under TLS, one command and its reply at a time.
 *
 * Blocking, as a person's tool may be.  Certificates are not judged: it talks
 * to the machine on which it runs.
 *
 * Memory: struct cli_secure for TLS and a buffer for a reply, the caller's.
 * Failure: false, and `code` 0.  Tested: tests/e2e/test_access.py.
 */
#ifndef SERVICE_CLI_TALK_H
#define SERVICE_CLI_TALK_H

#include "platform/net.h"
#include "service/tls_peer.h"

/* What TLS needs; of no use while a talk in plain goes on. */
struct cli_secure {
	struct tls_config config;
	struct tls_peer peer;
	struct tls tls;
};

struct cli_talk {
	int fd;
	struct cli_secure *secure; /* NULL: in plain */
	char *mem;		   /* of the reply */
	size_t size;
	struct text reply; /* the last one, whole */
	unsigned code;	   /* 0: there was no reply */
};

/*
 * Begin on a connected socket, which stays the caller's; with `secure` under
 * TLS from the first byte.
 */
void cli_talk_begin(struct cli_talk *t, int fd, struct cli_secure *secure,
    char *mem, size_t size);

/* Hear a reply: of several lines, the last decides; false: there was none. */
bool cli_talk_hear(struct cli_talk *t);

/* Send a whole line and hear its reply. */
bool cli_talk_say(struct cli_talk *t, struct span line);

/* Wipe the keys. */
void cli_talk_end(struct cli_talk *t);

#endif
