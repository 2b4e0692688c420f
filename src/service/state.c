/*
 * state: opening the folder in the right order.  Making a new folder and a
 * certificate is cli_init.c's.
 */
#include "service/state.h"

#include "core/secret.h"
#include "platform/entropy.h"
#include "platform/process.h"
#include "service/keep.h"
#include "store/mailbox.h"

static const char set_up_key[] = "setup.done";

static int
say(struct state *s, struct text *why, const char *file, const char *what,
    int err)
{
	text_str(why, s->folder);
	if (*file != '\0')
		text_chr(why, '/');
	text_str(why, file);
	text_str(why, ": ");
	text_str(why, what);
	return err;
}

/* As say, of what the settings lie on. */
static int
say_medium(struct state *s, const struct state_memory *m, struct text *why,
    const char *what, int err)
{
	if (m->mtd[0] == '\0')
		return say(s, why, STATE_SETTINGS, what, err);
	text_str(why, "flash partition ");
	text_str(why, m->mtd);
	text_str(why, ": ");
	text_str(why, what);
	return err;
}

static const char *
mtd_words(int err)
{
	switch (err) {
	case ERR_MISSING:
		return "not in /proc/mtd; the settings of this build lie on "
		       "it (SETTINGS_MTD)";
	case ERR_DENIED:
		return "no right to use it; run as root";
	case ERR_UNSUPPORTED:
		return "is not NOR flash; build for a file (SETTINGS_MTD=\"\") "
		       "on UBIFS";
	default:
		return err_text(err);
	}
}

static const char *
folder_words(int err)
{
	switch (err) {
	case ERR_MISSING:
		return "no such folder; `gatepost init` makes it, --state "
		       "names another";
	case ERR_DENIED:
		return "no right to use this folder; run as its owner";
	case ERR_BUSY:
		return "another gatepost is at work here; try again, or, if "
		       "it serves and its socket is gone, restart it";
	default:
		return err_text(err);
	}
}

/* ---- the device's key ---- */

static int
read_key(struct state *s, int h)
{
	struct fs *fs = &s->files.fs;
	uint8_t more;
	int n = fs->read(fs, h, s->device_key, SEAL_KEY, 0);

	if (n < 0)
		return n;
	if (n != SEAL_KEY || fs->read(fs, h, &more, 1, SEAL_KEY) != 0)
		return ERR_TORN;
	return ERR_OK;
}

static int
make_key(struct state *s)
{
	int err = entropy_fill(s->device_key, SEAL_KEY);

	if (err < 0)
		return err;
	return keep_file(
	    &s->files.fs, ".", STATE_KEY, span_of(s->device_key, SEAL_KEY));
}

static int
open_key(struct state *s, struct text *why)
{
	struct fs *fs = &s->files.fs;
	int h = fs->open(fs, STATE_KEY, FS_READ);
	int err = h;

	if (h >= 0) {
		err = read_key(s, h);
		(void)fs->close(fs, h);
	} else if (h == ERR_MISSING) {
		err = make_key(s);
	}
	if (err == ERR_TORN)
		return say(s, why, STATE_KEY,
		    "is not 32 octets long; put back its copy from a backup, "
		    "or remove it and enter all secrets anew",
		    err);
	return err < 0 ? say(s, why, STATE_KEY, err_text(err), err) : ERR_OK;
}

/* ---- settings ---- */

static const char *
settings_words(int err)
{
	switch (err) {
	case ERR_UNSUPPORTED:
		return "was written by a newer version of gatepost; use that "
		       "version, or restore a backup of this one";
	case ERR_RANGE:
		return "does not have the size of a settings file: it was cut "
		       "off; put back a copy of it, or move it away and "
		       "restore a backup";
	case ERR_TORN:
		return "is damaged, or no settings of gatepost; put back a "
		       "copy of it, or move it away and restore a backup";
	default:
		return err_text(err);
	}
}

/*
 * A file is never without its marks once it has some content.  Flash may be,
 * where power went while it was erased for the first time.
 */
static bool
is_damaged(struct state *s)
{
	return !s->medium.is_mtd && !kv_is_blank(&s->kv);
}

static int
open_kv(struct state *s, const struct state_memory *m, struct text *why)
{
	int err = kv_open(
	    &s->kv, &s->medium.on.flash, s->medium.on.flash.blocks / 2, &m->kv);

	if (err == ERR_MISSING) {
		s->fresh = true;
		err = is_damaged(s) ? ERR_TORN : kv_format(&s->kv);
	}
	if (err < 0)
		return say_medium(s, m, why, settings_words(err), err);
	return ERR_OK;
}

