/*
 * api_signatures: tells the server that its signature file was changed.
 *
 *	POST /signatures/reload    {}
 *
 * The file itself is put in place by `gatepost sig install`, which also asks
 * for this.  The server then reads its settings anew, and with them the file.
 */
#ifndef SERVICE_API_SIGNATURES_H
#define SERVICE_API_SIGNATURES_H

#include "service/api.h"
#include "service/state.h"

void api_signatures_offer(struct api *api, struct state *st);

#endif
