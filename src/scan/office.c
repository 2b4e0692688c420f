/* office: what is looked for is listed; nothing is followed. */
#include "scan/office.h"

#include "core/chr.h"
#include "core/le.h"
#include "scan/names.h"

#define SLOT  128 /* a directory entry */
#define STEP  64  /* where one may begin: small sectors */
#define NAMED 64  /* octets of its name */

enum { OLE_FOLDER = 1, OLE_FILE = 2, OLE_ROOT = 5 };

static bool
has(struct span s, struct span what)
{
	return memmem(s.p, s.len, what.p, what.len) != NULL;
}

/* ---- old documents ---- */

/* The entry at `p` has this name, in UTF-16 and any case. */
static bool
is_called(const uint8_t *p, const char *name)
{
	size_t len = strlen(name);

	if (le16_get(p + NAMED) != (len + 1) * 2)
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[2 * i + 1] != 0
		    || chr_lower(p[2 * i]) != chr_lower((uint8_t)name[i]))
			return false;
	return true;
}

/* The first slot from *at on that is an entry; NULL: there is no other. */
static const uint8_t *
next_entry(struct span s, size_t *at)
{
	for (; *at + SLOT <= s.len; *at += STEP) {
		const uint8_t *p = s.p + *at;
		unsigned len = le16_get(p + NAMED);

		if ((p[66] == OLE_FOLDER || p[66] == OLE_FILE
			|| p[66] == OLE_ROOT)
		    && p[67] <= 1 && len >= 4 && len <= NAMED && len % 2 == 0
		    && le16_get(p + len - 2) == 0) {
			*at += STEP;
			return p;
		}
	}
	return NULL;
}

static const char *
judge_entry(const uint8_t *p)
{
	if (is_called(p, "_VBA_PROJECT") || is_called(p, "_VBA_PROJECT_CUR"))
		return "Macro.VBA";
	if (p[66] == OLE_FOLDER
	    && (is_called(p, "VBA") || is_called(p, "Macros")))
		return "Macro.VBA";
	return NULL;
}

/*
 * The record of a sheet of Excel 4 macros (BOUNDSHEET, its type 1), whose
 * length must fit the name in it.
 */
static bool
has_macro_sheet(struct span s)
{
	struct span sign = SPAN("\x85\0");
	const uint8_t *p, *end = s.p + s.len;

	for (p = s.p; p < end; p += 2) {
		p = memmem(p, (size_t)(end - p), sign.p, sign.len);
		if (p == NULL || end - p < 13)
			return false;
		if (p[3] == 0 && p[8] <= 2 && p[9] == 1 && p[10] > 0
		    && p[10] <= 31 && p[11] <= 1
		    && p[2] == 8u + p[10] * (p[11] + 1u))
			return true;
	}
	return false;
}

/* PowerPoint's VBAInfoAtom that says: there are some. */
static bool
has_slide_macros(struct span s)
{
	struct span sign = SPAN("\2\0\0\4\x0c\0\0\0");
	const uint8_t *p, *end = s.p + s.len;

	for (p = s.p; p < end; p += sign.len) {
		p = memmem(p, (size_t)(end - p), sign.p, sign.len);
		if (p == NULL || end - p < 20)
			return false;
		if (le32_get(p + 12) == 1)
			return true;
	}
	return false;
}

static const char *
judge_ole(struct span s)
{
	size_t at = 512;
	const uint8_t *p;
	const char *found = NULL;
	bool is_sheets = false, is_slides = false;

	while (found == NULL && (p = next_entry(s, &at)) != NULL) {
		found = judge_entry(p);
		is_sheets |= is_called(p, "Workbook") || is_called(p, "Book");
		is_slides |= is_called(p, "PowerPoint Document");
	}
	if (found == NULL && is_sheets && has_macro_sheet(s))
		found = "Macro.Excel4";
	if (found == NULL && is_slides && has_slide_macros(s))
		found = "Macro.VBA";
	return found;
}

const char *
office_content(struct span s)
{
	if (span_starts(s, SPAN("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")))
		return judge_ole(s);
	if (span_starts(s, SPAN("ActiveMime")))
		return "Macro.VBA";
	/* a document as one XML file says it itself */
	if (span_starts(s, SPAN("<?xml"))
	    && has(span_first(s, 65536), SPAN("macrosPresent=\"yes\"")))
		return "Macro.VBA";
	return NULL;
}

/* ---- new ones ---- */

/* Does the name go through this folder? */
static bool
is_below(struct span name, const char *folder)
{
	struct span what = span_str(folder);

	for (size_t i = 0; i + what.len < name.len; i++)
		if (span_is_nocase(span_of(name.p + i, what.len), what)
		    && (i == 0 || name.p[i - 1] == '/' || name.p[i - 1] == '\\')
		    && (name.p[i + what.len] == '/'
			|| name.p[i + what.len] == '\\'))
			return true;
	return false;
}

const char *
office_part(struct span name)
{
	struct span base = names_base(name);

	if (span_is_nocase(base, SPAN("vbaProject.bin"))
	    || span_is_nocase(base, SPAN("vbaData.xml")))
		return "Macro.VBA";
	if (is_below(name, "macrosheets"))
		return "Macro.Excel4";
	/* OpenDocument: its modules, not the empty lists beside them */
	if (is_below(name, "Basic") && span_ends_nocase(base, SPAN(".xml"))
	    && !span_starts_nocase(base, SPAN("script-l")))
		return "Macro.Basic";
	return NULL;
}

bool
office_is_types(struct span name)
{
	return span_is_nocase(names_base(name), SPAN("[Content_Types].xml"));
}

const char *
office_types(struct span s)
{
	if (has(s, SPAN("vnd.ms-office.vbaProject")))
		return "Macro.VBA";
	if (has(s, SPAN("vnd.ms-excel.macrosheet"))
	    || has(s, SPAN("vnd.ms-excel.intlmacrosheet")))
		return "Macro.Excel4";
	return NULL;
}
