/* unpack: the driver; one file for each kind of container stands beside it. */
#include "scan/unpack.h"

#include <zlib.h>

#include "core/le.h"

#define WORK_PER_OCTET 64
#define WORK_LEAST     (1u << 22)

size_t
scan_find(struct span s, size_t from, struct span what)
{
	const uint8_t *hit;

	if (from >= s.len)
		return s.len;
	hit = memmem(s.p + from, s.len - from, what.p, what.len);
	return hit != NULL ? (size_t)(hit - s.p) : s.len;
}

uint8_t *
scan_most(struct scan *sc, size_t most, size_t *room)
{
	*room = sc->scratch_cap - sc->scratch_len;
	if (*room > sc->left)
		*room = (size_t)sc->left;
	if (*room > most)
		*room = most;
	return sc->scratch + sc->scratch_len;
}

uint8_t *
scan_room(struct scan *sc, size_t want, size_t *room)
{
	uint8_t *to = scan_most(sc, want, room);

	if (*room < want)
		scan_flaw(sc, SCAN_LIMITS);
	return to;
}

struct span
scan_take(struct scan *sc, size_t len)
{
	struct span s = span_of(sc->scratch + sc->scratch_len, len);

	sc->scratch_len += len;
	return s;
}

/* ---- inflate ---- */

static void *
zlib_alloc(void *me, uInt n, uInt size)
{
	struct scan *sc = me;
	size_t octets = ((size_t)n * size + 15) / 16 * 16;
	void *p = sc->zlib + sc->zlib_used;

	if (octets > sizeof(sc->zlib) - sc->zlib_used)
		return NULL;
	sc->zlib_used += octets;
	return p;
}

static void
zlib_free(void *me, void *p)
{
	(void)me;
	(void)p;
}

struct span
scan_inflate(struct scan *sc, struct span in, int window, size_t *used)
{
	z_stream z = { .zalloc = zlib_alloc, .zfree = zlib_free, .opaque = sc };
	size_t room, n_in = in.len < UINT32_MAX ? in.len : UINT32_MAX;
	uint8_t *to;
	int err;

	sc->zlib_used = 0;
	to = scan_most(sc, UINT32_MAX, &room);
	/* zlib does not write through it */
	memcpy(&z.next_in, &in.p, sizeof(in.p));
	z.avail_in = (uInt)n_in;
	z.next_out = to;
	z.avail_out = (uInt)room;
	*used = in.len;
	if (inflateInit2(&z, window) != Z_OK)
		return scan_take(sc, 0);
	err = inflate(&z, Z_FINISH);
	*used = n_in - z.avail_in;
	if (err != Z_STREAM_END)
		scan_flaw(sc, z.avail_out == 0 ? SCAN_LIMITS : SCAN_DAMAGED);
	(void)inflateEnd(&z);
	return scan_take(sc, room - z.avail_out);
}

/* ---- the driver ---- */

static int
search(struct scan *sc, const struct sigdb *db, struct span s, uint32_t targets)
{
	uint64_t work = (uint64_t)s.len * WORK_PER_OCTET + WORK_LEAST;
	int found;

	if (db == NULL)
		return 0;
	found = match_hashes(&sc->match, db, s);
	if (!found)
		found = match_bodies(&sc->match, db, s, targets, work);
	if (found < 0)
		scan_flaw(sc, SCAN_LIMITS);
	if (found > 0)
		sc->name = sc->match.name;
	return found > 0;
}

/* Archives open just now; the mails between them are no depth. */
static unsigned
depth(const struct scan *sc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sc->n; i++)
		n += sc->stack[i].next != scan_next_mail;
	return n;
}

static void
push(struct scan *sc, struct span s, scan_next next)
{
	if (sc->n == SCAN_FRAMES
	    || (next != scan_next_mail && depth(sc) >= sc->limits.depth)) {
		scan_flaw(sc, SCAN_DEEP);
		return;
	}
	sc->stack[sc->n++] = (struct scan_frame) {
		.bytes = s,
		.next = next,
		.mark = sc->scratch_len,
	};
}

/* Look at one member; 1 when something was found. */
static int
examine(struct scan *sc, struct span s, unsigned hints)
{
	struct scan_kind kind = scan_kind_of(s);

	if (s.len > sc->left) {
		scan_flaw(sc, SCAN_LIMITS);
		s = span_first(s, (size_t)sc->left);
	}
	sc->left -= s.len;
	for (unsigned i = 0; i < 2; i++)
		if (search(sc, sc->db[i], s, kind.targets))
			return 1;
	scan_rules(sc, s, &kind, hints);
	if (kind.how == SCAN_BY_ARCHIVE && sc->archive != NULL)
		kind.next = sc->archive;
	else if (kind.how != SCAN_BY_US)
		scan_flaw(sc, SCAN_UNOPENED);
	if (kind.next != NULL)
		push(sc, s, kind.next);
	return 0;
}

static void
pop(struct scan *sc)
{
	struct scan_frame *f = &sc->stack[--sc->n];

	if (f->handle != NULL)
		sc->close(f);
}

/* One step with the container on top; 1 when something was found. */
static int
step(struct scan *sc)
{
	struct scan_frame *f = &sc->stack[sc->n - 1];
	struct span member;

	sc->scratch_len = f->mark;
	if (!f->next(sc, f, &member)) {
		pop(sc);
		return 0;
	}
	sc->members++;
	return examine(sc, member, f->hints);
}

