/*
 * submit_scan: verdicts into marks, refusals and log lines.
 */
#include "service/submit_scan.h"

#include "core/log.h"
#include "policy/relay.h"
#include "scan/unpack.h"
#include "service/listen.h"
#include "service/parts.h"

/* What the scanner says, in the words of policy. */
static const struct {
	uint32_t bit;
	enum verdict_cause cause;
} causes[] = {
	{ SCAN_FAILED, VERDICT_FAILED },
	{ SCAN_LIMITS, VERDICT_LIMITS },
	{ SCAN_DEEP, VERDICT_DEEP },
	{ SCAN_ENCRYPTED, VERDICT_ENCRYPTED },
	{ SCAN_UNOPENED, VERDICT_UNOPENED },
	{ SCAN_DAMAGED, VERDICT_DAMAGED },
	{ SCAN_PROGRAMS, VERDICT_PROGRAMS },
	{ SCAN_MACROS, VERDICT_MACROS },
	{ SCAN_SCRIPTS, VERDICT_SCRIPTS },
};

#define CAUSES (sizeof(causes) / sizeof(causes[0]))

_Static_assert(CAUSES == VERDICT_CAUSES - 1, "all but malware");
_Static_assert(TRACE_MARK >= VERDICT_MARK_MAX - 1, "every mark has room");

uint32_t
submit_scan_rules(const struct verdict_rules *rules)
{
	uint32_t wanted = 0;

	for (size_t i = 0; i < CAUSES; i++)
		if (rules->of[causes[i].cause] != VERDICT_IGNORE)
			wanted |= causes[i].bit;
	return wanted & SCAN_ALL_RULES;
}

static struct verdict_facts
facts_of(const struct submit_txn *t)
{
	const struct scan_verdict *v = &t->scan.verdict;
	struct verdict_facts f = {
		.causes = v->found ? 1u << VERDICT_MALWARE : 0,
		.ours = t->basis != RELAY_BY_NONE || t->session->account != 0,
	};

	for (size_t i = 0; i < CAUSES; i++)
		if (v->flaws & causes[i].bit)
			f.causes |= 1u << causes[i].cause;
	return f;
}

static int
rename_marks(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	int err = ERR_OK;

	for (unsigned i = 0; i < t->header.n_marks && !err; i++)
		err = spool_rewrite(ss->owner->spool, &t->file,
		    t->head_len + t->header.marks[i], SPAN(TRACE_MARK_OLD));
	return err;
}

bool
submit_scan_is_on(const struct submit *su)
{
	return scanner_is_on(su->scanner) || (ENABLE_CLAMD && su->clamd->on);
}

bool
submit_scan_begin(struct submit_session *ss)
{
	int64_t now_ms = ss->conn->owner->now_ms;
	struct submit_txn *t = ss->txn;

	/* it may have been turned off since the message began */
	if (HAS_VERDICTS && !submit_scan_is_on(ss->owner))
		t->marked = false;
	if (!HAS_VERDICTS || !t->marked)
		return true;
	t->scan = (struct scan_job) {
		.fd = t->file.h,
		.octets = t->file.octets,
		.wake = (void (*)(void *))conn_wake,
		.waker = ss->conn,
	};
	t->clamd = (struct clamd_job) {
		.h = t->file.h,
		.octets = t->file.octets,
		.wake = t->scan.wake,
		.waker = ss->conn,
		.done = !ENABLE_CLAMD || !ss->owner->clamd->on,
	};
	if (ENABLE_CLAMD && !t->clamd.done)
		clamd_ask(ss->owner->clamd, &t->clamd, now_ms);
	if (scanner_is_on(ss->owner->scanner))
		scanner_ask(ss->owner->scanner, &t->scan, now_ms);
	else
		t->scan.done = true;
	return submit_scan_is_over(ss);
}

void
submit_scan_forget(struct submit_session *ss)
{
	if (ENABLE_SCAN_WORKER)
		scanner_forget(ss->owner->scanner, &ss->txn->scan);
	if (ENABLE_CLAMD)
		clamd_forget(ss->owner->clamd, &ss->txn->clamd);
}

bool
submit_scan_is_over(const struct submit_session *ss)
{
	const struct submit_txn *t = ss->txn;

	return !t->marked || (t->scan.done && t->clamd.done);
}

static void
log_verdict(const struct submit_session *ss, const struct verdict *v)
{
	static const char *const events[] = {
		[VERDICT_MARK] = "scan.marked",
		[VERDICT_HOLD] = "scan.held",
		[VERDICT_REFUSE] = "scan.refused",
	};
	const struct submit_txn *t = ss->txn;
	char peer[NET_ADDR_TEXT];
	struct log_line l;

	log_begin(
	    &l, v->end == VERDICT_MARK ? LOG_INFO : LOG_WARN, events[v->end]);
	net_addr_text(&ss->conn->peer, peer);
	log_str(&l, "id", t->file.id);
	log_str(&l, "why", verdict_word(v->cause));
	if (t->scan.verdict.name[0] != '\0')
		log_span(&l, "name", span_str(t->scan.verdict.name));
	if (t->scan.verdict.where[0] != '\0')
		log_span(&l, "where", span_str(t->scan.verdict.where));
	log_str(&l, "peer", peer);
	log_str(&l, "listener", listener_name(ss->conn->listener->role));
	log_span(&l, "from", span_of(t->from, t->from_len));
	log_span(&l, "to", span_of(t->to, t->to_len));
	log_end(&l);
}

