/*
 * load: bounded load for a mail server on loopback, and what it took.
 *
 *   load smtp  PORT -c CONNS -n MESSAGES -s OCTETS [options]
 *   load pop3  PORT -c CONNS -n MESSAGES -u NAME -p PASSWORD [options]
 *   load tls   PORT -c CONNS -n HANDSHAKES [-r]
 *
 *   -t no|start|first   TLS: none, STARTTLS or STLS, from the first byte
 *   -u NAME -p PASSWORD log in (SMTP: AUTH PLAIN)
 *   -f FROM -d TO       envelope; a %d in TO becomes the connection's number
 *   -P                  pipelined, else one command at a time
 *   -r                  resume TLS sessions
 *   -S                  POP3: log in and STAT only, MESSAGES times
 *
 * One process, one thread, epoll; the message is made once and sent from
 * memory.  Connections share the messages; each does the next until all are
 * done.  Prints one line:  "N in T ms = R per second, M MB/s, F failed".
 * Talks to 127.0.0.1 only; gives up after 120 s without progress.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX 512
#define IN_MAX	  65536
#define OUT_MAX	  8192

enum mode { MODE_SMTP, MODE_POP3, MODE_TLS };
enum tls { TLS_NO, TLS_START, TLS_FIRST };

static struct {
	enum mode mode;
	enum tls tls;
	int port;
	unsigned conns;
	unsigned long messages;
	size_t octets;
	const char *user, *password;
	const char *from, *to;
	bool pipelined, resume, stat_only;
} opt = { .conns = 1,
	.messages = 100,
	.octets = 2048,
	.from = "load@x.example",
	.to = "load@home.example" };

enum step {
	GREETING,
	STARTTLS_EHLO,
	STARTTLS,
	EHLO,
	AUTH,
	USER,
	PASS,
	MAIL,
	RCPT,
	DATA,
	BODY,
	STAT,
	RETR,
	QUIT,
	DONE,
	STEPS
};

struct client {
	int fd;
	SSL *ssl;
	SSL_SESSION *session;
	unsigned index;
	enum step step;
	unsigned awaited; /* replies of a pipelined group still to come */
	bool shaking;
	bool in_text;	      /* inside a multi-line POP3 answer */
	unsigned long number; /* of messages in the maildrop, and the next */
	unsigned long next, asked;
	char out[OUT_MAX];
	size_t out_len, out_at;
	size_t body_at; /* OUT_MAX + : how much of the message has gone */
	bool body;
	char in[IN_MAX];
	size_t in_len;
};

static struct client *clients;
static char *message;
static size_t message_len;
static unsigned long begun, finished, failed;
static unsigned long long octets_moved;
static int epoll_fd;
static SSL_CTX *ctx;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static void
make_message(void)
{
	static const char head[] = "From: load <load@x.example>\r\n"
				   "Subject: load\r\n\r\n";
	size_t at = sizeof(head) - 1;

	message = malloc(opt.octets + 256);
	memcpy(message, head, at);
	while (at < opt.octets) {
		size_t n = opt.octets - at < 72 ? opt.octets - at : 72;

		memset(message + at, 'a' + (int)(at % 23), n);
		at += n;
		memcpy(message + at, "\r\n", 2);
		at += 2;
	}
	memcpy(message + at, ".\r\n", 3);
	message_len = at + 3;
}

static void
say(struct client *c, const char *text)
{
	size_t n = strlen(text);

	if (c->out_len + n > OUT_MAX)
		die("output");
	memcpy(c->out + c->out_len, text, n);
	c->out_len += n;
}

__attribute__((format(printf, 2, 3))) static void
say_f(struct client *c, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say(c, text);
}

static void
say_rcpt(struct client *c)
{
	char to[300], number[16];
	const char *mark = strstr(opt.to, "%d");

	if (mark == NULL) {
		say_f(c, "RCPT TO:<%s>\r\n", opt.to);
		return;
	}
	snprintf(number, sizeof(number), "%u", c->index);
	snprintf(to, sizeof(to), "%.*s%s%s", (int)(mark - opt.to), opt.to,
	    number, mark + 2);
	say_f(c, "RCPT TO:<%s>\r\n", to);
}

