/* api_backup: see the header; the formats are store's. */
#include "service/api_backup.h"

#include "core/log.h"
#include "core/secret.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "store/backup.h"
#include "store/settings_text.h"

#define PASSPHRASE_MAX 255
#define SLICE_US       10000
#define CHANGES_A_DAY  50   /* of a busy owner, to tell years from erases */
#define CHANGE	       40   /* octets of one in the log */
#define PART_OCTETS    1024 /* of a backup's piece, so that it fits */

_Static_assert(sizeof(struct passkey) <= API_STATE, "it is a call's state");
_Static_assert(API_SCRATCH >= BACKUP_PIECE, "a backup's piece is made there");
_Static_assert(API_SCRATCH > SETTINGS_TEXT_LINE, "an export's line, too");
_Static_assert(API_PIECE > SETTINGS_TEXT_LINE, "and it fits in an answer");

/* ---- passphrases ---- */

/* The body's "passphrase", empty without a body; ERR_SYNTAX: refused. */
static int
take_passphrase(struct api_call *c, struct text *to)
{
	struct json j;
	int err;

	if (c->body.len == 0)
		return ERR_OK;
	if (api_body(c, &j, "passphrase"))
		return ERR_SYNTAX;
	err = api_body_text(c, &j, "passphrase", to);
	return err == ERR_MISSING ? ERR_OK : err;
}

/* Cut the first line off a body: the passphrase. */
static int
split_body(struct api_call *c, struct span *passphrase, struct span *file)
{
	size_t at = span_find(c->body, '\n');

	if (at == c->body.len || at > PASSPHRASE_MAX) {
		(void)api_refuse(c, 400,
		    "the body must begin with a line for the passphrase, "
		    "which may be empty");
		return ERR_SYNTAX;
	}
	*passphrase = span_first(c->body, at);
	*file = span_from(c->body, at + 1);
	return ERR_OK;
}

static enum api_result
cannot_seal(struct api_call *c, int err)
{
	if (err != ERR_DENIED)
		return api_failed(c, "beginning", err);
	return api_refuse(c, 409,
	    "the secrets were sealed on another device and can't be opened "
	    "here; do it without a passphrase, or enter the secrets anew");
}

/* A call with a passphrase: its key first, a slice a turn, then the rest. */
enum stage { STAGE_NONE, STAGE_KEY, STAGE_REST };

/*
 * A slice; STAGE_REST in c->cursor says that `k`, in the call's state, is done.
 */
static enum api_result
run_key(struct api_call *c, struct passkey *k)
{
	bool done = passkey_run(k, clock_mono_us, clock_mono_us() + SLICE_US);

	c->cursor = done ? STAGE_REST : STAGE_KEY;
	return API_AGAIN;
}

/* The key of an answer that may hold secrets. */
static enum api_result
new_key(struct api_call *c)
{
	struct passkey *k = (struct passkey *)c->state.bytes;
	char mem[PASSPHRASE_MAX + 1];
	struct text passphrase;
	int err;

	if (c->cursor == STAGE_KEY)
		return run_key(c, k);
	text_init(&passphrase, mem, sizeof(mem));
	err = take_passphrase(c, &passphrase);
	if (err >= 0) {
		err = passkey_new(k, text_data(&passphrase), entropy_fill);
		if (err < 0)
			(void)cannot_seal(c, err);
	}
	secret_wipe(mem, sizeof(mem));
	c->cursor = STAGE_KEY;
	return err < 0 ? API_DONE : API_AGAIN;
}

/* The key and its reader share the call's state: one after the other. */
static int
begin_sealed(
    struct api_call *c, int (*begin)(struct api_call *, const struct passkey *))
{
	struct passkey k;
	int err;

	memcpy(&k, c->state.bytes, sizeof(k));
	memset(c->state.bytes, 0, sizeof(c->state.bytes));
	err = begin(c, &k);
	passkey_end(&k);
	c->cursor++;
	if (err < 0)
		(void)cannot_seal(c, err);
	return err;
}

/* ---- export ---- */

_Static_assert(
    sizeof(struct settings_export) <= API_STATE, "it is a call's state");

static int
begin_export(struct api_call *c, const struct passkey *k)
{
	struct state *s = c->context;

	return settings_export_begin(
	    (struct settings_export *)c->state.bytes, &s->settings, k);
}

static enum api_result
export_lines(struct api_call *c)
{
	struct settings_export *x = (struct settings_export *)c->state.bytes;
	struct text line;
	int got;

	if (c->cursor < STAGE_REST)
		return new_key(c);
	if (c->cursor == STAGE_REST && begin_sealed(c, begin_export) < 0)
		return API_DONE;
	c->type = "text/plain; charset=utf-8";
	text_init(&line, c->api->scratch.bytes, API_SCRATCH);
	got = settings_export_next(x, &line);
	if (got < 0)
		return api_failed(c, "reading the settings", got);
	text_span(c->out, text_data(&line));
	if (got == 0)
		settings_export_end(x);
	return got > 0 ? API_MORE : API_DONE;
}

/* ---- import, reset ---- */

static unsigned
status_of(int err)
{
	switch (err) {
	case ERR_FULL:
		return 507;
	case ERR_IO:
		return 500;
	case ERR_BUSY:
		return 409;
	default:
		return 400;
	}
}

/*
 * A file that comes in: its key first, in several turns.  True when that is
 * there; else the call goes on, or is over, as `*then` says.
 */
static bool
take_file(struct api_call *c,
    void (*begin)(struct passkey *, struct span, struct span),
    struct span *file, enum api_result *then)
{
	struct passkey *k = (struct passkey *)c->state.bytes;
	struct span passphrase;

