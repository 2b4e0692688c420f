/* warning: who is told, and how often; the words stand in warning_words. */
#include "service/warning.h"

#include "config.h"

#include "codec/japanese.h"
#include "codec/subject.h"
#include "core/log.h"
#include "core/zero.h"
#include "service/directory_find.h"
#include "service/warning_words.h"

#define HOUR_MS	  3600000
#define IN_LETTER 128u /* beside the roles: this letter was counted for him */

void
warning_init(struct warning *w, struct letter *l, struct warning_rate *rates,
    uint32_t rates_n)
{
	zero_fill(w, sizeof(*w));
	w->letter = l;
	w->rates = rates;
	w->rates_n = rates_n;
}

/* ---- not too often ---- */

static uint32_t
cause_of(const struct quarantine_note *n, unsigned role)
{
	uint32_t h = (2166136261u ^ role) * 16777619u ^ (uint32_t)n->reason;

	for (size_t i = 0; i < n->name.len; i++)
		h = (h ^ n->name.p[i]) * 16777619u;
	return h == 0 ? 1 : h;
}

/* This one's place: its own, else a free one, else the oldest's. */
static struct warning_rate *
find_rate(struct warning *w, uint32_t who, uint32_t cause)
{
	uint32_t row =
	    (who * 0x9e3779b1u ^ cause) % (w->rates_n / WARNING_WAYS);
	struct warning_rate *r = &w->rates[row * WARNING_WAYS], *oldest = r;

	for (unsigned i = 0; i < WARNING_WAYS; i++) {
		if (r[i].who == who && r[i].cause == cause)
			return &r[i];
		if (r[i].cause == 0
		    || (oldest->cause != 0 && r[i].since_ms < oldest->since_ms))
			oldest = &r[i];
	}
	*oldest = (struct warning_rate) { .who = who, .cause = cause };
	return oldest;
}

static bool
may_tell(struct warning *w, uint32_t who, uint32_t cause, int64_t now_ms)
{
	struct warning_rate *r = find_rate(w, who, cause);

	if (r->count == 0 || now_ms - r->since_ms >= HOUR_MS) {
		r->since_ms = now_ms;
		r->count = 0;
	}
	if (r->count >= w->per_hour) {
		w->suppressed++;
		return false;
	}
	r->count++;
	return true;
}

/* ---- who ---- */

/* Everybody of ours that this address leads to, as far as a walk goes. */
static void
mark_address(struct warning *w, const struct addr *a, unsigned role)
{
	const struct directory *d = w->letter->deliver->directory;
	struct directory_finding f =
	    directory_find(d, a, span_of(w->list, sizeof(w->list)));
	struct directory_target t;

	/* who forwards his mail is a recipient all the same */
	if (f.what == DIRECTORY_FOUND_BOX)
		w->who[f.account->id] |= (uint8_t)role;
	directory_expand(&w->walk, a);
	while (directory_next(&w->walk, &t) > 0)
		if (t.kind == DIRECTORY_BOX)
			w->who[t.account] |= (uint8_t)role;
}

static bool
is_ours(const struct directory *d, const struct addr *a)
{
	return a->bare || (!a->literal && directory_is_ours(d, a->domain));
}

static void
mark_people(struct warning *w, struct span members)
{
	const struct directory *d = w->letter->deliver->directory;
	struct span one;
	struct addr a;

	while (span_next(&members, ',', &one)) {
		const struct account *found;

		a = (struct addr) { .local = one, .bare = true };
		if (span_find(one, '@') < one.len
		    && (addr_parse(one, ADDR_ALLOW_UTF8, &a) != ADDR_OK
			|| !is_ours(d, &a)))
			continue;
		found = accounts_find(d->accounts, a.local);
		if (found != NULL)
			w->who[found->id] |= WARNING_MEMBER;
	}
}

