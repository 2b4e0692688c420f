/* test_match: signatures in their text forms, compiled and searched for. */
#include "support/test.h"

#include "core/text.h"
#include "scan/match.h"
#include "scan/sigcomp.h"

#include <stdio.h>

#define AREA (1 << 20)

static uint8_t area[AREA];
static struct sigcomp comp;
static struct match m;
static struct sigdb db;
static const char *why;

static void
begin(void)
{
	memset(area, 0, sizeof(area));
	sigcomp_init(&comp, area, sizeof(area));
}

static int
add(enum sigcomp_form form, const char *line)
{
	why = "";
	return sigcomp_line(&comp, form, span_str(line), &why);
}

static void
finish(void)
{
	struct span file;

	assert_int_equal(sigcomp_finish(&comp, &file), ERR_OK);
	assert_int_equal(sigdb_open(&db, file), ERR_OK);
	assert_int_equal(sigdb_verify(&db), ERR_OK);
}

static int
look(struct span s)
{
	return match_bodies(&m, &db, s, 1, 1 << 20);
}

/* One body, compiled alone; is it in these bytes? */
static int
one(const char *line, const char *bytes)
{
	begin();
	assert_int_equal(add(SIGCOMP_NDB, line), ERR_OK);
	finish();
	return look(span_str(bytes));
}

static void
finds_a_body_at_every_position(void **state)
{
	uint8_t bytes[64];

	(void)state;
	begin();
	assert_int_equal(add(SIGCOMP_NDB, "L:0:*:6162636465666768"), 0);
	assert_int_equal(add(SIGCOMP_NDB, "S:0:*:31323334"), 0);
	finish();
	for (size_t at = 0; at + 8 <= sizeof(bytes); at++) {
		memset(bytes, '.', sizeof(bytes));
		memcpy(bytes + at, "abcdefgh", 8);
		assert_int_equal(look(span_of(bytes, sizeof(bytes))), 1);
		assert_span(m.name, "L");
		bytes[at + 7] = '!';
		assert_int_equal(look(span_of(bytes, sizeof(bytes))), 0);
		memcpy(bytes + at, "1234", 4);
		assert_int_equal(look(span_of(bytes, sizeof(bytes))), 1);
		assert_span(m.name, "S");
	}
}

static void
understands_gaps(void **state)
{
	(void)state;
	assert_int_equal(one("a:0:*:61626364??6566", "..abcdXef"), 1);
	assert_int_equal(one("a:0:*:61626364??6566", "..abcdef"), 0);
	assert_int_equal(one("a:0:*:61626364*6566", "abcd......ef"), 1);
	assert_int_equal(one("a:0:*:61626364*6566", "ef.abcd......"), 0);
	assert_int_equal(one("a:0:*:6566*61626364", "ef.abcd"), 1);
	assert_int_equal(one("a:0:*:6566*61626364", "e.abcdef"), 0);
	assert_int_equal(one("a:0:*:61626364{2-4}65", "abcd1e"), 0);
	assert_int_equal(one("a:0:*:61626364{2-4}65", "abcd12e"), 1);
	assert_int_equal(one("a:0:*:61626364{2-4}65", "abcd1234e"), 1);
	assert_int_equal(one("a:0:*:61626364{2-4}65", "abcd12345e"), 0);
	assert_int_equal(one("a:0:*:61626364{-1}65", "abcde"), 1);
	assert_int_equal(one("a:0:*:61626364{3-}65", "abcd12e"), 0);
	assert_int_equal(one("a:0:*:61626364{3-}65", "abcd12e.e"), 1);
	assert_int_equal(one("a:0:*:61626364{2}65", "abcd12e"), 1);
	/* a gap at the end asks for bytes that are there */
	assert_int_equal(one("a:0:*:61626364????", "abcd1"), 0);
	assert_int_equal(one("a:0:*:61626364????", "abcd12"), 1);
}

static void
goes_back_where_the_first_choice_was_wrong(void **state)
{
	(void)state;
	/* the first 65 leads nowhere, the second does */
	assert_int_equal(one("a:0:*:61626364*65{1}66", "abcd.e..e.f"), 1);
	/* the same to the left of what is looked for */
	assert_int_equal(one("a:0:*:65{1-5}66{1-5}61626364", "e.f.f..abcd"), 1);
	/* the rest of the first abcd is absent, that of the second too */
	assert_int_equal(one("a:0:*:61626364*65{1}66", "abcd.e..e..abcd e"), 0);
}