	*then = API_DONE;
	if (split_body(c, &passphrase, file))
		return false;
	if (c->cursor == STAGE_NONE)
		begin(k, *file, passphrase);
	if (c->cursor < STAGE_REST) {
		*then = run_key(c, k);
		return false;
	}
	return true;
}

static enum api_result
import(struct api_call *c)
{
	struct passkey *k = (struct passkey *)c->state.bytes;
	struct state *s = c->context;
	enum api_result then;
	char mem[API_MESSAGE];
	struct span file;
	struct text why;
	int err;

	if (!take_file(c, settings_import_key, &file, &then))
		return then;
	text_init(&why, mem, sizeof(mem));
	err = settings_import(&s->settings, file, k, &why);
	if (err < 0)
		return api_refuse(c, status_of(err), mem);
	log_event(LOG_INFO, "settings.imported", NULL, NULL, 0);
	return api_ok(c);
}

static enum api_result
reset(struct api_call *c)
{
	struct state *s = c->context;
	char mem[API_MESSAGE];
	struct text why;
	int err;

	text_init(&why, mem, sizeof(mem));
	err = settings_reset(&s->settings, &why);
	if (err < 0)
		return api_refuse(c, status_of(err), mem);
	log_event(LOG_INFO, "settings.reset", NULL, NULL, 0);
	return api_ok(c);
}

/* ---- backup ---- */

/* A backup under way; a piece may go out in several parts. */
struct backup_walk {
	struct backup backup;
	size_t given; /* octets of the next piece that are out already */
};

_Static_assert(sizeof(struct backup_walk) <= API_STATE, "it is a call's state");

static int
begin_backup(struct api_call *c, const struct passkey *k)
{
	struct backup_walk *w = (struct backup_walk *)c->state.bytes;
	struct state *s = c->context;

	return backup_begin(&w->backup, &s->settings, k);
}

/* The same piece is made again for each of its parts: it is all in `w`. */
static enum api_result
backup(struct api_call *c)
{
	struct backup_walk *w = (struct backup_walk *)c->state.bytes;
	struct backup_walk before;
	struct span piece;
	int n;

	if (c->cursor < STAGE_REST)
		return new_key(c);
	if (c->cursor == STAGE_REST && begin_sealed(c, begin_backup) < 0)
		return API_DONE;
	c->type = "application/octet-stream";
	before = *w;
	n = backup_next(&w->backup, (uint8_t *)c->api->scratch.bytes);
	if (n < 0)
		return api_failed(c, "reading the settings", n);
	if (n == 0)
		return API_DONE;
	piece =
	    span_from(span_of(c->api->scratch.bytes, (size_t)n), before.given);
	text_span(c->out, span_first(piece, PART_OCTETS));
	w->given = 0;
	if (piece.len > PART_OCTETS) {
		*w = before;
		w->given += PART_OCTETS;
	}
	return API_MORE;
}

static enum api_result
restore(struct api_call *c)
{
	struct passkey *k = (struct passkey *)c->state.bytes;
	struct state *s = c->context;
	enum api_result then;
	char mem[API_MESSAGE];
	struct span file;
	struct text why;
	int err;

	if (!take_file(c, backup_restore_key, &file, &then))
		return then;
	text_init(&why, mem, sizeof(mem));
	err = backup_restore(&s->settings, file, k, s->device_key, &why);
	if (err < 0)
		return api_refuse(c, status_of(err), mem);
	err = state_reload(s);
	if (err < 0)
		return api_failed(
		    c, "restored, but not yet in use; restart the server", err);
	log_event(LOG_WARN, "settings.restored", NULL, NULL, 0);
	return api_ok(c);
}

/* ---- wear ---- */

static void
write_banks(struct json_out *o, const struct kv *kv, const struct kv_stats *st)
{
	json_array(o, "erases");
	for (uint32_t i = 0; i < st->banks; i++) {
		uint32_t erases, failures;

		kv_wear(kv, i, &erases, &failures);
		json_object(o, NULL);
		json_u64(o, "bank", i);
		json_u64(o, "erases", erases);
		json_u64(o, "failures", failures);
		json_end(o);
	}
	json_end(o);
}

static enum api_result
wear(struct api_call *c)
{
	const struct state *s = c->context;
	struct json_out *o = &c->json;
	struct kv_stats st;

	kv_stats(&s->kv, &st);
	json_object(o, NULL);
	json_u64(o, "used_octets", st.used.octets);
	json_u64(o, "most_octets", st.total.octets);
	json_u64(o, "used_keys", st.used.keys);
	json_u64(o, "most_keys", st.total.keys);
	json_u64(o, "banks", st.banks);
	json_u64(o, "bank_octets", st.bank_octets);
	json_u64(o, "log_octets", st.log_octets);
	json_u64(o, "live_bank", st.live_bank);
	json_u64(o, "compactions", st.compactions);
	json_u64(o, "damaged", st.damaged);
	json_u64(o, "assumed_erases_a_bank", KV_ENDURANCE);
	json_u64(o, "assumed_changes_a_day", CHANGES_A_DAY);
	json_u64(o, "years_left", kv_years(&s->kv, CHANGES_A_DAY, CHANGE));
	write_banks(o, &s->kv, &st);
	json_end(o);
	return API_DONE;
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/settings/export", export_lines },
	{ HTTP_POST, "/settings/export", export_lines },
	{ HTTP_POST, "/settings/import", import },
	{ HTTP_POST, "/settings/reset", reset },
	{ HTTP_GET, "/settings/wear", wear },
	{ HTTP_POST, "/backup", backup },
	{ HTTP_POST, "/restore", restore },
};

static const struct api_table table = API_TABLE(routes);

void
api_backup_offer(struct api *api, struct state *state)
{
	api_add(api, &table, state);
}
