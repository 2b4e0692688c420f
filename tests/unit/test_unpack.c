/* test_unpack: what is searched how often, in containers made by hand. */
#include "support/test.h"

#include "core/text.h"
#include "scan/sigcomp.h"
#include "scan/unpack.h"

#include <zlib.h>

#define AREA (1 << 20)

static uint8_t area[AREA], scratch[1 << 16], tar[8192];
static size_t tar_len;
static struct sigcomp comp;
static struct sigdb db;
static struct scan sc;

static void
tar_begin(void)
{
	memset(tar, 0, sizeof(tar));
	tar_len = 0;
}

/* One more member, with a sound header. */
static void
tar_add(const char *name, const void *bytes, size_t len)
{
	uint8_t *head = tar + tar_len;
	unsigned sum = 0;
	struct text t;

	memcpy(head, name, strlen(name));
	text_init(&t, (char *)head + 124, 12);
	for (int shift = 30; shift >= 0; shift -= 3)
		text_u64(&t, len >> shift & 7);
	memset(head + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += head[i];
	text_init(&t, (char *)head + 148, 8);
	for (int shift = 15; shift >= 0; shift -= 3)
		text_u64(&t, sum >> shift & 7);
	memcpy(head + 512, bytes, len);
	tar_len += 512 + (len + 511) / 512 * 512;
}

/* Is it found in the tar file, by this one line? */
static bool
finds(enum sigcomp_form form, const char *line)
{
	const char *why = "";
	struct span file;

	memset(area, 0, sizeof(area));
	sigcomp_init(&comp, area, sizeof(area));
	assert_int_equal(sigcomp_line(&comp, form, span_str(line), &why), 0);
	assert_int_equal(sigcomp_finish(&comp, &file), ERR_OK);
	assert_int_equal(sigdb_open(&db, file), ERR_OK);
	assert_int_equal(sigdb_verify(&db), ERR_OK);
	sc.db[0] = &db;
	sc.limits = (struct scan_limits) { 8, 1 << 20, 100 };
	sc.scratch = scratch;
	sc.scratch_cap = sizeof(scratch);
	return scan_bytes(&sc, span_of(tar, tar_len)) > 0;
}

static void
finds_in_a_tar_what_is_anywhere(void **state)
{
	(void)state;
	tar_begin();
	tar_add("a", "nothing", 7);
	tar_add("b", "xx abcdefgh yy", 14);
	assert_true(finds(SIGCOMP_NDB, "A:0:*:6162636465666768"));
	assert_true(finds(SIGCOMP_LDB, "A;Target:0;0&1;61626364;65666768"));
	assert_false(finds(SIGCOMP_NDB, "A:0:*:6162636465666769"));
}

static void
finds_in_a_tar_what_has_its_place_in_a_member(void **state)
{
	(void)state;
	tar_begin();
	tar_add("a", "nothing", 7);
	tar_add("b", "xx abcdefgh yy", 14);
	assert_true(finds(SIGCOMP_NDB, "A:0:3:6162636465666768"));
	assert_true(finds(SIGCOMP_NDB, "A:0:EOF-11:6162636465666768"));
	assert_true(finds(SIGCOMP_LDB, "A;Target:0;0&1;*:61626364;7:65666768"));
	assert_false(finds(SIGCOMP_NDB, "A:0:4:6162636465666768"));
	assert_false(finds(SIGCOMP_NDB, "A:0:EOF-10:6162636465666768"));
}

static void
finds_in_a_tar_what_is_for_a_kind_of_member(void **state)
{
	static const char gif[] = "GIF89a......abcdefgh";

	(void)state;
	tar_begin();
	tar_add("a", "xx abcdefgh yy", 14);
	assert_false(finds(SIGCOMP_NDB, "A:5:*:6162636465666768"));
	tar_add("b", gif, sizeof(gif) - 1);
	assert_true(finds(SIGCOMP_NDB, "A:5:*:6162636465666768"));
	assert_true(finds(SIGCOMP_LDB, "A;Target:5;0&1;61626364;65666768"));
	assert_false(finds(SIGCOMP_NDB, "A:6:*:6162636465666768"));
}

/* A member in a member, of which the inner one is of the kind looked for. */
static void
finds_what_is_for_a_kind_two_containers_deep(void **state)
{
	static uint8_t inner[2048];
	size_t len;

	(void)state;
	tar_begin();
	tar_add("b", "GIF89a......abcdefgh", 20);
	len = tar_len;
	memcpy(inner, tar, len);
	tar_begin();
	tar_add("t.tar", inner, len);
	assert_true(finds(SIGCOMP_NDB, "A:5:*:6162636465666768"));
	assert_true(finds(SIGCOMP_NDB, "A:5:12:6162636465666768"));
	assert_true(finds(SIGCOMP_NDB, "A:0:*:6162636465666768"));
	assert_string_equal(sc.where, "");
}

static void
finds_the_hash_of_a_member(void **state)
{
	(void)state;
	tar_begin();
	tar_add("a", "abc", 3);
	assert_true(
	    finds(SIGCOMP_HASH, "900150983cd24fb0d6963f7d28e17f72:3:H"));
	assert_string_equal(sc.where, "a");
}

/*
 * A set that does not tell where its bodies may be is one from before that
 * was told: everything is searched.
 */
static void
searches_all_by_a_set_that_does_not_tell(void **state)
{
	struct sigdb old = { .anywhere = 0 };

	(void)state;
	assert_false(sigdb_has_body(&old, UINT32_MAX, 0));
	tar_begin();
	tar_add("a", "xx abcdefgh yy", 14);
	assert_true(finds(SIGCOMP_NDB, "A:0:3:6162636465666768"));
	assert_true(sigdb_has_body(&db, 1, 1));
	assert_false(sigdb_has_body(&db, 2, 0));
	assert_true(finds(SIGCOMP_NDB, "A:0:*:6162636465666768"));
	assert_true(sigdb_has_body(&db, 1, 0));
	assert_false(sigdb_has_body(&db, 1, 1));
	memset(area + (db.all.p - area) + SIGDB_TARGETS, 0, 8);
	le32_put(area + (db.all.p - area) + SIGDB_HEADER - 4,
	    (uint32_t)crc32(0, db.all.p, SIGDB_HEADER - 4));
	assert_int_equal(sigdb_open(&db, db.all), ERR_OK);
	assert_true(sigdb_has_body(&db, 1, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_in_a_tar_what_is_anywhere),
		cmocka_unit_test(finds_in_a_tar_what_has_its_place_in_a_member),
		cmocka_unit_test(finds_in_a_tar_what_is_for_a_kind_of_member),
		cmocka_unit_test(finds_what_is_for_a_kind_two_containers_deep),
		cmocka_unit_test(finds_the_hash_of_a_member),
		cmocka_unit_test(searches_all_by_a_set_that_does_not_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
