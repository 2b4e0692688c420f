/*
 * maildrop_sort: one binary heap of indices, largest on top, serves both
 * sorting and keeping the lowest; records are moved only once, at the end.
 */
#include "store/maildrop_sort.h"

#include "core/chr.h"

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
	int order;

	if (a->time_us != b->time_us)
		return a->time_us < b->time_us ? -1 : 1;
	order = compare_names(base_of(a), base_of(b));
	if (order != 0)
		return order;
	return a->hash == b->hash ? 0 : a->hash < b->hash ? -1 : 1;
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
sink(struct maildrop_work *w, uint32_t at, uint32_t n)
{
	uint16_t *order = w->order, moving = order[at];
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
make_heap(struct maildrop_work *w, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		w->order[i] = (uint16_t)i;
		w->time_us[i] = w->entry[i].time_us;
	}
	for (i = n / 2; i-- > 0;)
		sink(w, i, n);
}

/* Put each record where `order` says it belongs, cycle by cycle. */
static void
permute(struct maildrop_work *w, uint32_t n)
{
	struct maildrop_entry lifted;
	uint16_t from;
	uint32_t i, to;

	for (i = 0; i < n; i++) {
		if (w->order[i] == i)
			continue;
		lifted = w->entry[i];
		for (to = i; (from = w->order[to]) != i; to = from) {
			w->entry[to] = w->entry[from];
			w->order[to] = (uint16_t)to;
		}
		w->entry[to] = lifted;
		w->order[to] = (uint16_t)to;
	}
}

void
maildrop_sort(struct maildrop_work *w, uint32_t n)
{
	uint32_t left;
	uint16_t top;

	make_heap(w, n);
	for (left = n; left > 1; left--) {
		top = w->order[0];
		w->order[0] = w->order[left - 1];
		sink(w, 0, left - 1);
		w->order[left - 1] = top;
	}
	permute(w, n);
}

uint32_t
maildrop_keep_lowest(
    struct maildrop_work *w, uint32_t n, const struct maildrop_entry *e)
{
	if (n < MAILDROP_BATCH) {
		w->entry[n++] = *e;
		if (n == MAILDROP_BATCH)
			make_heap(w, n);
		return n;
	}
	if (maildrop_compare(e, &w->entry[w->order[0]]) < 0) {
		w->entry[w->order[0]] = *e;
		w->time_us[w->order[0]] = e->time_us;
		sink(w, 0, n);
	}
	return n;
}
