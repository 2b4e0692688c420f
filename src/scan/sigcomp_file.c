/* sigcomp_file: puts the compiled file together from what was read. */
#include "scan/sigcomp.h"

#include <bearssl.h>
#include <zlib.h>

#include "core/le.h"

#define MAP_LITTLE 20 /* 128 KiB of bits */

static uint8_t *
append(struct sigcomp *sc, size_t octets)
{
	size_t room, padded = (octets + 7) / 8 * 8;
	uint8_t *p = buf_room(&sc->out, &room);

	if (padded > room)
		return NULL;
	memset(p, 0, padded);
	buf_commit(&sc->out, padded);
	return p;
}

static void
note_section(
    struct sigcomp *sc, enum sigdb_section s, const uint8_t *p, size_t len)
{
	uint8_t *head = buf_bytes(&sc->out);

	le32_put(head + 64 + s * 8, (uint32_t)(p - head));
	le32_put(head + 68 + s * 8, (uint32_t)len);
}

static int
put_section(struct sigcomp *sc, enum sigdb_section s, struct span content)
{
	uint8_t *p = append(sc, content.len);

	if (p == NULL)
		return ERR_FULL;
	if (content.len > 0)
		memcpy(p, content.p, content.len);
	note_section(sc, s, p, content.len);
	return ERR_OK;
}

static unsigned
log2_of(size_t n, unsigned least, unsigned most)
{
	unsigned bits = least;

	while (bits < most && (size_t)1 << bits < n)
		bits++;
	return bits;
}

/*
 * Records sorted into buckets by their first four bytes, and the table where
 * each bucket starts: counted, summed up to ends, then filled from behind.
 */
static int
put_table(
    struct sigcomp *sc, enum sigdb_section s, struct span records, size_t size)
{
	size_t n = records.len / size;
	unsigned bits = log2_of(n, 4, 24);
	size_t places = (size_t)1 << bits;
	uint8_t *start = append(sc, (places + 1) * 4);
	uint8_t *to = append(sc, records.len);
	uint32_t sum = 0;

	if (start == NULL || to == NULL)
		return ERR_FULL;
	note_section(sc, s, start, (places + 1) * 4);
	note_section(sc, s + 1, to, records.len);
	for (size_t i = 0; i < n; i++) {
		uint32_t key = le32_get(records.p + i * size) * SIGDB_MIX;
		uint8_t *p = start + (size_t)(key >> (32 - bits)) * 4;

		le32_put(p, le32_get(p) + 1);
	}
	for (size_t i = 0; i <= places; i++) {
		sum += le32_get(start + i * 4);
		le32_put(start + i * 4, sum);
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *from = records.p + i * size;
		uint32_t key = le32_get(from) * SIGDB_MIX;
		uint8_t *p = start + (size_t)(key >> (32 - bits)) * 4;

		le32_put(p, le32_get(p) - 1);
		memcpy(to + le32_get(p) * size, from, size);
	}
	return ERR_OK;
}

/*
 * A bit for each gram's mix: 16 bits for each gram at least, and 64 as long as
 * that is little.
 */
static int
put_bits(struct sigcomp *sc, enum sigdb_section s, struct span grams)
{
	size_t n = grams.len / SIGDB_GRAM_SIZE;
	unsigned bits = log2_of(n * 64, 9, MAP_LITTLE);
	uint8_t *map;

	bits = log2_of(n * 16, bits, 25);
	map = append(sc, n == 0 ? 0 : ((size_t)1 << bits) / 8);

	if (map == NULL)
		return ERR_FULL;
	note_section(sc, s, map, n == 0 ? 0 : ((size_t)1 << bits) / 8);
	for (size_t i = 0; i < n; i++) {
		uint32_t at = le32_get(grams.p + i * SIGDB_GRAM_SIZE);

		at = (at * SIGDB_MIX) >> (32 - bits);
		map[at >> 3] |= (uint8_t)(1u << (at & 7));
	}
	return ERR_OK;
}

static int
put_sections(struct sigcomp *sc)
{
	static const uint8_t digest[] = { br_md5_SIZE, br_sha1_SIZE,
		br_sha256_SIZE };
	int err = put_section(sc, SIGDB_PATTERNS, buf_data(&sc->patterns));

	if (!err)
		err = put_section(sc, SIGDB_PARTS, buf_data(&sc->parts));
	if (!err)
		err = put_section(sc, SIGDB_DATA, buf_data(&sc->data));
	if (!err)
		err = put_section(sc, SIGDB_NAMES, buf_data(&sc->names));
	for (unsigned i = 0; i < SIGDB_WIDTHS && !err; i++) {
		struct span grams = buf_data(&sc->grams[i]);

		err = put_bits(sc, SIGDB_WIDE_BITS + 3 * i, grams);
		if (!err)
			err = put_table(sc, SIGDB_WIDE_START + 3 * i, grams,
			    SIGDB_GRAM_SIZE);
	}
	for (unsigned i = 0; i < 3 && !err; i++)
		err = put_table(sc, SIGDB_MD5_START + 2 * i,
		    buf_data(&sc->hashes[i]), digest[i] + 8u);
	if (!err)
		err = put_section(sc, SIGDB_SIZES,
		    span_of(sc->sizes, sc->n_hashes ? sizeof(sc->sizes) : 0));
	return err;
}

static void
seal(struct sigcomp *sc)
{
	uint8_t *head = buf_bytes(&sc->out);
	br_sha256_context hash;

	memcpy(head, "GPSIGDB", 8);
	le32_put(head + 8, SIGDB_VERSION);
	le32_put(head + 12, (uint32_t)buf_len(&sc->out));
	le32_put(head + 16, sc->signatures);
	le32_put(head + 20, sc->n_hashes);
	le32_put(head + SIGDB_REACH, sc->reach);
	le32_put(head + SIGDB_TARGETS, sc->anywhere);
	le32_put(head + SIGDB_TARGETS + 4, sc->placed);
	le32_put(head + SIGDB_MADE, (uint32_t)sc->made_s);
	le32_put(head + SIGDB_MADE + 4, (uint32_t)(sc->made_s >> 32));
	br_sha256_init(&hash);
	br_sha256_update(
	    &hash, head + SIGDB_HEADER, buf_len(&sc->out) - SIGDB_HEADER);
	br_sha256_out(&hash, head + 24);
	le32_put(
	    head + SIGDB_CRC, (uint32_t)crc32(0, head + SIGDB_HEADER,
				  (uInt)(buf_len(&sc->out) - SIGDB_HEADER)));
	le32_put(head + SIGDB_HEADER - 4,
	    (uint32_t)crc32(0, head, SIGDB_HEADER - 4));
}

int
sigcomp_finish(struct sigcomp *sc, struct span *file)
{
	int err;

	if (append(sc, SIGDB_HEADER) == NULL)
		return ERR_FULL;
	err = put_sections(sc);
	if (!err && buf_len(&sc->out) > UINT32_MAX / 2)
		err = ERR_FULL;
	if (err)
		return err;
	seal(sc);
	*file = buf_data(&sc->out);
	return ERR_OK;
}
