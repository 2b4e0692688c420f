/*
 * test_sigdb: what sigdb_verify proves of a file whose sums are right again
 * after somebody has changed it.
 */
#include "support/test.h"

#include "scan/match.h"
#include "scan/sigcomp.h"

#include <bearssl.h>
#include <zlib.h>

static uint8_t area[1 << 21], sample[1 << 16];
static struct sigcomp comp;
static struct match m;
static struct sigdb db;
static struct span file;

static void
add(enum sigcomp_form form, const char *line)
{
	const char *why = "";

	if (sigcomp_line(&comp, form, span_str(line), &why))
		fail_msg("%s: %s", line, why);
}

/* One of everything that signatures can be. */
static void
make_file(void)
{
	memset(area, 0, sizeof(area));
	sigcomp_init(&comp, area, sizeof(area));
	add(SIGCOMP_NDB, "Wide:0:*:6162636465666768696a6b6c");
	add(SIGCOMP_NDB, "Same:0:*:6162636465666768696a6b6c6d");
	add(SIGCOMP_NDB, "Long:0:*:4142434445464748");
	add(SIGCOMP_NDB, "Short:0:*:31323334");
	add(SIGCOMP_NDB, "Nibbles:1:*:3132333435363738394?41");
	add(SIGCOMP_NDB, "Gaps:3:*:51525354*55565758{2-9}595a");
	add(SIGCOMP_NDB, "Choice:7:*:(6161|6262)71727374{-20}(3131|3232)");
	add(SIGCOMP_NDB, "Start:1:10:61707172737475767778797a");
	add(SIGCOMP_NDB, "Shift:0:10,20:62707172737475767778797a");
	add(SIGCOMP_NDB, "End:0:EOF-40:63707172737475767778797a");
	add(SIGCOMP_LDB, "All;Target:0;0&1;41414242434344;45454646474748");
	add(SIGCOMP_LDB, "Any;Target:0;0|1;51515252535354;55555656575758");
	add(SIGCOMP_HASH, "900150983cd24fb0d6963f7d28e17f72:3:Md5");
	add(SIGCOMP_HASH, "a9993e364706816aba3e25717850c26c9cd0d89d:3:Sha1");
	add(SIGCOMP_HASH,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	    ":9:Sha256");
	assert_int_equal(sigcomp_finish(&comp, &file), ERR_OK);
	assert_int_equal(sigdb_open(&db, file), ERR_OK);
	assert_int_equal(sigdb_verify(&db), ERR_OK);
}

/* Both sums of the file, over what is there now. */
static void
seal_again(void)
{
	uint8_t *head = buf_bytes(&comp.out);
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, head + SIGDB_HEADER, file.len - SIGDB_HEADER);
	br_sha256_out(&c, head + 24);
	le32_put(head + SIGDB_CRC, (uint32_t)crc32(0, head + SIGDB_HEADER,
				       (uInt)(file.len - SIGDB_HEADER)));
	le32_put(head + SIGDB_HEADER - 4,
	    (uint32_t)crc32(0, head, SIGDB_HEADER - 4));
}

static bool
is_accepted(struct sigdb *changed)
{
	seal_again();
	return !sigdb_open(changed, file) && !sigdb_verify(changed);
}

/* ---- bytes that a pattern says must be found ---- */

static bool
append(size_t *len, uint64_t octets)
{
	if (octets > sizeof(sample) || *len + octets > sizeof(sample))
		return false;
	memset(sample + *len, 0xee, octets);
	*len += octets;
	return true;
}

static bool
append_pattern(
    const struct sigdb *d, const struct sigdb_pattern *p, size_t *len)
{
	struct sigdb_part s;

	for (uint32_t i = 0; i < p->n; i++) {
		assert_true(sigdb_part(d, p->first + i, &s));
		if (!append(len, (i > 0) * (uint64_t)s.gap_min + s.len))
			return false;
		if (s.len > 0)
			memcpy(sample + *len - s.len, s.data.p, s.len);
	}
	return true;
}

/* False: too long for here, or it says that it can be nowhere. */
static bool
make_sample(const struct sigdb *d, uint32_t i, size_t *len)
{
	struct sigdb_pattern p;
	size_t begin;

	*len = 0;
	for (;;) {
		assert_true(sigdb_pattern(d, i, &p));
		if (p.place == SIGDB_FROM_START
		    && (p.offset < *len || !append(len, p.offset - *len)))
			return false;
		begin = *len;
		if (!append_pattern(d, &p, len))
			return false;
		if (p.place == SIGDB_FROM_END
		    && (*len - begin > p.offset
			|| !append(len, p.offset - (*len - begin))))
			return false;
		if (p.also == SIGDB_NONE)
			return append(len, p.place == SIGDB_FROM_END ? 0 : 9);
		i = p.also;
	}
}

