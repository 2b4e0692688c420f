/* unarchive: one archive handle for each open container of such a kind. */
#include "service/unarchive.h"

#include "config.h"

#if ENABLE_LIBARCHIVE

#include <archive.h>
#include <archive_entry.h>

#define MEMBER_MOST ((size_t)1 << 31)

/* Packed with no archive around it: one member, of whatever kind. */
static bool
is_filter(struct span s)
{
	return span_starts(s, SPAN("BZh"))
	       || span_starts(s, SPAN("\xfd"
				      "7zXZ"))
	       || span_starts(s, SPAN("\x1f\x9d"))
	       || span_starts(s, SPAN("\x28\xb5\x2f\xfd"));
}

static int
support(struct archive *a, bool filter)
{
	int bad = 0;

	if (filter) {
		bad |= archive_read_support_filter_bzip2(a);
		bad |= archive_read_support_filter_xz(a);
		bad |= archive_read_support_filter_compress(a);
		bad |= archive_read_support_filter_zstd(a);
		bad |= archive_read_support_format_raw(a);
		return bad;
	}
	bad |= archive_read_support_format_rar(a);
	bad |= archive_read_support_format_rar5(a);
	bad |= archive_read_support_format_7zip(a);
	bad |= archive_read_support_format_cab(a);
	bad |= archive_read_support_format_lha(a);
	bad |= archive_read_support_format_iso9660(a);
	bad |= archive_read_support_format_cpio(a);
	return bad;
}

static void
unarchive_close(struct scan_frame *f)
{
	(void)archive_read_free(f->handle);
	f->handle = NULL;
}

static bool
open_archive(struct scan_frame *f)
{
	struct archive *a = archive_read_new();

	if (a == NULL)
		return false;
	f->handle = a;
	/* a filter that would need a program is not used, and is no failure */
	(void)support(a, is_filter(f->bytes));
	return archive_read_open_memory(a, f->bytes.p, f->bytes.len)
	       == ARCHIVE_OK;
}

/* Why did it end so?  A password looks like damage otherwise. */
static void
note_failure(struct scan *sc, struct archive *a)
{
	scan_flaw(sc, a != NULL && archive_read_has_encrypted_entries(a) > 0
			  ? SCAN_ENCRYPTED
			  : SCAN_DAMAGED);
}

static struct span
read_member(struct scan *sc, struct archive *a)
{
	size_t room, len = 0;
	uint8_t *to = scan_most(sc, MEMBER_MOST, &room);
	uint8_t one;
	la_ssize_t n = 1;

	while (len < room && n > 0) {
		n = archive_read_data(a, to + len, room - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len == room && n > 0 && archive_read_data(a, &one, 1) > 0)
		scan_flaw(sc, SCAN_LIMITS);
	if (n < 0)
		note_failure(sc, a);
	return scan_take(sc, len);
}

static int
next_member(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct archive_entry *e;
	int r;

	if (f->handle == NULL && !open_archive(f)) {
		note_failure(sc, f->handle);
		return 0;
	}
	r = archive_read_next_header(f->handle, &e);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN) {
		note_failure(sc, f->handle);
		return 0;
	}
	if (archive_entry_is_encrypted(e)) {
		scan_flaw(sc, SCAN_ENCRYPTED);
		*member = SPAN("");
		return 1;
	}
	*member = read_member(sc, f->handle);
	return 1;
}

void
unarchive_offer(struct scan *sc)
{
	sc->archive = next_member;
	sc->close = unarchive_close;
}

#else

void
unarchive_offer(struct scan *sc)
{
	sc->archive = NULL;
	sc->close = NULL;
}

#endif
