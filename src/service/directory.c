/*
 * directory: takes what directory_find found and follows what they lead to,
 * with an explicit stack of open texts.  Who may send to whom is policy's, not
 * decided here.
 */
#include "service/directory.h"

#include "config.h"

#include "core/chr.h"
#include "core/log.h"
#include "service/directory_find.h"

static bool
is_in_list(struct span list, struct span name)
{
	struct span item;

	while (span_next(&list, ',', &item)) {
		if (span_is_nocase(span_trim(item), name))
			return true;
	}
	return false;
}

bool
directory_is_ours(const struct directory *d, struct span domain)
{
	return domain.len > 0
	       && (span_is_nocase(domain, d->host)
		   || is_in_list(d->domains, domain));
}

int
directory_list(const struct directory *d, struct span name, unsigned part,
    char *out, size_t cap)
{
	char mem[ADDR_LOCAL_MAX + 4];
	struct text t;
	int len;

	text_init(&t, mem, sizeof(mem));
	text_span(&t, name);
	if (part > 0) {
		text_chr(&t, ':');
		text_u64(&t, part + 1);
	}
	if (t.cut || part >= DIRECTORY_LIST_PARTS)
		return ERR_MISSING;
	len = directory_text(
	    d, "list.", text_data(&t), SPAN(""), span_of(out, cap));
	return len == ERR_MISSING && part > 0 ? 0 : len;
}

struct span
directory_list_word(struct span text, const char *word)
{
	struct span one, want = span_str(word);

	while (span_next(&text, ' ', &one))
		if (one.len > want.len && one.p[want.len] == '='
		    && span_starts(one, want))
			return span_from(one, want.len + 1);
	return SPAN("");
}

static bool
is_foreign(const struct directory *d, const struct addr *a)
{
	return a->literal || (!a->bare && !directory_is_ours(d, a->domain));
}

static bool
is_good_return(const struct directory *d, const struct addr *a)
{
	char mem[ADDR_TEXT_MAX + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	return ENABLE_RELAY
	       && srs_reverse(d->srs, directory_unquoted(a), &t) == ERR_OK;
}

struct directory_hit
directory_lookup(const struct directory *d, const struct addr *a)
{
	static char text[DIRECTORY_TEXT];
	struct directory_hit hit = { .kind = DIRECTORY_FOREIGN };
	struct directory_finding f;

	if (is_foreign(d, a))
		return hit;
	hit.kind = DIRECTORY_UNKNOWN;
	f = directory_find(d, a, span_of(text, sizeof(text)));
	if (f.what == DIRECTORY_FOUND_NOTHING
	    || (f.what == DIRECTORY_FOUND_BACK && !is_good_return(d, a)))
		return hit;
	hit.kind = DIRECTORY_LOCAL;
	hit.is_list = f.what == DIRECTORY_FOUND_LIST;
	hit.list = f.name;
	if (f.what == DIRECTORY_FOUND_BOX
	    && directory_text(d, "forward.", account_name(f.account), SPAN(""),
		   span_of(text, sizeof(text)))
		   == ERR_MISSING)
		hit.account = f.account->id;
	return hit;
}

void
directory_begin(
    struct directory_walk *w, const struct directory *d, struct span sender)
{
	w->d = d;
	w->sender = sender;
	w->depth = w->seen_n = 0;
	w->pending = w->tell = false;
}

bool
directory_leads_on(
    struct directory_walk *w, const struct directory *d, const struct addr *a)
{
	struct directory_target t;

	directory_begin(w, d, SPAN(""));
	directory_expand(w, a);
	return directory_next(w, &t) != 0;
}

void
directory_expand(struct directory_walk *w, const struct addr *a)
{
	w->first = *a;
	w->pending = true;
	w->depth = 0;
}

/* Note a target; false where it has been before.  ERR_FULL in `*err`. */
static bool
is_new(struct directory_walk *w, char kind, struct span name, int *err)
{
	uint64_t h = 14695981039346656037u ^ (uint8_t)kind;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ chr_lower(name.p[i])) * 1099511628211u;
	for (unsigned i = 0; i < w->seen_n; i++) {
		if (w->seen[i] == h)
			return false;
	}
	if (w->seen_n == DIRECTORY_SEEN) {
		*err = ERR_FULL;
		return false;
	}
	w->seen[w->seen_n++] = h;
	return true;
}

/* Lay a text on the stack: its addresses come next.  0: no account's. */
static int
open_text(struct directory_walk *w, size_t len, uint16_t account)
{
	struct directory_open *o = &w->open[w->depth];

	o->at = 0;
	o->len = (uint16_t)len;
	o->forward = account > 0;
	o->account = account;
	w->depth++;
	return 0;
}

static struct span
next_room(struct directory_walk *w)
{
	return span_of(w->open[w->depth].text, DIRECTORY_TEXT);
}

/* The next word of the text on top of the stack. */
static bool
next_word(struct directory_walk *w, struct span *word)
{
	while (w->depth > 0) {
		struct directory_open *o = &w->open[w->depth - 1];
		struct span rest =
		    span_of(o->text + o->at, (size_t)o->len - o->at);
		size_t len = span_find(rest, ',');

		if (rest.len == 0) {
			w->depth--;
			continue;
		}
		o->at = (uint16_t)(o->at + len + (len < rest.len));
		*word = span_trim(span_first(rest, len));
		if (word->len > 0)
			return true;
	}
	return false;
}

static int
give_box(struct directory_walk *w, struct directory_target *t,
    const struct account *a)
{
	int err = 0;

	t->kind = DIRECTORY_BOX;
	t->account = a->id;
	return is_new(w, 'b', account_name(a), &err) ? 1 : err;
}

