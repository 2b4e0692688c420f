/* unarchive: one archive handle for each open container of such a kind. */
#include "service/unarchive.h"

#include "config.h"
#include "platform/library.h"
#if ENABLE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>

#define MEMBER_MOST ((size_t)1 << 31)
#define LIBRARY	    "libarchive.so.13"

/* Every function of the library that is used here. */
#define FUNCTIONS(X)                                                           \
	X(read_new)                                                            \
	X(read_free)                                                           \
	X(read_open_memory)                                                    \
	X(read_set_format_option)                                              \
	X(read_next_header)                                                    \
	X(read_data_block)                                                     \
	X(format)                                                              \
	X(filter_code)                                                         \
	X(filter_bytes)                                                        \
	X(read_has_encrypted_entries)                                          \
	X(entry_filetype)                                                      \
	X(entry_hardlink)                                                      \
	X(entry_size)                                                          \
	X(entry_size_is_set)                                                   \
	X(entry_is_encrypted)                                                  \
	X(entry_pathname)                                                      \
	X(entry_pathname_utf8)                                                 \
	X(read_support_filter_bzip2)                                           \
	X(read_support_filter_xz)                                              \
	X(read_support_filter_compress)                                        \
	X(read_support_filter_zstd)                                            \
	X(read_support_filter_lz4)                                             \
	X(read_support_filter_lzip)                                            \
	X(read_support_filter_lzma)                                            \
	X(read_support_filter_rpm)                                             \
	X(read_support_format_zip_streamable)                                  \
	X(read_support_format_raw)                                             \
	X(read_support_format_rar)                                             \
	X(read_support_format_rar5)                                            \
	X(read_support_format_7zip)                                            \
	X(read_support_format_cab)                                             \
	X(read_support_format_ar)                                              \
	X(read_support_format_xar)                                             \
	X(read_support_format_iso9660)                                         \
	X(read_support_format_cpio)

