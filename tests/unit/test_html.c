/* test_html: what runs in HTML, however it is written; and what does not. */
#include "support/test.h"

#include "scan/html.h"

#define S(literal)                                                             \
	{                                                                      \
		(const uint8_t *)(literal), sizeof(literal) - 1                \
	}

struct row {
	struct span html;
	const char *want;
};

static const struct row runs[] = {
	{ S("<script>alert(1)</script>"), "Script.Element" },
	{ S("<p>x<ScRiPt/src=//a.example/x.js>"), "Script.Element" },
	{ S("<script\n>"), "Script.Element" },
	{ S("<scr\0ipt>"), "Script.Element" },
	{ S("<svg:script>"), "Script.Element" },
	{ S("<!--[if IE]><script>x</script><![endif]-->"), "Script.Element" },
	{ S("<a title=\"never closed <script>x</script>"), "Script.Element" },
	{ S("<a title='><script>'>"), "Script.Element" },
	{ S("<\0s\0c\0r\0i\0p\0t\0>\0"), "Script.Element" },
	{ S("\0<\0s\0c\0r\0i\0p\0t\0>"), "Script.Element" },
	{ S("<script"), "Script.Element" },
	{ S("<applet code=x.class>"), "ActiveX.Applet" },
	{ S("<EMBED src=a.swf>"), "ActiveX.Embed" },
	{ S("<object classid=\"clsid:D27CDB6E\">"), "ActiveX.Object" },
	{ S("<object\nid=x\nCLASSID = 'clsid:0'>"), "ActiveX.Object" },
	{ S("<object codebase=http://a.example/x.cab>"), "ActiveX.Object" },
	{ S("<img src=x onerror=alert(1)>"), "Script.Handler" },
	{ S("<body OnLoad = 'x()'>"), "Script.Handler" },
	{ S("<svg/onload=x()>"), "Script.Handler" },
	{ S("<img src='x'onerror='y'>"), "Script.Handler" },
	{ S("<img \"\"\"><a onclick=x>"), "Script.Handler" },
	{ S("<b\tonmouseover\n=\nx>"), "Script.Handler" },
	{ S("<iframe srcdoc='&lt;script>'>"), "Script.Document" },
	{ S("<a href=javascript:x()>"), "Script.URL" },
	{ S("<a href=\" \1 JaVaScRiPt :x\">"), "Script.URL" },
	{ S("<a href='jav\tasc\nript:x'>"), "Script.URL" },
	{ S("<a href='jav&#x09;ascript:x'>"), "Script.URL" },
	{ S("<a href=&#106&#97&#118&#97&#115&#99&#114&#105&#112&#116&#58;x>"),
	    "Script.URL" },
	{ S("<a href=\"&#x6A;&#x0061;vascript:x\">"), "Script.URL" },
	{ S("<a href='&#0000000000106;avascript:x'>"), "Script.URL" },
	{ S("<a href='java&Tab;script&colon;x'>"), "Script.URL" },
	{ S("<a href='java&NewLine;script&#58x'>"), "Script.URL" },
	{ S("<img src=vbscript:x>"), "Script.URL" },
	{ S("<form action='javascript:x'>"), "Script.URL" },
	{ S("<meta http-equiv=refresh content='0; url=javascript:x'>"),
	    "Script.URL" },
	{ S("<a href='data:text/html;base64,PHNjcmlwdD4='>"), "Script.URL" },
	{ S("<div style=\"background:url( 'javascript:x')\">"), "Script.URL" },
	{ S("<?xml-stylesheet href='javascript:x'?>"), "Script.URL" },
	{ S("<a href='j\0a\0v\0a\0s\0c\0r\0i\0p\0t\0:\0'>"), "Script.URL" },
	{ S("<p style='width: expression(x)'>"), "Script.Style" },
	{ S("<p style='width:exp/* * **/ression (x)'>"), "Script.Style" },
	{ S("<p style='width:\\65xpression(x)'>"), "Script.Style" },
	{ S("<p style='width:\\000065 xpression&lpar;x)'>"), "Script.Style" },
	{ S("<style>a { -moz-binding: url(x) }</style>"), "Script.Style" },
	{ S("<style>a { b: e\\xpression(x) }</style>"), "Script.Style" },
	{ S("<meta charset=utf-7>+ADw-script+AD4-"), "Script.UTF7" },
};

