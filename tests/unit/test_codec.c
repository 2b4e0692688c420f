/* test_codec: line, dot, base64, addr, header, date, trace. */
#include "support/test.h"

#include "codec/addr.h"
#include "codec/base64.h"
#include "codec/date.h"
#include "codec/dot.h"
#include "codec/header.h"
#include "codec/line.h"
#include "codec/trace.h"

/* --- line ---------------------------------------------------------------- */

static void
line_cuts_at_crlf_and_leaves_the_rest(void **state)
{
	struct line l;
	bool skip = false;

	(void)state;
	assert_true(line_next(SPAN("NOOP\r\nQU"), 10, &skip, &l));
	assert_span(l.text, "NOOP");
	assert_int_equal(l.flaw, LINE_OK);
	assert_int_equal(l.used, 6);
	assert_false(line_next(SPAN("QU"), 10, &skip, &l));
	assert_int_equal(l.used, 0);
}

static void
line_names_bare_and_nul(void **state)
{
	struct line l;
	bool skip = false;

	(void)state;
	assert_true(line_next(SPAN("a\nb\r\n"), 10, &skip, &l));
	assert_int_equal(l.flaw, LINE_BARE);
	assert_int_equal(l.used, 2);
	assert_true(line_next(SPAN("a\rb\r\n"), 10, &skip, &l));
	assert_int_equal(l.flaw, LINE_BARE);
	assert_true(line_next(SPAN("a\0b\r\n"), 10, &skip, &l));
	assert_int_equal(l.flaw, LINE_NUL);
}

static void
line_too_long_is_told_once_and_skipped(void **state)
{
	struct line l;
	bool skip = false;

	(void)state;
	assert_true(line_next(SPAN("12345\r\n"), 5, &skip, &l));
	assert_int_equal(l.flaw, LINE_OK);
	assert_true(line_next(SPAN("123456\r\n"), 5, &skip, &l));
	assert_int_equal(l.flaw, LINE_LONG);
	assert_span(l.text, "12345");
	assert_false(skip);
	assert_true(line_next(SPAN("1234567"), 5, &skip, &l));
	assert_int_equal(l.flaw, LINE_LONG);
	assert_int_equal(l.used, 7);
	assert_span(l.text, "12345");
	assert_true(skip);
	assert_false(line_next(SPAN("more and more"), 5, &skip, &l));
	assert_int_equal(l.used, 13);
	assert_true(line_next(SPAN("tail\r\nNOOP\r\n"), 5, &skip, &l));
	assert_span(l.text, "NOOP");
	assert_int_equal(l.used, 12);
}

/* --- dot ----------------------------------------------------------------- */

static struct dot d;
static uint8_t got[256];
static size_t got_n;

/* Decode `in`, cut in two at `at`; what is left over after the end. */
static size_t
decode(struct span in, size_t at, bool chunked)
{
	struct span part[2] = { span_first(in, at), span_from(in, at) };
	uint8_t mem[256];
	size_t used = 0;

	dot_init(&d, chunked);
	got_n = 0;
	for (int i = 0; i < 2 && !d.ended; i++) {
		struct dot_made m;

		memcpy(mem, part[i].p, part[i].len);
		m = dot_feed(&d, mem, part[i].len);
		memcpy(got + got_n, mem, m.made);
		got_n += m.made;
		used += m.used;
	}
	dot_finish(&d);
	return in.len - used;
}

static void
dot_decodes_alike_however_it_is_cut(void **state)
{
	struct span in = SPAN("a\r\n..b\r\n.c\r\n\r\n.\r\nNOOP\r\n");

	(void)state;
	for (size_t at = 0; at <= in.len; at++) {
		size_t left = decode(in, at, false);

		assert_true(d.ended);
		assert_int_equal(d.flaws, DOT_SOUND);
		assert_span(span_of(got, got_n), "a\n.b\nc\n\n");
		assert_int_equal(d.wire_octets, 12);
		if (at >= in.len - 6)
			assert_int_equal(left, 6);
	}
}

