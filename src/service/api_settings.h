/*
 * api_settings: the settings, in the API.
 *
 *	GET   /settings            all, with schema, value, source and help
 *	GET   /settings/{key}      one, in the same form
 *	PATCH /settings            {"set":{"a":"1"},"unset":["b"]}: all or none
 *	POST  /settings/reset      everything back to its default
 *	GET   /settings/export     "key=value" lines, without secrets
 *	POST  /settings/import     such lines: what is not there gets its
 *	                           default
 *	GET   /settings/wear       erases, room, arithmetic of years
 *
 * A change counts when it is answered; the answer lists the keys that wait
 * for a restart.  Secrets are never shown.
 * Tested: tests/e2e/test_cli.py, test_api.py.
 */
#ifndef SERVICE_API_SETTINGS_H
#define SERVICE_API_SETTINGS_H

#include "service/api.h"
#include "service/state.h"

/* api_change.c: the handler of PATCH. */
enum api_result api_settings_change(struct api_call *c);

void api_settings_offer(struct api *api, struct state *state);

#endif