static void
say_auth(struct client *c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				      "mnopqrstuvwxyz0123456789+/";
	unsigned char raw[300];
	char text[420] = "AUTH PLAIN ";
	size_t n = 0, at = strlen(text), k;

	raw[n++] = 0;
	memcpy(raw + n, opt.user, strlen(opt.user));
	n += strlen(opt.user);
	raw[n++] = 0;
	memcpy(raw + n, opt.password, strlen(opt.password));
	n += strlen(opt.password);
	raw[n] = raw[n + 1] = 0;
	for (k = 0; k < n; k += 3) {
		unsigned v =
		    (unsigned)raw[k] << 16 | raw[k + 1] << 8 | raw[k + 2];

		text[at++] = letters[v >> 18];
		text[at++] = letters[v >> 12 & 63];
		text[at++] = k + 1 < n ? letters[v >> 6 & 63] : '=';
		text[at++] = k + 2 < n ? letters[v & 63] : '=';
	}
	memcpy(text + at, "\r\n", 3);
	say(c, text);
}

static void
expect(struct client *c, enum step step, unsigned replies)
{
	c->step = step;
	c->awaited = replies;
}

/* The next message of the common stock, or QUIT. */
static void
next_message(struct client *c)
{
	if (begun >= opt.messages) {
		say(c, "QUIT\r\n");
		expect(c, QUIT, 1);
		return;
	}
	begun++;
	say_f(c, "MAIL FROM:<%s>\r\n", opt.from);
	if (!opt.pipelined) {
		expect(c, MAIL, 1);
		return;
	}
	say_rcpt(c);
	say(c, "DATA\r\n");
	expect(c, DATA, 3);
}

static void
next_retr(struct client *c)
{
	char text[40];

	if (c->next > c->number) {
		say(c, "QUIT\r\n");
		expect(c, QUIT, 1);
		return;
	}
	c->step = RETR;
	while (c->asked <= c->number && (c->asked == c->next || opt.pipelined)
	       && c->asked < c->next + 200 && c->out_len < OUT_MAX - 64) {
		snprintf(text, sizeof(text), "RETR %lu\r\n", c->asked++);
		say(c, text);
	}
}

static void
say_hello(struct client *c, enum step step)
{
	if (opt.mode == MODE_SMTP) {
		say(c, "EHLO load\r\n");
		expect(c, step, 1);
	} else if (step == STARTTLS_EHLO) {
		say(c, "STLS\r\n");
		expect(c, STARTTLS, 1);
	} else {
		say_f(c, "USER %s\r\n", opt.user);
		expect(c, USER, 1);
	}
}

static void
start_tls(struct client *c)
{
	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_connect_state(c->ssl);
	if (opt.resume && c->session)
		SSL_set_session(c->ssl, c->session);
	c->shaking = true;
	c->in_len = 0;
}

static void
first_words(struct client *c)
{
	say_hello(c, opt.tls == TLS_START ? STARTTLS_EHLO : EHLO);
}

static void
say_starttls(struct client *c)
{
	say(c, "STARTTLS\r\n");
	expect(c, STARTTLS, 1);
}

static void
log_in(struct client *c)
{
	if (opt.user) {
		say_auth(c);
		expect(c, AUTH, 1);
	} else {
		next_message(c);
	}
}

static void
say_first_rcpt(struct client *c)
{
	say_rcpt(c);
	expect(c, RCPT, 1);
}

static void
say_data(struct client *c)
{
	say(c, "DATA\r\n");
	expect(c, DATA, 1);
}

static void
send_body(struct client *c)
{
	c->body = true;
	c->body_at = 0;
	expect(c, BODY, 1);
}

static void
end_message(struct client *c)
{
	octets_moved += message_len;
	next_message(c);
}

/* What follows the reply to each step; where nothing stands it was the last. */
static void (*const smtp_after[STEPS])(struct client *) = {
	[GREETING] = first_words,
	[STARTTLS_EHLO] = say_starttls,
	[STARTTLS] = start_tls,
	[EHLO] = log_in,
	[AUTH] = next_message,
	[MAIL] = say_first_rcpt,
	[RCPT] = say_data,
	[DATA] = send_body,
	[BODY] = end_message,
};

static void
smtp_reply(struct client *c, bool good)
{
	if (!good) {
		failed++;
		if (c->step == GREETING || c->step == AUTH) {
			c->step = DONE;
			return;
		}
	}
	if (c->awaited > 0 && --c->awaited > 0)
		return;
	finished += good && c->step == BODY;
	if (smtp_after[c->step] != NULL)
		smtp_after[c->step](c);
	else
		c->step = DONE;
}

/* A line of an answer's text; its end is the message's. */
static void
text_line(struct client *c, const char *line, size_t len)
{
	octets_moved += len + 2;
	if (len != 1 || line[0] != '.')
		return;
	c->in_text = false;
	finished++;
	c->next++;
	if (!opt.pipelined || c->asked == c->next || c->next > c->number)
		next_retr(c);
}

