/* net_unix: the part of net.h that is about Unix sockets. */
#include "platform/net_int.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/text.h"

static int
to_unix(const char *path, struct sockaddr_un *s)
{
	struct text t;

	memset(s, 0, sizeof(*s));
	s->sun_family = AF_UNIX;
	text_init(&t, s->sun_path, sizeof(s->sun_path));
	text_str(&t, path);
	return t.cut ? ERR_RANGE : ERR_OK;
}

static int
connect_unix(const char *path, int how, int patience_ms)
{
	const struct timeval t = { patience_ms / 1000,
		patience_ms % 1000 * 1000 };
	struct sockaddr_un s;
	int fd, err = to_unix(path, &s);

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | how, 0);
	if (fd < 0)
		return net_err_now();
	if ((patience_ms > 0
		&& (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t))
		    || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t))))
	    || connect(fd, (const struct sockaddr *)&s, sizeof(s)))
		return net_close_with(fd);
	return fd;
}

int
net_connect_unix(const char *path, int patience_ms)
{
	return connect_unix(path, 0, patience_ms);
}

int
net_connect_local(const char *path)
{
	return connect_unix(path, SOCK_NONBLOCK, 0);
}

/* Make room for our socket: a dead one goes, anything else stays. */
static int
clear_place(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return errno == ENOENT ? ERR_OK : net_err_now();
	if (!S_ISSOCK(st.st_mode))
		return ERR_EXISTS;
	fd = net_connect_local(path);
	if (fd >= 0)
		(void)close(fd);
	if (fd >= 0 || fd == ERR_AGAIN)
		return ERR_BUSY;
	return unlink(path) ? net_err_now() : ERR_OK;
}

int
net_listen_unix(const char *path)
{
	struct sockaddr_un s;
	int fd, err = to_unix(path, &s);
	mode_t mask;

	if (!err)
		err = clear_place(path);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return net_err_now();
	mask = umask(077);
	err = bind(fd, (const struct sockaddr *)&s, sizeof(s));
	(void)umask(mask);
	if (err || listen(fd, 16))
		return net_close_with(fd);
	return fd;
}