/* A list's members, where the address is a list's. */
static void
mark_members(struct warning *w, const struct addr *to)
{
	const struct directory *d = w->letter->deliver->directory;
	struct directory_hit hit = directory_lookup(d, to);
	int len;

	for (unsigned i = 0; hit.is_list; i++) {
		len = directory_list(d, hit.list, i, w->list, sizeof(w->list));
		if (len < 0)
			return;
		mark_people(w, directory_list_word(
				   span_of(w->list, (size_t)len), "members"));
	}
}

static void
mark_recipients(struct warning *w, struct queue_file *f)
{
	const struct directory *d = w->letter->deliver->directory;
	uint64_t at = f->first;
	struct queue_rcpt r;
	struct addr a;

	while (queue_file_rcpt(f, &at, &r, &w->strings) == 1) {
		if (addr_parse(r.path, ADDR_ALLOW_BARE | ADDR_ALLOW_UTF8, &a)
			!= ADDR_OK
		    || !is_ours(d, &a))
			continue;
		mark_members(w, &a);
		mark_address(w, &a, WARNING_RECIPIENT);
	}
}

/* Who logged in; else the address, if it is one of ours. */
static void
mark_sender(struct warning *w, const struct quarantine_file *f)
{
	const struct directory *d = w->letter->deliver->directory;
	const struct queue_head *h = &f->queue.head;
	const struct account *a = accounts_find(d->accounts, h->login);
	struct addr sender;

	if ((f->note.flags & QUARANTINE_OURS) == 0
	    || (f->note.flags & QUARANTINE_REFUSED) != 0 || h->sender.len == 0)
		return;
	if (a != NULL) {
		w->who[a->id] |= WARNING_SENDER;
		return;
	}
	if (addr_parse(h->sender, ADDR_ALLOW_UTF8, &sender) != ADDR_OK
	    || !is_ours(d, &sender) || directory_lookup(d, &sender).is_list)
		return;
	mark_address(w, &sender, WARNING_SENDER);
}

/* ---- what they read ---- */

static void
put_line(struct letter *l, const char *label, struct span value)
{
	if (value.len == 0)
		return;
	letter_put(l, label);
	letter_text(l, value);
	letter_put(l, "\n");
}

static void
put_facts(struct warning *w, struct quarantine_file *f, const char *id,
    const struct letter_time *t)
{
	struct letter *l = w->letter;
	const struct warning_words *words = warning_words(l->language);
	int n = queue_file_body(&f->queue, w->head, sizeof(w->head), 0);
	struct span head = span_of(w->head, n > 0 ? (size_t)n : 0);
	char mem[LETTER_LINE];
	struct text subject;

	text_init(&subject, mem, sizeof(mem));
	subject_decode(subject_find(head, "Subject"),
	    ENABLE_JAPANESE ? japanese_decode : NULL, &subject);
	put_line(l, words->from, f->queue.head.sender);
	put_line(l, words->subject, text_data(&subject));
	letter_put(l, words->date);
	letter_date(l, f->queue.head.arrived_s, t->zone_minutes);
	letter_put(l, "\n");
	put_line(l, words->found, f->note.name);
	put_line(l, words->where, f->note.where);
	put_line(l, words->number, span_str(id));
}

static void
put_intro(struct letter *l, const char *subject, const struct letter_time *t)
{
	letter_header(l, SPAN(""), subject, t);
	letter_put(l, "Content-Type: text/plain; charset=utf-8\n"
		      "Content-Transfer-Encoding: 8bit\n\n");
	letter_put(l, warning_words(l->language)->intro);
	letter_ascii(l, l->host);
}

static void
compose(struct warning *w, struct quarantine_file *f, const char *id,
    bool sender, const struct letter_time *t)
{
	struct letter *l = w->letter;
	const struct warning_words *words = warning_words(l->language);
	bool malware = f->note.reason == QUARANTINE_MALWARE;

	put_intro(
	    l, sender ? words->subject_sender : words->subject_recipient, t);
	letter_put(l, sender ? words->sender : words->recipient);
	if (f->note.reason < QUARANTINE_REASONS)
		letter_put(l, words->because[f->note.reason]);
	letter_put(l, words->end);
	letter_put(l, malware ? words->malware : words->held);
	if (malware && sender)
		letter_put(l, words->not_you);
	put_facts(w, f, id, t);
	letter_put(l, words->off);
}

