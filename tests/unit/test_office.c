/* test_office: macros in documents, old and new. */
#include "support/test.h"

#include "core/le.h"
#include "scan/office.h"

static uint8_t doc[4096];

static void
begin(void)
{
	memset(doc, 0, sizeof(doc));
	memcpy(doc, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
}

/* A directory entry at `at`. */
static void
entry(size_t at, const char *name, uint8_t kind)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		doc[at + 2 * i] = (uint8_t)name[i];
	le16_put(doc + at + 64, (uint16_t)((len + 1) * 2));
	doc[at + 66] = kind;
	doc[at + 67] = 1;
}

static void
check(const char *got, const char *want)
{
	assert_string_equal(
	    got != NULL ? got : "nothing", want != NULL ? want : "nothing");
}

static const char *
look(void)
{
	return office_content(span_of(doc, sizeof(doc)));
}

static void
finds_the_storages_of_visual_basic(void **state)
{
	static const struct {
		const char *name;
		uint8_t kind;
		const char *want;
	} rows[] = {
		{ "_VBA_PROJECT", 2, "Macro.VBA" },
		{ "_VBA_PROJECT_CUR", 1, "Macro.VBA" },
		{ "_vba_project", 2, "Macro.VBA" },
		{ "VBA", 1, "Macro.VBA" },
		{ "Macros", 1, "Macro.VBA" },
		{ "Macros", 2, NULL },
		{ "VBAX", 1, NULL },
		{ "WordDocument", 2, NULL },
		{ "_VBA_PROJECT", 0, NULL },
		{ "_VBA_PROJECT", 9, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		entry(1024, "Root Entry", 5);
		entry(3968, rows[i].name, rows[i].kind);
		check(look(), rows[i].want);
	}
}

static void
an_entry_is_found_without_any_chain_to_it(void **state)
{
	(void)state;
	begin();
	entry(512, "VBA", 1);
	memset(doc + 8, 0xff, 504); /* no table of sectors */
	check(look(), "Macro.VBA");
	/* in a document within the document, among its small sectors */
	begin();
	entry(1024 + 64, "VBA", 1);
	check(look(), "Macro.VBA");
	/* cut off */
	begin();
	entry(1024, "VBA", 1);
	check(office_content(span_of(doc, 1024 + 127)), NULL);
	check(office_content(span_of(doc, 1024 + 128)), "Macro.VBA");
	check(office_content(span_of(doc, 8)), NULL);
}

static void
finds_sheets_of_excel_4(void **state)
{
	static const uint8_t sheet[] = "\x85\0\x0d\0\x55\x55\0\0\0\1\5\0Sheet";

	(void)state;
	begin();
	entry(1024, "Workbook", 2);
	memcpy(doc + 2001, sheet, sizeof(sheet) - 1);
	check(look(), "Macro.Excel4");
	doc[2010] = 0; /* a sheet of numbers */
	check(look(), NULL);
	doc[2010] = 1;
	doc[2003]++; /* the length does not fit the name */
	check(look(), NULL);
	doc[2003]--;
	doc[1024] = 'X'; /* no workbook */
	check(look(), NULL);
}

static void
finds_macros_behind_slides(void **state)
{
	(void)state;
	begin();
	entry(1024, "PowerPoint Document", 2);
	memcpy(doc + 2500, "\2\0\0\4\x0c\0\0\0\7\0\0\0\1\0\0\0\2\0\0\0", 20);
	check(look(), "Macro.VBA");
	doc[2512] = 0; /* it says that there are none */
	check(look(), NULL);
}

static void
other_forms_say_it_themselves(void **state)
{
	(void)state;
	check(office_content(SPAN("ActiveMime\0\0\1\xf0")), "Macro.VBA");
	check(office_content(SPAN("<?xml version=\"1.0\"?><w:wordDocument "
				  "w:macrosPresent=\"yes\">")),
	    "Macro.VBA");
	check(office_content(SPAN("<?xml version=\"1.0\"?><w:wordDocument "
				  "w:macrosPresent=\"no\">")),
	    NULL);
	check(office_content(SPAN("_VBA_PROJECT")), NULL);
	check(office_content(SPAN("")), NULL);
}

static void
parts_are_known_by_their_names(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "word/vbaProject.bin", "Macro.VBA" },
		{ "XL\\VBAPROJECT.BIN", "Macro.VBA" },
		{ "word/vbaData.xml", "Macro.VBA" },
		{ "xl/macrosheets/sheet1.xml", "Macro.Excel4" },
		{ "Basic/Standard/Module1.xml", "Macro.Basic" },
		{ "Basic/Standard/script-lb.xml", NULL },
		{ "Basic/script-lc.xml", NULL },
		{ "word/document.xml", NULL },
		{ "xl/worksheets/sheet1.xml", NULL },
		{ "notvbaProject.bin", NULL },
		{ "macrosheets", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(office_part(span_str(rows[i].name)), rows[i].want);
	assert_true(office_is_types(SPAN("[Content_Types].xml")));
	assert_false(office_is_types(SPAN("Content_Types.xml")));
}

static void
renamed_parts_are_known_by_their_type(void **state)
{
	(void)state;
	check(office_types(SPAN("<Override PartName=\"/a.b\" ContentType="
				"\"application/vnd.ms-office.vbaProject\"/>")),
	    "Macro.VBA");
	check(office_types(SPAN("application/vnd.ms-excel.macrosheet+xml")),
	    "Macro.Excel4");
	check(office_types(SPAN("application/vnd.ms-excel.sheet")), NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_storages_of_visual_basic),
		cmocka_unit_test(an_entry_is_found_without_any_chain_to_it),
		cmocka_unit_test(finds_sheets_of_excel_4),
		cmocka_unit_test(finds_macros_behind_slides),
		cmocka_unit_test(other_forms_say_it_themselves),
		cmocka_unit_test(parts_are_known_by_their_names),
		cmocka_unit_test(renamed_parts_are_known_by_their_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
