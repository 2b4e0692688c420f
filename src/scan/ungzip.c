/*
 * ungzip: the members of a gzip file, each for itself and all in one.
 */
#include "scan/unpack.h"

/* What is left of a gzip file behind its zeros. */
static struct span
gzip_rest(const struct scan_frame *f)
{
	struct span rest = span_from(f->bytes, f->at);
	size_t zeros = 0;

	while (f->at > 0 && zeros < rest.len && rest.p[zeros] == 0)
		zeros++;
	return span_from(rest, zeros);
}

/* The name in a member's header (RFC 1952), where it stands first. */
static struct span
gzip_name(struct span s)
{
	if ((s.p[3] & 0x0c) != 8)
		return SPAN("");
	s = span_from(s, 10);
	return span_first(s, span_find(s, 0));
}

/* One member of a gzip file. */
static struct span
gzip_member(struct scan *sc, struct scan_frame *f, struct span rest)
{
	struct span out;
	size_t used;

	f->at = f->bytes.len;
	if (rest.len < 18) {
		scan_flaw(sc, SCAN_DAMAGED);
		return SPAN("");
	}
	scan_named(sc, f, gzip_name(rest));
	out = scan_inflate(sc, rest, 31, &used);
	if (used > 0)
		f->at = (size_t)(rest.p - f->bytes.p) + used;
	f->phase++;
	return out;
}

/* All members in one, as gzip itself reads it. */
static struct span
all_members(struct scan *sc, struct scan_frame *f)
{
	struct span all = scan_take(sc, 0);

	f->bytes = span_first(f->bytes, f->to);
	f->at = 0;
	while (f->at < f->bytes.len)
		(void)gzip_member(sc, f, gzip_rest(f));
	f->phase = 0;
	all.len = sc->scratch_len - f->mark;
	return all;
}

/*
 * Every member of a gzip file for itself; what stands behind them; and where
 * there are several, all of them in one.
 */
int
scan_next_gzip(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span rest = gzip_rest(f);

	if (f->to == 0 && span_starts(rest, SPAN("\x1f\x8b"))) {
		*member = gzip_member(sc, f, rest);
		return 1;
	}
	if (f->to == 0) {
		f->to = f->at;
		f->at = f->bytes.len;
		if (scan_behind(f, f->to, member))
			return 1;
	}
	if (f->phase < 2)
		return 0;
	*member = all_members(sc, f);
	return 1;
}
