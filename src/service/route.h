/*
 * route: which way a message goes on.
 *
 *   local address, and mail.lmtp is set     that LMTP server
 *   the first route.rule.* that fits        its server, or MX
 *   route.smarthost is set                  that server
 *   else                                    the domain's MX
 *
 * A rule is a line of words, in any order:
 *   from=DOMAIN|ADDRESS   to=DOMAIN|ADDRESS     when it fits; both must
 *   host=NAME:PORT|mx     tls=off|opportunistic|required|verified
 *   port=N                with host=mx, where the exchangers are not on 25
 *   user=NAME  per_minute=N  pin=FINGERPRINT  proto=smtp|lmtp
 *   send_as=ADDRESS       sender and From become this address
 * Its password is the setting route.secret.LABEL.  Rules are tried in the
 * order of their labels.  Port 465 is TLS from the first byte.
 *
 * Memory: struct routes, about 20 KB.  Bounds: ROUTES_MAX rules.
 * Failure: a rule that is no rule is refused when it is set (route_judge);
 * one that is stored all the same is left out and logged with the reason.
 * Tested: tests/unit/test_route.c, tests/e2e/test_route.py, test_dns.py.
 */
#ifndef SERVICE_ROUTE_H
#define SERVICE_ROUTE_H

#include "service/tls.h"
#include "store/settings.h"

#define ROUTES_MAX    12
#define ROUTE_HOST    254
#define ROUTE_USER    256
#define ROUTE_LABEL   64
#define ROUTE_ADDRESS 256

enum route_tls {
	ROUTE_TLS_OFF, /* the order of the setting's words */
	ROUTE_TLS_OPPORTUNISTIC,
	ROUTE_TLS_REQUIRED,
	ROUTE_TLS_VERIFIED,
};

struct route {
	char label[ROUTE_LABEL];  /* of a rule; empty for the others */
	char from[ROUTE_ADDRESS]; /* in lower case; empty: any */
	char to[ROUTE_ADDRESS];
	char host[ROUTE_HOST]; /* empty: by MX */
	uint16_t port;	       /* by MX, 0: the usual one */
	uint16_t per_minute;   /* 0: no limit */
	enum route_tls tls;
	bool lmtp;
	bool has_pin;
	uint8_t pin[TLS_FINGERPRINT];
	char user[ROUTE_USER];	     /* empty: no login */
	char send_as[ROUTE_ADDRESS]; /* empty: senders stay as they are */
};

struct routes {
	unsigned n;
	bool has_lmtp;
	struct route rule[ROUTES_MAX];
	struct route lmtp;
	struct route rest; /* smarthost or MX */
};

/* Read one rule; ERR_SYNTAX with `why` in one line. */
int route_parse(struct span text, struct route *r, struct text *why) MUST_CHECK;

/* "NAME:PORT" or "[2001:db8::1]:PORT" into host and port; false: neither. */
bool route_parse_host(struct route *r, struct span text) MUST_CHECK;

/*
 * Is this a right value of a setting that names a route: a rule, a smarthost,
 * mail.lmtp, a fingerprint, route.send_as?  ERR_SYNTAX with `why` in one line.
 */
int route_judge(
    enum setting id, struct span value, struct text *why) MUST_CHECK;

/* Read all from the settings. */
void routes_load(struct routes *rs, struct settings *s);

/* The way of this recipient; `local`: it is one of our own addresses. */
const struct route *routes_find(const struct routes *rs, struct span sender,
    struct span recipient, bool local);

/* A number that names the destination, never 0: same way, same number. */
uint32_t route_key(const struct route *r, struct span domain);

/* Its password into `to`; the length, ERR_MISSING, ERR_DENIED. */
int route_secret(
    const struct route *r, struct settings *s, void *to, size_t cap) MUST_CHECK;

#endif
