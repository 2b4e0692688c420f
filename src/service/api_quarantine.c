/* api_quarantine: see the header.  Delivering is release's. */
#include "service/api_quarantine.h"

#include <unistd.h>

#include "core/log.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/process.h"
#include "service/place.h"

/* ---- in the command line's own process ---- */

/* Ids of its own, and a place to write a released message. */
static int
open_spool(struct api_quarantine *a, const char *host, char *tmp)
{
	uint8_t boot[MAILBOX_BOOT_LEN];
	int err = entropy_fill(boot, sizeof(boot));

	if (!err)
		err = state_beside(a->state, "tmp", ".receiving", tmp);
	if (!err && place_check(&a->state->files.fs, tmp))
		err = ERR_IO; /* its disk is not mounted */
	if (err)
		return err;
	mailbox_ids_init(&a->ids, (uint32_t)getpid(), boot, span_str(host));
	err = spool_init(&a->spool, &a->state->files.fs, &a->ids, tmp, 0);
	if (!err)
		err = spool_recover(&a->spool);
	return err < 0 ? err : ERR_OK;
}

static int
open_alone(struct api_quarantine *a)
{
	const struct settings *st = &a->state->settings;
	static char host[256], tmp[FS_PATH_MAX / 2];
	static char held[FS_PATH_MAX / 2], root[FS_PATH_MAX / 2];
	const struct sending_parts parts = {
		.state = a->state,
		.spool = &a->spool,
		.mail_root = root,
		.quarantine = held,
	};
	struct text t;
	int err;

	text_init(&t, host, sizeof(host));
	text_span(&t, settings_text(st, SETTING_HOST_NAME));
	if (t.len == 0)
		process_host_name(host, sizeof(host));
	err = state_beside(a->state, "mail", ".", root);
	if (!err)
		err = state_beside(a->state, "quarantine", ".quarantine", held);
	if (!err)
		err = open_spool(a, host, tmp);
	if (!err)
		err = sending_open_alone(a->sending, &parts, host);
	if (!err)
		err = api_queue_open(a->queue);
	if (!err)
		err = release_init(&a->release, &a->sending->deliver, tmp);
	return err;
}

static int
open_all(struct api_quarantine *a)
{
	int err = ERR_OK;

	if (!a->is_open)
		err = a->running ? release_init(&a->release,
			  &a->sending->deliver, a->sending->deliver.spool->tmp)
				 : open_alone(a);
	a->is_open = !err;
	return err;
}

static enum api_result
say_failure(struct api_call *c, int err)
{
	switch (err) {
	case ERR_MISSING:
		return api_refuse(c, 404,
		    "no such message in the quarantine; `gatepost quarantine "
		    "list` shows all");
	case ERR_BUSY:
	case ERR_CLOSED:
		return api_refuse(c, 409,
		    "another message is being released at this moment; try "
		    "again in a few seconds");
	case ERR_DENIED:
		return api_refuse(c, 403,
		    "this message holds malware and is never released; "
		    "`gatepost quarantine delete` removes it");
	case ERR_TORN:
		return api_refuse(c, 500,
		    "the message's file is damaged; it is left where it is");
	default:
		return api_failed(c, "reading the quarantine", err);
	}
}

/* ---- looking ---- */

static int
open_file(struct api_quarantine *a, const char *id)
{
	const struct quarantine *q = &a->sending->quarantine;

	return quarantine_file_open(&a->file, q->fs, q->folder, id);
}

static void
write_head(struct api_quarantine *a, struct json_out *o,
    const struct quarantine_entry *e)
{
	const struct queue_head *h = &a->file.queue.head;
	const struct quarantine_note *n = &a->file.note;

	json_cstr(o, "id", e->id);
	json_i64(o, "time", h->arrived_s);
	json_str(o, "sender", h->sender);
	json_str(o, "login", h->login);
	json_u64(o, "octets", h->octets);
	json_u64(o, "recipients", a->file.queue.rcpts);
	json_cstr(o, "reason", quarantine_reason_name(n->reason));
	json_str(o, "name", n->name);
	json_bool(o, "releasable", n->reason != QUARANTINE_MALWARE);
}

static void
write_first(struct api_quarantine *a, struct json_out *o)
{
	uint64_t at = a->file.queue.first;
	struct queue_rcpt r;

	if (queue_file_rcpt(&a->file.queue, &at, &r, &a->strings) == 1)
		json_str(o, "first", r.path);
}

static enum api_result
quarantine_list(struct api_call *c)
{
	struct api_quarantine *a = c->context;
	struct quarantine_entry e;
	uint32_t slot = (uint32_t)c->cursor;
	int got, err = open_all(a);

	if (err)
		return say_failure(c, err);
	if (c->cursor == 0) {
		json_object(&c->json, NULL);
		json_array(&c->json, "quarantine");
	}
	got = quarantine_next(&a->sending->quarantine, &slot, &e);
	if (got < 0)
		return say_failure(c, got);
	if (got == 0) {
		json_end(&c->json);
		json_end(&c->json);
		return API_DONE;
	}
	c->cursor = slot;
	err = open_file(a, e.id);
	if (err == ERR_MISSING)
		return API_MORE; /* removed by hand */
	json_object(&c->json, NULL);
	if (err) {
		json_cstr(&c->json, "id", e.id);
		json_cstr(&c->json, "name", err_text(err));
	} else {
		write_head(a, &c->json, &e);
		write_first(a, &c->json);
		quarantine_file_close(&a->file);
	}
	json_end(&c->json);
	return API_MORE;
}

