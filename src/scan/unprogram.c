/*
 * unprogram: archives that a program carries (self-extracting).
 */
#include "core/le.h"
#include "scan/unpack.h"

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
