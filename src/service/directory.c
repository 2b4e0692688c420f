/*
 * directory: looks names up and follows what they lead to, with an explicit
 * stack of open texts.  Who may send to whom is policy's, not decided here.
 */
#include "service/directory.h"

#include "core/chr.h"

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

static void
put_lower(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		text_chr(t, (char)chr_lower(s.p[i]));
}

/* Read the text PREFIX NAME, or PREFIX NAME@DOMAIN where `domain` is given. */
static int
read_text(const struct directory *d, const char *prefix, struct span name,
    struct span domain, struct span into)
{
	char key[DIRECTORY_KEY];
	struct text t;

	if (d->book.read == NULL)
		return ERR_MISSING;
	text_init(&t, key, sizeof(key));
	text_str(&t, prefix);
	put_lower(&t, name);
	if (domain.len > 0) {
		text_chr(&t, '@');
		put_lower(&t, domain);
	}
	if (t.cut)
		return ERR_MISSING;
	return d->book.read(
	    d->book.ctx, text_cstr(&t), (char *)(uintptr_t)into.p, into.len);
}

static const struct account *
find_account(const struct directory *d, struct span name)
{
	char mem[USERS_NAME_MAX + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	put_lower(&t, name);
	return t.cut ? NULL : accounts_find(d->accounts, text_data(&t));
}

int
directory_list(
    const struct directory *d, struct span name, char *out, size_t cap)
{
	return read_text(d, "list.", name, SPAN(""), span_of(out, cap));
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

enum found {
	FOUND_NOTHING,
	FOUND_ALIAS,
	FOUND_LIST,
	FOUND_BOX,
	FOUND_BACK, /* a rewritten sender */
};

struct finding {
	enum found what;
	const struct account *account;
	struct span name; /* of a list */
	int len;	  /* of an alias's text, in `into` */
};

/* Is exactly this name something? */
static bool
find_name(const struct directory *d, struct span name, struct span domain,
    struct span into, struct finding *f)
{
	f->name = name;
	f->len = read_text(d, "alias.", name, domain, into);
	if (f->len == ERR_MISSING)
		f->len = read_text(d, "alias.", name, SPAN(""), into);
	if (f->len != ERR_MISSING) {
		f->what = FOUND_ALIAS;
		return true;
	}
	if (read_text(d, "list.", name, SPAN(""), into) != ERR_MISSING) {
		f->what = FOUND_LIST;
		return true;
	}
	f->account = find_account(d, name);
	f->what = f->account != NULL ? FOUND_BOX : FOUND_NOTHING;
	return f->account != NULL;
}

/* A setting that names an account or an address, as if it were an alias. */
static bool
find_setting(struct span value, struct span into, struct finding *f)
{
	if (value.len == 0 || value.len > into.len)
		return false;
	memcpy((void *)(uintptr_t)into.p, value.p, value.len);
	f->len = (int)value.len;
	f->what = FOUND_ALIAS;
	return true;
}

/* club-owner, club-request and club-bounces are the owner of list club. */
static bool
find_owner(const struct directory *d, struct span name, struct span into,
    struct finding *f)
{
	struct span base = span_first(name, span_rfind(name, '-'));
	struct span end = span_from(name, base.len), owner;
	int len;

	if (!span_is_nocase(end, SPAN("-owner"))
	    && !span_is_nocase(end, SPAN("-request"))
	    && !span_is_nocase(end, SPAN("-bounces")))
		return false;
	len = read_text(d, "list.", base, SPAN(""), into);
	if (len < 0)
		return false;
	owner = directory_list_word(span_of(into.p, (size_t)len), "owner");
	memmove((void *)(uintptr_t)into.p, owner.p, owner.len);
	f->len = (int)owner.len;
	f->what = owner.len > 0 ? FOUND_ALIAS : FOUND_NOTHING;
	return owner.len > 0;
}

/* Quotes around a plain name mean nothing: "joe" is joe. */
static struct span
unquoted(const struct addr *a)
{
	if (!a->quoted || a->local.len < 2)
		return a->local;
	return span_of(a->local.p + 1, a->local.len - 2);
}

static struct finding
find(const struct directory *d, const struct addr *a, struct span into)
{
	struct finding f = { .what = FOUND_NOTHING };
	struct span name = unquoted(a);
	size_t cut = d->suffix ? span_find(name, (uint8_t)d->suffix) : name.len;

	if (addr_is_tricky(a) || span_find(name, '\\') < name.len
	    || name.len == 0)
		return f;
	if (d->srs != NULL && srs_is_ours(name)) {
		f.what = FOUND_BACK;
		return f;
	}
	if (find_name(d, name, a->domain, into, &f))
		return f;
	if (find_owner(d, name, into, &f))
		return f;
	if (cut > 0 && cut < name.len
	    && find_name(d, span_first(name, cut), a->domain, into, &f))
		return f;
	if (span_is_nocase(name, SPAN("postmaster"))
	    && find_setting(d->postmaster, into, &f))
		return f;
	(void)find_setting(d->catch_all, into, &f);
	return f;
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
	return srs_reverse(d->srs, unquoted(a), &t) == ERR_OK;
}

struct directory_hit
directory_lookup(const struct directory *d, const struct addr *a)
{
	static char text[DIRECTORY_TEXT];
	struct directory_hit hit = { .kind = DIRECTORY_FOREIGN };
	struct finding f;

	if (is_foreign(d, a))
		return hit;
	hit.kind = DIRECTORY_UNKNOWN;
	f = find(d, a, span_of(text, sizeof(text)));
	if (f.what == FOUND_NOTHING
	    || (f.what == FOUND_BACK && !is_good_return(d, a)))
		return hit;
	hit.kind = DIRECTORY_LOCAL;
	hit.is_list = f.what == FOUND_LIST;
	hit.list = f.name;
	if (f.what == FOUND_BOX
	    && read_text(d, "forward.", account_name(f.account), SPAN(""),
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
	w->pending = false;
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

/* Lay a text on the stack: its addresses come next. */
static int
open_text(struct directory_walk *w, size_t len, bool forward)
{
	struct directory_open *o = &w->open[w->depth];

	o->at = 0;
	o->len = (uint16_t)len;
	o->forward = forward;
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

/* An account: its box, its forward, or both. */
static int
give_account(struct directory_walk *w, struct directory_target *t,
    const struct account *a)
{
	struct span name = account_name(a), rest, word;
	int err = 0, len;
	bool keep = false;

	if (w->depth == DIRECTORY_OPEN)
		return ERR_FULL;
	len = read_text(w->d, "forward.", name, SPAN(""), next_room(w));
	if (len == ERR_MISSING || (len >= 0 && !is_new(w, 'f', name, &err)))
		return give_box(w, t, a);
	if (len < 0)
		return len;
	rest = span_of(w->open[w->depth].text, (size_t)len);
	while (span_next(&rest, ',', &word))
		keep = keep || span_is_nocase(span_trim(word), SPAN("keep"));
	(void)open_text(w, (size_t)len, true);
	return keep ? give_box(w, t, a) : 0;
}

/* The reverse-path that a forwarded message travels with. */
static struct span
forward_sender(struct directory_walk *w)
{
	struct addr a;
	struct text t;

	if (w->d->srs == NULL || w->sender.len == 0
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
	if (srs_reverse(w->d->srs, unquoted(a), &text))
		return 0;
	return give_remote(w, t, text_data(&text), false);
}

/* One of our own addresses: what does it lead to? */
static int
give_local(
    struct directory_walk *w, struct directory_target *t, const struct addr *a)
{
	struct finding f;
	int err = 0;

	if (w->depth == DIRECTORY_OPEN)
		return ERR_FULL;
	f = find(w->d, a, next_room(w));
	switch (f.what) {
	case FOUND_ALIAS:
		if (f.len < 0)
			return f.len;
		if (is_new(
			w, 'a', span_first(next_room(w), (size_t)f.len), &err))
			return open_text(w, (size_t)f.len, false);
		return err;
	case FOUND_LIST:
		t->kind = DIRECTORY_LIST;
		t->path = f.name;
		return is_new(w, 'l', f.name, &err) ? 1 : err;
	case FOUND_BOX:
		return give_account(w, t, f.account);
	case FOUND_BACK:
		return give_back(w, t, a);
	case FOUND_NOTHING:
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
