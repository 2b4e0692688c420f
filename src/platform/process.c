/* process: users, masks and small system calls.  Sandboxing is sandbox.c's. */
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/oserr.h"

#define POINTED_MAX 107 /* what a socket's address holds */

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
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)umask(077);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
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
process_short_path(
    struct process_folder folder, const char *name, struct text *out)
{
	static const char descriptors[] = "/proc/self/fd/";

	if (access(descriptors, X_OK)) {
		text_str(out, folder.path);
	} else {
		text_str(out, descriptors);
		text_i64(out, folder.dir);
	}
	text_chr(out, '/');
	text_str(out, name);
}

int
process_make_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return ERR_OK;
	if (errno != EEXIST)
		return oserr_now();
	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) ? ERR_UNSUPPORTED
							    : ERR_EXISTS;
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
process_point(int dir, const char *name, const char *target)
{
	size_t len = strlen(target);
	ssize_t n;
	int fd;

	if (unlinkat(dir, name, 0) && errno != ENOENT)
		return ERR_IO;
	if (!symlinkat(target, dir, name))
		return ERR_OK;
	if (errno != EPERM && errno != EOPNOTSUPP)
		return ERR_IO;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	n = write(fd, target, len);
	(void)close(fd);
	return n == (ssize_t)len ? ERR_OK : ERR_IO;
}

bool
process_pointed(int dir, const char *name, struct text *out)
{
	char path[POINTED_MAX + 1] = "";
	struct stat st;
	ssize_t n = -1;
	int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		n = read(fd, path, sizeof(path));
	(void)close(fd);
	if (n <= 1 || n > POINTED_MAX || path[0] != '/'
	    || memchr(path, '\0', (size_t)n) != NULL)
		return false;
	text_span(out, span_of(path, (size_t)n));
	return true;
}

int
process_may_write(int dir, const char *path)
{
	return faccessat(dir, path, W_OK | X_OK, 0) ? oserr_now() : ERR_OK;
}

bool
process_is_taken(int dir, const char *path)
{
	struct stat st;

	return !fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW)
	       && !S_ISSOCK(st.st_mode);
}

void
process_remove(const char *path)
{
	(void)unlink(path);
}
