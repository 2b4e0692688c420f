/*
 * api_users: the accounts, in the API.
 *
 *	GET    /users                    {"users":[{"name":"anna",...}]}
 *	POST   /users {"name":..,"password":..,"legacy":false} PUT
 * /users/{name}/password    {"password":..,"legacy":false} PATCH  /users/{name}
 *{"disabled":true} DELETE /users/{name}             its mail stays
 *
 * Stretching a new password is done in slices, a few milliseconds a turn.
 * Tested: tests/e2e/test_cli.py, test_api.py.
 */
#ifndef SERVICE_API_USERS_H
#define SERVICE_API_USERS_H

#include "service/api.h"
#include "service/state.h"

/* Offer the accounts of `state`. */
void api_users_offer(struct api *api, struct state *state);

#endif