static void
say_pass(struct client *c)
{
	say_f(c, "PASS %s\r\n", opt.password);
	expect(c, PASS, 1);
}

static void
say_stat(struct client *c)
{
	say(c, "STAT\r\n");
	expect(c, STAT, 1);
}

static void
begin_fetching(struct client *c)
{
	if (opt.stat_only) {
		finished++;
		c->next = c->number + 1;
	} else {
		if (c->number > opt.messages)
			c->number = opt.messages;
		c->next = c->asked = 1;
	}
	next_retr(c);
}

static void
begin_text(struct client *c)
{
	c->in_text = true;
}

static void (*const pop3_after[STEPS])(struct client *) = {
	[GREETING] = first_words,
	[STARTTLS] = start_tls,
	[USER] = say_pass,
	[PASS] = say_stat,
	[STAT] = begin_fetching,
	[RETR] = begin_text,
};

static void
pop3_line(struct client *c, const char *line, size_t len)
{
	if (c->in_text) {
		text_line(c, line, len);
		return;
	}
	if (len < 3 || memcmp(line, "+OK", 3)) {
		failed++;
		c->step = DONE;
		return;
	}
	if (c->step == STAT)
		c->number = strtoul(line + 4, NULL, 10);
	if (pop3_after[c->step] != NULL)
		pop3_after[c->step](c);
	else
		c->step = DONE;
}

static void
got_line(struct client *c, const char *line, size_t len)
{
	if (opt.mode == MODE_POP3) {
		pop3_line(c, line, len);
		return;
	}
	if (len > 3 && line[3] == '-')
		return;
	smtp_reply(c, line[0] == '2' || line[0] == '3');
}

static void
take_lines(struct client *c)
{
	size_t at = 0;
	char *end;

	while (c->step != DONE
	       && (end = memchr(c->in + at, '\n', c->in_len - at)) != NULL) {
		size_t len = (size_t)(end - c->in) - at;

		got_line(
		    c, c->in + at, len > 0 && end[-1] == '\r' ? len - 1 : len);
		at += len + 1;
		if (at > c->in_len)
			at = c->in_len = 0;
	}
	if (at > 0) {
		memmove(c->in, c->in + at, c->in_len - at);
		c->in_len -= at;
	}
}

static int
move(struct client *c, bool out, void *p, size_t n)
{
	ssize_t got;

	if (c->ssl) {
		int r = out ? SSL_write(c->ssl, p, (int)n)
			    : SSL_read(c->ssl, p, (int)n);

		if (r > 0)
			return r;
		r = SSL_get_error(c->ssl, r);
		return r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE
			   ? 0
			   : -1;
	}
	got = out ? send(c->fd, p, n, MSG_NOSIGNAL) : recv(c->fd, p, n, 0);
	if (got > 0)
		return (int)got;
	return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Send what waits; true when all has gone. */
static bool
flush(struct client *c)
{
	while (c->out_at < c->out_len) {
		int n =
		    move(c, true, c->out + c->out_at, c->out_len - c->out_at);

		if (n < 0)
			c->step = DONE;
		if (n <= 0)
			return false;
		c->out_at += (size_t)n;
	}
	c->out_at = c->out_len = 0;
	while (c->body) {
		int n = move(
		    c, true, message + c->body_at, message_len - c->body_at);

		if (n < 0)
			c->step = DONE;
		if (n <= 0)
			return false;
		c->body_at += (size_t)n;
		c->body = c->body_at < message_len;
	}
	return true;
}

static void shake(struct client *c);

static void
connect_one(struct client *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->step = GREETING;
	c->awaited = 1;
	c->in_len = c->out_len = c->out_at = 0;
	c->body = c->in_text = false;
	if (opt.tls == TLS_FIRST) {
		start_tls(c);
		shake(c);
	}
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd,
	    &(struct epoll_event) { .events = EPOLLIN, .data.ptr = c });
}

static bool
more_connections(void)
{
	if (opt.mode == MODE_TLS || opt.stat_only)
		return begun < opt.messages;
	return false;
}

