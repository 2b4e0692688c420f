/*
 * texts: bodies are looked for in texts in the forms that signatures for them
 * are written for.
 */
#include "scan/unpack.h"

#define WINDOW	((size_t)1 << 20) /* so much is searched at once */
#define OVERLAP ((size_t)4096)

/* Is there anything to be found in such a form? */
static bool
has_form(const struct sigdb *db, uint32_t target)
{
	return db != NULL
	       && ((db->anywhere & (target | 1)) != 0
		   || (db->placed & target) != 0);
}

/* The same as `search`, for what stands in the window. */
static int
search_window(struct scan *sc, uint32_t target)
{
	struct span s = span_of(sc->normal.out, sc->normal.len);
	uint64_t work = scan_work(s);
	int found = 0;

	for (unsigned i = 0; i < 2 && found <= 0; i++) {
		if (!has_form(sc->db[i], target))
			continue;
		found =
		    match_bodies(&sc->match, sc->db[i], s, target | 1, work);
		if (found < 0)
			scan_flaw(sc, SCAN_LIMITS);
	}
	if (found > 0) {
		sc->name = sc->match.name;
		scan_note_where(sc);
	}
	return found > 0;
}

/* A window after the other; each begins with the end of the one before. */
static int
search_form(
    struct scan *sc, struct span s, enum normal_form form, uint32_t target)
{
	struct normal *n = &sc->normal;
	size_t most =
	    s.len < WINDOW / 2 ? s.len * 2 + 2 * NORMAL_LEAST : WINDOW;
	size_t keep;

	normal_init(n, form);
	n->out = sc->scratch + sc->scratch_len;
	n->cap = sc->scratch_cap - sc->scratch_len;
	if (n->cap > most)
		n->cap = most;
	if (n->cap < most && n->cap < 4 * OVERLAP) {
		scan_flaw(sc, SCAN_LIMITS);
		return 0;
	}
	for (;;) {
		s = span_from(s, normal_feed(n, s));
		if (search_window(sc, target))
			return 1;
		if (s.len == 0)
			return 0;
		keep = n->len < OVERLAP ? n->len : OVERLAP;
		memmove(n->out, n->out + n->len - keep, keep);
		n->len = keep;
	}
}

int
scan_texts(struct scan *sc, struct span s, uint32_t targets, unsigned hints)
{
	uint32_t html = 1u << SCAN_TARGET_HTML, text = 1u << SCAN_TARGET_TEXT;
	uint32_t wanted = targets & (html | text);

	if (wanted != 0 && (hints & SCAN_AS_HTML))
		wanted |= html;
	wanted &= ~sc->searched;
	if (hints & SCAN_CODED)
		return 0;
	for (uint32_t target = html; target <= text; target <<= 4)
		if ((wanted & target) == 0
		    || (!has_form(sc->db[0], target)
			&& !has_form(sc->db[1], target)))
			wanted &= ~target;
	if ((wanted & text) && search_form(sc, s, NORMAL_TEXT, text))
		return 1;
	return (wanted & html)
	       && (search_form(sc, s, NORMAL_HTML, html)
		   || search_form(sc, s, NORMAL_NO_TAGS, html));
}
