/*
 * maildrop_sort: indices are sorted, not records: by the bytes of the time,
 * last to first, then names of one time with a heap.  The same heap, largest
 * on top, keeps the lowest.
 */
#include "store/maildrop_sort.h"

#include "core/chr.h"
#include "store/maildrop_table.h"

static struct span
base_of(const struct maildrop_entry *e)
{
	size_t len = e->base_len;

	return span_of(e->name, len < sizeof(e->name) ? len : sizeof(e->name));
}

static struct span
take_digits(struct span *s)
{
	struct span digits;
	size_t zeros = 0, n;

	while (zeros < s->len && s->p[zeros] == '0')
		zeros++;
	for (n = zeros; n < s->len && chr_is(s->p[n], CHR_DIGIT); n++)
		;
	digits = span_from(span_first(*s, n), zeros);
	*s = span_from(*s, n);
	return digits;
}

static int
compare_numbers(struct span a, struct span b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len == 0 ? 0 : memcmp(a.p, b.p, a.len);
}

static int
compare_lengths(struct span a, struct span b)
{
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

/* Compare names, runs of digits by their value: "Q9" before "Q10". */
static int
compare_names(struct span a, struct span b)
{
	int order;

	while (a.len > 0 && b.len > 0) {
		if (chr_is(*a.p, CHR_DIGIT) && chr_is(*b.p, CHR_DIGIT)) {
			order =
			    compare_numbers(take_digits(&a), take_digits(&b));
		} else {
			order = *a.p - *b.p;
			a = span_from(a, 1);
			b = span_from(b, 1);
		}
		if (order != 0)
			return order;
	}
	return compare_lengths(a, b);
}

int
maildrop_compare(const struct maildrop_entry *a, const struct maildrop_entry *b)
{
	uint64_t x, y;
	int order;

	if (a->time_us != b->time_us)
		return a->time_us < b->time_us ? -1 : 1;
	order = compare_names(base_of(a), base_of(b));
	if (order != 0)
		return order;
	x = maildrop_hash(a);
	y = maildrop_hash(b);
	return x == y ? 0 : x < y ? -1 : 1;
}

static bool
is_below(const struct maildrop_work *w, uint16_t a, uint16_t b)
{
	if (w->time_us[a] != w->time_us[b])
		return w->time_us[a] < w->time_us[b];
	return maildrop_compare(&w->entry[a], &w->entry[b]) < 0;
}

/* Let order[at] sink to its place in the heap of the first `n`. */
static void
sink(const struct maildrop_work *w, uint16_t *order, uint32_t at, uint32_t n)
{
	uint16_t moving = order[at];
	uint32_t child;

	for (; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n
		    && is_below(w, order[child], order[child + 1]))
			child++;
		if (!is_below(w, moving, order[child]))
			break;
		order[at] = order[child];
	}
	order[at] = moving;
}

static void
make_heap(const struct maildrop_work *w, uint16_t *order, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sink(w, order, i, n);
}

static void
heap_sort(const struct maildrop_work *w, uint16_t *order, uint32_t n)
{
	uint16_t top;

	make_heap(w, order, n);
	for (uint32_t left = n; left > 1; left--) {
		top = order[0];
		order[0] = order[left - 1];
		sink(w, order, 0, left - 1);
		order[left - 1] = top;
	}
}

/* `order` as the records lie; returns the bits in which their times differ. */
static uint64_t
begin(struct maildrop_work *w, uint32_t n)
{
	uint64_t differ = 0;

	for (uint32_t i = 0; i < n; i++) {
		w->order[i] = (uint16_t)i;
		differ |= w->time_us[i] ^ w->time_us[0];
	}
	return differ;
}

/* Order by one byte of the time, and what is equal there as it was. */
static void
by_byte(struct maildrop_work *w, uint32_t n, unsigned shift)
{
	uint16_t start[257] = { 0 };
	uint32_t i;

	for (i = 0; i < n; i++)
		start[(w->time_us[i] >> shift & 0xff) + 1]++;
	for (i = 0; i < 256; i++)
		start[i + 1] += start[i];
	for (i = 0; i < n; i++) {
		uint64_t time_us = w->time_us[w->order[i]];

		w->other[start[time_us >> shift & 0xff]++] = w->order[i];
	}
	memcpy(w->order, w->other, n * sizeof(w->order[0]));
}

/* Order those of one time by their names. */
static void
sort_equal(struct maildrop_work *w, uint32_t n)
{
	uint32_t from, to;

	for (from = 0; from < n; from = to) {
		for (to = from + 1;
		     to < n
		     && w->time_us[w->order[to]] == w->time_us[w->order[from]];
		     to++)
			;
		heap_sort(w, w->order + from, to - from);
	}
}

void
maildrop_sort(struct maildrop_work *w, uint32_t n)
{
	uint64_t differ = begin(w, n);

	for (unsigned shift = 0; shift < 64; shift += 8)
		if (differ >> shift & 0xff)
			by_byte(w, n, shift);
	sort_equal(w, n);
}

uint32_t
maildrop_keep_lowest(struct maildrop_work *w, uint32_t most, uint32_t n,
    const struct maildrop_entry *e)
{
	if (n < most) {
		w->time_us[n] = e->time_us;
		w->entry[n++] = *e;
		if (n == most) {
			(void)begin(w, n);
			make_heap(w, w->order, n);
		}
		return n;
	}
	if (maildrop_compare(e, &w->entry[w->order[0]]) < 0) {
		w->entry[w->order[0]] = *e;
		w->time_us[w->order[0]] = e->time_us;
		sink(w, w->order, 0, n);
	}
	return n;
}