static int
open_flash(struct state *s, const struct state_memory *m, struct text *why)
{
	char path[FS_PATH_MAX];
	struct text t;
	int err;

	text_init(&t, path, sizeof(path));
	text_str(&t, s->folder);
	text_str(&t, "/" STATE_SETTINGS);
	if (t.cut)
		return say(s, why, "", "the path is too long", ERR_RANGE);
	err = medium_open(&s->medium, m->mtd, path, m->bank_octets, &s->fresh);
	if (err < 0)
		return say_medium(s, m, why,
		    m->mtd[0] != '\0' ? mtd_words(err) : settings_words(err),
		    err);
	err = open_kv(s, m, why);
	if (err < 0)
		medium_close(&s->medium);
	return err;
}

static int
load(struct state *s, const struct state_memory *m, struct text *why)
{
	uint8_t mark;
	int err;

	settings_init(&s->settings, &s->kv, m->settings, m->settings_cap);
	err = settings_unlock(&s->settings, s->device_key, entropy_fill);
	if (err < 0 && err != ERR_DENIED)
		return say_medium(s, m, why, err_text(err), err);
	err = settings_load(&s->settings, &s->bad);
	if (err < 0)
		return say_medium(s, m, why, err_text(err), err);
	s->is_set_up =
	    kv_get(&s->kv, span_str(set_up_key), &mark, sizeof(mark)) >= 0;
	accounts_init(
	    &s->accounts, m->accounts, m->accounts_cap, m->accounts_index);
	err = accounts_load(&s->accounts, &s->kv, &s->bad_accounts);
	if (err == ERR_FULL)
		return say_medium(s, m, why,
		    "holds more accounts than this program was built for; use "
		    "one with a larger MAX_ACCOUNTS",
		    err);
	return err < 0 ? say_medium(s, m, why, err_text(err), err) : ERR_OK;
}

/* ---- the folder ---- */

static int
open_locked(struct state *s, const struct state_memory *m, struct text *why)
{
	int err = files_lock(&s->files);

	if (err < 0)
		return say(s, why, "", folder_words(err), err);
	err = open_key(s, why);
	if (err < 0)
		return err;
	err = open_flash(s, m, why);
	if (err < 0)
		return err;
	err = load(s, m, why);
	if (err < 0)
		medium_close(&s->medium);
	return err;
}

int
state_open(struct state *s, const struct state_memory *m, const char *folder,
    struct text *why)
{
	int err;

	s->folder = folder;
	s->fresh = false;
	s->bad = 0;
	err = files_open(&s->files, folder);
	if (err < 0)
		return say(s, why, "", folder_words(err), err);
	err = open_locked(s, m, why);
	if (err < 0)
		files_close(&s->files);
	return err;
}

int
state_reload(struct state *s)
{
	struct accounts *as = &s->accounts;
	const struct account *a = NULL;
	uint8_t mark;
	int err = settings_load(&s->settings, &s->bad);

	s->is_set_up =
	    kv_get(&s->kv, span_str(set_up_key), &mark, sizeof(mark)) >= 0;
	accounts_init(as, as->table, as->cap, as->index);
	if (err >= 0)
		err = accounts_load(as, &s->kv, &s->bad_accounts);
	while (err >= 0 && (a = accounts_next(as, a ? a->id : 0)) != NULL)
		err = state_mailbox(s, account_name(a));
	return err;
}

int
state_beside(const struct state *s, const char *plain, const char *hidden,
    char out[FS_PATH_MAX / 2])
{
	struct span path = settings_text(&s->settings, SETTING_MAIL_PATH);
	struct text t;

	text_init(&t, out, FS_PATH_MAX / 2);
	text_span(&t, path);
	if (path.len > 0)
		text_chr(&t, '/');
	text_str(&t, path.len > 0 ? hidden : plain);
	return t.cut ? ERR_RANGE : ERR_OK;
}

int
state_mailbox(struct state *s, struct span name)
{
	struct span root = settings_text(&s->settings, SETTING_MAIL_PATH);
	char mem[FS_PATH_MAX / 2], maildir[FS_PATH_MAX];
	struct text t;
	int err;

	text_init(&t, mem, sizeof(mem));
	text_span(&t, root.len > 0 ? root : SPAN("mail"));
	err = t.cut ? ERR_RANGE : mailbox_folder(maildir, mem, name);
	return err < 0 ? err : mailbox_create(&s->files.fs, maildir);
}

int
state_set_up(struct state *s)
{
	int err = kv_begin(&s->kv);

	if (err < 0)
		return err;
	err = kv_put(&s->kv, span_str(set_up_key), SPAN("1"));
	if (err < 0) {
		kv_abort(&s->kv);
		return err;
	}
	err = kv_commit(&s->kv);
	s->is_set_up = err >= 0;
	return err;
}

void
state_close(struct state *s)
{
	medium_close(&s->medium);
	files_close(&s->files);
	secret_wipe(s->device_key, sizeof(s->device_key));
	secret_wipe(&s->settings.seal, sizeof(s->settings.seal));
}
