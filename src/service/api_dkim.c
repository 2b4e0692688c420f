/* api_dkim: see the header. */
#include "service/api_dkim.h"

#include "core/log.h"
#include "core/secret.h"

static void
configure(const struct api_dkim *ad)
{
	const struct settings *st = &ad->state->settings;

	signer_configure(ad->signer, settings_text(st, SETTING_DKIM_DOMAINS),
	    settings_text(st, SETTING_DKIM_SELECTOR));
}

/* The n-th of the domains; false: there are fewer. */
static bool
nth_domain(const struct signer *s, uint64_t n, struct span *domain)
{
	struct span rest = span_str(s->domains);

	while (span_next(&rest, ',', domain))
		if (domain->len > 0 && n-- == 0)
			return true;
	return false;
}

static enum api_result
write_record(struct api_call *c, const struct signer *s, struct span domain)
{
	char name[2 * SIGNER_SELECTOR + 16];
	struct text t;

	text_init(&t, c->api->scratch.bytes, API_SCRATCH);
	if (signer_record(s, &t))
		return api_refuse(c, 500, "the key can't be written");
	json_object(&c->json, NULL);
	json_str(&c->json, "domain", domain);
	json_str(&c->json, "value", text_data(&t));
	text_init(&t, name, sizeof(name));
	text_str(&t, s->selector);
	text_str(&t, "._domainkey.");
	text_span(&t, domain);
	json_str(&c->json, "name", text_data(&t));
	json_end(&c->json);
	c->cursor++;
	return API_MORE;
}

static enum api_result
begin_records(struct api_call *c, struct api_dkim *ad)
{
	char mem[API_MESSAGE];
	struct text why;
	int err;

	text_init(&why, mem, sizeof(mem));
	configure(ad);
	err = signer_load(ad->signer, &ad->state->files.fs, &why);
	if (err == ERR_MISSING)
		return api_refuse(c, 404,
		    "there is no key yet: `gatepost dkim keygen` makes one");
	if (err)
		return api_refuse(c, 500, mem);
	if (ad->signer->domains[0] == '\0')
		return api_refuse(c, 404,
		    "no mail is signed: name the domains with `gatepost set "
		    "dkim.domains=example.org`");
	c->state.bytes[0] = 1;
	json_object(&c->json, NULL);
	json_cstr(&c->json, "selector", ad->signer->selector);
	json_array(&c->json, "records");
	return API_MORE;
}

static enum api_result
show(struct api_call *c)
{
	struct api_dkim *ad = c->context;
	struct span domain;

	if (!c->state.bytes[0])
		return begin_records(c, ad);
	if (nth_domain(ad->signer, c->cursor, &domain))
		return write_record(c, ad->signer, domain);
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

static enum api_result
set_key(struct api_call *c)
{
	struct api_dkim *ad = c->context;
	struct fs *fs = &ad->state->files.fs;
	char mem[API_MESSAGE];
	struct text pem, why;
	struct fs_stat st;
	bool replace = false;
	struct json j;
	int err;

	if (api_body(c, &j, "pem replace")
	    || api_body_truth(c, &j, "replace", &replace))
		return API_DONE;
	text_init(&pem, c->api->scratch.bytes, API_SCRATCH);
	err = api_body_text(c, &j, "pem", &pem);
	if (err == ERR_SYNTAX)
		return API_DONE;
	if (err)
		return api_refuse(c, 400, "\"pem\" is missing or too long");
	if (!replace && fs->stat(fs, SIGNER_FILE, &st) == ERR_OK)
		return api_refuse(c, 409,
		    "there is a key, and DNS may know it: --replace makes a "
		    "new one all the same; a new dkim.selector lets both be "
		    "known for a while");
	text_init(&why, mem, sizeof(mem));
	err = signer_keep(ad->signer, fs, text_data(&pem), &why);
	secret_wipe(c->api->scratch.bytes, API_SCRATCH);
	if (err)
		return api_refuse(c, err == ERR_IO ? 500 : 400, mem);
	configure(ad);
	log_event(LOG_INFO, "dkim.new_key", NULL, NULL, 0);
	return api_ok(c);
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/dkim", show },
	{ HTTP_POST, "/dkim/key", set_key },
};

static const struct api_table table = API_TABLE(routes);

void
api_dkim_offer(struct api *api, struct api_dkim *ad)
{
	api_add(api, &table, ad);
}
