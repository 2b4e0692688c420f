/*
 * unzip_entry: the bytes of one entry of a zip file.
 *
 * Stored, deflate and deflate64 here; bzip2, LZMA and newer ones by sc->unzip,
 * which is given a zip file of this one entry.  The packings of the 1980s
 * (shrink, reduce, implode) are nobody's.
 */
#include <zlib.h>

#include "codec/inflate64.h"
#include "core/le.h"
#include "scan/unpack.h"
#include "scan/unzip.h"

#include "config.h"

#define LOCAL	  30
#define ENCRYPTED 1u
#define STREAMED  8u

_Static_assert(sizeof(struct inflate64) <= SCAN_ZLIB, "shares zlib's room");

/* Where stored data of unknown length ends: before a fitting descriptor. */
static struct span
until_descriptor(struct span rest)
{
	size_t at = 0;

	for (;; at += 4) {
		at = scan_find(rest, at, SPAN("PK\007\010"));
		if (rest.len - at < 16 || le32_get(rest.p + at + 8) == at)
			return span_first(rest, at);
	}
}

static struct span
inflate_64(struct scan *sc, struct span in, size_t *used)
{
	size_t room, len;
	uint8_t *to = scan_most(sc,
	    in.len < SIZE_MAX / 2048 ? in.len * 2048 + 65536 : SIZE_MAX, &room);
	struct inflate64 *z = (struct inflate64 *)sc->zlib;
	int err = inflate64(z, in, to, room, used, &len);

	if (err)
		scan_flaw(sc, err == ERR_FULL ? SCAN_LIMITS : SCAN_DAMAGED);
	return scan_take(sc, len);
}

uint32_t
unzip_checksum(const struct scan *sc, struct span s)
{
	uLong crc = 0;

	if (sc->crc32 != NULL)
		return sc->crc32(s);
	for (; s.len > 0; s = span_from(s, 1u << 30))
		crc = crc32(crc, s.p, (uInt)span_first(s, 1u << 30).len);
	return (uint32_t)crc;
}

/* bzip2, LZMA, Zstandard, XZ, PPMd */
static bool
is_known(unsigned method)
{
	return method == 12 || method == 14 || method == 93 || method == 95
	       || method == 98;
}

/* A zip file of this entry only, for sc->unzip; empty: no room. */
static struct span
alone(struct scan *sc, const struct unzip_entry *e, struct span data)
{
	size_t room;
	uint8_t *to = scan_room(sc, LOCAL + 1 + data.len, &room);
	bool streamed = e->octets == UINT64_MAX;

	if (room < LOCAL + 1 + data.len)
		return SPAN("");
	memset(to, 0, LOCAL);
	le32_put(to, 0x04034b50);
	le16_put(to + 4, 63);
	/* bit 1: the LZMA stream has an end mark */
	le16_put(
	    to + 6, (uint16_t)((e->flags & 6) | (streamed ? STREAMED : 0)));
	le16_put(to + 8, (uint16_t)e->method);
	le32_put(to + 14, e->crc);
	le32_put(to + 18, streamed ? 0 : (uint32_t)data.len);
	le32_put(to + 22, streamed ? 0 : (uint32_t)e->octets);
	le16_put(to + 26, 1);
	to[LOCAL] = 'x';
	memcpy(to + LOCAL + 1, data.p, data.len);
	return scan_take(sc, LOCAL + 1 + data.len);
}

static struct span
by_library(struct scan *sc, const struct unzip_entry *e, struct span data)
{
	struct span zip;

	if (sc->unzip == NULL || !is_known(e->method)) {
		scan_flaw(sc, SCAN_UNOPENED);
		return SPAN("");
	}
	if (data.len > UINT32_MAX
	    || (e->octets > UINT32_MAX && e->octets != UINT64_MAX)) {
		scan_flaw(sc, SCAN_LIMITS);
		return SPAN("");
	}
	zip = alone(sc, e, data);
	return zip.len > 0 ? sc->unzip(sc, zip) : zip;
}

struct span
unzip_entry(struct scan *sc, const struct unzip_entry *e, struct span rest,
    size_t *used)
{
	struct span data =
	    span_first(rest, e->size < rest.len ? (size_t)e->size : rest.len);
	bool cut = data.len < e->size && e->size != UINT64_MAX;
	unsigned flaws = sc->flaws;
	struct span out;

	*used = data.len;
	if (e->flags & ENCRYPTED) {
		scan_flaw(sc, SCAN_ENCRYPTED);
		return SPAN("");
	}
	if (e->method == 8) {
		out = scan_inflate(sc, data, -15, used);
	} else if (ENABLE_SCAN_DEFLATE64 && e->method == 9) {
		out = inflate_64(sc, data, used);
	} else if (e->method != 0) {
		return by_library(sc, e, data);
	} else {
		if (e->size == UINT64_MAX)
			data = until_descriptor(rest);
		*used = data.len;
		out = data;
	}
	if (e->has_crc && !cut && sc->flaws == flaws
	    && unzip_checksum(sc, out) != e->crc)
		scan_flaw(sc, SCAN_DAMAGED);
	return out;
}