/* Every signature in the file is found where its own text stands. */
static unsigned
all_are_found(const struct sigdb *d)
{
	size_t n = d->section[SIGDB_PATTERNS].len / SIGDB_PATTERN_SIZE, len;
	unsigned tried = 0;
	bool is_second = false;

	for (uint32_t i = 0; i < n; i++) {
		struct sigdb_pattern p;

		assert_true(sigdb_pattern(d, i, &p));
		if (!is_second && make_sample(d, i, &len)) {
			tried++;
			assert_int_equal(
			    match_bodies(&m, d, span_of(sample, len),
				UINT32_MAX, 1 << 22),
			    1);
		}
		is_second = p.also != SIGDB_NONE;
	}
	return tried;
}

/* ---- tests ---- */

/* What no change passes: how the file hangs together, but for its maps. */
static bool
is_structure(size_t at)
{
	static const enum sigdb_section rigid[] = { SIGDB_WIDE_START,
		SIGDB_WIDE_GRAMS, SIGDB_LONG_START, SIGDB_LONG_GRAMS,
		SIGDB_SHORT_START, SIGDB_SHORT_GRAMS, SIGDB_MD5_START,
		SIGDB_SHA1_START, SIGDB_SHA256_START };
	const uint8_t *p = file.p + at;

	if (at < SIGDB_TARGETS)
		return true;
	for (unsigned i = 0; i < sizeof(rigid) / sizeof(rigid[0]); i++) {
		struct span s = db.section[rigid[i]];

		if (p >= s.p && p < s.p + s.len)
			return true;
	}
	return false;
}

static void
what_is_accepted_finds_all_that_it_says(void **state)
{
	static const uint8_t flips[] = { 1, 0x40, 0x80, 0xff };
	unsigned accepted = 0, refused = 0;
	struct sigdb changed;

	(void)state;
	make_file();
	assert_int_equal(all_are_found(&db), 13);
	for (size_t at = 0; at < file.len; at++) {
		uint8_t *p = buf_bytes(&comp.out) + at, was = *p;

		/* the bits for sizes are many, and one like the other */
		if (p > db.section[SIGDB_SIZES].p && was == 0 && at % 64 != 0)
			continue;
		for (unsigned i = 0; i < sizeof(flips); i++) {
			*p = was ^ flips[i];
			if (!is_accepted(&changed)) {
				refused++;
				continue;
			}
			/* sums are written anew */
			if (at >= 24 && at < SIGDB_CRC + 4)
				continue;
			if (at >= SIGDB_HEADER - 4 && at < SIGDB_HEADER)
				continue;
			if (is_structure(at))
				fail_msg("octet %zu ^ %x", at, flips[i]);
			(void)all_are_found(&changed);
			accepted++;
		}
		*p = was;
	}
	assert_true(is_accepted(&changed));
	assert_true(accepted > 100 && refused > 1000);
}

/* Change one number of 32 bits. */
static void
refuses(const uint8_t *at, uint32_t number)
{
	uint8_t *p = buf_bytes(&comp.out) + (at - file.p);
	uint32_t was = le32_get(p);
	struct sigdb changed;

	le32_put(p, number);
	assert_false(is_accepted(&changed));
	le32_put(p, was);
	assert_true(is_accepted(&changed));
}

static void
refuses_what_would_hide_a_signature(void **state)
{
	const uint8_t *patterns, *parts;

	(void)state;
	make_file();
	patterns = db.section[SIGDB_PATTERNS].p;
	parts = db.section[SIGDB_PARTS].p;
	/* another that must be there, and is none, or is there never */
	refuses(patterns + 24, 1000);
	refuses(patterns + 24, 5);
	/* parts and data of another */
	refuses(patterns + 4, 1);
	refuses(parts, 1);
	/* no gap is from more to less */
	refuses(parts + 16 * 5 + 8, 0xffffff00);
	/* the bit of its grams; a table that is none */
	for (unsigned i = 0; i < db.section[SIGDB_SHORT_BITS].len; i += 4)
		if (le32_get(db.section[SIGDB_SHORT_BITS].p + i) != 0)
			refuses(db.section[SIGDB_SHORT_BITS].p + i, 0);
	refuses(file.p + 68 + SIGDB_WIDE_BITS * 8, 0);
	refuses(file.p + 68 + SIGDB_WIDE_START * 8, 8);
	refuses(file.p + 68 + SIGDB_PATTERNS * 8, SIGDB_PATTERN_SIZE);
	/* a reach that ends before a body can begin; targets that nobody has */
	refuses(file.p + SIGDB_REACH, 64);
	refuses(file.p + SIGDB_TARGETS, 2);
	/* more or less signatures than there are */
	refuses(file.p + 16, 14);
	refuses(file.p + 20, 2);
}

/* A map of bits that all are set costs time at every position. */
static void
refuses_a_map_that_leads_everywhere(void **state)
{
	struct sigdb changed;
	struct span map;

	(void)state;
	make_file();
	map = db.section[SIGDB_SHORT_BITS];
	memset(buf_bytes(&comp.out) + (map.p - file.p), 0xff, map.len);
	assert_false(is_accepted(&changed));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_accepted_finds_all_that_it_says),
		cmocka_unit_test(refuses_what_would_hide_a_signature),
		cmocka_unit_test(refuses_a_map_that_leads_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
