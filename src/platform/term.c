/* term: terminals over termios. */
#include "platform/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "platform/fat.h"

void
term_init(struct term *t, int fd, char *mem, size_t cap)
{
	*t = (struct term) { fd, mem, cap, 0, false };
}

void
term_flush(struct term *t)
{
	size_t at = 0;

	while (at < t->len && !t->failed) {
		ssize_t n = write(t->fd, t->mem + at, t->len - at);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			t->failed = true;
	}
	t->len = 0;
}

void
term_span(struct term *t, struct span s)
{
	while (s.len > 0 && !t->failed) {
		struct span part = span_first(s, t->cap - t->len);

		memcpy(t->mem + t->len, part.p, part.len);
		t->len += part.len;
		s = span_from(s, part.len);
		if (t->len == t->cap)
			term_flush(t);
	}
}

void
term_str(struct term *t, const char *s)
{
	term_span(t, span_str(s));
}

bool
term_is_tty(int fd)
{
	return isatty(fd) != 0;
}

#define CTRL_C 3
#define NO_KEY (-1)

/*
 * One line, byte by byte, so that what follows stays for others.  A line that
 * is too long is read to its end, lest its tail be taken for another answer.
 * The key `quit` gives up.
 */
static int
read_line(int fd, int quit, char *out, size_t cap)
{
	size_t len = 0;
	bool any = false;
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if ((n <= 0 && !any) || (n > 0 && (uint8_t)c == quit))
			return ERR_EOF;
		if (n <= 0 || c == '\n')
			break;
		any = true;
		if (len < cap)
			out[len] = c;
		len++;
	}
	if (len > 0 && len <= cap && out[len - 1] == '\r')
		len--;
	return len > cap ? ERR_RANGE : (int)len;
}

int
term_read_line(char *out, size_t cap)
{
	return read_line(TERM_IN, NO_KEY, out, cap);
}

static int
read_all(int fd, char *out, size_t cap)
{
	size_t len = 0;
	char more;

	while (len < cap) {
		ssize_t n = read(fd, out + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return (int)len;
		len += (size_t)n;
	}
	return read(fd, &more, 1) > 0 ? ERR_RANGE : (int)len;
}

int
term_read_file(const char *path, char *out, size_t cap)
{
	int fd, got;

	if (path[0] == '-' && path[1] == '\0')
		return read_all(TERM_IN, out, cap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_MISSING : ERR_DENIED;
	got = read_all(fd, out, cap);
	(void)close(fd);
	return got;
}

bool
term_is_special(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

int
term_file_begin(struct term *t, const char *part, char *mem, size_t cap)
{
	int fd;

	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOENT ? ERR_MISSING : ERR_DENIED;
	term_init(t, fd, mem, cap);
	return ERR_OK;
}

void
term_file_abort(struct term *t, const char *part)
{
	(void)close(t->fd);
	(void)unlink(part);
}

int
term_file_end(struct term *t, const char *part, const char *path)
{
	term_flush(t);
	if (t->failed || fsync(t->fd) || rename(part, path)
	    || (fat_has(t->fd) && fat_renamed(AT_FDCWD, part, path))) {
		term_file_abort(t, part);
		return ERR_IO;
	}
	(void)close(t->fd);
	return ERR_OK;
}

/* Echo off; nothing may end us before it is on again. */
static int
ask(int tty, struct span prompt, char *out, size_t cap)
{
	struct termios old, mute;
	sigset_t all, before;
	int got = ERR_IO;

	if (tcgetattr(tty, &old))
		return ERR_MISSING;
	mute = old;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
	mute.c_cc[VEOL] = CTRL_C;
	(void)sigemptyset(&all);
	(void)sigaddset(&all, SIGTERM);
	(void)sigaddset(&all, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	if (tcsetattr(tty, TCSAFLUSH, &mute) == 0) {
		if (write(tty, prompt.p, prompt.len) == (ssize_t)prompt.len)
			got = read_line(tty, CTRL_C, out, cap);
		(void)tcsetattr(tty, TCSAFLUSH, &old);
	}
	if (write(tty, "\n", 1) != 1)
		got = ERR_IO;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return got;
}

int
term_ask_secret(const char *prompt, char *out, size_t cap)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int got;

	if (tty < 0)
		return ERR_MISSING;
	got = ask(tty, span_str(prompt), out, cap);
	(void)close(tty);
	return got;
}
