/*
 * cli_remote: one HTTP request over a socket, for the command line.  Blocking;
 * it trusts the other end no further than its own buffers reach.
 */
#include "service/cli_link.h"

#include "core/buf.h"
#include "core/chr.h"
#include "platform/net.h"

/* What of the answer has been understood. */
enum stage {
	STAGE_HEAD,
	STAGE_LENGTH, /* `left` bytes of body */
	STAGE_CHUNK_SIZE,
	STAGE_CHUNK, /* `left` bytes of this chunk */
	STAGE_CHUNK_END,
	STAGE_DONE,
};

struct remote {
	struct cli *cli;
	cli_sink sink;
	enum stage stage;
	uint64_t left;
	bool chunked, has_length;
	bool has_status;
};

static int
lost(struct cli *cli)
{
	return cli_error(cli,
	    "the server went away in the middle of an answer; see its log");
}

int
cli_remote_silent(struct cli *cli)
{
	return cli_error_at(cli, cli->state,
	    "the server behind its control socket does not answer; is its "
	    "process stopped, or is it another program's socket?");
}

static int
confused(struct cli *cli)
{
	return cli_error(cli, "what answers at STATE/control is no gatepost");
}

static int
send_all(int fd, struct span s)
{
	while (s.len > 0) {
		int n = net_write(fd, s);

		if (n < 0)
			return n;
		s = span_from(s, (size_t)n);
	}
	return ERR_OK;
}

static int
send_request(int fd, struct cli *cli, enum http_method m, const char *path,
    struct span body)
{
	struct text t;
	int err;

	text_init(&t, cli->line_mem, sizeof(cli->line_mem));
	text_str(&t, http_method_text(m));
	text_chr(&t, ' ');
	text_str(&t, path);
	text_str(&t, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
	if (body.len > 0) {
		text_str(&t, "Content-Type: application/json\r\n");
		text_str(&t, "Content-Length: ");
		text_u64(&t, body.len);
		text_str(&t, "\r\n");
	}
	text_str(&t, "\r\n");
	err = send_all(fd, text_data(&t));
	return err ? err : send_all(fd, body);
}

/* ---- the answer's head ---- */

static int
status_line(struct remote *r, struct span line)
{
	uint64_t status;

	if (!span_starts(line, SPAN("HTTP/1.1 "))
	    || span_u64(span_first(span_from(line, 9), 3), 599, &status))
		return confused(r->cli);
	r->cli->status = (unsigned)status;
	r->has_status = true;
	return CLI_OK;
}

static int
header_line(struct remote *r, struct span line)
{
	size_t colon = span_find(line, ':');
	struct span name = span_first(line, colon);
	struct span value = span_trim(span_from(line, colon + 1));

	if (span_is_nocase(name, SPAN("Transfer-Encoding")))
		r->chunked = true;
	if (span_is_nocase(name, SPAN("Retry-After")))
		return ERR_BUSY;
	if (!span_is_nocase(name, SPAN("Content-Length")))
		return CLI_OK;
	r->has_length = true;
	return span_u64(value, UINT64_MAX, &r->left) ? confused(r->cli)
						     : CLI_OK;
}

static void
end_of_head(struct remote *r)
{
	if (r->chunked)
		r->stage = STAGE_CHUNK_SIZE;
	else
		r->stage = r->left > 0 ? STAGE_LENGTH : STAGE_DONE;
}

static int
chunk_size(struct remote *r, struct span line)
{
	r->left = 0;
	if (line.len == 0 || line.len > 8)
		return confused(r->cli);
	for (size_t i = 0; i < line.len; i++) {
		int digit = chr_hex(line.p[i]);

		if (digit < 0)
			return confused(r->cli);
		r->left = r->left * 16 + (unsigned)digit;
	}
	r->stage = r->left > 0 ? STAGE_CHUNK : STAGE_DONE;
	return CLI_OK;
}

static int
take_line(struct remote *r, struct span line)
{
	switch (r->stage) {
	case STAGE_HEAD:
		if (!r->has_status)
			return status_line(r, line);
		if (line.len > 0)
			return header_line(r, line);
		end_of_head(r);
		return CLI_OK;
	case STAGE_CHUNK_SIZE:
		return chunk_size(r, line);
	case STAGE_CHUNK_END:
		r->stage = STAGE_CHUNK_SIZE;
		return line.len == 0 ? CLI_OK : confused(r->cli);
	case STAGE_LENGTH:
	case STAGE_CHUNK:
	case STAGE_DONE:
	default:
		return CLI_OK;
	}
}

static bool
wants_body(const struct remote *r)
{
	return r->stage == STAGE_LENGTH || r->stage == STAGE_CHUNK;
}

static int
take_body(struct remote *r, struct buf *in)
{
	struct span piece = span_first(buf_data(in), (size_t)r->left);
	int status = r->sink(r->cli, piece);

	r->left -= piece.len;
	buf_drop(in, piece.len);
	if (r->left == 0)
		r->stage =
		    r->stage == STAGE_CHUNK ? STAGE_CHUNK_END : STAGE_DONE;
	return status;
}

/* Use up what is in the window; more is needed when it returns CLI_OK. */
static int
take(struct remote *r, struct buf *in)
{
	int status = CLI_OK;

	while (status == CLI_OK && r->stage != STAGE_DONE && buf_len(in) > 0) {
		struct span have = buf_data(in);
		size_t at = span_find(have, '\n');

		if (wants_body(r)) {
			status = take_body(r, in);
			continue;
		}
		if (at == have.len)
			return buf_free(in) > 0 ? CLI_OK : confused(r->cli);
		status = at > 0 && have.p[at - 1] == '\r'
			     ? take_line(r, span_first(have, at - 1))
			     : confused(r->cli);
		buf_drop(in, at + 1);
	}
	return status;
}

int
cli_remote_call(int fd, struct cli *cli, enum http_method m, const char *path,
    struct span body, cli_sink sink)
{
	struct remote r = { .cli = cli, .sink = sink };
	struct buf in;
	int status = CLI_OK;

	/* A server that refuses at once may not read all: read its answer. */
	(void)send_request(fd, cli, m, path, body);
	buf_init(&in, cli->net_mem, sizeof(cli->net_mem));
	while (status == CLI_OK && r.stage != STAGE_DONE) {
		size_t room;
		uint8_t *to = buf_room(&in, &room);
		int n = net_read(fd, to, room);

		if (n < 0)
			return n == ERR_AGAIN ? cli_remote_silent(cli)
					      : lost(cli);
		buf_commit(&in, (size_t)n);
		status = take(&r, &in);
	}
	return status;
}