static void
understands_nibbles_and_choices(void **state)
{
	(void)state;
	assert_int_equal(one("a:0:*:616263646?41", "abcdlA"), 1);
	assert_int_equal(one("a:0:*:616263646?41", "abcd\x7f"
						   "A"),
	    0);
	assert_int_equal(one("a:0:*:61626364?141", "abcd\xf1"
						   "A"),
	    1);
	assert_int_equal(one("a:0:*:61626364(41|42)43", "abcdBC"), 1);
	assert_int_equal(one("a:0:*:61626364(41|42)43", "abcdCC"), 0);
	assert_int_equal(one("a:0:*:61626364(4141|4242)43", "abcdBBC"), 1);
}

static void
holds_to_offsets_and_targets(void **state)
{
	(void)state;
	assert_int_equal(one("a:0:2:61626364", "..abcd"), 1);
	assert_int_equal(one("a:0:2:61626364", ".abcd"), 0);
	assert_int_equal(one("a:0:2,3:61626364", ".....abcd"), 1);
	assert_int_equal(one("a:0:2,3:61626364", "......abcd"), 0);
	assert_int_equal(one("a:0:EOF-4:61626364", ".abcd"), 1);
	assert_int_equal(one("a:0:EOF-4:61626364", "abcd."), 0);
	assert_int_equal(one("a:0:EOF-9:61626364", "abcd."), 0);
	/* an offset is that of the whole, not of the part looked for */
	assert_int_equal(one("a:0:1:30??61626364", ".0.abcd"), 1);
	assert_int_equal(one("a:0:0:30??61626364", ".0.abcd"), 0);
	assert_int_equal(one("a:3:*:61626364", "abcd"), 0);
	assert_int_equal(match_bodies(&m, &db, SPAN("abcd"), 1 << 3, 1000), 1);
}

static void
logic_wants_all_or_one(void **state)
{
	(void)state;
	begin();
	assert_int_equal(add(SIGCOMP_LDB, "All;Engine:51-255,Target:0;0&1&2;"
					  "61616161;62626262;0:63636363"),
	    ERR_OK);
	assert_int_equal(
	    add(SIGCOMP_LDB, "One;Target:0;0|1;64646464;65656565"), ERR_OK);
	finish();
	assert_int_equal(look(SPAN("cccc.bbbb.aaaa")), 1);
	assert_span(m.name, "All");
	assert_int_equal(look(SPAN("cccc.bbb.aaaa")), 0);
	assert_int_equal(look(SPAN("bbbb.cccc.aaaa")), 0);
	assert_int_equal(look(SPAN("..eeee")), 1);
	assert_span(m.name, "One");
}

static void
knows_whole_files_by_their_hash(void **state)
{
	(void)state;
	begin();
	assert_int_equal(
	    add(SIGCOMP_HASH, "900150983cd24fb0d6963f7d28e17f72:3:Abc.Md5"),
	    ERR_OK);
	assert_int_equal(
	    add(SIGCOMP_HASH,
		"a9993e364706816aba3e25717850c26c9cd0d89d:4:Wrong.Size"),
	    ERR_OK);
	finish();
	assert_int_equal(match_hashes(&m, &db, SPAN("abc")), 1);
	assert_span(m.name, "Abc.Md5");
	assert_int_equal(match_hashes(&m, &db, SPAN("abd")), 0);
	begin();
	assert_int_equal(
	    add(SIGCOMP_HASH, "ba7816bf8f01cfea414140de5dae2223b00361a39617"
			      "7a9cb410ff61f20015ad:*:Abc.Any"),
	    ERR_OK);
	finish();
	assert_int_equal(match_hashes(&m, &db, SPAN("abc")), 1);
	assert_span(m.name, "Abc.Any");
}

