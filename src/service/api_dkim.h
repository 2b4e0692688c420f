/*
 * api_dkim: the key that signs mail, in the API.
 *
 *	GET  /dkim       {"selector":..,"records":[{"domain":..,"name":..,
 *	                  "value":"v=DKIM1; ..."}]}: what belongs into DNS
 *	POST /dkim/key   {"pem":"..","replace":true?}: from now on it signs.
 *	                 409 when there is a key and "replace" is not true
 *
 * The private key never leaves the device by this way.
 * Tested: tests/e2e/test_dkim.py.
 */
#ifndef SERVICE_API_DKIM_H
#define SERVICE_API_DKIM_H

#include "service/api.h"
#include "service/signer.h"
#include "service/state.h"

struct api_dkim {
	struct state *state;
	struct signer *signer; /* the running server's, or one to work with */
};

void api_dkim_offer(struct api *api, struct api_dkim *ad);

#endif
