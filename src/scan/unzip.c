/*
 * unzip: the members of a zip file, read both ways.
 *
 * First every local header that stands in the bytes, whether a directory
 * mentions it or not, as a reader does that goes from front to back.  Then,
 * by every directory that an end record may mean, each entry that lies where
 * the first reading has not looked, or that says something else about its
 * member than the local header does, as a reader does that begins at the end.
 * So it does not matter whether there is a directory, what stands before,
 * between or behind, or how many zip files were joined.
 *
 * Which local headers the first reading has taken is kept in scratch memory,
 * below the members.  The packings are unzip_entry.c's.
 */
#include "scan/unzip.h"

#include "core/le.h"
#include "scan/unpack.h"

#define LOCAL	 30
#define CENTRAL	 46
#define END	 22
#define STREAMED 8u /* sizes follow behind the data */
#define NEAR	 24 /* octets of what may stand behind an entry's data */
#define KEPT	 16 /* octets of what is kept of a local header */

/* phase */
enum { FRONT, AFTER, BEHIND, NEXT_END, IN_DIRECTORY };

/* ---- headers ---- */

bool
scan_is_zip_head(struct span s)
{
	size_t method, name;

	if (s.len <= LOCAL || !span_starts(s, SPAN("PK\003\004")))
		return false;
	method = le16_get(s.p + 8);
	name = le16_get(s.p + 26);
	return s.p[4] < 64 && (method <= 20 || (method >= 93 && method <= 99))
	       && name > 0 && name < 1024
	       && span_find(span_first(span_from(s, LOCAL), name), 0) >= name;
}

/*
 * The n-th number of a zip64 extra field, if `*n` says "look there"; such
 * numbers stand in a fixed order, each only where it is needed.
 */
static uint64_t
zip64(struct span extra, uint64_t n, unsigned *at)
{
	size_t len;

	if (n != UINT32_MAX)
		return n;
	for (; extra.len >= 4; extra = span_from(extra, 4 + len)) {
		len = le16_get(extra.p + 2);
		if (le16_get(extra.p) != 1)
			continue;
		extra = span_first(span_from(extra, 4), len);
		extra = span_from(extra, (size_t)*at * 8);
		++*at;
		return extra.len < 8 ? UINT64_MAX : le64_get(extra.p);
	}
	return UINT64_MAX;
}

static struct unzip_entry
local_entry(struct span s)
{
	struct span extra =
	    span_first(span_from(s, LOCAL + (size_t)le16_get(s.p + 26)),
		le16_get(s.p + 28));
	unsigned at = 0;
	struct unzip_entry e = {
		.flags = le16_get(s.p + 6),
		.method = le16_get(s.p + 8),
		.crc = le32_get(s.p + 14),
	};

	e.octets = zip64(extra, le32_get(s.p + 22), &at);
	e.size = zip64(extra, le32_get(s.p + 18), &at);
	e.has_crc = !(e.flags & STREAMED);
	if ((e.flags & STREAMED) && e.size == 0)
		e.size = e.octets = UINT64_MAX;
	return e;
}

/* What a directory's entry says, and where it says that the member is. */
static struct unzip_entry
central_entry(struct span s, uint64_t *offset)
{
	struct span extra =
	    span_first(span_from(s, CENTRAL + (size_t)le16_get(s.p + 28)),
		le16_get(s.p + 30));
	unsigned at = 0;
	struct unzip_entry e = {
		.flags = le16_get(s.p + 8),
		.method = le16_get(s.p + 10),
		.crc = le32_get(s.p + 16),
		.has_crc = true,
	};

	e.octets = zip64(extra, le32_get(s.p + 24), &at);
	e.size = zip64(extra, le32_get(s.p + 20), &at);
	*offset = zip64(extra, le32_get(s.p + 42), &at);
	return e;
}

/* How long a local header is with its name and extra fields. */
static size_t
local_len(const uint8_t *p)
{
	return LOCAL + (size_t)le16_get(p + 26) + le16_get(p + 28);
}

/* ---- from front to back ---- */

/*
 * Keep, for the other reading, that the header at `at` was taken; the checksum
 * that its data have follows when they have been read.
 */
