/* process: users, masks and small system calls.  Sandboxing is sandbox.c's. */
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Of 0, 1 and 2 none may be free: the next file opened would get the number,
 * and what is printed would go into the settings.  Nothing can be written to
 * the stand-in, so that output that is missed is an error as before.
 */
static void
fill_standard(void)
{
	int fd;

	do
		fd = open("/", O_RDONLY | O_DIRECTORY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

void
process_private(void)
{
	(void)umask(077);
	fill_standard();
}

bool
process_is_root(void)
{
	return geteuid() == 0;
}

static int
become(uid_t uid, gid_t gid)
{
	if (setgroups(1, &gid) || setresgid(gid, gid, gid)
	    || setresuid(uid, uid, uid))
		return ERR_DENIED;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setuid(0) == 0)
		return ERR_DENIED;
	return ERR_OK;
}

int
process_become_owner(const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return ERR_OK;
	if (stat(path, &st))
		return errno == ENOENT ? ERR_MISSING : ERR_IO;
	return st.st_uid == 0 ? ERR_OK : become(st.st_uid, st.st_gid);
}

void
process_sleep_ms(unsigned ms)
{
	struct timespec left = { (time_t)(ms / 1000),
		(long)(ms % 1000) * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

void
process_short_path(int dir, const char *name, struct text *out)
{
	text_str(out, "/proc/self/fd/");
	text_i64(out, dir);
	text_chr(out, '/');
	text_str(out, name);
}

int
process_make_folder(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return ERR_OK;
	switch (errno) {
	case EEXIST:
		return ERR_EXISTS;
	case ENOENT:
	case ENOTDIR:
		return ERR_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	default:
		return ERR_IO;
	}
}

void
process_host_name(char *out, size_t size)
{
	struct text t;
	char mem[256];

	text_init(&t, out, size);
	if (gethostname(mem, sizeof(mem) - 1) || mem[0] == '\0') {
		text_str(&t, "localhost");
		return;
	}
	mem[sizeof(mem) - 1] = '\0';
	text_str(&t, mem);
}

void
process_user(struct text *out)
{
	text_str(out, "uid ");
	text_u64(out, geteuid());
}

int
process_symlink(int dir, const char *name, const char *target)
{
	if (unlinkat(dir, name, 0) && errno != ENOENT)
		return ERR_IO;
	return symlinkat(target, dir, name) ? ERR_IO : ERR_OK;
}

void
process_remove(const char *path)
{
	(void)unlink(path);
}
