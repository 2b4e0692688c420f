/*
 * smtp_client_body: the octets of a message, as DATA's lines or BDAT's chunks.
 * What is replied to them is smtp_client_mail's.
 */
#include "proto/smtp_client_int.h"

/* Room for a BDAT command and the end of the last line. */
#define BODY_SPARE 64

/* The greatest BDAT chunk; small, as its length is sent before it. */
#define CHUNK_MAX 65536u

/*
 * Put the first part of `s`, up to a CR: no CR of the message leaves us, as
 * what dot_out lets pass could end the message early elsewhere.
 */
static size_t
put_dotted(struct smtp_client *c, struct span s, struct buf *out)
{
	const uint8_t *cr = memchr(s.p, '\r', s.len);

	if (cr == s.p)
		return 1;
	if (cr != NULL)
		s.len = (size_t)(cr - s.p);
	return dot_encode(&c->dots, s, out);
}

static void
end_body(struct smtp_client *c)
{
	c->phase = CLIENT_IS_END;
	c->ends = c->config.lmtp ? c->accepted : 1;
}

static size_t
put_data(struct smtp_client *c, struct span piece, bool last, struct buf *out)
{
	size_t used = 0;

	while (used < piece.len && buf_free(out) > 0)
		used += put_dotted(c, span_from(piece, used), out);
	if (last && used == piece.len && dot_encode_end(&c->dots, out))
		end_body(c);
	return used;
}

/* Put the first part of `s`, up to a line's end, with CRLF and without CR. */
static size_t
put_plain(struct smtp_client *c, struct span s, struct buf *out)
{
	const uint8_t *end;

	if (s.p[0] == '\r')
		return 1;
	c->at_line_start = s.p[0] == '\n';
	if (c->at_line_start) {
		client_put(out, "\r\n");
		return 1;
	}
	end = memchr(s.p, '\n', s.len);
	if (end != NULL)
		s.len = (size_t)(end - s.p);
	end = memchr(s.p, '\r', s.len);
	if (end != NULL)
		s.len = (size_t)(end - s.p);
	client_put_span(out, s);
	return s.len;
}

/* How many bytes of `s` make at most `cap` on the wire: those in `*wire`. */
static size_t
measure(struct span s, size_t cap, size_t *wire)
{
	size_t n = 0;

	for (*wire = 0; n < s.len && *wire + 2 <= cap; n++) {
		if (s.p[n] != '\r')
			*wire += s.p[n] == '\n' ? 2 : 1;
	}
	return n;
}

static size_t
put_chunk(struct smtp_client *c, struct span piece, bool last, struct buf *out)
{
	size_t room = buf_free(out) - BODY_SPARE, wire, used;
	bool open_line, is_last;

	used = measure(piece, room < CHUNK_MAX ? room : CHUNK_MAX, &wire);
	is_last = last && used == piece.len;
	open_line = wire > 0 ? piece.p[used - 1] != '\n' : !c->at_line_start;
	if (!is_last && wire == 0)
		return used;
	client_put(out, "BDAT ");
	client_put_u64(out, wire + (is_last && open_line ? 2 : 0));
	client_put(out, is_last ? " LAST\r\n" : "\r\n");
	for (size_t at = 0; at < used;)
		at += put_plain(c, span_of(piece.p + at, used - at), out);
	if (is_last && open_line)
		client_put(out, "\r\n");
	if (is_last)
		end_body(c);
	else
		c->chunks++;
	return used;
}

size_t
smtp_client_body(
    struct smtp_client *c, struct span piece, bool last, struct buf *out)
{
	if (buf_free(out) < 2 * BODY_SPARE)
		return 0; /* neither a useful chunk nor a burst of text */
	return c->chunked ? put_chunk(c, piece, last, out)
			  : put_data(c, piece, last, out);
}