static void
dot_ends_at_crlf_dot_crlf_and_at_nothing_else(void **state)
{
	static const struct span variants[] = {
		{ (const uint8_t *)"a\n.\n", 4 },
		{ (const uint8_t *)"a\n.\r\n", 5 },
		{ (const uint8_t *)"a\r\n.\n", 5 },
		{ (const uint8_t *)"a\r\n.\r", 5 },
		{ (const uint8_t *)"a\r.\r\n", 5 },
		{ (const uint8_t *)"a\r.\r", 4 },
		{ (const uint8_t *)"a\r\r\n.\n", 6 },
		{ (const uint8_t *)"a\r\n\0.\r\n", 7 },
		{ (const uint8_t *)"a\r\n.\0\r\n", 7 },
		{ (const uint8_t *)"a\r\n.\r\r\n", 7 },
		{ (const uint8_t *)"\n.\r\n", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		for (size_t at = 0; at <= variants[i].len; at++) {
			decode(variants[i], at, false);
			assert_false(d.ended);
		}
	}
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		uint8_t mem[64];
		size_t n = variants[i].len;

		memcpy(mem, variants[i].p, n);
		memcpy(mem + n, "x\r\n.\r\n", 6);
		decode(span_of(mem, n + 6), 3, false);
		assert_true(d.ended);
		assert_int_not_equal(d.flaws, DOT_SOUND);
	}
}

static void
dot_takes_dots_as_text_in_a_chunk(void **state)
{
	(void)state;
	decode(SPAN(".\r\n..\r\nend"), 4, true);
	assert_false(d.ended);
	assert_int_equal(d.flaws, DOT_SOUND);
	assert_span(span_of(got, got_n), ".\n..\nend");
	decode(SPAN("a\r"), 1, true);
	assert_int_equal(d.flaws, DOT_BARE_CR);
}

/* --- base64 ----------------------------------------------------------------
 */

static void
base64_round_trips_and_refuses_the_rest(void **state)
{
	static const char *const bad[] = { "A", "AB", "ABC",
		"AB==CD==", "A===", "====", "AB=C", "AB\n=", "A B=", "AB-_",
		"AQ=A" };
	uint8_t mem[16], out[24];

	(void)state;
	for (size_t n = 0; n <= 12; n++) {
		size_t len =
		    base64_encode(span_of("\xff\x00\x80gatepost.", n), out);

		assert_int_equal(len, BASE64_LEN(n));
		assert_int_equal(
		    base64_decode(span_of(out, len), mem, sizeof(mem)), n);
		assert_memory_equal(mem, "\xff\x00\x80gatepost.", n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    base64_decode(span_str(bad[i]), mem, 16), ERR_SYNTAX);
	assert_int_equal(base64_decode(SPAN("AR=="), mem, 16), ERR_SYNTAX);
	assert_int_equal(base64_decode(SPAN("AQIDBA=="), mem, 3), ERR_RANGE);
}

/* --- addr ------------------------------------------------------------------
 */

static void
addr_parses_paths_with_parameters_behind(void **state)
{
	struct span rest = SPAN(" <Joe.Doe@Example.ORG> SIZE=1");
	struct addr a;

	(void)state;
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_OK);
	assert_span(a.local, "Joe.Doe");
	assert_span(a.domain, "Example.ORG");
	assert_span(rest, " SIZE=1");
	rest = SPAN("<>");
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_SYNTAX);
	rest = SPAN("<>");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_NULL, &a), ADDR_OK);
	assert_true(a.null);
	rest = SPAN("<Postmaster>");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_BARE, &a), ADDR_OK);
	assert_true(a.bare);
	rest = SPAN("<\"a b\"@[192.0.2.1]>");
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_OK);
	assert_true(a.quoted && a.literal && addr_is_tricky(&a));
	rest = SPAN("joe@example.org BODY=7BIT");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_NAKED, &a), ADDR_OK);
	assert_span(rest, " BODY=7BIT");
}

static void
addr_refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = { "", "<", "<a", "<a@", "<a@>",
		"<@b>x", "<a@b", "<a@b>c", "<a b@c>", "<.a@b>", "<a.@b>",
		"<a..b@c>", "<a@b..c>", "<a@.b>", "<a@b.>", "<a@-b>", "<a@b->",
		"<a@b@c>", "<\"a@b>", "<\"\"@b>", "<a@[]>", "<a@[1.2.3.4>",
		"<a@b]>", "<a\x01@b>", "<a@b c>", "a@b", "<(c)a@b>", "<a@b(c)>",
		"<<a@b>>" };
	struct span rest = SPAN("<@a,@b:c@d>");
	struct addr a;

	(void)state;
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_ROUTE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rest = span_str(bad[i]);
		if (addr_path(&rest, ADDR_ALLOW_NULL, &a) == ADDR_OK)
			fail_msg("taken as an address: %s", bad[i]);
	}
	rest = SPAN("<a\0@b>");
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_SYNTAX);
}

