/* quota: counting; the replies are submit's, the letter is custody's. */
#include "service/quota.h"

#include "core/log.h"
#include "core/zero.h"

/* Octets that the account may keep; 0: no limit. */
static uint64_t
limit_of(struct quota *q, uint16_t account)
{
	const struct account *a = accounts_by_id(q->accounts, account);
	char mem[24];
	uint64_t mib;
	int n;

	if (a == NULL)
		return 0;
	n = settings_member(
	    q->settings, SETTING_QUOTA, account_name(a), mem, sizeof(mem));
	if (n < 0 || span_u64(span_of(mem, (size_t)n), UINT32_MAX, &mib))
		mib = settings_number(q->settings, SETTING_MAIL_QUOTA_MIB);
	return mib << 20;
}

static void
set_flag(struct quota_use *u, unsigned flag, uint32_t *count)
{
	*count += (u->flags & flag) == 0;
	u->flags |= (uint8_t)flag;
}

static void
clear_flag(struct quota_use *u, unsigned flag, uint32_t *count)
{
	*count -= (u->flags & flag) != 0;
	u->flags &= (uint8_t)~flag;
}

/* How long a count is good: other programs and POP3 make room meanwhile. */
static bool
is_fresh(
    const struct quota_use *u, uint64_t octets, uint64_t limit, int64_t now_ms)
{
	int64_t age_ms = now_ms - u->counted_ms;
	bool doubt = u->octets + octets > limit / 2;

	return (u->flags & QUOTA_KNOWN) != 0
	       && age_ms < (doubt ? QUOTA_DOUBT_MS : QUOTA_FRESH_MS);
}

bool
quota_is_known(
    struct quota *q, uint16_t account, uint64_t octets, int64_t now_ms)
{
	struct quota_use *u = &q->use[account];
	uint64_t limit = limit_of(q, account);

	if (limit == 0 || is_fresh(u, octets, limit, now_ms))
		return true;
	set_flag(u, QUOTA_WANTED, &q->wanted);
	return false;
}

bool
quota_is_over(struct quota *q, uint16_t account, uint64_t octets)
{
	const struct quota_use *u = &q->use[account];
	uint64_t limit = limit_of(q, account);

	return limit != 0 && (u->flags & QUOTA_KNOWN) != 0
	       && u->octets + octets > limit;
}

/* From below the mark to above it: tell. */
static void
change(struct quota *q, uint16_t account, uint64_t octets)
{
	struct quota_use *u = &q->use[account];
	uint64_t mark = limit_of(q, account) / 100 * QUOTA_PERCENT;

	if ((u->flags & QUOTA_KNOWN) != 0 && mark > 0 && u->octets < mark
	    && octets >= mark)
		set_flag(u, QUOTA_TELL, &q->told);
	if (octets < mark)
		clear_flag(u, QUOTA_TELL, &q->told);
	u->octets = octets;
}

void
quota_stored(struct quota *q, uint16_t account, uint64_t octets)
{
	if (q->account == account)
		q->added += octets;
	change(q, account, q->use[account].octets + octets);
}

/* ---- counting ---- */

static void
begin_count(struct quota *q)
{
	const struct account *a = NULL;

	while ((a = accounts_next(q->accounts, a ? a->id : 0)) != NULL)
		if (q->use[a->id].flags & QUOTA_WANTED)
			break;
	if (a == NULL) { /* those who wanted it were removed */
		q->wanted = 0;
		return;
	}
	clear_flag(&q->use[a->id], QUOTA_WANTED, &q->wanted);
	q->account = a->id;
	q->in_cur = false;
	q->sum = q->added = 0;
	if (mailbox_folder(q->maildir, q->mail_root, account_name(a)))
		q->maildir[0] = '\0'; /* counts as empty */
}

