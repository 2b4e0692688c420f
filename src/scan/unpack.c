/* unpack: the driver; one file for each kind of container stands beside it. */
#include "scan/unpack.h"

#include "config.h"

#include <zlib.h>

#define DISK_ZEROS 0x8000u
#define FORMS	   (1u << SCAN_TARGET_HTML | 1u << SCAN_TARGET_TEXT)

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

void
scan_spend(struct scan *sc, size_t octets)
{
	sc->left -= octets < sc->left ? octets : sc->left;
}

struct span
scan_take(struct scan *sc, size_t len)
{
	struct span s = span_of(sc->scratch + sc->scratch_len, len);

	sc->scratch_len += len;
	return s;
}

bool
scan_behind(struct scan_frame *f, size_t end, struct span *member)
{
	struct span rest = span_from(f->bytes, end);
	size_t zeros = 0;

	while (zeros < rest.len && rest.p[zeros] == 0)
		zeros++;
	if (f->within || zeros == rest.len)
		return false;
	/* a disk begins with so many */
	*member = span_from(
	    rest, zeros > DISK_ZEROS ? zeros - DISK_ZEROS : zeros % DISK_ZEROS);
	f->name = SPAN("");
	f->hints = 0;
	return true;
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

/* By zlib, which gives what there is of a stream that is not sound. */
static struct span
by_zlib(struct scan *sc, struct span in, int window, size_t *used)
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

struct span
scan_inflate(struct scan *sc, struct span in, int window, size_t *used)
{
	struct scan_out out;

	out.to = scan_most(sc, SIZE_MAX, &out.room);
	if (sc->inflate == NULL || !sc->inflate(in, window == 31, &out))
		return by_zlib(sc, in, window, used);
	*used = out.used;
	return scan_take(sc, out.len);
}

/* ---- the driver ---- */

/*
 * Look for the signatures of one set: 1, 0, or ERR_RANGE.  What lies unpacked
 * in bytes that have been searched needs no second search for bodies that may
 * stand anywhere.
 */
static int
search(struct scan *sc, const struct sigdb *db, struct span s, uint32_t targets)
{
	uint64_t work = scan_work(s);
	int found;

	if (db == NULL)
		return 0;
	found = match_hashes(&sc->match, db, s);
	if (!found && sigdb_has_body(db, targets, sc->searched))
		found = match_bodies(&sc->match, db, s, targets, work);
	if (found < 0)
		scan_flaw(sc, SCAN_LIMITS);
	if (found > 0) {
		sc->name = sc->match.name;
		scan_note_where(sc);
	}
	return found;
}

/* Mails, programs and wrappings of one file are no depth; archives are. */
static bool
is_deep(scan_next next)
{
	return next != scan_next_mail && next != scan_next_program
	       && next != scan_next_blob
	       && !(ENABLE_SCAN_DOCUMENTS
		    && (next == scan_next_object || next == scan_next_package));
}

/*
 * Archives around the member that is looked at; those that are still to be
 * read, as other readings of the same bytes, have given none.
 */
static unsigned
depth(const struct scan *sc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sc->n; i++)
		n += sc->stack[i].count > 0 && is_deep(sc->stack[i].next);
	return n;
}

static void
push(struct scan *sc, struct span s, scan_next next, unsigned hints)
{
	if (sc->n == SCAN_FRAMES
	    || (is_deep(next) && depth(sc) >= sc->limits.depth)) {
		scan_flaw(sc, SCAN_DEEP);
		return;
	}
	sc->stack[sc->n++] = (struct scan_frame) {
		.bytes = s,
		.next = next,
		.mark = sc->scratch_len,
		.within = (hints & SCAN_SEEN) != 0,
		.hints = hints & SCAN_AS_MAIL,
		.stray = sc->stray,
		.searched = sc->searched,
	};
}

/* Search one member; 1 when something was found. */
static int
look(struct scan *sc, struct span s, const struct scan_kind *kind,
    unsigned hints)
{
	bool whole = s.len <= sc->left;
	int found;

	if (!whole) {
		scan_flaw(sc, SCAN_LIMITS);
		s = span_first(s, (size_t)sc->left);
	}
	sc->left -= s.len;
	for (unsigned i = 0; i < 2; i++) {
		found = search(sc, sc->db[i], s, kind->targets & ~FORMS);
		if (found > 0)
			return 1;
		whole = whole && found == 0;
	}
	if (scan_texts(sc, s, kind->targets, hints))
		return 1;
	if (whole)
		sc->searched |= kind->targets;
	scan_rules(sc, s, kind, hints);
	return 0;
}

