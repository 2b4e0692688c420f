/*
 * dot: a state machine for the rare bytes, and a wide scan for all others.
 *
 * A CR is held back until the next byte tells whether it belonged to a line
 * end, so that the bytes after the last whole line never leave too early.
 */
#include "codec/dot.h"

enum {
	LINE_START,
	TEXT,
	CR,	/* after a CR inside a line */
	DOT,	/* after a dot at the start of a line */
	DOT_CR, /* after a dot and CR at the start of a line */
};

void
dot_init(struct dot *d, bool chunked)
{
	*d = (struct dot) { .state = LINE_START, .chunked = chunked };
}

#define EVERY(byte) (UINT64_MAX / 255 * (byte))

/* Has any of the eight bytes the value 0? */
static inline bool
has_zero(uint64_t v)
{
	return ((v - EVERY(1)) & ~v & EVERY(0x80)) != 0;
}

/* Index of the first CR, LF or NUL, or len. */
static size_t
plain_run(const uint8_t *p, size_t len)
{
	size_t i = 0;
	uint64_t v;

	for (; i + 8 <= len; i += 8) {
		memcpy(&v, p + i, sizeof(v));
		if (has_zero(v) || has_zero(v ^ EVERY('\r'))
		    || has_zero(v ^ EVERY('\n')))
			break;
	}
	while (i < len && p[i] != '\r' && p[i] != '\n' && p[i] != 0)
		i++;
	return i;
}

struct cursor {
	const uint8_t *in;
	const uint8_t *end;
	uint8_t *out;
};

static void
emit(struct dot *d, struct cursor *c, uint8_t byte)
{
	*c->out++ = byte;
	d->wire_octets++;
}

/* LF came: as the end of CRLF, or bare. */
static void
line_end(struct dot *d, struct cursor *c, bool after_cr)
{
	if (after_cr)
		d->wire_octets++;
	else
		d->flaws |= DOT_BARE_LF;
	emit(d, c, '\n');
	/* after a bare LF no dot rule holds: only CRLF begins a line */
	d->state = after_cr ? LINE_START : TEXT;
}

static void
text_byte(struct dot *d, struct cursor *c)
{
	uint8_t byte = *c->in++;

	switch (byte) {
	case '\r':
		d->state = CR;
		break;
	case '\n':
		line_end(d, c, false);
		break;
	case 0:
		d->flaws |= DOT_NUL;
		emit(d, c, byte);
		d->state = TEXT;
		break;
	default:
		emit(d, c, byte);
		d->state = TEXT;
		break;
	}
}

static void
text_run(struct dot *d, struct cursor *c)
{
	size_t n = plain_run(c->in, (size_t)(c->end - c->in));

	if (n > 0) {
		if (c->out != c->in)
			memmove(c->out, c->in, n);
		c->in += n;
		c->out += n;
		d->wire_octets += n;
		d->state = TEXT;
	}
	if (c->in < c->end)
		text_byte(d, c);
}

/* The byte after a held-back CR; the CR turns out to be bare or not. */
static void
after_cr(struct dot *d, struct cursor *c)
{
	if (*c->in == '\n') {
		c->in++;
		line_end(d, c, true);
		return;
	}
	d->flaws |= DOT_BARE_CR;
	d->state = TEXT;
}

/* The byte after a dot that began a line: the dot itself is dropped. */
static void
after_dot(struct dot *d, struct cursor *c)
{
	if (*c->in == '\r') {
		c->in++;
		d->state = DOT_CR;
		return;
	}
	d->state = TEXT;
	text_byte(d, c);
}

static void
after_dot_cr(struct dot *d, struct cursor *c)
{
	if (*c->in == '\n') {
		c->in++;
		d->ended = true;
		return;
	}
	d->flaws |= DOT_BARE_CR;
	d->state = TEXT;
}

static void
line_start(struct dot *d, struct cursor *c)
{
	if (!d->chunked && *c->in == '.') {
		c->in++;
		d->state = DOT;
		return;
	}
	text_run(d, c);
}

struct dot_made
dot_feed(struct dot *d, uint8_t *bytes, size_t len)
{
	static void (*const step[])(struct dot *, struct cursor *) = {
		[LINE_START] = line_start,
		[TEXT] = text_run,
		[CR] = after_cr,
		[DOT] = after_dot,
		[DOT_CR] = after_dot_cr,
	};
	struct cursor c = { bytes, bytes + len, bytes };

	while (c.in < c.end && !d->ended)
		step[d->state](d, &c);
	return (struct dot_made) { (size_t)(c.in - bytes),
		(size_t)(c.out - bytes) };
}

void
dot_finish(struct dot *d)
{
	if (d->state == CR)
		d->flaws |= DOT_BARE_CR;
	if (d->state == TEXT)
		d->wire_octets += 2;
}
