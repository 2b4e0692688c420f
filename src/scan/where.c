/*
 * where: in which member of which container something was found, as text.
 *
 * The names are the sender's: they are shown, never used.  Well-formed UTF-8
 * stays readable; what could steer a terminal or turn the direction of a line
 * is written as \xHH, and so is ">", which stands between the members.
 */
#include "codec/json.h"
#include "core/chr.h"
#include "core/text.h"
#include "scan/names.h"
#include "scan/unpack.h"

#define NAME_MOST 96 /* octets of one name; of a longer one its end */

/* Signs without a shape of their own: directions, joiners, private uses. */
static bool
is_shapeless(const uint8_t *p, size_t len)
{
	uint32_t c;

	if (len == 2) {
		c = (p[0] & 31u) << 6 | (p[1] & 63u);
		return c < 0xa1 || c == 0x061c;
	}
	if (len != 3)
		return true;
	c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
	return (c >= 0x2000 && c <= 0x206f) || (c >= 0xe000 && c <= 0xfeff)
	       || c >= 0xfff0 || c == 0x180e;
}

static void
put_name(struct text *t, struct span s)
{
	size_t n;

	for (size_t i = 0; i < s.len; i += n) {
		struct span c = span_from(s, i);

		n = json_utf8(c);
		c = span_first(c, n > 0 ? n : 1);
		if (n > 1 && !is_shapeless(c.p, n)) {
			text_span(t, c);
			continue;
		}
		n = 1;
		if (c.p[0] == '>')
			text_str(t, "\\x3e");
		else
			text_escaped(t, span_first(c, 1));
	}
}

/* The end of a long name tells most: that is what Windows goes by. */
static void
put_cut(struct text *t, struct span name)
{
	size_t from = name.len - NAME_MOST;

	if (name.len <= NAME_MOST) {
		put_name(t, name);
		return;
	}
	while (from < name.len && (name.p[from] & 0xc0) == 0x80)
		from++;
	text_str(t, "...");
	put_name(t, span_from(name, from));
}

static void
put_member(struct text *t, const struct scan_frame *f)
{
	struct names names;
	struct span name = f->name;

	if (f->is_header) {
		names_init(&names, f->name);
		if (!names_next(&names, &name))
			name = SPAN("");
	}
	if (name.len > 0) {
		put_cut(t, name);
		return;
	}
	text_chr(t, '#');
	text_u64(t, f->count);
}

/* What was cut off may have been the rest of a character. */
static void
drop_half(struct text *t)
{
	while (t->len > 0 && ((uint8_t)t->mem[t->len - 1] & 0xc0) == 0x80)
		t->len--;
	if (t->len > 0 && (uint8_t)t->mem[t->len - 1] >= 0xc0)
		t->len--;
	t->mem[t->len] = '\0';
}

void
scan_note_where(struct scan *sc)
{
	struct text t;

	text_init(&t, sc->where, sizeof(sc->where));
	for (unsigned i = 0; i < sc->n; i++) {
		/* still to be read, as another reading of the same bytes */
		if (sc->stack[i].count == 0)
			continue;
		text_str(&t, t.len > 0 ? " > " : "");
		put_member(&t, &sc->stack[i]);
	}
	if (t.cut)
		drop_half(&t);
}