static void
close_one(struct client *c)
{
	if (c->ssl) {
		if (opt.resume && SSL_is_init_finished(c->ssl)) {
			SSL_SESSION_free(c->session);
			c->session = SSL_get1_session(c->ssl);
		}
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	close(c->fd);
	c->fd = -1;
	ERR_clear_error();
}

static void
shake(struct client *c)
{
	int r = SSL_do_handshake(c->ssl);

	if (r == 1) {
		c->shaking = false;
		if (opt.mode == MODE_TLS) {
			finished++;
			if (opt.resume && c->session
			    && !SSL_session_reused(c->ssl))
				failed++;
			c->step = DONE;
		} else if (opt.tls == TLS_START) {
			say_hello(c, EHLO);
		}
		return;
	}
	r = SSL_get_error(c->ssl, r);
	if (r != SSL_ERROR_WANT_READ && r != SSL_ERROR_WANT_WRITE) {
		failed++;
		c->step = DONE;
	}
}

static void
serve(struct client *c)
{
	int n = 0;

	if (c->shaking)
		shake(c);
	while (!c->shaking && c->step != DONE) {
		n = move(c, false, c->in + c->in_len, IN_MAX - c->in_len);
		if (n <= 0)
			break;
		c->in_len += (size_t)n;
		take_lines(c);
		if (c->shaking)
			shake(c);
		if (!c->ssl && n < 4096)
			break;
	}
	if (n < 0)
		c->step = DONE;
	if (!c->shaking && c->step != DONE) {
		bool all = flush(c);

		if (c->step != DONE)
			epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd,
			    &(struct epoll_event) {
				.events = EPOLLIN | (all ? 0 : EPOLLOUT),
				.data.ptr = c });
	}
}

static void
run(void)
{
	struct epoll_event ready[64];
	unsigned open = 0;

	for (unsigned i = 0; i < opt.conns; i++) {
		clients[i].index = i;
		if (opt.mode == MODE_TLS || opt.stat_only)
			begun++;
		connect_one(&clients[i]);
		open++;
	}
	while (open > 0) {
		int n = epoll_wait(epoll_fd, ready, 64, 120000);

		if (n <= 0)
			die("no progress");
		for (int i = 0; i < n; i++) {
			struct client *c = ready[i].data.ptr;

			serve(c);
			if (c->step != DONE)
				continue;
			close_one(c);
			if (more_connections()) {
				begun++;
				connect_one(c);
			} else {
				open--;
			}
		}
	}
}

static enum tls
tls_named(const char *name)
{
	if (!strcmp(name, "start"))
		return TLS_START;
	return !strcmp(name, "first") ? TLS_FIRST : TLS_NO;
}

/* The numbers and switches; false: it is none of them. */
static bool
number_option(int o)
{
	switch (o) {
	case 'c':
		opt.conns = (unsigned)atoi(optarg);
		break;
	case 'n':
		opt.messages = strtoul(optarg, NULL, 10);
		break;
	case 's':
		opt.octets = strtoul(optarg, NULL, 10);
		break;
	case 'P':
		opt.pipelined = true;
		break;
	case 'r':
		opt.resume = true;
		break;
	case 'S':
		opt.stat_only = true;
		break;
	default:
		return false;
	}
	return true;
}

static void
word_option(int o)
{
	switch (o) {
	case 't':
		opt.tls = tls_named(optarg);
		break;
	case 'u':
		opt.user = optarg;
		break;
	case 'p':
		opt.password = optarg;
		break;
	case 'f':
		opt.from = optarg;
		break;
	case 'd':
		opt.to = optarg;
		break;
	default:
		exit(2);
	}
}

static void
options(int argc, char **argv)
{
	static const char *const modes[] = { "smtp", "pop3", "tls" };
	int o;

	if (argc < 3) {
		fprintf(stderr, "usage: load smtp|pop3|tls PORT [options]\n");
		exit(2);
	}
	for (int i = 0; i < 3; i++)
		if (!strcmp(argv[1], modes[i]))
			opt.mode = (enum mode)i;
	opt.port = atoi(argv[2]);
	optind = 3;
	while ((o = getopt(argc, argv, "c:n:s:t:u:p:f:d:PrS")) != -1)
		if (!number_option(o))
			word_option(o);
	if (opt.mode == MODE_TLS)
		opt.tls = TLS_FIRST;
	if (opt.conns > CONNS_MAX)
		opt.conns = CONNS_MAX;
}

int
main(int argc, char **argv)
{
	long long began, took;

	options(argc, argv);
	clients = calloc(opt.conns, sizeof(*clients));
	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
				  | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	make_message();
	epoll_fd = epoll_create1(0);
	began = now_us();
	run();
	took = now_us() - began;
	printf("%lu in %lld ms = %llu per second, %llu MB/s, %lu failed\n",
	    finished, took / 1000,
	    (unsigned long long)finished * 1000000 / (unsigned long long)took,
	    octets_moved / (unsigned long long)took, failed);
	return failed > 0 || finished == 0;
}
