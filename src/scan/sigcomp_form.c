/*
 * sigcomp_form: signatures for HTML and text that no form of these can match.
 */
#include "core/chr.h"
#include "scan/sigcomp.h"

#define TARGET_HTML 3
#define TARGET_TEXT 7

/* "n001", of which ClamAV makes names in scripts. */
static bool
is_made_name(struct span s)
{
	return s.len >= 4 && s.p[0] == 'n' && chr_is(s.p[1], CHR_DIGIT)
	       && chr_is(s.p[2], CHR_DIGIT) && chr_is(s.p[3], CHR_DIGIT);
}

/* What stands at its start, with the byte before it. */
static bool
is_formless_at(struct span s, uint8_t before, bool html)
{
	bool white = s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r');

	if (white && (s.p[0] != ' ' || before == ' '))
		return true;
	return chr_is(s.p[0], CHR_UPPER)
	       || (html && is_made_name(s)
		   && !chr_is(before, CHR_DIGIT | CHR_LOWER));
}

bool
sigcomp_is_formless(const struct sigcomp *sc, uint8_t target)
{
	if (target != TARGET_HTML && target != TARGET_TEXT)
		return false;
	for (unsigned i = 0; i < sc->n; i++) {
		const struct sigcomp_seg *g = &sc->seg[i];
		struct span s =
		    span_of(buf_data(&sc->data).p + g->data, g->len);
		uint8_t before = '.';

		if (g->kind != 1)
			continue;
		for (; s.len > 0; before = s.p[0], s = span_from(s, 1))
			if (is_formless_at(s, before, target == TARGET_HTML))
				return true;
	}
	return false;
}