#define MEMBER(name) __typeof__ (&archive_##name)(name);
#define FIND(name)                                                             \
	lib.name =                                                             \
	    (__typeof__(lib.name))library_find(loaded, "archive_" #name);      \
	missing |= lib.name == NULL;
#define LINK(name) lib.name = archive_##name;

static struct {
	bool tried, is_there;
	FUNCTIONS(MEMBER)
} lib;

#if LIBARCHIVE_LINKED
static bool
find_functions(void)
{
	FUNCTIONS(LINK)
	return true;
}
#else
/* The library is as large as gatepost itself: loaded when first needed. */
static bool
find_functions(void)
{
	void *loaded = library_open(LIBRARY);
	bool missing = false;

	if (loaded == NULL)
		return false;
	FUNCTIONS(FIND)
	return !missing;
}
#endif

static bool
has_library(void)
{
	if (!lib.tried)
		lib.is_there = find_functions();
	lib.tried = true;
	return lib.is_there;
}

static bool
is_iso(struct span s)
{
	return span_starts(span_from(s, 0x8001), SPAN("CD001"));
}

/* Does the disk have a second tree of files, which Windows shows? */
static bool
has_joliet(struct span s)
{
	if (!is_iso(s))
		return false;
	for (s = span_from(s, 0x8000);
	     span_starts(span_from(s, 1), SPAN("CD001"));
	     s = span_from(s, 2048))
		if (s.p[0] == 2)
			return true;
	return false;
}

/* The archives; all else that is given here is packed with none around it. */
static bool
is_archive(struct span s)
{
	static const struct span signs[] = { { (const uint8_t *)"Rar!", 4 },
		{ (const uint8_t *)"7z\xbc\xaf", 4 },
		{ (const uint8_t *)"MSCF", 4 }, { (const uint8_t *)"xar!", 4 },
		{ (const uint8_t *)"!<arch>", 7 },
		{ (const uint8_t *)"0707", 4 },
		{ (const uint8_t *)"\xc7\x71", 2 },
		{ (const uint8_t *)"\x71\xc7", 2 } };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (span_starts(s, signs[i]))
			return true;
	return is_iso(s);
}

/* ---- reading ---- */

/* phase; a disk of two trees is read twice */
enum { READING, READING_JOLIET, FINISHED };

/* Only the outermost packing: what is packed in that is a member of it. */
static int
support_filter(struct archive *a, struct span s)
{
	if (span_starts(s, SPAN("BZh")))
		return lib.read_support_filter_bzip2(a);
	if (span_starts(s, SPAN("\x1f\x9d")))
		return lib.read_support_filter_compress(a);
	if (span_starts(s, SPAN("LZIP")))
		return lib.read_support_filter_lzip(a);
	if (span_starts(s, SPAN("\xed\xab\xee\xdb")))
		return lib.read_support_filter_rpm(a);
	if (span_starts(s, SPAN("\xfd"
				"7zXZ")))
		return lib.read_support_filter_xz(a);
	if (lib.read_support_filter_lz4(a) < ARCHIVE_WARN
	    || lib.read_support_filter_zstd(a) < ARCHIVE_WARN)
		return ARCHIVE_FAILED;
	return lib.read_support_filter_lzma(a);
}

static void
support(struct archive *a, struct span s)
{
	int bad = 0;

	if (is_archive(s)) {
		bad |= lib.read_support_format_rar(a);
		bad |= lib.read_support_format_rar5(a);
		bad |= lib.read_support_format_7zip(a);
		bad |= lib.read_support_format_cab(a);
		bad |= lib.read_support_format_iso9660(a);
		bad |= lib.read_support_format_cpio(a);
		bad |= lib.read_support_format_ar(a);
		bad |= lib.read_support_format_xar(a);
	} else {
		bad |= support_filter(a, s);
		bad |= lib.read_support_format_raw(a);
	}
	/* a filter that would need a program is not used, and is no failure */
	(void)bad;
}

static void
unarchive_close(struct scan_frame *f)
{
	(void)lib.read_free(f->handle);
	f->handle = NULL;
}

/* Of XZ only what is: the library ends without a word of it elsewhere. */
static size_t
octets_of(const struct scan_frame *f)
{
	return f->to > 0 && span_starts(f->bytes, SPAN("\xfd")) ? f->to
								: f->bytes.len;
}

static bool
open_archive(struct scan *sc, struct scan_frame *f)
{
	struct archive *a = lib.read_new();

	if (a == NULL)
		return false;
	f->handle = a;
	support(a, f->bytes);
	if (has_joliet(f->bytes))
		(void)lib.read_set_format_option(a, "iso9660",
		    f->phase == READING ? "joliet" : "rockridge", NULL);
	if (!scan_measure(f->bytes, &f->to))
		scan_flaw(sc, SCAN_DAMAGED);
	/* its end was looked for, perhaps up to the end of all */
	if (f->within && span_starts(f->bytes, SPAN("\xfd")))
		scan_spend(sc, f->to > 0 ? f->to : f->bytes.len);
	return lib.read_open_memory(a, f->bytes.p, octets_of(f)) == ARCHIVE_OK;
}

/*
 * Why did it end so?  A password looks like damage otherwise.  Where no format
 * has been recognised the library must not be asked: it follows a pointer to
 * behind its table then.
 */
static void
note_failure(struct scan *sc, struct archive *a)
{
	bool locked = a != NULL && lib.format(a) != 0
		      && lib.read_has_encrypted_entries(a) > 0;

	scan_flaw(sc, locked ? SCAN_ENCRYPTED : SCAN_DAMAGED);
}

/* A block of a member, at `at` of it; false: there is no room for all of it. */
static bool
put_block(
    struct span block, la_int64_t at, uint8_t *to, size_t *len, size_t cap)
{
	uint64_t gap = at > (la_int64_t)*len ? (uint64_t)at - *len : 0;
	bool fits =
	    gap < cap - *len ? block.len <= cap - *len - gap : block.len == 0;

	if (block.len == 0)
		return true;
	gap = gap < cap - *len ? gap : cap - *len;
	memset(to + *len, 0, (size_t)gap);
	*len += (size_t)gap;
	block = span_first(block, cap - *len);
	memcpy(to + *len, block.p, block.len);
	*len += block.len;
	return fits;
}

/* With a warning (a sum that differs), read_data would drop the last block. */
static struct span
read_member(struct scan *sc, struct archive *a)
{
	size_t room, len = 0, n;
	uint8_t *to = scan_most(sc, MEMBER_MOST, &room);
	const void *block;
	la_int64_t at;
	bool fits = true;
	int r = ARCHIVE_OK;

	while (r == ARCHIVE_OK && fits) {
		n = 0;
		at = 0;
		r = lib.read_data_block(a, &block, &n, &at);
		if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
			fits = put_block(span_of(block, n), at, to, &len, room);
	}
	if (!fits)
		scan_flaw(sc, SCAN_LIMITS);
	if (r < ARCHIVE_OK)
		note_failure(sc, a);
	return scan_take(sc, len);
}

static void
tell_name(struct scan *sc, struct scan_frame *f, struct archive_entry *e)
{
	const char *name = lib.entry_pathname_utf8(e);

	if (name == NULL)
		name = lib.entry_pathname(e);
	scan_named(sc, f, name != NULL ? span_str(name) : SPAN(""));
}

/* As much as was promised?  A piece of a volume may give nothing at all. */
static bool
is_whole(struct archive_entry *e, size_t len)
{
	return lib.entry_filetype(e) == AE_IFLNK
	       || lib.entry_filetype(e) == AE_IFDIR
	       || lib.entry_hardlink(e) != NULL || !lib.entry_size_is_set(e)
	       || lib.entry_size(e) == (la_int64_t)len;
}

static struct span
member_of(struct scan *sc, struct archive *a, struct archive_entry *e)
{
	unsigned flaws = sc->flaws;
	struct span out;

	if (lib.entry_is_encrypted(e)) {
		scan_flaw(sc, SCAN_ENCRYPTED);
		return SPAN("");
	}
	/* to read what a folder does not have is an error for some formats */
	if (lib.entry_filetype(e) == AE_IFDIR && lib.entry_size(e) == 0)
		return SPAN("");
	out = read_member(sc, a);
	if (sc->flaws == flaws && !is_whole(e, out.len))
		scan_flaw(sc, SCAN_DAMAGED);
	return out;
}

/* Where the archive ends, now that it has been read; 0: not told. */
static size_t
end_of(const struct scan_frame *f)
{
	la_int64_t read;

	if (f->to > 0 || f->handle == NULL)
		return f->to;
	switch (lib.format(f->handle) & ARCHIVE_FORMAT_BASE_MASK) {
	case ARCHIVE_FORMAT_RAW:
	case ARCHIVE_FORMAT_CPIO:
		read = lib.filter_bytes(f->handle, -1);
		return read > 0 ? (size_t)read : 0;
	default:
		return 0;
	}
}

/* It has been read as far as it can be. */
static void
finish(struct scan_frame *f)
{
	f->phase = FINISHED;
	f->from = end_of(f);
	f->at = f->within ? f->bytes.len : scan_stream(f->bytes, 1);
}

/*
 * At its end: each further stream of what is packed in several; then, once,
 * what stands behind it.
 */
static int
behind_it(struct scan_frame *f, struct span *member)
{
	size_t from = f->at, end = f->from;

	if (from < f->bytes.len) {
		f->at = scan_stream(f->bytes, from + 1);
		f->name = SPAN("");
		f->hints = SCAN_SEEN;
		*member = span_first(span_from(f->bytes, from), f->at - from);
		return 1;
	}
	f->from = 0;
	return end > 0 && scan_behind(f, end, member);
}

/*
 * The same, and whether the archive can be read on.  libarchive 3.6 ends the
 * process when it passes over the rest of a CAB's member that was damaged.
 */
static struct span
take_member(struct scan *sc, struct scan_frame *f, struct archive_entry *e)
{
	unsigned flaws = sc->flaws;
	struct span out;

	sc->flaws = 0;
	out = member_of(sc, f->handle, e);
	if ((sc->flaws & ~(unsigned)SCAN_LIMITS) != 0
	    && lib.format(f->handle) == ARCHIVE_FORMAT_CAB)
		finish(f);
	sc->flaws |= flaws;
	return out;
}

/* The next header: 1; 0 at the end of the last tree; ERR_SYNTAX: no archive. */
static int
next_header(struct scan *sc, struct scan_frame *f, struct archive_entry **e)
{
	for (;;) {
		int r;

		if (f->handle == NULL && !open_archive(sc, f)) {
			note_failure(sc, f->handle);
			return ERR_SYNTAX;
		}
		r = lib.read_next_header(f->handle, e);
		if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
			return 1;
		if (r != ARCHIVE_EOF)
			note_failure(sc, f->handle);
		if (f->phase != READING || !has_joliet(f->bytes))
			return 0;
		unarchive_close(f);
		f->phase = READING_JOLIET;
	}
}

static int
next_member(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct archive_entry *e;
	int r;

	if (f->phase == FINISHED)
		return behind_it(f, member);
	r = next_header(sc, f, &e);
	if (r < 0)
		return 0;
	if (r == 0) {
		finish(f);
		return behind_it(f, member);
	}
	/* not unpacked at all: the library does not know it after all */
	if (!is_archive(f->bytes)
	    && lib.filter_code(f->handle, 0) == ARCHIVE_FILTER_NONE) {
		scan_flaw(sc, SCAN_UNOPENED);
		return 0;
	}
	tell_name(sc, f, e);
	*member = take_member(sc, f, e);
	return 1;
}

static struct span
unzip_one(struct scan *sc, struct span zip)
{
	struct archive *a = lib.read_new();
	struct archive_entry *e;
	struct span out = SPAN("");

	if (a != NULL && lib.read_support_format_zip_streamable(a) == ARCHIVE_OK
	    && lib.read_open_memory(a, zip.p, zip.len) == ARCHIVE_OK
	    && lib.read_next_header(a, &e) >= ARCHIVE_WARN)
		out = read_member(sc, a);
	else
		scan_flaw(sc, SCAN_DAMAGED);
	if (a != NULL)
		(void)lib.read_free(a);
	return out;
}

void
unarchive_offer(struct scan *sc)
{
	/* what cannot be opened is reported as such, never as clean */
	sc->archive = has_library() ? next_member : NULL;
	sc->close = has_library() ? unarchive_close : NULL;
	sc->unzip = has_library() ? unzip_one : NULL;
}

#else

void
unarchive_offer(struct scan *sc)
{
	sc->archive = NULL;
	sc->close = NULL;
	sc->unzip = NULL;
}

#endif
