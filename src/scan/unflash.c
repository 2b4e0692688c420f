/*
 * unflash: what is packed in a Flash film: all of it, behind eight octets.
 *
 * Deflated ("CWS"), it is put together as it would lie unpacked.  "ZWS" is
 * LZMA with fields of its own before it: the member is that with the usual
 * ones, and whoever opens LZMA opens it.
 */
#include "core/le.h"
#include "scan/unpack.h"

#define HEAD 8	/* sign, version, octets unpacked */
#define PACK 17 /* ZWS: behind its fields */

static struct span
as_lzma(struct scan *sc, struct span s)
{
	size_t room, len = s.len - PACK;
	uint8_t *to = scan_room(sc, len + 13, &room);

	if (room < len + 13)
		return SPAN("");
	memcpy(to, s.p + 12, 5);
	le64_put(to + 5, UINT64_MAX);
	memcpy(to + 13, s.p + PACK, len);
	return scan_take(sc, len + 13);
}

static struct span
as_film(struct scan *sc, struct span s)
{
	size_t room, used;
	uint8_t *to = scan_room(sc, HEAD, &room);
	struct span rest = span_from(s, HEAD), all;

	if (room < HEAD)
		return SPAN("");
	memcpy(to, s.p, HEAD);
	to[0] = 'F';
	all = scan_take(sc, HEAD);
	rest = scan_inflate(sc, span_from(rest, 2), -15, &used);
	return span_of(all.p, HEAD + rest.len);
}

int
scan_next_flash(struct scan *sc, struct scan_frame *f, struct span *member)
{
	if (f->at++ > 0)
		return 0;
	if (f->bytes.len < PACK) {
		scan_flaw(sc, SCAN_DAMAGED);
		return 0;
	}
	*member = f->bytes.p[0] == 'C' ? as_film(sc, f->bytes)
				       : as_lzma(sc, f->bytes);
	return member->len > 0;
}
