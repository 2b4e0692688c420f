/*
 * unprogram: archives in and behind programs (self-extracting), and in
 * anything else that is not known to be a container.
 *
 * What lies behind a program's image, as its own header measures it, is a
 * member like any other.  Within the image a sign alone says nothing: programs
 * that work with archives have such signs among their constants.  There an
 * archive is what has a sound header behind the sign; it may be cut off
 * further on, and is "damaged" then.
 */
#include "core/le.h"
#include "scan/unpack.h"
#include "scan/within.h"

#define SIGNS_MOST 250	/* archives within one program */
#define CPIO_LEAST 76	/* octets of a header */
#define GZIP_TRY   4096 /* octets to see whether it inflates */

/* phase */
enum { LOOKING, BEHIND, OVER };

/*
 * Does it inflate, for a while at least?  What fails with next to nothing was
 * chance.
 */
static bool
is_gzip(struct scan *sc, struct span s)
{
	unsigned flaws = sc->flaws;
	size_t len = sc->scratch_len, used;
	struct span in = span_first(s, GZIP_TRY);
	struct span out;
	bool sound;

	sc->flaws = 0;
	out = scan_inflate(sc, in, 31, &used);
	sound = sc->flaws == 0 || out.len >= 32 || used == in.len;
	sc->flaws = flaws;
	sc->scratch_len = len;
	return sound;
}

/*
 * Of these every file has such a sign; who reads the first one finds the rest.
 * A bit for each, or 0.
 */
static size_t
row_of(struct span s)
{
	if (span_starts(s, SPAN("PK")))
		return 1;
	if (span_starts(s, SPAN("0707")))
		return 2;
	return span_starts(span_from(s, 257), SPAN("ustar")) ? 4 : 0;
}

/* The next archive that begins within the image, f->at .. f->to. */
static bool
next_sign(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t row;

	while (within_next(f->bytes, &f->at, f->to, f->told != 0, member)) {
		if (span_starts(*member, SPAN("\x1f"))
		    && !is_gzip(sc, *member)) {
			scan_spend(sc, GZIP_TRY);
			continue;
		}
		/* a disk's own sign */
		if (member->p == f->bytes.p)
			continue;
		row = row_of(*member);
		if ((f->from & row) != 0) {
			/* nothing begins within a cpio header's digits */
			f->at += row == 2 ? CPIO_LEAST - 1 : 0;
			continue;
		}
		f->from |= row;
		return true;
	}
	return false;
}

/* ---- where a program's image ends ---- */

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
mz_end(struct span s)
{
	uint64_t pages = le16_get(s.p + 4), last = le16_get(s.p + 2);

	return pages == 0 ? 0 : pages * 512 - (last > 0 ? 512 - last : 0);
}

static uint64_t
pe_end(struct span s)
{
	struct span pe = span_from(s, le32_get(s.p + 60)), section;
	uint64_t end = 0;

	if (pe.len < 24 || !span_starts(pe, SPAN("PE\0\0")))
		return mz_end(s);
	section = span_from(pe, 24u + le16_get(pe.p + 20));
	for (unsigned n = le16_get(pe.p + 6); n > 0 && section.len >= 40; n--) {
		end = later(end, (uint64_t)le32_get(section.p + 16)
				     + le32_get(section.p + 20));
		section = span_from(section, 40);
	}
	return end;
}

/* A number of ELF, of whichever byte order and width. */
static uint64_t
elf_get(struct span s, size_t at, unsigned octets)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < octets; i++) {
		unsigned k = s.p[5] == 2 ? i : octets - 1 - i;

		n = n << 8 | (at + k < s.len ? s.p[at + k] : 0u);
	}
	return n;
}

/* The end of the table of sections, of which each section lies before. */
static uint64_t
elf_end(struct span s)
{
	bool wide = s.p[4] == 2;
	unsigned word = wide ? 8 : 4;
	uint64_t table = elf_get(s, wide ? 40 : 32, word);
	uint64_t size = elf_get(s, wide ? 58 : 46, 2);
	uint64_t n = elf_get(s, wide ? 60 : 48, 2), end = table + size * n;

	for (uint64_t i = 0; i < n && table < s.len; i++, table += size) {
		size_t at = (size_t)table;

		if (elf_get(s, at + 4, 4) != 8) /* takes room in the file */
			end = later(
			    end, elf_get(s, at + (wide ? 24 : 16), word)
				     + elf_get(s, at + (wide ? 32 : 20), word));
	}
	return end;
}

static uint64_t
image_end(struct span s)
{
	if (s.len < 64)
		return 0;
	if (span_starts(s, SPAN("MZ")))
		return pe_end(s);
	if (span_starts(s, SPAN("\x7f"
				"ELF")))
		return elf_end(s);
	return 0;
}

/* Installers and scripts with packings of their own. */
static bool
is_installer(struct span behind)
{
	static const char *const starts[] = { "zlb\x1a", "idska32\x1a",
		"ISSetupStream" };
	struct span first = span_first(behind, 512);
	struct span autoit = SPAN("\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9");

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (span_starts(behind, span_str(starts[i])))
			return true;
	if (scan_find(first, 0, SPAN("InstallShield\0")) < first.len
	    || scan_find(first, 0, SPAN("\0Disk1\\")) < first.len)
		return true;
	return scan_find(behind, 0, SPAN("Inno Setup Setup Data ("))
		   < behind.len
	       || scan_find(behind, 0, autoit) < behind.len;
}

int
scan_next_program(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->to == 0) {
		uint64_t end = image_end(f->bytes);

		f->to =
		    end > 0 && end < f->bytes.len ? (size_t)end : f->bytes.len;
		/* it is no program, nor what it would begin with */
		f->told = f->at = end == 0;
	}
	scan_named(sc, f, SPAN(""));
	if (f->phase == LOOKING) {
		if (f->count < SIGNS_MOST && next_sign(sc, f, member)) {
			f->hints = SCAN_SEEN;
			return 1;
		}
		if (f->at + 1 < f->to && !f->stray)
			scan_flaw(sc, SCAN_LIMITS);
		f->phase = BEHIND;
	}
	if (f->phase == OVER || f->to == f->bytes.len)
		return 0;
	f->phase = OVER;
	*member = span_from(f->bytes, f->to);
	if (is_installer(*member))
		scan_flaw(sc, SCAN_UNOPENED);
	return 1;
}