int
scan_bytes(struct scan *sc, struct span bytes)
{
	struct scan_frame outermost = { .next = scan_next_mail };
	int found;

	sc->name = SPAN("");
	sc->flaws = 0;
	memset(sc->rule, 0, sizeof(sc->rule));
	sc->n = 0;
	sc->scratch_len = 0;
	sc->members = 0;
	/* the outermost bytes are there already; the limit is for the rest */
	sc->left = sc->limits.octets + bytes.len;
	scan_named(sc, &outermost, sc->file);
	found = examine(sc, bytes, outermost.hints);
	while (!found && sc->n > 0) {
		if (sc->left == 0 || sc->members == sc->limits.members) {
			scan_flaw(sc, SCAN_LIMITS);
			break;
		}
		found = step(sc);
	}
	while (sc->n > 0)
		pop(sc);
	return found;
}

const char *
scan_flaw_text(unsigned flaws)
{
	if (flaws & SCAN_LIMITS)
		return "over the limits";
	if (flaws & SCAN_DEEP)
		return "nested too deep";
	if (flaws & SCAN_ENCRYPTED)
		return "behind a password";
	if (flaws & SCAN_UNOPENED)
		return "not opened here";
	if (flaws & SCAN_DAMAGED)
		return "damaged";
	return flaws & SCAN_ALL_RULES ? "against the rules" : "";
}

/* ---- the simplest containers ---- */

/* What is left of a gzip file behind its zeros. */
static struct span
gzip_rest(const struct scan_frame *f)
{
	struct span rest = span_from(f->bytes, f->at);
	size_t zeros = 0;

	while (f->at > 0 && zeros < rest.len && rest.p[zeros] == 0)
		zeros++;
	return span_from(rest, zeros);
}

/* One member of a gzip file; what is no member is taken as it is. */
static struct span
gzip_member(struct scan *sc, struct scan_frame *f, struct span rest)
{
	struct span out;
	size_t used;

	f->at = f->bytes.len;
	if (rest.len < 18 || !span_starts(rest, SPAN("\x1f\x8b")))
		return rest;
	out = scan_inflate(sc, rest, 31, &used);
	if (used > 0)
		f->at = (size_t)(rest.p - f->bytes.p) + used;
	f->phase++;
	return out;
}

/*
 * Every member of a gzip file for itself; and where there are several, all of
 * them in one, as gzip itself reads it.
 */
int
scan_next_gzip(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span rest = gzip_rest(f), all;

	if (rest.len > 0) {
		*member = gzip_member(sc, f, rest);
		return 1;
	}
	if (f->phase < 2)
		return 0;
	all = scan_take(sc, 0);
	f->at = 0;
	while (f->at < f->bytes.len)
		(void)gzip_member(sc, f, gzip_rest(f));
	f->phase = 0;
	all.len = sc->scratch_len - f->mark;
	*member = all;
	return 1;
}

/*
 * Is the sign at the start of `s` more than chance?  Programs that work with
 * archives have such signs among their constants.
 */
static bool
is_likely(struct span s)
{
	if (span_starts(s, SPAN("PK")))
		return s.len > 30 && le16_get(s.p + 4) < 64
		       && le16_get(s.p + 8) < 100 && le16_get(s.p + 26) > 0
		       && le16_get(s.p + 26) < 1024;
	if (span_starts(s, SPAN("MSCF")))
		return s.len > 36 && le32_get(s.p + 4) == 0;
	return true;
}

/*
 * A program may carry an archive behind it (self-extracting): everything from
 * the first sign of each kind on is a member.
 */
int
scan_next_program(struct scan *sc, struct scan_frame *f, struct span *member)
{
	static const char *const signs[] = { "PK\003\004", "Rar!\x1a\x07",
		"7z\xbc\xaf\x27\x1c", "MSCF" };
	static const uint8_t lens[] = { 4, 6, 6, 4 };

	(void)sc;
	while (f->phase < sizeof(lens)) {
		struct span sign = span_of(signs[f->phase], lens[f->phase]);
		size_t at = scan_find(f->bytes, f->at, sign);

		f->at = at + 1;
		if (at >= f->bytes.len) {
			f->phase++;
			f->at = 0;
			continue;
		}
		*member = span_from(f->bytes, at);
		if (!is_likely(*member))
			continue;
		f->phase++;
		f->at = 0;
		return 1;
	}
	return 0;
}

/* ---- tar ---- */

/* A number in octal, or in binary with its first bit set. */
static uint64_t
tar_number(const uint8_t *p, size_t len)
{
	uint64_t n = 0;

	if (p[0] & 0x80) {
		for (size_t i = len - 8; i < len; i++)
			n = n << 8 | p[i];
		return n;
	}
	for (size_t i = 0; i < len; i++)
		if (p[i] >= '0' && p[i] <= '7')
			n = n << 3 | (p[i] & 7u);
	return n;
}

int
scan_next_tar(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span rest, head;
	uint64_t size;

	for (;;) {
		rest = span_from(f->bytes, f->at);
		if (rest.len < 512)
			return 0;
		if (rest.p[0] != 0 || rest.p[257] != 0)
			break;
		f->at += 512;
	}
	head = span_first(rest, 100);
	size = tar_number(rest.p + 124, 12);
	rest = span_from(rest, 512);
	if (size > rest.len) {
		scan_flaw(sc, SCAN_DAMAGED);
		size = rest.len;
	}
	*member = span_first(rest, (size_t)size);
	scan_named(sc, f, head);
	f->at += 512 + ((size_t)size + 511) / 512 * 512;
	return 1;
}