/* What only one message's page needs. */
static void
write_details(struct api_quarantine *a, struct json_out *o)
{
	const struct quarantine_note *n = &a->file.note;
	char mem[2 * QUARANTINE_HASH + 1];
	struct text t;

	json_str(o, "where", n->where);
	json_str(o, "client", n->client);
	json_str(o, "listener", n->way);
	json_bool(o, "ours", (n->flags & QUARANTINE_OURS) != 0);
	json_bool(o, "refused", (n->flags & QUARANTINE_REFUSED) != 0);
	json_bool(o, "warned", a->file.queue.warned);
	text_init(&t, mem, sizeof(mem));
	if (n->flags & QUARANTINE_HASHED)
		text_hex(&t, span_of(n->hash, sizeof(n->hash)));
	json_str(o, "sha256", text_data(&t));
	json_array(o, "to");
}

static enum api_result
quarantine_show(struct api_call *c)
{
	struct api_quarantine *a = c->context;
	struct quarantine_entry e;
	uint64_t at = c->cursor;
	struct queue_rcpt r;
	int got, err = open_all(a);

	if (!err)
		err = quarantine_find(&a->sending->quarantine, c->arg[0], &e);
	if (!err)
		err = open_file(a, e.id);
	if (err)
		return say_failure(c, err);
	if (at == 0) {
		at = a->file.queue.first;
		json_object(&c->json, NULL);
		write_head(a, &c->json, &e);
		write_details(a, &c->json);
	}
	got = queue_file_rcpt(&a->file.queue, &at, &r, &a->strings);
	quarantine_file_close(&a->file);
	if (got < 0)
		return say_failure(c, got);
	c->cursor = at;
	if (got == 1) {
		json_str(&c->json, NULL, r.path);
		return API_MORE;
	}
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

/* ---- changing ---- */

/* The first turn; the others copy. */
static int
begin_release(struct api_call *c, uint32_t *serial)
{
	struct api_quarantine *a = c->context;
	struct quarantine_entry e;
	int err = open_all(a);

	if (!err)
		err = quarantine_find(&a->sending->quarantine, c->arg[0], &e);
	if (!err)
		err = release_begin(&a->release, &e, clock_mono_ms(),
		    clock_wall_us() / 1000000);
	if (err > 0)
		*serial = (uint32_t)err;
	return err;
}

static enum api_result
say_undelivered(struct api_call *c, int err)
{
	if (err == ERR_MISSING)
		return api_refuse(c, 409,
		    "none of its recipients exists here any more; add the "
		    "account or alias, or delete the message");
	return api_failed(c, "delivering the message", err);
}

static enum api_result
quarantine_release(struct api_call *c)
{
	struct api_quarantine *a = c->context;
	uint32_t *serial = (uint32_t *)c->state.bytes;
	int err;

	if (*serial == 0) {
		err = begin_release(c, serial);
		return err < 0 ? say_failure(c, err) : API_AGAIN;
	}
	err = release_step(&a->release, *serial, clock_mono_ms());
	if (err > 0)
		return API_AGAIN;
	if (err < 0)
		return say_failure(c, err);
	err = release_end(
	    &a->release, clock_mono_ms(), clock_wall_us() / 1000000);
	return err ? say_undelivered(c, err) : api_ok(c);
}

/* The list knows it; does its folder, too? */
static int
find_file(struct quarantine *q, const struct quarantine_entry *e)
{
	char path[FS_PATH_MAX];
	struct fs_stat st;
	int err = quarantine_path(q, e->id, path);

	return err ? err : q->fs->stat(q->fs, path, &st);
}

static enum api_result
quarantine_delete(struct api_call *c)
{
	struct api_quarantine *a = c->context;
	struct quarantine *q = &a->sending->quarantine;
	struct quarantine_entry e;
	int err = open_all(a);

	if (!err)
		err = quarantine_find(q, c->arg[0], &e);
	if (!err && find_file(q, &e) == ERR_MISSING)
		return api_no_file(c, q->folder);
	if (!err)
		err = quarantine_remove(q, &e);
	if (!err)
		err = quarantine_sync(q);
	if (err)
		return say_failure(c, err);
	log_event(LOG_INFO, "quarantine.deleted", "id", e.id, 0);
	return api_ok(c);
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/quarantine", quarantine_list },
	{ HTTP_GET, "/quarantine/{id}", quarantine_show },
	{ HTTP_POST, "/quarantine/{id}/release", quarantine_release },
	{ HTTP_DELETE, "/quarantine/{id}", quarantine_delete },
};

static const struct api_table table = API_TABLE(routes);

void
api_quarantine_offer(struct api *api, struct api_quarantine *a)
{
	api_add(api, &table, a);
}