static uint8_t *
keep_local(struct scan *sc, struct scan_frame *f, size_t at)
{
	size_t room;
	uint8_t *to = scan_room(sc, KEPT, &room);

	if (room < KEPT)
		return NULL;
	memset(to, 0, KEPT);
	le32_put(to, (uint32_t)at);
	le32_put(to + 4, (uint32_t)((uint64_t)at >> 32));
	(void)scan_take(sc, KEPT);
	f->mark += KEPT;
	return to;
}

/* What was kept of it, or NULL.  They were taken in order. */
static const uint8_t *
kept(const struct scan *sc, const struct scan_frame *f, size_t at)
{
	const uint8_t *p = sc->scratch + f->kept;
	size_t low = 0, high = (f->mark - f->kept) / KEPT;

	while (low < high) {
		size_t mid = (low + high) / 2;
		uint64_t have = le64_get(p + mid * KEPT);

		if (have == at)
			return p + mid * KEPT;
		if (have < at)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The next local header: where one is due, or that is more than chance. */
static size_t
find_local(const struct scan_frame *f)
{
	size_t at = f->at;

	for (;; at++) {
		at = scan_find(f->bytes, at, SPAN("PK\003\004"));
		if (at == f->bytes.len || at - f->at <= NEAR
		    || scan_is_zip_head(span_from(f->bytes, at)))
			return at;
	}
}

/*
 * What stands between two entries, or behind the last one, may be an archive of
 * another kind, which its own programs find there.
 */
static bool
take_gap(struct scan_frame *f, size_t to, struct span *member)
{
	/* what stands before a zip is looked at by who found the zip */
	if (f->within || to - f->at <= NEAR
	    || (f->at == 0 && !span_starts(f->bytes, SPAN("PK"))))
		return false;
	*member = span_first(span_from(f->bytes, f->at), to - f->at);
	f->at = to;
	f->name = SPAN("");
	f->hints = SCAN_SEEN;
	return true;
}

/* The bytes of an entry; and their checksum, where that follows behind them. */
static struct span
take_local(struct scan *sc, const struct unzip_entry *e, struct span data,
    uint8_t *keep, size_t *used)
{
	unsigned flaws = sc->flaws;
	struct span out = unzip_entry(sc, e, data, used);

	if (keep != NULL && !e->has_crc && sc->flaws == flaws) {
		le32_put(keep + 8, unzip_checksum(sc, out));
		keep[12] = 1;
	}
	return out;
}

static int
next_local(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = find_local(f), used;
	struct span rest = span_from(f->bytes, at);
	struct unzip_entry e;
	uint8_t *keep;

	if (rest.len < LOCAL)
		return 0;
	if (take_gap(f, at, member))
		return 1;
	keep = keep_local(sc, f, at);
	e = local_entry(rest);
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
	if (e.size != UINT64_MAX && e.size > rest.len)
		scan_flaw(sc, SCAN_DAMAGED);
	*member = take_local(sc, &e, rest, keep, &used);
	f->at = at + used;
	return 1;
}

/* Where the first record of an end from f->at on ends, with its comment. */
static size_t
end_of_record(const struct scan_frame *f)
{
	size_t len = f->bytes.len;
	size_t at = scan_find(f->bytes, f->at, SPAN("PK\005\006"));

	if (len - at < END)
		return len;
	at += END + (size_t)le16_get(f->bytes.p + at + 20);
	return at < len ? at : len;
}

/* Behind the last entry: to the end of the first record, and behind that. */
static bool
next_behind(struct scan_frame *f, struct span *member)
{
	if (f->phase == AFTER) {
		f->phase = BEHIND;
		f->from = end_of_record(f);
		if (take_gap(f, f->from, member))
			return true;
	}
	f->phase = NEXT_END;
	return scan_behind(f, f->from, member);
}

/* ---- by the directories ---- */

/*
 * The local header that a directory's entry means; empty: there is none.
 * `base`, the distance of all of it from where it should be, is taken modulo
 * the size of addresses: what stood before may have been cut off, too.
 */
static struct span
local_of(struct span s, size_t base, uint64_t offset)
{
	struct span at = SPAN("");

	if (offset + base < s.len)
		at = span_from(s, (size_t)offset + base);
	if (offset >= s.len)
		offset = s.len;
	if (at.len < LOCAL || !span_starts(at, SPAN("PK\003\004")))
		at = span_from(s, (size_t)offset);
	if (at.len < LOCAL || !span_starts(at, SPAN("PK\003\004"))
	    || local_len(at.p) > at.len)
		return SPAN("");
	return at;
}

/* Would the entry give the same member as the local header does? */
static bool
is_same(const struct unzip_entry *l, const struct unzip_entry *e)
{
	return l->method == e->method && !((l->flags ^ e->flags) & 1)
	       && (l->size == e->size
		   || (l->size == UINT64_MAX && e->method == 8));
}

/* One entry of a directory; false: nothing new. */
static bool
take_central(struct scan *sc, struct scan_frame *f, struct span entry,
    struct span *member)
{
	uint64_t offset;
	struct unzip_entry e = central_entry(entry, &offset), l;
	struct span local = local_of(f->bytes, f->from, offset);
	const uint8_t *have;
	size_t used;

	if (local.len == 0) {
		scan_flaw(sc, SCAN_DAMAGED);
		return false;
	}
	l = local_entry(local);
	have = kept(sc, f, (size_t)(local.p - f->bytes.p));
	if (have != NULL && is_same(&l, &e)) {
		if ((l.has_crc && l.crc != e.crc)
		    || (have[12] && le32_get(have + 8) != e.crc))
			scan_flaw(sc, SCAN_DAMAGED);
		return false;
	}
	*member =
	    unzip_entry(sc, &e, span_from(local, local_len(local.p)), &used);
	return true;
}

static int
next_central(struct scan *sc, struct scan_frame *f, struct span *member)
{
	for (;;) {
		struct span s = span_from(f->bytes, f->at);

		if (s.len < CENTRAL || !span_starts(s, SPAN("PK\001\002")))
			return 0;
		/* so that records cannot send us to and fro without end */
		if (sc->left < CENTRAL) {
			scan_flaw(sc, SCAN_LIMITS);
			return 0;
		}
		sc->left -= CENTRAL;
		f->at += CENTRAL + (size_t)le16_get(s.p + 28)
			 + le16_get(s.p + 30) + le16_get(s.p + 32);
		scan_named(sc, f,
		    span_first(span_from(s, CENTRAL), le16_get(s.p + 28)));
		if (take_central(sc, f, s, member))
			return 1;
	}
}

/* The size and place of the directory that the end record at `*at` tells. */
static void
read_end(struct span s, size_t *at, uint64_t *size, uint64_t *offset)
{
	struct span end = span_from(s, *at), big;
	size_t far;

	*size = le32_get(end.p + 12);
	*offset = le32_get(end.p + 16);
	if (*size != UINT32_MAX && *offset != UINT32_MAX)
		return;
	/* zip64: another one stands 56 octets and a pointer before */
	for (far = *at < 76 ? 0 : *at - 76; far + 56 <= *at; far++) {
		big = span_from(s, far);
		if (!span_starts(big, SPAN("PK\006\006")))
			continue;
		*size = le64_get(big.p + 40);
		*offset = le64_get(big.p + 48);
		*at = far;
		return;
	}
}

/*
 * Begin with the next directory that an end record means: the one that ends
 * where the record begins, then, if that is another, the one at the offset
 * that it tells.  False: there is no other.
 */
static bool
next_directory(struct scan_frame *f)
{
	size_t at = scan_find(f->bytes, f->to, SPAN("PK\005\006")), before;
	uint64_t size, offset;
	bool second = f->used++ & 1;

	if (f->bytes.len - at < END)
		return false;
	f->to = at + (second ? 4 : 0);
	read_end(f->bytes, &at, &size, &offset);
	before = size < at ? at - (size_t)size : 0;
	f->at = second && offset < f->bytes.len ? (size_t)offset : before;
	f->from = second ? 0 : before - (size_t)offset;
	if (second && f->at == before)
		f->at = f->bytes.len;
	return true;
}

int
scan_next_zip(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t len = f->bytes.len;

	if (f->count == 0 && f->at == 0)
		f->kept = f->mark;
	if (f->phase == FRONT) {
		if (next_local(sc, f, member))
			return 1;
		f->phase = AFTER;
	}
	if (f->phase < NEXT_END && next_behind(f, member))
		return 1;
	if (f->phase == NEXT_END && f->to == 0)
		f->to = len > 65557 + 76 ? len - 65557 - 76 : 0;
	for (;;) {
		if (f->phase == IN_DIRECTORY && next_central(sc, f, member))
			return 1;
		f->phase = IN_DIRECTORY;
		if (!next_directory(f))
			return 0;
	}
}
