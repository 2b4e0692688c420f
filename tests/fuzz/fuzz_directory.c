/*
 * fuzz_directory: addresses looked up in a book of any aliases, forwards and
 * lists.
 *
 * The input is lines: first a sender, then recipients, up to an empty line;
 * then the book, "key=text".  The walk ends; what comes out are accounts that
 * there are, lists that there are, and addresses elsewhere, each once; whose
 * mail only goes elsewhere gets nothing in his box; and a second walk gives
 * the same.  A list that is judged right can be posted to by its members.
 */
#include <assert.h>

#include "service/lists.h"

#define TARGETS 2048
#define RCPTS	20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "joe", "ann", "away", "admin" };
static struct account table[4];
static uint16_t places[ACCOUNTS_INDEX(4)];
static struct accounts accounts;
static const struct srs srs = {
	.key = { 7 }, .domain = { (const uint8_t *)"our.example", 11 }, .day = 1
};
static struct directory d;
static struct span book;

static struct span
find(struct span key)
{
	struct span rest = book, line;

	while (span_next(&rest, '\n', &line))
		if (span_starts(line, key)
		    && span_starts(span_from(line, key.len), SPAN("=")))
			return span_from(line, key.len + 1);
	return span_of(NULL, 0);
}

static int
read_book(void *ctx, const char *key, char *out, size_t cap)
{
	struct span text = find(span_str(key));

	(void)ctx;
	assert(strlen(key) < DIRECTORY_KEY);
	if (text.p == NULL)
		return ERR_MISSING;
	if (text.len > cap)
		return ERR_RANGE;
	memcpy(out, text.p, text.len);
	return (int)text.len;
}

static void
prepare(void)
{
	const struct users_verifier v = { 0 };

	accounts_init(&accounts, table, 4, places);
	for (unsigned i = 0; i < 4; i++)
		assert(accounts_add(&accounts, span_str(names[i]), &v, SPAN(""))
		       == ERR_OK);
	d = (struct directory) {
		.accounts = &accounts,
		.book = { read_book, NULL },
		.host = SPAN("gate.our.example"),
		.domains = SPAN("our.example, b.example"),
		.postmaster = SPAN("admin"),
		.suffix = '+',
		.srs = &srs,
	};
}

static bool
is_elsewhere(struct span word)
{
	struct addr a;

	return addr_parse(word, ADDR_ALLOW_UTF8, &a) == ADDR_OK
	       && (a.literal || !directory_is_ours(&d, a.domain));
}

/* Does all of an account's mail go elsewhere? */
static bool
only_leaves(struct span name)
{
	char key[80] = "forward.";
	struct span text, word;

	memcpy(key + 8, name.p, name.len);
	text = find(span_of(key, 8 + name.len));
	if (text.p == NULL || text.len > DIRECTORY_TEXT)
		return false;
	while (span_next(&text, ',', &word))
		if (!is_elsewhere(span_trim(word)))
			return false;
	return true;
}

/* A number for a target; no two of a walk have the same. */
static uint64_t
check_target(const struct directory_target *t)
{
	const struct account *a;
	static char mem[DIRECTORY_TEXT];
	uint64_t h = (uint64_t)t->kind + 1;

	if (t->kind == DIRECTORY_BOX) {
		a = accounts_by_id(&accounts, t->account);
		assert(a != NULL && !only_leaves(account_name(a)));
		return h * 1000 + a->id;
	}
	if (t->kind == DIRECTORY_LIST)
		assert(directory_list(&d, t->path, 0, mem, sizeof(mem)) >= 0);
	else
		assert(is_elsewhere(t->path));
	for (size_t i = 0; i < t->path.len; i++) {
		uint8_t c = t->path.p[i];

		c = c >= 'A' && c <= 'Z' ? c + 32 : c;
		h = (h ^ c) * 0x9e3779b97f4a7c15u;
	}
	return h;
}

static unsigned
walk(struct span sender, struct span recipients, uint64_t *out)
{
	static struct directory_walk w;
	struct directory_target t;
	struct span line;
	struct addr a;
	unsigned n = 0;

	directory_begin(&w, &d, sender);
	for (unsigned i = 0; i < RCPTS && span_next(&recipients, '\n', &line);
	     i++) {
		if (addr_parse(line, ADDR_ALLOW_UTF8 | ADDR_ALLOW_BARE, &a)
		    != ADDR_OK)
			continue;
		directory_expand(&w, &a);
		while (directory_next(&w, &t) == 1) {
			assert(n < TARGETS);
			out[n++] = check_target(&t);
		}
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			assert(out[i] != out[j]);
	return n;
}

/* The settings take no others. */
static bool
is_label(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == ':'
		    || (name.p[i] >= 'A' && name.p[i] <= 'Z'))
			return false;
	return name.len <= 40;
}

static void
judge_lists(void)
{
	struct span rest = book, line, text, word;
	char why_mem[400];
	struct text why;

	while (span_next(&rest, '\n', &line)) {
		struct span name = span_from(line, 5);

		if (!span_starts(line, SPAN("list.")))
			continue;
		name = span_first(name, span_find(name, '='));
		text = find(span_first(line, 5 + name.len));
		text_init(&why, why_mem, sizeof(why_mem));
		if (!is_label(name) || text.len > DIRECTORY_TEXT
		    || lists_judge(name, text, &why))
			continue;
		text = directory_list_word(text, "members");
		while (span_next(&text, ',', &word))
			if (is_elsewhere(word))
				assert(lists_may_post(&d, name, word));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t first[TARGETS], second[TARGETS];
	struct span all = span_of(data, size), recipients, sender;
	size_t end = 0;
	unsigned n;

	if (d.accounts == NULL)
		prepare();
	while (
	    end < size
	    && !(data[end] == '\n' && end + 1 < size && data[end + 1] == '\n'))
		end++;
	recipients = span_first(all, end);
	book = span_from(all, end + 2);
	if (!span_next(&recipients, '\n', &sender))
		return 0;
	n = walk(sender, recipients, first);
	assert(walk(sender, recipients, second) == n);
	assert(memcmp(first, second, n * sizeof(first[0])) == 0);
	judge_lists();
	return 0;
}
