/*
 * api_access: who may send, and why, in the API.
 *
 *	GET    /grants            {"grants":[{"address":..,"account":..,
 *	                            "how":"tls","age_s":..,"left_s":..}]}
 *	DELETE /grants/{what}     an address or an account: {"revoked":1}
 *	GET    /bans              {"bans":[{"address":..,"left_s":..}]}
 *	DELETE /bans/{address}    let it in again
 *	POST   /relay/decision    {"from":..,"to":..,"client":..,"auth":..,
 *	                           "listener":..}: what would be decided, and
 *	                           the rule that decides; nothing is sent
 *
 * Tested: tests/e2e/test_access.py.
 */
#ifndef SERVICE_API_ACCESS_H
#define SERVICE_API_ACCESS_H

#include "service/access.h"
#include "service/api.h"
#include "service/directory.h"

/* The question's texts, which the parsed addresses point into. */
struct api_may {
	char from[ADDR_TEXT_MAX + 1];
	char to[ADDR_TEXT_MAX + 1];
	char word[64];
	struct addr from_addr, to_addr;
	struct access_client client;
	struct relay_question q;
};

struct api_access {
	struct access *access;
	const struct accounts *accounts;
	const struct directory *directory; /* what is local */
	struct api_may may;
};

void api_access_offer(struct api *api, struct api_access *aa);

#endif