static const struct row does_not[] = {
	{ S(""), NULL },
	{ S("<"), NULL },
	{ S("<a"), NULL },
	{ S("<a b"), NULL },
	{ S("<a b="), NULL },
	{ S("<a b=&"), NULL },
	{ S("<a b=&#"), NULL },
	{ S("<a b=\"&#x"), NULL },
	{ S("<p style='\\"), NULL },
	{ S("<p style='/*"), NULL },
	{ S("<html><head><title>x</title></head><body>hello</body></html>"),
	    NULL },
	{ S("to learn javascript: read on=line"), NULL },
	{ S("<p>Use javascript: it is fun. onclick=\"x\"</p>"), NULL },
	{ S("<a title='About javascript: a talk' href='http://a.example'>"),
	    NULL },
	{ S("<a href='https://a.example/?on=1&only=2&x=javascript'>"), NULL },
	{ S("&lt;script&gt;alert(1)&lt;/script&gt;"), NULL },
	{ S("< script>"), NULL },
	{ S("<scripture>"), NULL },
	{ S("</script>"), NULL },
	{ S("<noscript>no</noscript>"), NULL },
	{ S("1 <2 and on error=0"), NULL },
	{ S("<object data='a.pdf' type='application/pdf'>"), NULL },
	{ S("<img src='data:image/png;base64,AAAA'>"), NULL },
	{ S("<td style='behave: well; color: red' on=1 one=2>"), NULL },
	{ S("<style>p { color: red } /* expression( */</style>"), NULL },
	{ S("<p>expression(x)</p>"), NULL },
	{ S("a+ADw-b"), NULL },
};

static void
check(const struct row *r, size_t i)
{
	const char *got = html_script(r->html, false);

	if (got == NULL ? r->want != NULL
			: r->want == NULL || strcmp(got, r->want) != 0)
		fail_msg("row %zu: %.*s: %s", i, (int)r->html.len,
		    (const char *)r->html.p, got ? got : "nothing");
}

static void
sees_what_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		check(&runs[i], i);
}

static void
leaves_alone_what_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(does_not) / sizeof(does_not[0]); i++)
		check(&does_not[i], i);
}

static void
what_was_declared_as_utf7_is_read_so(void **state)
{
	(void)state;
	assert_string_equal(
	    html_script(SPAN("+ADw-script+AD4-"), true), "Script.UTF7");
	assert_null(html_script(SPAN("2 + 3"), true));
}

static void
html_is_known_by_its_beginning(void **state)
{
	(void)state;
	assert_true(html_is_likely(SPAN("\n <!DOCTYPE html><html>")));
	assert_true(html_is_likely(SPAN("\xff\xfe<\0h\0t\0m\0l\0>\0")));
	assert_true(html_is_likely(SPAN("GIF <SvG/onload=x>")));
	assert_false(html_is_likely(SPAN("From <a@b.example> and more")));
	assert_false(html_is_likely(SPAN("a < b, <c")));
	assert_false(html_is_likely(SPAN("")));
}

/* Every tag ends in the middle: reading must not begin anew at each. */
static void
unclosed_quotes_cost_no_more_than_closed_ones(void **state)
{
	static uint8_t page[1 << 20];

	(void)state;
	for (size_t i = 0; i + 8 <= sizeof(page); i += 8)
		memcpy(page + i, "<a b='&#", 8);
	assert_null(html_script(span_of(page, sizeof(page)), false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_what_runs),
		cmocka_unit_test(leaves_alone_what_does_not),
		cmocka_unit_test(what_was_declared_as_utf7_is_read_so),
		cmocka_unit_test(html_is_known_by_its_beginning),
		cmocka_unit_test(unclosed_quotes_cost_no_more_than_closed_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