static int
write_mark(struct submit_session *ss, const struct verdict_facts *f)
{
	struct submit_txn *t = ss->txn;
	char mem[VERDICT_MARK_MAX];
	struct text text;

	text_init(&text, mem, sizeof(mem));
	verdict_mark(&text, &ss->owner->rules, f);
	return spool_rewrite(
	    ss->owner->spool, &t->file, t->mark_at, text_data(&text));
}

/* What clamd said counts beside what the scanner said. */
static void
add_clamd(struct submit_txn *t)
{
	struct scan_verdict *v = &t->scan.verdict;

	if (t->clamd.failed)
		v->flaws |= SCAN_FAILED;
	if (v->found || (!t->clamd.found && !t->clamd.failed))
		return;
	v->found = t->clamd.found;
	_Static_assert(sizeof(v->name) == sizeof(t->clamd.name), "one size");
	memcpy(v->name, t->clamd.name, sizeof(v->name));
	v->where[0] = '\0';
}

static enum smtp_reply
act(struct submit_session *ss)
{
	struct submit *su = ss->owner;
	struct submit_txn *t = ss->txn;
	struct verdict_facts f;
	struct verdict v;

	add_clamd(t);
	f = facts_of(t);
	v = verdict_decide(&su->rules, &f);

	if (t->scan.verdict.err == ERR_BUSY)
		return SMTP_TRY_LATER;
	if (v.end != VERDICT_PASS)
		log_verdict(ss, &v);
	t->held = v.keep;
	t->cause = (uint8_t)v.cause;
	if (v.end == VERDICT_REFUSE)
		t->due = v.cause == VERDICT_MALWARE ? SMTP_INFECTED
						    : SMTP_UNSCANNABLE;
	if (v.end == VERDICT_REFUSE && !v.keep)
		return t->due;
	return write_mark(ss, &f) ? SMTP_LOCAL_ERROR : SMTP_OK;
}

static const uint8_t reasons[VERDICT_CAUSES] = {
	[VERDICT_MALWARE] = QUARANTINE_MALWARE,
	[VERDICT_FAILED] = QUARANTINE_FAILED,
	[VERDICT_LIMITS] = QUARANTINE_LIMITS,
	[VERDICT_DEEP] = QUARANTINE_DEEP,
	[VERDICT_ENCRYPTED] = QUARANTINE_ENCRYPTED,
	[VERDICT_UNOPENED] = QUARANTINE_UNOPENED,
	[VERDICT_DAMAGED] = QUARANTINE_DAMAGED,
	[VERDICT_PROGRAMS] = QUARANTINE_PROGRAMS,
	[VERDICT_MACROS] = QUARANTINE_MACROS,
	[VERDICT_SCRIPTS] = QUARANTINE_SCRIPTS,
};

int
submit_scan_hold(struct submit_session *ss, const struct delivery_head *head)
{
	struct submit_txn *t = ss->txn;
	const struct scan_verdict *v = &t->scan.verdict;
	char peer[NET_ADDR_TEXT];
	struct quarantine_note note = {
		.reason = reasons[t->cause],
		.flags = (facts_of(t).ours ? QUARANTINE_OURS : 0u)
			 | (t->due != SMTP_OK ? QUARANTINE_REFUSED : 0u)
			 | (v->has_digest ? QUARANTINE_HASHED : 0u),
		.name = span_str(v->name),
		.where = span_str(v->where),
		.way = span_str(listener_name(ss->conn->listener->role)),
	};

	_Static_assert(sizeof(note.hash) == sizeof(v->digest), "SHA-256");
	net_addr_text(&ss->conn->peer, peer);
	note.client = span_str(peer);
	memcpy(note.hash, v->digest, sizeof(note.hash));
	return HAS_VERDICTS ? delivery_hold(&t->delivery, &t->file, head, &note)
			    : ERR_UNSUPPORTED;
}

enum smtp_reply
submit_scan_end(struct submit_session *ss)
{
	struct submit_txn *t = ss->txn;
	enum smtp_reply r = SMTP_OK;

	if (t->header.n_marks > HEADER_MARKS)
		return SMTP_LOOP;
	if (rename_marks(ss))
		return SMTP_LOCAL_ERROR;
	if (HAS_VERDICTS && t->marked)
		r = act(ss);
	if (r != SMTP_OK)
		ss->owner->refused++;
	return r;
}
