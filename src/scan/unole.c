/*
 * unole: the streams of an OLE2 compound file (MS-CFB): old Office documents,
 * Outlook's .msg, Windows Installer's packages, macros of new documents.
 *
 * Read as Office reads it: the directory's chain of sectors, each stream's
 * chain, small streams in the stream of small ones.  What lies in one piece is
 * a member in place; else its pieces are joined.  Beside each stream are
 * members what is packed in it: text of macros (MS-OVBA), PowerPoint's
 * objects.  A package of a file within a stream is opened as a kind of its
 * own (unobject.c).
 *
 * In scratch, below the members: the table of sectors' chains, that of small
 * sectors, and the stream of small ones; struct olefile says where.
 */
#include "codec/ovba.h"
#include "core/le.h"
#include "scan/olefile.h"

#define ENTRY	  OLEFILE_ENTRY
#define NAME_MOST 64

enum { FILE_ENTRY = 2 };

/* phase: what is looked for in the stream given last */
enum { STREAMS = 0, MACROS, OBJECTS };

/* ---- what a stream is called, and what it tells ---- */

/* The entry's name as text that can be shown, in scratch. */
static struct span
name_of(struct scan *sc, const uint8_t *entry)
{
	size_t room, n, len = le16_get(entry + NAME_MOST);
	uint8_t *to = scan_most(sc, NAME_MOST / 2, &room);

	if (len > NAME_MOST)
		len = NAME_MOST;
	for (n = 0; n < room && 2 * n + 2 < len; n++)
		to[n] = entry[2 * n + 1] == 0 && entry[2 * n] >= ' '
				&& entry[2 * n] < 0x7f
			    ? entry[2 * n]
			    : '_';
	return scan_take(sc, n);
}

/* Outlook's attachments: their names, to be judged as such. */
static void
judge_name(
    struct scan *sc, struct scan_frame *f, struct span name, struct span value)
{
	size_t room, n = 0;
	uint8_t *to;

	if (!span_starts(name, SPAN("__substg1.0_3707"))
	    && !span_starts(name, SPAN("__substg1.0_3704")))
		return;
	to = scan_most(sc, value.len, &room);
	for (size_t i = 0; i < value.len && n < room; i++)
		if (value.p[i] != 0)
			to[n++] = value.p[i];
	scan_named(sc, f, scan_take(sc, n));
}

/* A record of Excel's that says: the rest is encrypted; it comes second. */
static bool
has_file_pass(struct span s)
{
	size_t second;

	if (s.len < 8)
		return false;
	second = 4u + le16_get(s.p + 2);
	s = span_from(s, second);
	return s.len >= 2 && le16_get(s.p) == 0x2f;
}

static bool
is_locked(struct span name, struct span s)
{
	if (span_is(name, SPAN("EncryptedPackage")))
		return true;
	if (span_is(name, SPAN("WordDocument")))
		return s.len > 11 && le16_get(s.p) == 0xa5ec
		       && (s.p[11] & 1) != 0;
	return (span_is(name, SPAN("Workbook")) || span_is(name, SPAN("Book")))
	       && has_file_pass(s);
}

/* The next stream that the directory tells. */
static bool
next_stream(struct scan *sc, struct scan_frame *f, struct olefile *o)
{
	const uint8_t *entry;
	struct span name;

	for (; f->at + ENTRY <= o->directory.len; f->at += ENTRY) {
		entry = o->directory.p + f->at;
		if (entry[66] == FILE_ENTRY)
			break;
	}
	if (f->at + ENTRY > o->directory.len)
		return false;
	f->at += ENTRY;
	name = name_of(sc, entry);
	o->stream = olefile_stream(sc, f->bytes, o, entry);
	judge_name(sc, f, name, o->stream);
	scan_named(sc, f, name);
	if (is_locked(name, o->stream))
		scan_flaw(sc, SCAN_ENCRYPTED);
	return true;
}

/* ---- text of macros ---- */

/* All chunks from `s` on. */
static struct span
unpack_text(struct scan *sc, struct span s)
{
	size_t room, n;
	uint8_t *to = scan_most(sc, SIZE_MAX, &room);

	n = ovba(s, to, room);
	if (n == room)
		scan_flaw(sc, SCAN_LIMITS);
	return scan_take(sc, n);
}

/* A module's text begins so, packed, behind what is compiled of it. */
static bool
next_macro(
    struct scan *sc, struct scan_frame *f, struct span s, struct span *member)
{
	struct span sign = SPAN("\0Attribut");

	while ((f->from = scan_find(s, f->from, sign)) < s.len) {
		size_t at = f->from++;

		if (at < 3 || s.p[at - 3] != 1 || (s.p[at - 1] & 0xf0) != 0xb0)
			continue;
		*member = unpack_text(sc, span_from(s, at - 2));
		return true;
	}
	return false;
}

/* ---- PowerPoint's objects ---- */

static bool
next_object(
    struct scan *sc, struct scan_frame *f, struct span s, struct span *member)
{
	/* a record of that type whose data are packed */
	struct span sign = SPAN("\x10\0\x11\x10");

	while ((f->from = scan_find(s, f->from, sign)) < s.len) {
		struct span data = span_from(s, f->from + 8), rest;
		size_t used;

		f->from++;
		rest = span_from(data, 4);
		if (rest.len < 8 || (rest.p[0] & 15) != 8
		    || (rest.p[0] * 256u + rest.p[1]) % 31 != 0)
			continue;
		*member = scan_inflate(sc, span_from(rest, 2), -15, &used);
		return true;
	}
	return false;
}

/* ---- all of it ---- */

static void
keep(struct scan *sc, const struct scan_frame *f, const struct olefile *o)
{
	memcpy(sc->scratch + f->to, o, sizeof(*o));
}

/* Read the tables, and leave them in scratch below the members. */
static bool
open_ole(struct scan *sc, struct scan_frame *f)
{
	struct olefile o;
	size_t room;

	(void)scan_room(sc, sizeof(o), &room);
	if (room < sizeof(o))
		return false;
	f->to = sc->scratch_len;
	(void)scan_take(sc, sizeof(o));
	if (!olefile_read(sc, f->bytes, &o)) {
		scan_flaw(sc, SCAN_DAMAGED);
		return false;
	}
	f->mark = sc->scratch_len;
	f->used = 1;
	keep(sc, f, &o);
	return true;
}

static bool
next_within(
    struct scan *sc, struct scan_frame *f, struct span s, struct span *member)
{
	if (f->phase == MACROS) {
		if (next_macro(sc, f, s, member))
			return true;
		f->phase = OBJECTS;
		f->from = 0;
	}
	return f->phase == OBJECTS && next_object(sc, f, s, member);
}

int
scan_next_ole(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct olefile o;

	if (f->used == 0 && !open_ole(sc, f))
		return 0;
	memcpy(&o, sc->scratch + f->to, sizeof(o));
	/* what lies behind the tables was a member, and may be needed again */
	if (f->phase != STREAMS) {
		sc->scratch_len = f->kept;
		if (next_within(sc, f, o.stream, member))
			return 1;
		sc->scratch_len = f->mark;
	}
	if (!next_stream(sc, f, &o))
		return 0;
	f->phase = MACROS;
	f->from = 0;
	f->kept = sc->scratch_len;
	keep(sc, f, &o);
	*member = o.stream;
	return 1;
}
