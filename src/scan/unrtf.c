/*
 * unrtf: the objects in a Rich Text document.
 *
 * They are written in hexadecimal behind "\objdata" (or "\datastore"), up to
 * the end of the group.  Control words, blanks and groups may stand between
 * the digits, and "\bin" octets as they are; each is read twice, without and
 * with what stands in groups that are to be left out ("{\*...}"), since
 * readers disagree there.  Pictures are left where they are.
 */
#include "core/chr.h"
#include "scan/unpack.h"

enum { STRICT, LOOSE }; /* phase: the reading to be given next */

struct hex {
	uint8_t *to;
	size_t len, room;
	int high;	   /* the first digit of two; or -1 */
	unsigned depth;	   /* groups within the object's */
	unsigned left_out; /* the depth of a group that is; 0: none is */
	bool loose;
};

static bool
is_letter(uint8_t c)
{
	return chr_is(c, CHR_UPPER | CHR_LOWER);
}

static void
put(struct hex *h, uint8_t c)
{
	if (h->len < h->room)
		h->to[h->len++] = c;
}

static void
digit(struct hex *h, uint8_t c)
{
	int v = chr_hex(c);

	if (v < 0 || h->left_out > 0)
		return;
	if (h->high >= 0)
		put(h, (uint8_t)(h->high << 4 | v));
	h->high = h->high < 0 ? v : -1;
}

/* Octets as they are, that many. */
static size_t
octets(struct hex *h, struct span s, uint64_t n)
{
	if (n > s.len)
		n = s.len;
	h->high = -1;
	for (size_t i = 0; i < n && h->left_out == 0; i++)
		put(h, s.p[i]);
	return (size_t)n;
}

/* The number at s.p[*n], which goes behind it; 0: none. */
static uint64_t
number(struct span s, size_t *n)
{
	size_t from;
	uint64_t value;

	if (*n < s.len && s.p[*n] == '-')
		++*n;
	from = *n;
	while (*n < s.len && *n < from + 20 && chr_is(s.p[*n], CHR_DIGIT))
		++*n;
	return span_u64(span_of(s.p + from, *n - from), UINT32_MAX, &value)
		   ? 0
		   : value;
}

/* What begins with a sign that is no letter; "*" may leave the group out. */
static size_t
symbol(struct hex *h, struct span s)
{
	if (span_starts(s, SPAN("\\*")) && !h->loose && h->left_out == 0)
		h->left_out = h->depth;
	return span_starts(s, SPAN("\\'")) ? 4 : 2;
}

/* The control word or symbol at the start of `s`: how long it is. */
static size_t
control(struct hex *h, struct span s)
{
	size_t n = 1;
	uint64_t value;
	struct span word;

	while (n < s.len && n < 32 && is_letter(s.p[n]))
		n++;
	if (n == 1)
		return symbol(h, s);
	word = span_of(s.p + 1, n - 1);
	value = number(s, &n);
	if (n < s.len && s.p[n] == ' ')
		n++;
	if (span_is(word, SPAN("bin")))
		n += octets(h, span_from(s, n), value);
	return n;
}

/* From behind the control word to the end of its group; how long that is. */
static size_t
unhex(struct hex *h, struct span s)
{
	size_t i = 0;

	while (i < s.len) {
		uint8_t c = s.p[i];

		if (c == '\\') {
			i += control(h, span_from(s, i));
			continue;
		}
		if (c == '}' && h->depth == 0)
			break;
		if (c == '{')
			h->depth++;
		if (c == '}' && h->left_out == h->depth--)
			h->left_out = 0;
		digit(h, c);
		i++;
	}
	return i < s.len ? i : s.len;
}

/* Behind the next control word that has data of an object, from `at` on. */
static size_t
find_data(struct span s, size_t at)
{
	static const char *const words[] = { "\\objdata", "\\datastore" };
	size_t found = s.len;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct span word = span_str(words[i]);
		size_t here = scan_find(span_first(s, found), at, word);

		if (here < found)
			found = here + word.len;
	}
	return found < s.len ? found : s.len;
}

int
scan_next_rtf(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct hex h = { .high = -1, .loose = f->phase == LOOSE };
	size_t at = find_data(f->bytes, f->at), used;

	if (at == f->bytes.len)
		return 0;
	h.to = scan_most(sc, f->bytes.len, &h.room);
	used = unhex(&h, span_from(f->bytes, at));
	scan_spend(sc, used);
	if (h.len == h.room && h.room < f->bytes.len)
		scan_flaw(sc, SCAN_LIMITS);
	*member = scan_take(sc, h.len);
	/* a second reading only where there is something to leave out */
	if (f->phase == STRICT
	    && scan_find(
		   span_first(span_from(f->bytes, at), used), 0, SPAN("\\*"))
		   < used) {
		f->phase = LOOSE;
	} else {
		f->phase = STRICT;
		f->at = at;
	}
	return 1;
}
