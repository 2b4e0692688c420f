/*
 * fuzz_dot_out: the encoder, in pieces and through small windows, against a
 * naive one; its count against what was encoded; and back through the decoder.
 * The first two bytes choose piece and room.
 */
#include <assert.h>

#include "codec/dot.h"
#include "codec/dot_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096
#define WIRE_MAX (3 * TEXT_MAX + 8)

struct wire {
	uint8_t bytes[WIRE_MAX];
	size_t len;
	size_t stuffed;
	bool bare_cr;
};

/* Written from the standard's words: line by line, byte by byte. */
static void
naive(struct span text, struct wire *w)
{
	bool fresh = true, cr = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (fresh && c == '.') {
			w->bytes[w->len++] = '.';
			w->stuffed++;
		}
		if (c == '\n' && !cr)
			w->bytes[w->len++] = '\r';
		w->bare_cr |= (cr && c != '\n') || c == 0;
		w->bytes[w->len++] = c;
		fresh = c == '\n';
		cr = c == '\r';
	}
	if (!fresh && !cr)
		w->bytes[w->len++] = '\r';
	if (!fresh)
		w->bytes[w->len++] = '\n';
	memcpy(w->bytes + w->len, ".\r\n", 3);
	w->len += 3;
}

static void
take(struct buf *out, struct wire *w)
{
	if (buf_len(out) > 0)
		memcpy(w->bytes + w->len, buf_bytes(out), buf_len(out));
	w->len += buf_len(out);
	buf_drop(out, buf_len(out));
}

static void
real(struct span text, size_t piece, size_t room, struct wire *w)
{
	static uint8_t mem[256 + DOT_OUT_END_MAX];
	struct dot_out d;
	struct buf out;
	size_t at = 0;

	dot_out_init(&d);
	buf_init(&out, mem, room);
	while (at < text.len) {
		at += dot_encode(
		    &d, span_first(span_from(text, at), piece), &out);
		assert(buf_len(&out) > 0);
		take(&out, w);
	}
	buf_init(&out, mem, DOT_OUT_END_MAX);
	assert(dot_encode_end(&d, &out));
	take(&out, w);
}

static uint64_t
count(struct span text, size_t piece)
{
	struct dot_out d;
	uint64_t n = 0;
	size_t at;

	dot_out_init(&d);
	for (at = 0; at < text.len; at += piece)
		n += dot_out_count(&d, span_first(span_from(text, at), piece));
	return n + dot_out_missing(&d);
}

/* A sound text comes back as it was, with a line end at the end. */
static void
back(struct span text, struct wire *w)
{
	struct dot d;
	struct dot_made made;

	dot_init(&d, false);
	made = dot_feed(&d, w->bytes, w->len);
	assert(d.ended && made.used == w->len && d.flaws == DOT_SOUND);
	if (span_find(text, '\r') < text.len)
		return;
	assert(made.made >= text.len && made.made <= text.len + 1);
	assert(text.len == 0 || !memcmp(w->bytes, text.p, text.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire want, got;
	struct span text;
	size_t piece;

	if (size < 2 || size > TEXT_MAX)
		return 0;
	text = span_of(data + 2, size - 2);
	piece = data[0] + 1u;
	memset(&want, 0, sizeof(want));
	memset(&got, 0, sizeof(got));
	naive(text, &want);
	real(text, piece, data[1] + 1u, &got);
	assert(want.len == got.len);
	assert(!memcmp(want.bytes, got.bytes, want.len));
	assert(count(text, piece) == want.len - want.stuffed - 3);
	if (!want.bare_cr)
		back(text, &got);
	return 0;
}
