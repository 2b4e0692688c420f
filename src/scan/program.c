/*
 * program: by first bytes that are checked a little further, and by names as
 * Windows reads them: without the spaces and dots behind.
 */
#include "scan/program.h"

#include "core/chr.h"
#include "core/le.h"
#include "scan/names.h"

/* ---- by content ---- */

/* What follows a DOS header: PE and kin, or only DOS. */
static const char *
after_mz(struct span s)
{
	struct span next;

	if (s.len < 28)
		return NULL;
	if (s.len >= 64) {
		next = span_from(s, le32_get(s.p + 60));
		if (span_starts(next, SPAN("PE\0\0")))
			return "Program.PE";
		if (span_starts(next, SPAN("NE"))
		    || span_starts(next, SPAN("LE"))
		    || span_starts(next, SPAN("LX")))
			return "Program.Windows";
	}
	/* bytes in the last page, and a header that lies within the file */
	if (le16_get(s.p + 2) <= 512 && le16_get(s.p + 8) >= 2
	    && le16_get(s.p + 8) * 16u <= s.len)
		return "Program.DOS";
	return NULL;
}

/* Java's classes and Apple's fat programs begin alike. */
static const char *
after_cafebabe(struct span s)
{
	uint32_t n;

	if (s.len < 8)
		return NULL;
	n = (uint32_t)s.p[6] << 8 | s.p[7];
	if (n >= 45)
		return "Program.Java";
	return n > 0 && s.p[4] == 0 && s.p[5] == 0 ? "Program.MachO" : NULL;
}

/* "#!/bin/sh", "#! /usr/bin/perl" */
static const char *
after_shebang(struct span s)
{
	s = span_trim(span_from(span_first(s, 64), 2));
	return s.len > 1 && s.p[0] == '/' ? "Program.Script" : NULL;
}

const char *
program_content(struct span s)
{
	static const struct {
		struct span bytes;
		const char *name;
	} signs[] = {
		{ { (const uint8_t *)"\177ELF", 4 }, "Program.ELF" },
		{ { (const uint8_t *)"\xcf\xfa\xed\xfe", 4 }, "Program.MachO" },
		{ { (const uint8_t *)"\xce\xfa\xed\xfe", 4 }, "Program.MachO" },
		{ { (const uint8_t *)"\xfe\xed\xfa\xce", 4 }, "Program.MachO" },
		{ { (const uint8_t *)"\xfe\xed\xfa\xcf", 4 }, "Program.MachO" },
		{ { (const uint8_t *)"L\0\0\0\1\24\2\0", 8 }, "Program.Link" },
		{ { (const uint8_t *)"ITSF", 4 }, "Program.Help" },
		{ { (const uint8_t *)"dex\n03", 6 }, "Program.Android" },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (span_starts(s, signs[i].bytes))
			return signs[i].name;
	if (span_starts(s, SPAN("MZ")))
		return after_mz(s);
	if (span_starts(s, SPAN("\xca\xfe\xba\xbe")))
		return after_cafebabe(s);
	if (span_starts(s, SPAN("#!")))
		return after_shebang(s);
	if (span_starts_nocase(s, SPAN("@echo off")))
		return "Program.Batch";
	return NULL;
}

/* ---- by name ---- */

/* What runs when it is opened, on Windows above all. */
static const char runs[] =
    " exe com scr pif bat cmd cpl dll ocx sys drv msi msp mst msix appx "
    "appxbundle"
    " application appref-ms gadget diagcab js jse vbs vbe vb wsf wsh wsc ws"
    " sct hta chm hlp lnk url scf reg inf ins isp job jar jnlp class"
    " ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 msh msh1 msh2 mshxml msh1xml"
    " msh2xml msc xll wll shb shs xbap library-ms search-ms settingcontent-ms"
    " appcontent-ms py pyc pyw pyz pl sh csh ksh bash command app workflow"
    " action pkg desktop appimage run apk deb rpm vxd bgi msixbundle"
    " appinstaller msu iqy oqy dqy slk website searchconnector-ms ade adp mda"
    " mde scpt terminal ";

/* What brings programs past the eyes, packed in something else. */
static const char images[] = " iso img vhd vhdx udf wim dmg ";

/* What a name pretends to be, before the real ending. */
static const char shown[] =
    " txt pdf doc docx xls xlsx ppt pptx rtf odt ods csv jpg jpeg png gif bmp"
    " tif tiff htm html xml zip rar 7z mp3 mp4 avi mov wav eml ";

/* Is the word in the list, as a whole?  The list has spaces around each. */
static bool
is_listed(const char *list, struct span word)
{
	struct span rest = span_str(list), one;

	while (span_next(&rest, ' ', &one))
		if (one.len > 0 && span_is_nocase(one, word))
			return true;
	return false;
}

static bool
has(struct span s, struct span what)
{
	return memmem(s.p, s.len, what.p, what.len) != NULL;
}

/* As Windows opens it: no path, stream, or spaces and dots at the end. */
static struct span
base_name(struct span s)
{
	s = names_base(s);
	s = span_first(s, span_find(s, '\0'));
	s = span_first(s, span_find(s, ':') > 0 ? span_find(s, ':') : s.len);
	while (s.len > 0 && (s.p[s.len - 1] <= ' ' || s.p[s.len - 1] == '.'))
		s.len--;
	return s;
}

/* The word behind the last dot; empty where there is none. */
static struct span
ending(struct span s)
{
	size_t dot = span_rfind(s, '.');

	return dot < s.len ? span_trim(span_from(s, dot + 1)) : SPAN("");
}

const char *
program_name(struct span name, bool inside)
{
	struct span base = base_name(name), end = ending(base), before;

	/* U+202D, U+202E: what follows is shown the other way round */
	if (has(name, SPAN("\xe2\x80\xad")) || has(name, SPAN("\xe2\x80\xae")))
		return "Name.RightToLeft";
	if (end.len == 0)
		return NULL;
	if (!is_listed(runs, end))
		return inside && is_listed(images, end) ? "Name.Image" : NULL;
	before = span_first(base, span_rfind(base, '.'));
	while (before.len > 0 && before.p[before.len - 1] <= ' ')
		before.len--;
	return is_listed(shown, ending(before)) ? "Name.DoubleEnding"
						: "Name.Program";
}