/* What ClamAV 1.4 passes over, or we can never find, is named. */
static void
is_for_its_level_and_for_targets_that_are_told(void **state)
{
	static const char *const out[] = { "a:0:*:61626364:217",
		"a:0:*:61626364:51:215", "a:8:*:61626364", "a:14:*:61626364",
		"a:31:*:61626364", "a:0:*:61626364{0}65666768",
		"a:0:*:61626364{-0}65666768", "a:0:*:(B)61626364",
		"a:0:EP+0:61626364" };
	static const char *const wrong[] = { "a:0:*:61626364:x",
		"a:0:*:61626364:51:", "a:0:*:61626364:51:255:9",
		"a:0::61626364", "a:0:EOF-:61626364" };
	static const char *const blocks[] = { "Engine:217-300,Target:0",
		"Engine:51-215,Target:0", "Target:14" };
	const char md5[] = "900150983cd24fb0d6963f7d28e17f72";
	char line[128];

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_int_equal(add(SIGCOMP_NDB, out[i]), ERR_UNSUPPORTED);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(add(SIGCOMP_NDB, wrong[i]), ERR_SYNTAX);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		snprintf(line, sizeof(line), "a;%s;0;61626364", blocks[i]);
		assert_int_equal(add(SIGCOMP_LDB, line), ERR_UNSUPPORTED);
	}
	assert_int_equal(
	    add(SIGCOMP_LDB, "a;Engine:51,Target:0;0;61626364"), ERR_SYNTAX);
	snprintf(line, sizeof(line), "%s:3:a:1:2", md5);
	assert_int_equal(add(SIGCOMP_HASH, line), ERR_UNSUPPORTED);
	snprintf(line, sizeof(line), "%s:3:a:1:300:x", md5);
	assert_int_equal(add(SIGCOMP_HASH, line), ERR_SYNTAX);
	assert_int_equal(comp.signatures, 0);
	assert_int_equal(add(SIGCOMP_NDB, "a:0:*:61626364:216:216"), ERR_OK);
	assert_int_equal(add(SIGCOMP_NDB, "a:0:*:61626364:51"), ERR_OK);
	assert_int_equal(
	    add(SIGCOMP_LDB, "a;Engine:51-216,Target:12;0;61626364"), ERR_OK);
	snprintf(line, sizeof(line), "%s:*:a:73:255", md5);
	assert_int_equal(add(SIGCOMP_HASH, line), ERR_OK);
}

static void
logic_may_stand_in_brackets(void **state)
{
	(void)state;
	begin();
	assert_int_equal(
	    add(SIGCOMP_LDB, "All;Target:0;(0&1);61626364;65666768"), ERR_OK);
	assert_int_equal(
	    add(SIGCOMP_LDB, "One;Target:0;(0|1);31323334;35363738"), ERR_OK);
	assert_int_equal(
	    add(SIGCOMP_LDB, "x;Target:0;(0)|(1);31323334;35363738"),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    add(SIGCOMP_LDB, "x;Target:0;(0;31323334"), ERR_UNSUPPORTED);
	finish();
	assert_int_equal(look(SPAN("abcd")), 0);
	assert_int_equal(look(SPAN("efgh abcd")), 1);
	assert_span(m.name, "All");
	assert_int_equal(look(SPAN("5678")), 1);
	assert_span(m.name, "One");
}

static void
says_what_it_does_not_understand(void **state)
{
	static const char *const bad[] = { "a:0:*:616263", "a:0:*:61zz",
		"a:0:*:6162636", "a:0:EP+0:61626364", "a:0:*:!(61|62)61626364",
		"a:0:*:61626364(61|6262)", "a:0:*", "a:x:*:61626364",
		":0:*:61626364", "a:0:*:61626364{3", "a:0:*:61626364{4-3}" };

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err = add(SIGCOMP_NDB, bad[i]);

		assert_true(err == ERR_SYNTAX || err == ERR_UNSUPPORTED);
		assert_true(strlen(why) > 0);
	}
	assert_int_equal(
	    add(SIGCOMP_LDB, "a;Target:0;0=2;61626364"), ERR_UNSUPPORTED);
	assert_int_equal(
	    add(SIGCOMP_LDB, "a;Target:0;0&1;61626364"), ERR_SYNTAX);
	assert_int_equal(
	    add(SIGCOMP_LDB, "a;Target:0;0;61626364::i"), ERR_UNSUPPORTED);
	assert_int_equal(add(SIGCOMP_NDB, "# a comment"), ERR_OK);
	assert_int_equal(add(SIGCOMP_HASH, "abcd:3:x"), ERR_SYNTAX);
	assert_int_equal(comp.signatures, 0);
	/* what was refused left nothing behind */
	assert_int_equal(add(SIGCOMP_NDB, "good:0:*:61626364"), ERR_OK);
	finish();
	assert_int_equal(db.signatures, 1);
	assert_int_equal(look(SPAN("abcd")), 1);
	assert_span(m.name, "good");
}

