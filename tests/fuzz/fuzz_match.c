/*
 * fuzz_match: one body signature against a naive matcher.  The first line is
 * "OFFSET:BODY" as in a .ndb file, what follows is searched.
 *
 * The naive one walks through the text of the body with the set of all places
 * where a match may stand so far; it knows neither grams nor parts.
 */
#include <assert.h>

#include "core/chr.h"
#include "core/text.h"
#include "scan/match.h"
#include "scan/sigcomp.h"

#define BYTES 300
#define BODY  200
#define FAR   (BYTES + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* at[i]: the body, as far as read, can end at i */
static bool at[BYTES + 1], next[BYTES + 1];
static struct span bytes;

static void
gap(uint64_t min, uint64_t max)
{
	memset(next, 0, sizeof(next));
	for (size_t i = 0; i <= bytes.len; i++)
		for (uint64_t n = min; at[i] && n <= max && i + n <= bytes.len;
		     n++)
			next[i + n] = true;
	memcpy(at, next, sizeof(at));
}

/* One byte as two hexadecimal characters, of which any may be '?'. */
static bool
fits(const uint8_t *hex, uint8_t c)
{
	return (hex[0] == '?' || chr_hex(hex[0]) == c >> 4)
	       && (hex[1] == '?' || chr_hex(hex[1]) == (c & 15));
}

static void
byte(const uint8_t *hex)
{
	memset(next, 0, sizeof(next));
	for (size_t i = 0; i < bytes.len; i++)
		next[i + 1] = at[i] && fits(hex, bytes.p[i]);
	memcpy(at, next, sizeof(at));
}

static void
choice(struct span all)
{
	static bool before[BYTES + 1], sum[BYTES + 1];
	struct span one;

	memcpy(before, at, sizeof(at));
	memset(sum, 0, sizeof(sum));
	while (span_next(&all, '|', &one)) {
		memcpy(at, before, sizeof(at));
		for (size_t i = 0; i + 1 < one.len; i += 2)
			byte(one.p + i);
		for (size_t i = 0; i <= bytes.len; i++)
			sum[i] |= at[i];
	}
	memcpy(at, sum, sizeof(at));
}

static void
braces(struct span in)
{
	size_t dash = span_find(in, '-');
	uint64_t min = 0, max = FAR;

	(void)!span_u64(span_first(in, dash), UINT32_MAX, &min);
	if (dash == in.len)
		max = min;
	else if (dash + 1 < in.len)
		(void)!span_u64(span_from(in, dash + 1), UINT32_MAX, &max);
	gap(min < FAR ? min : FAR, max < FAR ? max : FAR);
}

/* The places where the body may begin, by its offset. */
static void
begin(struct span offset)
{
	size_t comma = span_find(offset, ',');
	bool from_end = span_starts(offset, SPAN("EOF-"));
	uint64_t n = 0, shift = 0;

	(void)!span_u64(span_from(span_first(offset, comma), from_end ? 4 : 0),
	    UINT32_MAX, &n);
	(void)!span_u64(span_from(offset, comma + 1), UINT32_MAX, &shift);
	for (size_t i = 0; i <= BYTES; i++) {
		uint64_t low = from_end ? bytes.len - n : n;

		at[i] = i <= bytes.len
			&& (span_is(offset, SPAN("*"))
			    || (!(from_end && n > bytes.len) && i >= low
				&& i <= low + shift));
	}
}

static bool
naive(struct span offset, struct span body)
{
	begin(offset);
	while (body.len > 0) {
		size_t used = 2;

		if (body.p[0] == '*') {
			used = 1;
			gap(0, FAR);
		} else if (body.p[0] == '{') {
			used = span_find(body, '}') + 1;
			braces(span_first(span_from(body, 1), used - 2));
		} else if (body.p[0] == '(') {
			used = span_find(body, ')') + 1;
			choice(span_first(span_from(body, 1), used - 2));
		} else {
			byte(body.p);
		}
		body = span_from(body, used);
	}
	return memchr(at, true, bytes.len + 1) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t area[131072];
	static struct sigcomp comp;
	static struct match m;
	struct span body = span_of(data, size), offset, file;
	struct sigdb db;
	const char *why;
	char line[BODY + 40];
	struct text t;
	int found;

	bytes = span_from(body, span_find(body, '\n') + 1);
	bytes = span_first(bytes, BYTES);
	body = span_first(body, span_find(body, '\n'));
	offset = span_first(body, span_find(body, ':'));
	text_init(&t, line, sizeof(line));
	text_str(&t, "N:0:");
	text_span(&t, span_first(body, BODY + 1));
	body = span_from(body, offset.len + 1);
	if (t.len > BODY || body.len == 0 || body.p[body.len - 1] <= ' '
	    || span_find(body, ':') < body.len)
		return 0;
	memset(area, 0, sizeof(area));
	sigcomp_init(&comp, area, sizeof(area));
	if (sigcomp_line(&comp, SIGCOMP_NDB, text_data(&t), &why)
	    || comp.signatures == 0)
		return 0;
	assert(!sigcomp_finish(&comp, &file));
	assert(!sigdb_open(&db, file) && !sigdb_verify(&db));
	found = match_bodies(&m, &db, bytes, 1, 1 << 20);
	assert(found < 0 || found == naive(offset, body));
	return 0;
}