static int
open_folder(struct quota *q)
{
	char path[FS_PATH_MAX];
	int err = mailbox_path(
	    path, q->maildir, q->in_cur ? "cur" : "new", SPAN("."));

	return err ? err : q->fs->dir_open(q->fs, path);
}

/* A name that does not say its size must be asked for. */
static uint64_t
octets_of(struct quota *q)
{
	struct span name = span_of(q->entry.name, q->entry.len);
	char path[FS_PATH_MAX];
	struct mailbox_entry e;
	struct fs_stat st;

	if (!q->entry.is_file || mailbox_parse(name, &e))
		return 0;
	if (e.has_octets)
		return e.octets;
	if (mailbox_path(path, q->maildir, q->in_cur ? "cur" : "new", name)
	    || q->fs->stat(q->fs, path, &st))
		return 0;
	return st.octets;
}

/* Up to a slice of names: false at the end of the folder. */
static bool
count_slice(struct quota *q)
{
	for (unsigned i = 0; i < QUOTA_SLICE; i++) {
		if (q->fs->dir_next(q->fs, q->walk, &q->entry) != 1)
			return false;
		q->sum += octets_of(q);
	}
	return true;
}

static void
end_count(struct quota *q, int64_t now_ms)
{
	struct quota_use *u = &q->use[q->account];

	change(q, q->account, q->sum + q->added);
	u->counted_ms = now_ms;
	u->flags |= QUOTA_KNOWN;
	q->account = 0;
}

static void
next_folder(struct quota *q, int64_t now_ms)
{
	if (q->walk >= 0)
		(void)q->fs->dir_close(q->fs, q->walk);
	q->walk = -1;
	if (q->in_cur)
		end_count(q, now_ms);
	q->in_cur = true;
}

static void
count(struct quota *q, int64_t now_ms)
{
	if (q->account == 0)
		begin_count(q);
	if (q->account == 0)
		return;
	if (q->walk < 0) {
		q->walk = open_folder(q);
		if (q->walk == ERR_FULL || q->walk == ERR_DESCRIPTORS)
			return; /* others are walking: next turn */
		if (q->walk < 0)
			log_event(LOG_ERROR, "quota.not_counted", "folder",
			    q->maildir, q->walk);
	}
	if (q->walk < 0 || !count_slice(q))
		next_folder(q, now_ms);
}

/* ---- who is to be told ---- */

const struct account *
quota_next_told(struct quota *q, unsigned *percent, uint64_t *mib)
{
	const struct account *a = accounts_next(q->accounts, 0);
	uint64_t limit;

	for (; a != NULL && q->told > 0;
	     a = accounts_next(q->accounts, a->id)) {
		if ((q->use[a->id].flags & QUOTA_TELL) == 0)
			continue;
		limit = limit_of(q, a->id);
		if (limit != 0) {
			*percent =
			    (unsigned)(q->use[a->id].octets / (limit / 100));
			*mib = limit >> 20;
			return a;
		}
		quota_told(q, a->id); /* the limit is gone */
	}
	q->told = 0;
	return NULL;
}

void
quota_told(struct quota *q, uint16_t account)
{
	clear_flag(&q->use[account], QUOTA_TELL, &q->told);
}

static void
quota_prep(struct participant *me, struct poller *p)
{
	const struct quota *q = (const struct quota *)me;

	if (q->account != 0 || q->wanted > 0)
		poller_at(p, p->now_ms);
}

static void
quota_run(struct participant *me, struct poller *p)
{
	struct quota *q = (struct quota *)me;

	if (q->account != 0 || q->wanted > 0)
		count(q, p->now_ms);
}

void
quota_init(struct quota *q, const struct quota_parts *p)
{
	zero_fill(q, sizeof(*q));
	q->base.name = "quota";
	q->base.prep = quota_prep;
	q->base.run = quota_run;
	q->fs = p->fs;
	q->settings = p->settings;
	q->accounts = p->accounts;
	q->mail_root = p->mail_root;
	q->use = p->use;
	q->walk = -1;
}
