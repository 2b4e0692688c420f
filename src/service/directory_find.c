/*
 * directory_find: what one local part names.  Where that leads to is followed
 * by directory.
 */
#include "service/directory_find.h"

#include "config.h"

#include "core/chr.h"

static void
put_lower(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		text_chr(t, (char)chr_lower(s.p[i]));
}

int
directory_text(const struct directory *d, const char *prefix, struct span name,
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

/* NAME:2 is no list, but more of list NAME. */
static int
list_text(const struct directory *d, struct span name, struct span into)
{
	if (!ENABLE_LISTS || span_find(name, ':') < name.len)
		return ERR_MISSING;
	return directory_text(d, "list.", name, SPAN(""), into);
}

int
directory_alias(const struct directory *d, struct span name, struct span domain,
    struct span into)
{
	int len = directory_text(d, "alias.", name, domain, into);

	if (len == ERR_MISSING)
		len = directory_text(d, "alias.", name, SPAN(""), into);
	return len;
}

/* Is exactly this name something? */
static bool
find_name(const struct directory *d, struct span name, struct span domain,
    struct span into, struct directory_finding *f)
{
	f->name = name;
	f->len = directory_alias(d, name, domain, into);
	if (f->len != ERR_MISSING) {
		f->what = DIRECTORY_FOUND_ALIAS;
		return true;
	}
	if (list_text(d, name, into) != ERR_MISSING) {
		f->what = DIRECTORY_FOUND_LIST;
		return true;
	}
	f->account = find_account(d, name);
	f->what =
	    f->account != NULL ? DIRECTORY_FOUND_BOX : DIRECTORY_FOUND_NOTHING;
	return f->account != NULL;
}

/* A setting that names an account or an address, as if it were an alias. */
static bool
find_setting(struct span value, struct span into, struct directory_finding *f)
{
	if (value.len == 0 || value.len > into.len)
		return false;
	memcpy((void *)(uintptr_t)into.p, value.p, value.len);
	f->len = (int)value.len;
	f->what = DIRECTORY_FOUND_ALIAS;
	return true;
}

/*
 * RFC 5321, 4.5.1: it always is somebody.  Where host.postmaster names nobody
 * yet, it is the first account.
 */
static bool
find_postmaster(
    const struct directory *d, struct span into, struct directory_finding *f)
{
	struct span who = d->postmaster;
	bool plain = span_find(who, '@') == who.len
		     && span_find(who, (uint8_t)d->suffix) == who.len;

	if (who.len == 0 || !plain || find_name(d, who, SPAN(""), into, f))
		return find_setting(who, into, f);
	f->account = accounts_next(d->accounts, 0);
	f->what =
	    f->account != NULL ? DIRECTORY_FOUND_BOX : DIRECTORY_FOUND_NOTHING;
	return f->account != NULL;
}

/* club-owner, club-request and club-bounces are the owner of list club. */
static bool
find_owner(const struct directory *d, struct span name, struct span into,
    struct directory_finding *f)
{
	struct span base = span_first(name, span_rfind(name, '-'));
	struct span end = span_from(name, base.len), owner;
	int len;

	if (!span_is_nocase(end, SPAN("-owner"))
	    && !span_is_nocase(end, SPAN("-request"))
	    && !span_is_nocase(end, SPAN("-bounces")))
		return false;
	len = list_text(d, base, into);
	if (len < 0)
		return false;
	owner = directory_list_word(span_of(into.p, (size_t)len), "owner");
	memmove((void *)(uintptr_t)into.p, owner.p, owner.len);
	f->len = (int)owner.len;
	f->what =
	    owner.len > 0 ? DIRECTORY_FOUND_ALIAS : DIRECTORY_FOUND_NOTHING;
	return owner.len > 0;
}

struct span
directory_unquoted(const struct addr *a)
{
	if (!a->quoted || a->local.len < 2)
		return a->local;
	return span_of(a->local.p + 1, a->local.len - 2);
}

struct directory_finding
directory_find(
    const struct directory *d, const struct addr *a, struct span into)
{
	struct directory_finding f = { .what = DIRECTORY_FOUND_NOTHING };
	struct span name = directory_unquoted(a);
	size_t cut = d->suffix ? span_find(name, (uint8_t)d->suffix) : name.len;

	if (addr_is_tricky(a) || span_find(name, '\\') < name.len
	    || name.len == 0)
		return f;
	if (ENABLE_RELAY && d->srs != NULL && srs_is_ours(name)) {
		f.what = DIRECTORY_FOUND_BACK;
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
	    && find_postmaster(d, into, &f))
		return f;
	(void)find_setting(d->catch_all, into, &f);
	return f;
}
