/*
 * unzip: the members of a zip file, read both ways.
 *
 * First every local header that stands in the bytes, whether a directory
 * mentions it or not, as a reader does that goes from front to back; then
 * every directory entry that says something else about its member than the
 * local header does, as a reader does that begins at the end.  So it does not
 * matter whether there is a directory, what stands before, between or behind,
 * or how many zip files were joined.
 */
#include "core/le.h"
#include "scan/unpack.h"

#define LOCAL	  30
#define CENTRAL	  46
#define ENCRYPTED 1u
#define STREAMED  8u /* sizes follow behind the data */

struct entry {
	unsigned flags, method;
	size_t size; /* packed; SIZE_MAX: not told */
};

/* The packed bytes of an entry that begin `rest`; what of it was used. */
static struct span
unpack_entry(
    struct scan *sc, const struct entry *e, struct span rest, size_t *used)
{
	struct span data = span_first(rest, e->size);

	*used = data.len;
	if (e->flags & ENCRYPTED) {
		scan_flaw(sc, SCAN_ENCRYPTED);
		return SPAN("");
	}
	if (e->method == 8)
		return scan_inflate(sc, data, -15, used);
	if (e->method != 0) {
		scan_flaw(sc, SCAN_UNOPENED);
		return SPAN("");
	}
	if (e->size == SIZE_MAX) {
		data = span_first(rest, scan_find(rest, 0, SPAN("PK\007\010")));
		*used = data.len;
	}
	return data;
}

static size_t
size_of(unsigned flags, uint32_t size)
{
	if (size == UINT32_MAX || ((flags & STREAMED) && size == 0))
		return SIZE_MAX;
	return size;
}

static struct entry
local_entry(const uint8_t *p)
{
	struct entry e = { le16_get(p + 6), le16_get(p + 8), 0 };

	e.size = size_of(e.flags, le32_get(p + 18));
	return e;
}

/* How long a local header is with its name and extra fields. */
static size_t
local_len(const uint8_t *p)
{
	return LOCAL + (size_t)le16_get(p + 26) + le16_get(p + 28);
}

static int
next_local(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = scan_find(f->bytes, f->at, SPAN("PK\003\004"));
	struct span rest = span_from(f->bytes, at);
	struct entry e;
	size_t used;

	if (rest.len < LOCAL)
		return 0;
	e = local_entry(rest.p);
	used = local_len(rest.p);
	f->at = at + 4;
	if (used > rest.len) {
		scan_flaw(sc, SCAN_DAMAGED);
		*member = SPAN("");
		return 1;
	}
	scan_named(sc, f, span_of(rest.p + LOCAL, le16_get(rest.p + 26)));
	at += used;
	rest = span_from(rest, used);
	if (e.size != SIZE_MAX && e.size > rest.len)
		scan_flaw(sc, SCAN_DAMAGED);
	*member = unpack_entry(sc, &e, rest, &used);
	f->at = at + used;
	return 1;
}

/* Where the directory's offsets count from: not 0 behind a program. */
static size_t
base_of(struct span s)
{
	size_t from = s.len > 65557 ? s.len - 65557 : 0, at = s.len, next;
	uint64_t before;

	while ((next = scan_find(s, from, SPAN("PK\005\006"))) < s.len) {
		at = next;
		from = next + 4;
	}
	if (s.len - at < 22)
		return 0;
	before = (uint64_t)le32_get(s.p + at + 12) + le32_get(s.p + at + 16);
	return before < at ? at - (size_t)before : 0;
}

/* The local header that a directory entry means; empty: there is none. */
static struct span
local_of(struct span s, size_t base, uint32_t offset)
{
	struct span at = span_from(span_from(s, base), offset);

	if (at.len < LOCAL || !span_starts(at, SPAN("PK\003\004")))
		at = span_from(s, offset);
	if (at.len < LOCAL || !span_starts(at, SPAN("PK\003\004"))
	    || local_len(at.p) > at.len)
		return SPAN("");
	return at;
}

/* One directory entry; false when the first reading has seen the same. */
static bool
take_central(struct scan *sc, struct scan_frame *f, const uint8_t *p,
    struct span *member)
{
	struct span local = local_of(f->bytes, f->from, le32_get(p + 42));
	struct entry e = { le16_get(p + 8), le16_get(p + 10), 0 }, l;
	size_t used;

	e.size = size_of(0, le32_get(p + 20));
	if (local.len == 0) {
		scan_flaw(sc, SCAN_DAMAGED);
		return false;
	}
	l = local_entry(local.p);
	if (l.method == e.method
	    && (l.flags & ENCRYPTED) == (e.flags & ENCRYPTED)
	    && (l.size == e.size || (l.size == SIZE_MAX && e.method == 8)))
		return false;
	*member =
	    unpack_entry(sc, &e, span_from(local, local_len(local.p)), &used);
	return true;
}

static int
next_central(struct scan *sc, struct scan_frame *f, struct span *member)
{
	for (;;) {
		size_t at = scan_find(f->bytes, f->at, SPAN("PK\001\002"));

		if (f->bytes.len - at < CENTRAL)
			return 0;
		f->at = at + 4;
		scan_named(sc, f,
		    span_first(span_from(f->bytes, at + CENTRAL),
			le16_get(f->bytes.p + at + 28)));
		if (take_central(sc, f, f->bytes.p + at, member))
			return 1;
	}
}

int
scan_next_zip(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->phase == 0) {
		if (next_local(sc, f, member))
			return 1;
		f->phase = 1;
		f->at = 0;
		f->from = base_of(f->bytes);
	}
	return next_central(sc, f, member);
}
