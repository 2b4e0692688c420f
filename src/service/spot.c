/* spot: looking where the socket or the mailboxes are to be. */
#include "service/spot.h"

#include "platform/process.h"

#define INSIDE_MAX 88 /* behind "/proc/self/fd/NNN/" in a socket's address */

static int
say(struct text *why, const char *path, const char *words)
{
	text_str(why, path);
	text_str(why, ": ");
	text_str(why, words);
	return ERR_RANGE;
}

static int
say_denied(struct text *why, const char *path)
{
	(void)say(why, path, "no right to write there; chown it to ");
	process_user(why);
	text_str(why, ", or name another place");
	return ERR_RANGE;
}

/* A folder that is there: may we make names in it? */
static int
try_folder(struct state *s, const char *path, struct text *why)
{
	int err = process_may_write(s->files.root, path);

	if (err == ERR_READ_ONLY)
		return say(why, path, "the file system is read-only");
	if (err == ERR_DENIED)
		return say_denied(why, path);
	return ERR_OK; /* what else there is shows at the start */
}

/* The folder above `path`. */
static int
try_parent(struct state *s, struct span path, struct text *why)
{
	struct fs *fs = &s->files.fs;
	char above[FS_PATH_MAX];
	struct fs_stat st;
	struct text t;
	size_t slash = span_rfind(path, '/');

	text_init(&t, above, sizeof(above));
	text_span(&t, slash == path.len ? SPAN(".") : span_first(path, slash));
	if (slash == 0)
		text_chr(&t, '/');
	switch (fs->stat(fs, above, &st)) {
	case ERR_OK:
		break;
	case ERR_MISSING:
		return say(why, above,
		    "there is no such folder; make it, or mount its disk");
	case ERR_DENIED:
		return say_denied(why, above);
	default:
		return ERR_OK;
	}
	return st.is_dir ? try_folder(s, above, why)
			 : say(why, above, "is no folder");
}

static int
try_mail(struct state *s, struct span value, struct text *why)
{
	struct fs *fs = &s->files.fs;
	char path[FS_PATH_MAX];
	struct fs_stat st;
	struct text t;

	text_init(&t, path, sizeof(path));
	text_span(&t, value);
	if (fs->stat(fs, path, &st))
		return try_parent(s, value, why);
	return st.is_dir ? try_folder(s, path, why)
			 : say(why, path, "is no folder");
}

static int
try_socket(struct state *s, struct span value, struct text *why)
{
	char path[FS_PATH_MAX];
	struct text t;

	text_init(&t, path, sizeof(path));
	text_span(&t, value);
	if (value.p[0] != '/' && value.len > INSIDE_MAX)
		return say(why, path,
		    "is too long for a socket in the state folder; give it a "
		    "shorter name");
	if (process_is_taken(s->files.root, path))
		return say(why, path,
		    "something else is there; remove it, or name another "
		    "place");
	return try_parent(s, value, why);
}

int
spot_try(struct state *s, enum setting id, struct span value, struct text *why)
{
	if (value.len == 0)
		return ERR_OK;
	if (id == SETTING_MAIL_PATH)
		return try_mail(s, value, why);
	if (id == SETTING_CONTROL_SOCKET
	    && !span_is(value, SPAN(STATE_CONTROL)))
		return try_socket(s, value, why);
	return ERR_OK;
}
