/* olefile: tables are joined first, so that following a chain is looking up. */
#include "scan/olefile.h"

#include "core/le.h"

#define HEAD	  512
#define IN_HEAD	  109 /* places of the table told in the header */
#define NO_SECTOR 0xfffffffau

/* ---- chains ---- */

static uint32_t
entry_of(struct span table, uint32_t i)
{
	return i < table.len / 4 ? le32_get(table.p + 4 * (size_t)i)
				 : UINT32_MAX;
}

/* The sector; short at the end of the file, empty behind it. */
static struct span
sector(struct span file, unsigned shift, uint32_t i)
{
	uint64_t at = (uint64_t)i << shift;

	return at < file.len
		   ? span_first(span_from(file, (size_t)at), (size_t)1 << shift)
		   : span_from(file, file.len);
}

/* What a chain is made of: whose sectors, and the table of what follows. */
struct chain {
	struct span file, table;
	unsigned shift;
	uint32_t first;
	uint64_t len; /* at most */
};

/* How much of the chain lies in one piece from its start on? */
static size_t
run_of(const struct chain *c)
{
	uint32_t i = c->first;
	uint64_t n = 0;

	while (n < c->len) {
		struct span s = sector(c->file, c->shift, i);

		n += s.len;
		if (s.len >> c->shift == 0 || entry_of(c->table, i) != i + 1)
			break;
		i++;
	}
	return n < c->len ? (size_t)n : (size_t)c->len;
}

/* The chain's octets, joined in scratch where they lie in pieces. */
static struct span
join(struct scan *sc, const struct chain *c)
{
	size_t room, len = 0, run = run_of(c);
	uint64_t at = (uint64_t)c->first << c->shift;
	uint32_t i = c->first, steps = 0;
	uint8_t *to;

	if (at >= c->file.len)
		return SPAN("");
	if (run == c->len
	    || entry_of(c->table, i + (uint32_t)((run - 1) >> c->shift))
		   >= NO_SECTOR)
		return span_first(span_from(c->file, (size_t)at), run);
	to = scan_most(sc, SIZE_MAX, &room);
	if (room > c->len)
		room = (size_t)c->len;
	for (; len < room && steps <= c->table.len / 4; steps++) {
		struct span s =
		    span_first(sector(c->file, c->shift, i), room - len);

		if (s.len == 0)
			break;
		memcpy(to + len, s.p, s.len);
		len += s.len;
		i = entry_of(c->table, i);
	}
	if (len == room && room < c->len && i < NO_SECTOR)
		scan_flaw(sc, SCAN_LIMITS);
	return scan_take(sc, len);
}

/* ---- the file ---- */

/* The sectors' chains, put together from where the header says they are. */
static struct span
read_fat(struct scan *sc, struct span file, struct span sectors, unsigned shift)
{
	uint32_t per = (1u << shift) / 4, n = le32_get(file.p + 44);
	uint32_t more = le32_get(file.p + 68), i, in = 0;
	struct span list = span_first(span_from(file, 76), 4 * IN_HEAD), s;
	size_t room, len = 0;
	uint8_t *to = scan_most(sc, file.len, &room);

	if (n > sectors.len >> shift)
		n = (uint32_t)(sectors.len >> shift) + 1;
	for (i = 0; i < n; i++, in++) {
		if (in == list.len / 4) {
			list = sector(sectors, shift, more);
			if (list.len < 4 * per)
				break;
			list.len -= 4;
			more = le32_get(list.p + list.len);
			in = 0;
		}
		s = sector(sectors, shift, entry_of(list, in));
		if (s.len > room - len)
			break;
		memcpy(to + len, s.p, s.len);
		len += s.len;
	}
	if (i < n)
		scan_flaw(
		    sc, room - len < 4 * per ? SCAN_LIMITS : SCAN_DAMAGED);
	return scan_take(sc, len);
}

static struct span
sectors_of(struct span file, unsigned shift)
{
	return span_from(file, (size_t)1 << shift);
}

static bool
is_sound(struct span file, const struct olefile *o)
{
	return file.len >= HEAD && (o->shift == 9 || o->shift == 12)
	       && o->mini_shift >= 4 && o->mini_shift < o->shift;
}

bool
olefile_read(struct scan *sc, struct span file, struct olefile *o)
{
	struct span s = span_first(file, HEAD), sectors;
	struct chain c;

	*o = (struct olefile) { .fat = SPAN("") };
	if (s.len == HEAD) {
		o->shift = le16_get(s.p + 30);
		o->mini_shift = le16_get(s.p + 32);
		o->cutoff = le32_get(s.p + 56);
	}
	if (!is_sound(file, o))
		return false;
	sectors = sectors_of(file, o->shift);
	o->fat = read_fat(sc, file, sectors, o->shift);
	c = (struct chain) { sectors, o->fat, o->shift, le32_get(s.p + 48),
		file.len };
	o->directory = join(sc, &c);
	if (o->directory.len < OLEFILE_ENTRY)
		return false;
	c.first = le32_get(s.p + 60);
	o->mini_fat = join(sc, &c);
	c.first = le32_get(o->directory.p + 116);
	c.len = le32_get(o->directory.p + 120);
	o->mini = join(sc, &c);
	return true;
}

struct span
olefile_stream(struct scan *sc, struct span file, const struct olefile *o,
    const uint8_t *entry)
{
	struct chain c = { .first = le32_get(entry + 116),
		.len = le32_get(entry + 120) };
	bool small = c.len < o->cutoff;
	struct span s;

	c.file = small ? o->mini : sectors_of(file, o->shift);
	c.table = small ? o->mini_fat : o->fat;
	c.shift = small ? o->mini_shift : o->shift;
	s = c.len == 0 ? SPAN("") : join(sc, &c);
	if (s.len < c.len)
		scan_flaw(sc, SCAN_DAMAGED);
	return s;
}