/* To be looked through for archives, of which broken ones are nobody's. */
static void
push_stray(struct scan *sc, struct span s, unsigned hints)
{
	bool stray = sc->stray;

	sc->stray = true;
	push(sc, s, scan_next_program, hints);
	sc->stray = stray;
}

/* What bytes are beside what they begin with, to be opened, too. */
static void
push_others(struct scan *sc, struct span s, const struct scan_kind *kind,
    unsigned hints)
{
	if (kind->is_zip_too)
		push(sc, s, scan_next_zip, hints);
	if (kind->is_binhex_too)
		push(sc, s, scan_next_binhex, hints);
	if (ENABLE_SCAN_DOCUMENTS && kind->is_pdf_too)
		push(sc, s, scan_next_pdf, hints);
	if (kind->is_program_too)
		push(sc, s, scan_next_program, hints);
	if (kind->is_stray_too)
		push_stray(sc, s, hints);
	if (kind->is_warc_too)
		push(sc, s, scan_next_warc, hints);
	if (kind->is_blob_too && !(hints & SCAN_CODED))
		push(sc, s, scan_next_blob, hints);
}

/* Search one member and open it; 1 when something was found. */
static int
examine(struct scan *sc, struct span s, unsigned hints)
{
	struct scan_kind kind = scan_kind_of(s, (hints & SCAN_SEEN) != 0);

	if (!(hints & SCAN_SEEN)) {
		if (look(sc, s, &kind, hints))
			return 1;
		push_others(sc, s, &kind, hints);
	}
	if (kind.how == SCAN_BY_ARCHIVE && sc->archive != NULL)
		kind.next = sc->archive;
	else if (kind.how != SCAN_BY_US)
		scan_flaw(sc, SCAN_UNOPENED);
	if (kind.has_more)
		scan_flaw(sc, SCAN_UNOPENED);
	if (kind.is_mail || kind.is_mail_too)
		hints |= SCAN_AS_MAIL;
	if ((hints & SCAN_AS_MAIL) && kind.next != scan_next_mail)
		push(sc, s, scan_next_mail, hints);
	if (kind.next != NULL)
		push(sc, s, kind.next, hints);
	return 0;
}

static void
pop(struct scan *sc)
{
	struct scan_frame *f = &sc->stack[--sc->n];

	if (f->handle != NULL)
		sc->close(f);
}

/* Does the member lie, unpacked, in its container? */
static bool
is_in_place(const struct scan_frame *f, struct span member)
{
	uintptr_t from = (uintptr_t)f->bytes.p, at = (uintptr_t)member.p;

	return at >= from && at - from <= f->bytes.len
	       && member.len <= f->bytes.len - (at - from);
}

/* Look at the next member of the container on top. */
static int
next_one(struct scan *sc, struct scan_frame *f)
{
	struct span member;
	unsigned hints;

	sc->scratch_len = f->mark;
	if (!f->next(sc, f, &member)) {
		pop(sc);
		return 0;
	}
	sc->members++;
	f->count++;
	sc->searched = 0;
	hints = f->hints;
	if (is_in_place(f, member)) {
		sc->searched = f->searched;
		/* its parts are read where they lie */
		hints &= ~(unsigned)SCAN_AS_MAIL;
	}
	return examine(sc, member, hints);
}

/* One step with the container on top; 1 when something was found. */
static int
step(struct scan *sc)
{
	struct scan_frame *f = &sc->stack[sc->n - 1];
	unsigned flaws = sc->flaws;
	bool stray = f->stray;
	int found;

	sc->flaws = 0;
	sc->stray = stray;
	found = next_one(sc, f);
	if (stray)
		sc->flaws &= ~(unsigned)(SCAN_DAMAGED | SCAN_UNOPENED);
	sc->flaws |= flaws;
	return found;
}

static bool
is_open(const struct scan *sc, scan_next next)
{
	for (unsigned i = 0; i < sc->n; i++)
		if (sc->stack[i].next == next)
			return true;
	return false;
}

int
scan_bytes(struct scan *sc, struct span bytes)
{
	struct scan_frame outermost = { .next = scan_next_mail };
	int found;

	sc->name = SPAN("");
	sc->where[0] = '\0';
	sc->flaws = 0;
	memset(sc->rule, 0, sizeof(sc->rule));
	sc->n = 0;
	sc->scratch_len = 0;
	sc->members = 0;
	sc->searched = 0;
	sc->stray = false;
	/* the outermost bytes are there already; the limit is for the rest */
	sc->left = sc->limits.octets + bytes.len;
	scan_named(sc, &outermost, sc->file);
	found = examine(sc, bytes, outermost.hints);
	if (!found && sc->is_mail && !is_open(sc, scan_next_mail))
		push(sc, bytes, scan_next_mail, SCAN_AS_MAIL);
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