/* Is its forward being read: does it lead back to the account? */
static bool
is_circle(const struct directory_walk *w, const struct account *a)
{
	for (unsigned i = 0; i < w->depth; i++)
		if (w->open[i].account == a->id)
			return true;
	return false;
}

/*
 * An account: its box, its forward, or both.  A forward that was followed
 * before is not again; the box is where a circle ends.
 */
static int
give_account(struct directory_walk *w, struct directory_target *t,
    const struct account *a)
{
	struct span name = account_name(a), rest, word;
	int err = 0, len;
	bool keep = false;

	if (w->depth == DIRECTORY_OPEN)
		return ERR_FULL;
	len = directory_text(w->d, "forward.", name, SPAN(""), next_room(w));
	if (len == ERR_MISSING)
		return give_box(w, t, a);
	if (len < 0)
		return len;
	if (!is_new(w, 'f', name, &err))
		return is_circle(w, a) ? give_box(w, t, a) : err;
	rest = span_of(w->open[w->depth].text, (size_t)len);
	while (span_next(&rest, ',', &word))
		keep = keep || span_is_nocase(span_trim(word), SPAN("keep"));
	(void)open_text(w, (size_t)len, a->id);
	return keep ? give_box(w, t, a) : 0;
}

/* The reverse-path that a forwarded message travels with. */
static struct span
forward_sender(struct directory_walk *w)
{
	struct addr a;
	struct text t;

	if (!ENABLE_RELAY || w->d->srs == NULL || w->sender.len == 0
	    || addr_parse(w->sender, ADDR_ALLOW_UTF8, &a) != ADDR_OK
	    || directory_is_ours(w->d, a.domain))
		return SPAN("");
	text_init(&t, w->sender_mem, sizeof(w->sender_mem));
	if (srs_forward(w->d->srs, &a, &t))
		return SPAN("");
	return text_data(&t);
}

static int
give_remote(struct directory_walk *w, struct directory_target *t,
    struct span path, bool forward)
{
	int err = 0;

	t->kind = DIRECTORY_REMOTE;
	t->path = path;
	t->forwarded = forward;
	t->sender = forward ? forward_sender(w) : SPAN("");
	return is_new(w, 'r', path, &err) ? 1 : err;
}

static int
give_back(
    struct directory_walk *w, struct directory_target *t, const struct addr *a)
{
	struct text text;

	text_init(&text, w->key, sizeof(w->key));
	if (!ENABLE_RELAY
	    || srs_reverse(w->d->srs, directory_unquoted(a), &text))
		return 0;
	return give_remote(w, t, text_data(&text), false);
}

/* An alias, a forward or a list names somebody who is not there. */
static void
log_nowhere(const struct directory_walk *w, struct span name)
{
	struct log_line l;

	if (!w->tell || w->depth == 0)
		return;
	log_begin(&l, LOG_WARN, "directory.nobody");
	log_span(&l, "name", name);
	log_span(&l, "for", w->first.local);
	log_end(&l);
}

/* One of our own addresses: what does it lead to? */
static int
give_local(
    struct directory_walk *w, struct directory_target *t, const struct addr *a)
{
	struct directory_finding f;
	int err = 0;

	if (w->depth == DIRECTORY_OPEN)
		return ERR_FULL;
	f = directory_find(w->d, a, next_room(w));
	switch (f.what) {
	case DIRECTORY_FOUND_ALIAS:
		if (f.len < 0)
			return f.len;
		if (is_new(
			w, 'a', span_first(next_room(w), (size_t)f.len), &err))
			return open_text(w, (size_t)f.len, 0);
		return err;
	case DIRECTORY_FOUND_LIST:
		t->kind = DIRECTORY_LIST;
		t->path = f.name;
		return is_new(w, 'l', f.name, &err) ? 1 : err;
	case DIRECTORY_FOUND_BOX:
		return give_account(w, t, f.account);
	case DIRECTORY_FOUND_BACK:
		return give_back(w, t, a);
	case DIRECTORY_FOUND_NOTHING:
		log_nowhere(w, a->local);
		break;
	}
	return 0;
}

static bool
is_forwarding(const struct directory_walk *w)
{
	return w->depth > 0 && w->open[w->depth - 1].forward;
}

/* A word of an alias or a forward: an address, or a name of ours. */
static int
give_word(
    struct directory_walk *w, struct directory_target *t, struct span word)
{
	struct addr a = { .local = word, .bare = true };
	bool forward = is_forwarding(w);

	if (forward && span_is_nocase(word, SPAN("keep")))
		return 0;
	if (span_find(word, '@') < word.len
	    && addr_parse(word, ADDR_ALLOW_UTF8, &a) != ADDR_OK)
		return 0;
	if (is_foreign(w->d, &a))
		return give_remote(w, t, word, true);
	return give_local(w, t, &a);
}

static int
give_first(struct directory_walk *w, struct directory_target *t)
{
	struct addr a = w->first;
	struct text text;

	w->pending = false;
	if (!is_foreign(w->d, &a))
		return give_local(w, t, &a);
	text_init(&text, w->key, sizeof(w->key));
	text_span(&text, a.local);
	text_chr(&text, '@');
	text_span(&text, a.domain);
	return give_remote(w, t, text_data(&text), false);
}

int
directory_next(struct directory_walk *w, struct directory_target *t)
{
	struct span word;
	int got = 0;

	*t = (struct directory_target) { .kind = DIRECTORY_BOX };
	if (w->pending)
		got = give_first(w, t);
	while (got == 0 && next_word(w, &word))
		got = give_word(w, t, word);
	return got;
}