static void
addr_takes_utf8_only_when_asked(void **state)
{
	struct span rest = SPAN("<j\xc3\xb6rg@example.org>");
	struct addr a;

	(void)state;
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_UTF8);
	rest = SPAN("<j\xc3\xb6rg@ex\xc3\xa4mple.org>");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_UTF8, &a), ADDR_OK);
	assert_true(a.eight_bit);
	rest = SPAN("<j\xc3\x28rg@example.org>");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_UTF8, &a), ADDR_SYNTAX);
	rest = SPAN("<\xed\xa0\x80@example.org>");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_UTF8, &a), ADDR_SYNTAX);
	rest = SPAN("<\xc0\xaf@example.org>");
	assert_int_equal(addr_path(&rest, ADDR_ALLOW_UTF8, &a), ADDR_SYNTAX);
}

static void
addr_bounds_its_parts(void **state)
{
	uint8_t mem[600];
	struct span rest;
	struct addr a;

	(void)state;
	memset(mem, 'a', sizeof(mem));
	mem[0] = '<';
	mem[ADDR_LOCAL_MAX + 1] = '@';
	mem[ADDR_LOCAL_MAX + 3] = '>';
	rest = span_of(mem, ADDR_LOCAL_MAX + 4);
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_OK);
	mem[ADDR_LOCAL_MAX + 1] = 'a';
	mem[ADDR_LOCAL_MAX + 2] = '@';
	mem[ADDR_LOCAL_MAX + 3] = 'b';
	mem[ADDR_LOCAL_MAX + 4] = '>';
	rest = span_of(mem, ADDR_LOCAL_MAX + 5);
	assert_int_equal(addr_path(&rest, 0, &a), ADDR_LONG);
}

/* --- header ------------------------------------------------------------------
 */

static void
header_counts_and_notices_however_it_is_cut(void **state)
{
	struct span in = SPAN("Received: x\n by y\nRECEIVED: z\n"
			      "Delivered-To: Ann@Home\nDate: now\n"
			      "X-Long: 0123456789012345678901234567890123456"
			      "7890123456789012345678901234567890123456789\n"
			      "Subject : s\n\nFrom: body\nReceived: body\n");
	struct header h;

	(void)state;
	for (size_t at = 0; at <= in.len; at++) {
		header_init(&h);
		header_feed(&h, span_first(in, at), SPAN("ann@home"));
		header_feed(&h, span_from(in, at), SPAN("ann@home"));
		assert_true(h.over && h.ours);
		assert_int_equal(h.received, 2);
		assert_int_equal(h.fields, HEADER_DATE | HEADER_SUBJECT);
	}
}

static void
header_finds_marks_that_others_set(void **state)
{
	struct span in =
	    SPAN("A: b\nx-GATEPOST-scan : clean\nX-Gatepost-Scanner: y\n"
		 " X-Gatepost-Scan: z\nX-Gatepost-Scan: clean\n\n"
		 "X-Gatepost-Scan: body\n");
	struct header h;

	(void)state;
	for (size_t at = 0; at <= in.len; at++) {
		header_init(&h);
		header_feed(&h, span_first(in, at), SPAN(""));
		header_feed(&h, span_from(in, at), SPAN(""));
		assert_int_equal(h.n_marks, 2);
		assert_int_equal(h.marks[0], 5);
		assert_span(span_first(span_from(in, (size_t)h.marks[1]), 22),
		    "X-Gatepost-Scan: clean");
	}
}

static void
header_tells_when_there_are_too_many_marks(void **state)
{
	struct header h;

	(void)state;
	header_init(&h);
	for (unsigned i = 0; i < 300; i++)
		header_feed(&h, SPAN("X-Gatepost-Scan: x\n"), SPAN(""));
	assert_true(h.n_marks > HEADER_MARKS);
}

/* --- date, trace
 * ---------------------------------------------------------------- */

