/* nfkc: taken apart, put in order, put together (UAX #15 section 9). */
#include "codec/nfkc.h"

#include "codec/nfkc_tables.h"

#define RAW 0x110000u /* and a byte that is no UTF-8 */

struct work {
	unsigned n;
	uint32_t c[NFKC_MAX];
};

/* ---- UTF-8 ---- */

/* Octets of the character that begins with this byte; 1: none does. */
static unsigned
octets_of(uint8_t first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 1;
}

static bool
is_character(uint32_t c, unsigned octets)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return c >= least[octets] && c < RAW && (c < 0xd800 || c > 0xdfff);
}

/* The next character or raw byte. */
static uint32_t
take(struct span *in)
{
	unsigned n = octets_of(in->p[0]);
	uint32_t c = in->p[0], first = c;
	size_t used = 1;

	if (n > 1 && n <= in->len) {
		c &= 0x7fu >> n;
		for (used = 1; used < n && (in->p[used] & 0xc0) == 0x80; used++)
			c = c << 6 | (in->p[used] & 0x3f);
		if (used < n || !is_character(c, n)) {
			used = 1;
			n = 1;
		}
	} else {
		n = 1;
	}
	*in = span_from(*in, used);
	return n > 1 ? c : first < 0x80 ? first : RAW + first;
}

