/* api_signatures: one route. */
#include "service/api_signatures.h"

static enum api_result
reload(struct api_call *c)
{
	struct state *st = c->context;

	/* whoever derives something from settings does so at the next turn */
	st->settings.generation++;
	json_object(&c->json, NULL);
	json_end(&c->json);
	return API_DONE;
}

static const struct api_route routes[] = {
	{ HTTP_POST, "/signatures/reload", reload },
};

static const struct api_table table = API_TABLE(routes);

void
api_signatures_offer(struct api *api, struct state *st)
{
	api_add(api, &table, st);
}
