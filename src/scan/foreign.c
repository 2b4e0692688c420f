/*
 * foreign: packings, disks and installers that nobody here opens, and whose
 * signs do not stand at their start.
 */
#include "core/chr.h"
#include "core/le.h"
#include "scan/unpack.h"

/* ARC, which has no more of a sign than a name that is sound. */
static bool
is_arc(struct span s)
{
	size_t n = 0;

	if (s.len < 29 || s.p[0] != 0x1a || s.p[1] == 0 || s.p[1] > 11)
		return false;
	while (n < 13 && chr_is(s.p[2 + n], CHR_PRINT))
		n++;
	return n > 0 && n < 13 && s.p[2 + n] == 0
	       && le32_get(s.p + 15) <= s.len - 25;
}

/* A volume of HFS+, or of HFS, whose blocks must be whole sectors. */
static bool
is_hfs(struct span s)
{
	s = span_from(s, 1024);
	if (s.len < 162)
		return false;
	return span_starts(s, SPAN("H+\0\4")) || span_starts(s, SPAN("HX\0\5"))
	       || (span_starts(s, SPAN("BD")) && s.p[23] == 0
		   && (s.p[22] & 1) == 0 && s.p[36] > 0 && s.p[36] < 28);
}

/* Signs that do not stand at the start, of what is not opened here. */
bool
scan_is_foreign(struct span s)
{
	static const struct {
		uint16_t at;
		struct span sign;
	} signs[] = {
		{ 7, { (const uint8_t *)"**ACE**", 7 } },
		{ 7, { (const uint8_t *)"-sqx-", 5 } },
		{ 20, { (const uint8_t *)"\xdc\xa7\xc4\xfd", 4 } }, /* ZOO */
		{ 4,
		    { (const uint8_t *)"\xef\xbe\xad\xdeNull", 8 } }, /* NSIS */
		{ 8, { (const uint8_t *)"\x19\x04\0\x10", 4 } },      /* SIS */
	};
	/* disks of machines, and of Macs, tell at their end what they are */
	struct span end = span_from(s, s.len > 512 ? s.len - 512 : 0);

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (span_starts(span_from(s, signs[i].at), signs[i].sign))
			return true;
	return is_arc(s) || is_hfs(s) || span_starts(end, SPAN("conectix"))
	       || span_starts(end, SPAN("koly\0\0\0\4"));
}
