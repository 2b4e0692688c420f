/*
 * mailbox: Maildir folders, and the one place where message names are made
 * and read.  It does not list mailboxes (that is maildrop) and never removes
 * or renames a message.
 */
#include "store/mailbox.h"

#include <assert.h>

#include "core/chr.h"
#include "core/text.h"

#define HOST_MAX 19 /* so that the whole id fits MAILBOX_ID_MAX */

void
mailbox_ids_init(struct mailbox_ids *ids, uint32_t pid,
    const uint8_t boot[MAILBOX_BOOT_LEN], struct span host)
{
	struct text t;

	ids->seq = 0;
	text_init(&t, ids->pid, sizeof(ids->pid));
	text_u64(&t, pid);
	text_init(&t, ids->tail, sizeof(ids->tail));
	text_chr(&t, 'R');
	text_hex(&t, span_of(boot, MAILBOX_BOOT_LEN));
	text_chr(&t, '.');
	host = span_first(host, HOST_MAX);
	if (host.len == 0)
		host = SPAN("localhost");
	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = host.p[i];

		text_chr(&t, chr_is(c, CHR_NAME) || c == '.' ? (char)c : '-');
	}
	assert(!t.cut);
}

void
mailbox_id(struct mailbox_ids *ids, int64_t wall_us, char out[MAILBOX_ID_MAX])
{
	uint64_t us = wall_us > 0 ? (uint64_t)wall_us : 0;
	struct text t;

	text_init(&t, out, MAILBOX_ID_MAX);
	text_u64(&t, us / 1000000);
	text_str(&t, ".M");
	text_u64(&t, us % 1000000);
	text_str(&t, "P");
	text_str(&t, ids->pid);
	text_str(&t, "Q");
	text_u64(&t, ids->seq++);
	text_str(&t, ids->tail);
	/* Cut only after 10^10 messages, and then in the host's name. */
}

void
mailbox_name(char out[MAILBOX_NAME_MAX], const char *id, uint64_t octets,
    uint64_t wire_octets)
{
	struct text t;

	text_init(&t, out, MAILBOX_NAME_MAX);
	text_str(&t, id);
	text_str(&t, ",S=");
	text_u64(&t, octets);
	text_str(&t, ",W=");
	text_u64(&t, wire_octets);
	assert(!t.cut);
}

/* Does ":2" end here, as programs write it where ':' is forbidden, too? */
static bool
ends_in_flags_mark(struct span s)
{
	return s.len >= 2 && s.p[s.len - 1] == '2'
	       && (s.p[s.len - 2] == ':' || s.p[s.len - 2] == ';'
		   || s.p[s.len - 2] == '!');
}

/* "S=" or "W=", and digits; what stands behind it goes before. */
static void
take_size(struct mailbox_entry *e, struct span field)
{
	struct span digits = span_from(field, 2);

	if (digits.len == 0 || field.p[1] != '=')
		return;
	if (field.p[0] == 'S' && !e->has_octets)
		e->has_octets = !span_u64(digits, INT64_MAX, &e->octets);
	if (field.p[0] == 'W' && !e->has_wire)
		e->has_wire = !span_u64(digits, INT64_MAX, &e->wire_octets);
}

/* From the end, as only the last ":2," begins flags. */
int
mailbox_parse(struct span name, struct mailbox_entry *e)
{
	struct span rest = name, field;
	size_t comma;

	if (name.len == 0 || name.p[0] == '.')
		return ERR_SYNTAX;
	*e = (struct mailbox_entry) { .base = name, .flags.p = name.p };
	while ((comma = span_rfind(rest, ',')) < rest.len) {
		field = span_from(rest, comma + 1);
		rest = span_first(rest, comma);
		if (e->base.len < name.len || !ends_in_flags_mark(rest)) {
			take_size(e, field);
			continue;
		}
		rest.len -= 2;
		*e = (struct mailbox_entry) { .base = rest,
			.flags = span_from(name, comma + 1) };
	}
	e->id = rest;
	return rest.len == 0 ? ERR_SYNTAX : ERR_OK;
}

int
mailbox_path(char out[FS_PATH_MAX], const char *maildir, const char *folder,
    struct span name)
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, maildir);
	text_chr(&t, '/');
	text_str(&t, folder);
	text_chr(&t, '/');
	text_span(&t, name);
	return t.cut ? ERR_RANGE : ERR_OK;
}

/* Make the name of `path` durable; `path` is as before afterwards. */
static int
sync_parent(struct fs *fs, char *path)
{
	char *slash = strrchr(path, '/');
	int err;

	if (slash == NULL)
		return fs->sync_dir(fs, ".");
	if (slash == path)
		return fs->sync_dir(fs, "/");
	*slash = '\0';
	err = fs->sync_dir(fs, path);
	*slash = '/';
	return err;
}

/* A folder that could not be made durable is not left for the next try. */
static int
make_folder(struct fs *fs, char *path)
{
	struct fs_stat st;
	int err = fs->mkdir(fs, path);

	if (err == ERR_EXISTS) {
		err = fs->stat(fs, path, &st);
		return err || st.is_dir ? err : ERR_EXISTS;
	}
	if (err)
		return err;
	err = sync_parent(fs, path);
	if (err)
		(void)fs->rmdir(fs, path);
	return err;
}

/* Every folder on the way to `path`, and it. */
static int
make_way(struct fs *fs, char *path)
{
	char *slash = path;
	int err = ERR_OK;

	while (!err && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		err = make_folder(fs, path);
		*slash = '/';
	}
	return err ? err : make_folder(fs, path);
}

int
mailbox_make_folder(struct fs *fs, const char *path)
{
	char mem[FS_PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(mem))
		return ERR_RANGE;
	memcpy(mem, path, len + 1);
	return make_way(fs, mem);
}

int
mailbox_open_folder(struct fs *fs, const char *path, int *index, int *walk)
{
	int err = mailbox_make_folder(fs, path);

	if (err)
		return err;
	*index = fs->open(fs, path, FS_SCRATCH);
	if (*index < 0)
		return *index;
	*walk = fs->dir_open(fs, path);
	return *walk < 0 ? *walk : ERR_OK;
}

int
mailbox_create(struct fs *fs, const char *maildir)
{
	static const char folders[3][5] = { "/tmp", "/new", "/cur" };
	char path[FS_PATH_MAX];
	size_t len = strlen(maildir);
	int err;

	if (len == 0 || len + sizeof(folders[0]) > sizeof(path))
		return ERR_RANGE;
	memcpy(path, maildir, len + 1);
	err = make_way(fs, path);
	for (size_t i = 0; !err && i < 3; i++) {
		memcpy(path + len, folders[i], sizeof(folders[i]));
		err = make_folder(fs, path);
	}
	return err;
}

int
mailbox_folder(char out[FS_PATH_MAX], const char *root, struct span account)
{
	struct text t;

	text_init(&t, out, FS_PATH_MAX);
	text_str(&t, root);
	text_chr(&t, '/');
	text_span(&t, account);
	text_str(&t, "/Maildir");
	return t.cut ? ERR_RANGE : ERR_OK;
}
