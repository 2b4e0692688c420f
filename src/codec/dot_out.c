/*
 * dot_out: copies line by line; only line ends and leading dots are looked at.
 *
 * The state says what the last byte written was.  That is all the memory it
 * takes to stop anywhere: a line end for which only its CR had room leaves
 * AFTER_CR, and a doubled dot whose first half has left leaves TEXT.
 */
#include "codec/dot_out.h"

enum {
	LINE_START,
	TEXT,
	AFTER_CR,
};

struct copy {
	const uint8_t *in;
	const uint8_t *in_end;
	uint8_t *out;
	uint8_t *out_end;
};

void
dot_out_init(struct dot_out *d)
{
	d->state = LINE_START;
}

/* Copy text up to the next LF, as far as there is input and room. */
static uint8_t
copy_text(struct copy *c, uint8_t state)
{
	size_t have = (size_t)(c->in_end - c->in);
	size_t room = (size_t)(c->out_end - c->out);
	size_t most = have < room ? have : room;
	const uint8_t *lf = memchr(c->in, '\n', most);
	size_t n = lf != NULL ? (size_t)(lf - c->in) : most;

	if (n == 0)
		return state;
	memcpy(c->out, c->in, n);
	c->in += n;
	c->out += n;
	return c->out[-1] == '\r' ? AFTER_CR : TEXT;
}

/* Write the line end for the LF at c->in; room is at least one byte. */
static uint8_t
copy_line_end(struct copy *c, uint8_t state)
{
	if (state != AFTER_CR)
		*c->out++ = '\r';
	if (c->out == c->out_end)
		return AFTER_CR;
	*c->out++ = '\n';
	c->in++;
	return LINE_START;
}

static uint8_t
copy_some(struct copy *c, uint8_t state)
{
	if (state == LINE_START && *c->in == '.') {
		*c->out++ = '.';
		state = TEXT;
	}
	state = copy_text(c, state);
	if (c->in == c->in_end || c->out == c->out_end || *c->in != '\n')
		return state;
	return copy_line_end(c, state);
}

size_t
dot_encode(struct dot_out *d, struct span in, struct buf *out)
{
	size_t room;
	uint8_t *to = buf_room(out, &room);
	struct copy c = { in.p, in.p + in.len, to, to + room };

	while (c.in < c.in_end && c.out < c.out_end)
		d->state = copy_some(&c, d->state);
	buf_commit(out, (size_t)(c.out - to));
	return (size_t)(c.in - in.p);
}

bool
dot_encode_end(struct dot_out *d, struct buf *out)
{
	struct span end = span_from(SPAN("\r\n.\r\n"), 2 - dot_out_missing(d));

	if (buf_free(out) < DOT_OUT_END_MAX || !buf_put(out, end))
		return false;
	d->state = LINE_START;
	return true;
}

uint64_t
dot_out_count(struct dot_out *d, struct span in)
{
	const uint8_t *p = in.p, *end = in.p + in.len, *lf;
	uint64_t n = in.len;

	while (p < end) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL) {
			d->state = end[-1] == '\r' ? AFTER_CR : TEXT;
			return n;
		}
		if (lf > p)
			d->state = lf[-1] == '\r' ? AFTER_CR : TEXT;
		n += d->state != AFTER_CR;
		d->state = LINE_START;
		p = lf + 1;
	}
	return n;
}

unsigned
dot_out_missing(const struct dot_out *d)
{
	static const unsigned missing[] = {
		[LINE_START] = 0,
		[TEXT] = 2,
		[AFTER_CR] = 1,
	};

	return missing[d->state];
}