/* ---- telling ---- */

/* Does this one want to be told, and not too often? */
static bool
is_told(struct warning *w, const struct account *a, unsigned roles,
    uint32_t cause, int64_t now_ms)
{
	if ((w->who[a->id] & roles) == 0)
		return false;
	if ((a->flags & ACCOUNT_NO_WARN) != 0
	    && (w->who[a->id] & roles & WARNING_MEMBER) == 0)
		return false;
	if (!may_tell(w, a->id, cause, now_ms))
		return false;
	w->who[a->id] |= IN_LETTER;
	return true;
}

/* The letter is sent; else it was none, and those it was for have had none. */
static void
end_letter(struct warning *w, uint32_t cause, bool sent)
{
	struct warning_rate *r;

	for (uint32_t id = 1; id <= MAX_ACCOUNTS; id++) {
		if ((w->who[id] & IN_LETTER) == 0)
			continue;
		w->who[id] &= (uint8_t)~IN_LETTER;
		if (sent)
			continue;
		r = find_rate(w, id, cause);
		r->count -= r->count > 0; /* another may have its place */
	}
}

/* One letter to the next so many of those with these roles. */
static int
tell_some(struct warning *w, struct quarantine_file *f, const char *id,
    unsigned roles, uint16_t *after, const struct letter_time *t)
{
	const struct accounts *as = w->letter->deliver->accounts;
	uint32_t cause = cause_of(&f->note, roles);
	const struct account *a;
	unsigned n = 0;
	int err = ERR_OK;

	while (n < WARNING_BATCH && !err
	       && (a = accounts_next(as, *after)) != NULL) {
		*after = a->id;
		if (!is_told(w, a, roles, cause, t->now_ms))
			continue;
		if (n++ == 0)
			err = letter_begin(w->letter, t->now_s);
		if (!err)
			letter_to(w->letter, account_name(a));
	}
	if (n == 0)
		return err;
	if (!err) {
		compose(w, f, id, (roles & WARNING_SENDER) != 0, t);
		err = letter_send(w->letter, t);
	}
	end_letter(w, cause, !err);
	w->sent += err ? 0 : n;
	return err ? err : n == WARNING_BATCH;
}

static int
tell(struct warning *w, struct quarantine_file *f, const char *id,
    unsigned roles, const struct letter_time *t)
{
	uint16_t after = 0;
	int more = 1;

	while (more > 0)
		more = tell_some(w, f, id, roles, &after, t);
	return more;
}

int
warning_stopped(struct warning *w, struct quarantine_file *f, const char *id,
    const struct letter_time *t)
{
	const struct directory *d = w->letter->deliver->directory;
	int err;

	if (!w->on || (f->queue.head.flags & QUEUE_NOTICE) != 0)
		return ERR_OK;
	memset(w->who, 0, sizeof(w->who));
	directory_begin(&w->walk, d, SPAN(""));
	mark_recipients(w, &f->queue);
	directory_begin(&w->walk, d, SPAN(""));
	mark_sender(w, f);
	err = tell(w, f, id, WARNING_SENDER, t);
	if (!err)
		err = tell(w, f, id, WARNING_RECIPIENT | WARNING_MEMBER, t);
	return err;
}

int
warning_quota(struct warning *w, const struct account *a, unsigned percent,
    uint64_t mib, const struct letter_time *t)
{
	struct letter *l = w->letter;
	const struct warning_words *words = warning_words(l->language);
	int err = letter_begin(l, t->now_s);

	if (err)
		return err;
	letter_to(l, account_name(a));
	put_intro(l, words->subject_quota, t);
	letter_put(l, words->quota_before);
	letter_room(l);
	text_u64(&l->out, percent);
	text_str(&l->out, words->quota_percent);
	text_u64(&l->out, mib);
	letter_put(l, words->quota_size);
	letter_put(l, words->quota_after);
	err = letter_send(l, t);
	w->sent += !err;
	return err;
}