/* Write a character; octets, 0 when there is no room. */
static unsigned
put(uint32_t c, uint8_t *out, size_t cap)
{
	unsigned n = c < 0x80 || c >= RAW ? 1
		     : c < 0x800	  ? 2
		     : c < 0x10000	  ? 3
					  : 4;

	if (n > cap)
		return 0;
	if (n == 1) {
		out[0] = (uint8_t)c;
		return 1;
	}
	for (unsigned i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(0xf00u >> n | c);
	return n;
}

/* ---- tables ---- */

/* The canonical class: 0 for all but marks. */
static unsigned
class_of(uint32_t c)
{
	static const struct {
		uint16_t first, last;
		uint8_t class;
	} marks[] = { { 0x300, 0x314, 230 }, { 0x315, 0x315, 232 },
		{ 0x316, 0x319, 220 }, { 0x31a, 0x31a, 232 },
		{ 0x31b, 0x31b, 216 }, { 0x31c, 0x320, 220 },
		{ 0x321, 0x322, 202 }, { 0x323, 0x326, 220 },
		{ 0x327, 0x328, 202 }, { 0x329, 0x333, 220 },
		{ 0x334, 0x338, 1 }, { 0x339, 0x33c, 220 },
		{ 0x33d, 0x344, 230 }, { 0x345, 0x345, 240 },
		{ 0x346, 0x346, 230 }, { 0x347, 0x349, 220 },
		{ 0x34a, 0x34c, 230 }, { 0x34d, 0x34e, 220 },
		{ 0x360, 0x361, 234 }, { 0x362, 0x362, 233 },
		{ 0x363, 0x36f, 230 }, { 0x483, 0x486, 230 },
		{ 0x20d0, 0x20d1, 230 }, { 0x20d2, 0x20d3, 1 },
		{ 0x20d4, 0x20d7, 230 }, { 0x20d8, 0x20da, 1 },
		{ 0x20db, 0x20dc, 230 }, { 0x20e1, 0x20e1, 230 },
		{ 0x20e5, 0x20e6, 1 }, { 0x20e7, 0x20e7, 230 },
		{ 0x20e8, 0x20e8, 220 }, { 0x20e9, 0x20e9, 230 },
		{ 0x20ea, 0x20ea, 1 }, { 0x302a, 0x302a, 218 },
		{ 0x302b, 0x302b, 228 }, { 0x302c, 0x302c, 232 },
		{ 0x302d, 0x302d, 222 }, { 0x302e, 0x302f, 224 },
		{ 0x3099, 0x309a, 8 } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (c >= marks[i].first && c <= marks[i].last)
			return marks[i].class;
	return 0;
}

/* The pair of this character, or NULL. */
static const uint16_t *
find_pair(uint32_t c)
{
	unsigned low = 0, high = nfkc_pairs_n;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (nfkc_pairs[3 * mid] == c)
			return &nfkc_pairs[3 * mid];
		if (nfkc_pairs[3 * mid] < c)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The text that this character stands for, or NULL. */
static const uint16_t *
find_text(uint32_t c, unsigned *len)
{
	const char *lengths = nfkc_lengths;

	for (unsigned i = 0; i < nfkc_runs_n; i++) {
		const uint16_t *run = &nfkc_runs[3 * i];
		unsigned at = run[2];

		if (c < run[0] || c >= run[0] + (uint32_t)run[1]) {
			lengths += run[1];
			continue;
		}
		for (uint32_t k = run[0]; k < c; k++)
			at += (unsigned)(*lengths++ - '0');
		*len = (unsigned)(*lengths - '0');
		return nfkc_texts + at;
	}
	return NULL;
}

/* ---- Hangul syllables, by arithmetic (The Unicode Standard, 3.12) ---- */

enum {
	SYLLABLES = 0xac00,
	LEADS = 0x1100,
	VOWELS = 0x1161,
	TAILS = 0x11a7,
	LEADS_N = 19,
	VOWELS_N = 21,
	TAILS_N = 28,
	SYLLABLES_N = LEADS_N * VOWELS_N * TAILS_N,
};

static uint32_t
join_hangul(uint32_t a, uint32_t b)
{
	uint32_t s = a - SYLLABLES;

	if (a - LEADS < LEADS_N && b - VOWELS < VOWELS_N)
		return SYLLABLES
		       + ((a - LEADS) * VOWELS_N + b - VOWELS) * TAILS_N;
	if (s < SYLLABLES_N && s % TAILS_N == 0 && b > TAILS
	    && b - TAILS < TAILS_N)
		return a + b - TAILS;
	return 0;
}

/* ---- taking apart ---- */

static void
add(struct work *w, uint32_t c)
{
	unsigned class = class_of(c), at = w->n;

	if (w->n >= NFKC_MAX) {
		w->n = NFKC_MAX + 1; /* too much, for good */
		return;
	}
	for (; class > 0 && at > 0 && class_of(w->c[at - 1]) > class; at--)
		w->c[at] = w->c[at - 1];
	w->c[at] = c;
	w->n++;
}

static void
add_text(struct work *w, uint32_t c)
{
	uint32_t s = c - SYLLABLES;
	const uint16_t *text;
	unsigned len = 0;

	if (s < SYLLABLES_N) {
		add(w, LEADS + s / (VOWELS_N * TAILS_N));
		add(w, VOWELS + s / TAILS_N % VOWELS_N);
		if (s % TAILS_N != 0)
			add(w, TAILS + s % TAILS_N);
		return;
	}
	text = find_text(c, &len);
	if (text == NULL) {
		add(w, c);
		return;
	}
	for (unsigned i = 0; i < len; i++)
		add(w, text[i]);
}

static void
take_apart(struct work *w, uint32_t c)
{
	const uint16_t *pair;
	uint32_t marks[4];
	unsigned n = 0;

	while (n < 4 && (pair = find_pair(c)) != NULL) {
		marks[n++] = pair[2];
		c = pair[1];
	}
	add_text(w, c);
	while (n > 0)
		add(w, marks[--n]);
}

/* ---- putting together ---- */

static uint32_t
join(uint32_t a, uint32_t b)
{
	for (unsigned i = 0; i < nfkc_pairs_n; i++) {
		const uint16_t *pair = &nfkc_pairs[3 * i];

		if (pair[1] == a && pair[2] == b)
			return pair[0];
	}
	return join_hangul(a, b);
}

static void
put_together(struct work *w)
{
	unsigned n = 0, starter = 0, last = 1; /* nothing to join with yet */

	for (unsigned i = 0; i < w->n; i++) {
		uint32_t c = w->c[i], joined = 0;
		unsigned class = class_of(c);

		if (last == 0 || (n > starter && last < class))
			joined = join(w->c[starter], c);
		if (joined != 0) {
			w->c[starter] = joined;
			continue;
		}
		if (class == 0)
			starter = n;
		last = class;
		w->c[n++] = c;
	}
	w->n = n;
}

int
nfkc(struct span in, uint8_t *out, size_t cap)
{
	struct work w;
	size_t len = 0;

	w.n = 0;
	while (in.len > 0 && w.n <= NFKC_MAX)
		take_apart(&w, take(&in));
	if (w.n > NFKC_MAX)
		return ERR_RANGE;
	put_together(&w);
	for (unsigned i = 0; i < w.n; i++) {
		unsigned n = put(w.c[i], out + len, cap - len);

		if (n == 0)
			return ERR_RANGE;
		len += n;
	}
	return (int)len;
}