static void
every_flipped_byte_is_found(void **state)
{
	struct sigdb other;
	struct span file;

	(void)state;
	begin();
	assert_int_equal(add(SIGCOMP_NDB, "a:0:*:6162636465666768"), ERR_OK);
	assert_int_equal(sigcomp_finish(&comp, &file), ERR_OK);
	for (size_t i = 0; i < file.len; i++) {
		uint8_t *p = buf_bytes(&comp.out) + i;

		*p ^= 0x40;
		if (!sigdb_open(&other, file)) {
			assert_int_equal(sigdb_verify(&other), ERR_TORN);
			db = other;
			(void)look(SPAN("abcdefghabcdefgh"));
		}
		*p ^= 0x40;
	}
	for (size_t i = 0; i < file.len; i++)
		assert_true(sigdb_open(&other, span_first(file, i)) < 0);
	assert_int_equal(sigdb_open(&other, file), ERR_OK);
}

static void
work_is_bounded(void **state)
{
	static uint8_t bytes[1 << 16];

	(void)state;
	begin();
	assert_int_equal(
	    add(SIGCOMP_NDB, "a:0:*:61{1-60000}61{1-60000}62616161"), ERR_OK);
	finish();
	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes + sizeof(bytes) - 4, "baaa", 4);
	assert_int_equal(look(span_of(bytes, sizeof(bytes))), 1);
	begin();
	assert_int_equal(
	    add(SIGCOMP_NDB, "a:0:*:63{1-60000}61{1-60000}62616161"), ERR_OK);
	finish();
	assert_int_equal(look(span_of(bytes, sizeof(bytes))), ERR_RANGE);
	/* an open rest that is absent is looked for once, not at each lead */
	begin();
	assert_int_equal(add(SIGCOMP_NDB, "a:0:*:61616161*7a7a"), ERR_OK);
	finish();
	assert_int_equal(look(span_of(bytes, sizeof(bytes))), 0);
}

/* ---- against a plain search ---- */

static uint32_t seed = 1;

static unsigned
dice(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* A pattern of literals of 'a' to 'c' with gaps, and the same plainly. */
struct plain {
	unsigned n;
	unsigned len[4], min[4], max[4];
	char text[4][8];
};

static void
make(struct plain *pl, struct text *line)
{
	pl->n = 1 + dice(4);
	text_str(line, "x:0:*:");
	for (unsigned i = 0; i < pl->n; i++) {
		pl->len[i] = i == 1 || pl->n == 1 ? 4 + dice(5) : 1 + dice(5);
		pl->min[i] = i > 0 ? dice(4) : 0;
		pl->max[i] = pl->min[i] + (i > 0 ? dice(4) : 0);
		if (i > 0 && dice(3) == 0)
			pl->max[i] = 1000;
		if (i > 0) {
			text_str(line, "{");
			text_u64(line, pl->min[i]);
			text_str(line, "-");
			if (pl->max[i] < 1000)
				text_u64(line, pl->max[i]);
			text_str(line, "}");
		}
		for (unsigned k = 0; k < pl->len[i]; k++)
			pl->text[i][k] = (char)('a' + dice(3));
		text_hex(line, span_of(pl->text[i], pl->len[i]));
	}
}

/* Can part `i` end up anywhere, all before it in place?  Bit sets. */
static bool
plain_search(const struct plain *pl, const char *s, unsigned len)
{
	static bool ends[2][257];

	memset(ends, 0, sizeof(ends));
	for (unsigned at = 0; at <= len; at++)
		ends[1][at] = true;
	for (unsigned i = 0; i < pl->n; i++) {
		bool *from = ends[(i + 1) % 2], *to = ends[i % 2];

		memset(to, 0, 257);
		for (unsigned e = 0; e <= len; e++) {
			for (unsigned g = pl->min[i];
			     from[e] && g <= pl->max[i] && e + g <= len; g++)
				if (e + g + pl->len[i] <= len
				    && !memcmp(
					s + e + g, pl->text[i], pl->len[i]))
					to[e + g + pl->len[i]] = true;
		}
	}
	for (unsigned e = 0; e <= len; e++)
		if (ends[(pl->n - 1) % 2][e])
			return true;
	return false;
}

static void
agrees_with_a_plain_search(void **state)
{
	unsigned found = 0, absent = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct plain pl;
		char mem[256], s[256];
		struct text line;
		bool want;

		text_init(&line, mem, sizeof(mem));
		make(&pl, &line);
		begin();
		if (add(SIGCOMP_NDB, mem) == ERR_UNSUPPORTED)
			continue; /* no four bytes in a row */
		finish();
		for (unsigned k = 0; k < 4; k++) {
			unsigned len = 20 + dice(236);

			for (unsigned i = 0; i < len; i++)
				s[i] = (char)('a' + dice(3));
			want = plain_search(&pl, s, len);
			assert_int_equal(look(span_of(s, len)), want);
			found += want;
			absent += !want;
		}
	}
	assert_true(found > 500 && absent > 500);
}