static void
date_knows_leap_years_and_zones(void **state)
{
	static const struct {
		int64_t at;
		int zone;
		const char *text;
	} known[] = {
		{ 0, 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
		{ 951782400, 0, "Tue, 29 Feb 2000 00:00:00 +0000" },
		{ 1795348800, 540, "Sun, 22 Nov 2026 21:00:00 +0900" },
		{ 1795348800, -210, "Sun, 22 Nov 2026 08:30:00 -0330" },
		{ 4107542399, 0, "Sun, 28 Feb 2100 23:59:59 +0000" },
		{ 4107542400, 0, "Mon, 1 Mar 2100 00:00:00 +0000" },
		{ -1, 0, "Wed, 31 Dec 1969 23:59:59 +0000" },
	};
	char mem[64];
	struct text t;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		text_init(&t, mem, sizeof(mem));
		date_put(&t, known[i].at, known[i].zone);
		assert_string_equal(text_cstr(&t), known[i].text);
	}
}

static void
trace_tells_how_the_message_came(void **state)
{
	struct trace tr = {
		.host = "nas.example",
		.peer = "192.0.2.7",
		.helo = SPAN("laptop"),
		.extended = true,
		.authenticated = true,
		.tls_version = "TLS1.2",
		.tls_suite = "SUITE",
		.tls_bits = 256,
		.id = "ID",
		.from = SPAN("a@b"),
		.to = SPAN("c@d"),
		.final = true,
	};
	static char mem[TRACE_MAX];
	struct text t;

	(void)state;
	text_init(&t, mem, sizeof(mem));
	trace_put(&t, &tr);
	assert_string_equal(mem,
	    "Return-Path: <a@b>\nDelivered-To: c@d\n"
	    "Received: from laptop ([192.0.2.7])\n"
	    " by nas.example (gatepost) with ESMTPSA\n"
	    " (TLS1.2 SUITE 256 bits; no client certificate; authenticated)\n"
	    " id ID for <c@d>; Thu, 1 Jan 1970 00:00:00 +0000\n");
	tr.tls_version = NULL;
	tr.authenticated = tr.extended = tr.final = false;
	tr.to.len = 0;
	text_init(&t, mem, sizeof(mem));
	trace_put(&t, &tr);
	assert_string_equal(mem, "Received: from laptop ([192.0.2.7])\n"
				 " by nas.example (gatepost) with SMTP\n"
				 " (no TLS; not authenticated)\n"
				 " id ID; Thu, 1 Jan 1970 00:00:00 +0000\n");
}

static void
trace_leaves_room_for_the_mark_where_nothing_can_continue_it(void **state)
{
	struct trace tr = { .host = "h",
		.peer = "192.0.2.7",
		.helo = SPAN("x"),
		.id = "ID",
		.marked = true };
	static char mem[TRACE_MAX];
	struct span room, name = SPAN(TRACE_MARK_NAME ": ");
	struct text t;
	size_t at;

	(void)state;
	assert_int_equal(strlen(TRACE_MARK_NAME), strlen(TRACE_MARK_OLD));
	for (unsigned i = 0; i < 2; i++) {
		tr.continued = i > 0;
		text_init(&t, mem, sizeof(mem));
		at = trace_put(&t, &tr);
		assert_true(
		    span_starts(span_from(text_data(&t), at - name.len), name));
		room = span_first(span_from(text_data(&t), at), TRACE_MARK + 1);
		assert_int_equal(span_trim(room).len, 1); /* the line's end */
		assert_int_equal(at + TRACE_MARK + 1 == t.len, !tr.continued);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_cuts_at_crlf_and_leaves_the_rest),
		cmocka_unit_test(line_names_bare_and_nul),
		cmocka_unit_test(line_too_long_is_told_once_and_skipped),
		cmocka_unit_test(dot_decodes_alike_however_it_is_cut),
		cmocka_unit_test(dot_ends_at_crlf_dot_crlf_and_at_nothing_else),
		cmocka_unit_test(dot_takes_dots_as_text_in_a_chunk),
		cmocka_unit_test(base64_round_trips_and_refuses_the_rest),
		cmocka_unit_test(addr_parses_paths_with_parameters_behind),
		cmocka_unit_test(addr_refuses_what_is_no_address),
		cmocka_unit_test(addr_takes_utf8_only_when_asked),
		cmocka_unit_test(addr_bounds_its_parts),
		cmocka_unit_test(header_counts_and_notices_however_it_is_cut),
		cmocka_unit_test(header_finds_marks_that_others_set),
		cmocka_unit_test(header_tells_when_there_are_too_many_marks),
		cmocka_unit_test(date_knows_leap_years_and_zones),
		cmocka_unit_test(trace_tells_how_the_message_came),
		cmocka_unit_test(
		    trace_leaves_room_for_the_mark_where_nothing_can_continue_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
