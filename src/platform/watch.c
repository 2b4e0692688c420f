/* watch: inotify on single names. */
#include "platform/watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/oserr.h"

int
watch_open(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	return fd < 0 ? oserr_now() : fd;
}

uint64_t
watch_which(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_ino;
}

uint64_t
watch_add(int fd, const char *path)
{
	/* a removed name is a changed number of links */
	if (inotify_add_watch(fd, path,
		IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW)
	    < 0)
		return 0;
	return watch_which(path);
}

void
watch_take(int fd)
{
	char events[512];

	while (read(fd, events, sizeof(events)) > 0)
		continue;
}

void
watch_close(int fd)
{
	(void)close(fd);
}