/* At every distance from a multiple of the strides, up to the very end. */
static void
finds_each_width_at_each_position(void **state)
{
	static const char *const lines[] = { "n:0:*:a1b2c3d4",
		"n:0:*:a1b2c3d4e5f617", "n:0:*:a1b2c3d4e5f617283940",
		"n:0:*:a1b2c3d4e5f61728394a5b" };
	static const char body[] = "\xa1\xb2\xc3\xd4\xe5\xf6\x17\x28\x39";
	uint8_t bytes[64];

	(void)state;
	for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
		size_t len = (strlen(lines[k]) - 6) / 2;

		begin();
		assert_int_equal(add(SIGCOMP_NDB, lines[k]), ERR_OK);
		finish();
		for (size_t at = 0; at + len <= sizeof(bytes); at++) {
			memset(bytes, 0, sizeof(bytes));
			memcpy(bytes + at, body, len < 9 ? len : 9);
			if (len >= 10)
				bytes[at + 9] = len == 10 ? 0x40 : 0x4a;
			if (len == 11)
				bytes[at + 10] = 0x5b;
			assert_int_equal(
			    look(span_of(bytes, sizeof(bytes))), 1);
			assert_int_equal(look(span_of(bytes, at + len)), 1);
			assert_int_equal(look(span_of(bytes, at + len - 1)), 0);
		}
	}
}

static void
what_lies_at_the_start_only_is_looked_for_there_only(void **state)
{
	static uint8_t bytes[4096];

	(void)state;
	begin();
	assert_int_equal(
	    add(SIGCOMP_NDB, "a:0:3,5:a1b2c3d4e5{2-4}f6172839"), ERR_OK);
	finish();
	assert_int_equal(db.reach, 3 + 5 + 5 + 4 + 4);
	memcpy(bytes + 8, "\xa1\xb2\xc3\xd4\xe5....\xf6\x17\x28\x39", 13);
	assert_int_equal(look(span_of(bytes, sizeof(bytes))), 1);
	memmove(bytes + 9, bytes + 8, 13);
	assert_int_equal(look(span_of(bytes, sizeof(bytes))), 0);
	/* one that may be anywhere, and all of it is searched */
	begin();
	assert_int_equal(add(SIGCOMP_NDB, "a:0:3:a1b2c3d4e5"), ERR_OK);
	assert_int_equal(add(SIGCOMP_NDB, "b:0:*:0102030405"), ERR_OK);
	finish();
	assert_int_equal(db.reach, SIGDB_NONE);
	memcpy(bytes + 4000, "\1\2\3\4\5", 5);
	assert_int_equal(look(span_of(bytes, sizeof(bytes))), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_width_at_each_position),
		cmocka_unit_test(
		    what_lies_at_the_start_only_is_looked_for_there_only),
		cmocka_unit_test(finds_a_body_at_every_position),
		cmocka_unit_test(understands_gaps),
		cmocka_unit_test(goes_back_where_the_first_choice_was_wrong),
		cmocka_unit_test(understands_nibbles_and_choices),
		cmocka_unit_test(holds_to_offsets_and_targets),
		cmocka_unit_test(logic_wants_all_or_one),
		cmocka_unit_test(knows_whole_files_by_their_hash),
		cmocka_unit_test(says_what_it_does_not_understand),
		cmocka_unit_test(
		    is_for_its_level_and_for_targets_that_are_told),
		cmocka_unit_test(logic_may_stand_in_brackets),
		cmocka_unit_test(every_flipped_byte_is_found),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(agrees_with_a_plain_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
