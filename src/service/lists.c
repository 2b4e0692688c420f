/* lists: one posting becomes one message with many recipients. */
#include "service/lists.h"

#include "core/zero.h"

#define BEHIND_DEPTH 4	 /* aliases in one another that members stand behind */
#define BEHIND_LOOKS 200 /* and in all, for one member */

int
lists_init(struct lists *l, struct deliver *d, const char *tmp)
{
	zero_fill(l, sizeof(*l));
	l->deliver = d;
	spool_file_init(&l->file);
	return spool_init(&l->spool, d->spool->fs, d->spool->ids, tmp, 0);
}

/* ---- its setting ---- */

static bool
is_person(struct span v)
{
	struct addr a;

	return addr_parse(v, ADDR_ALLOW_UTF8 | ADDR_ALLOW_BARE, &a) == ADDR_OK;
}

static bool
are_people(struct span v)
{
	struct span one;

	while (span_next(&v, ',', &one))
		if (!is_person(one))
			return false;
	return true;
}

/* "club:2": more of list club.  What is wrong with such a label? */
static const char *
flaw_of_part(struct span label)
{
	struct span part = span_from(label, span_rfind(label, ':') + 1);
	uint64_t n;

	if (span_find(label, ':') + 1 + part.len != label.len
	    || span_u64(part, DIRECTORY_LIST_PARTS, &n) || n < 2
	    || part.p[0] == '0')
		return "further members stand in NAME:2, NAME:3 .. NAME:6";
	return NULL;
}

static const char *
flaw_of(struct span key, struct span value)
{
	if (span_is(key, SPAN("owner")))
		return is_person(value) ? NULL
					: " is no account and no address";
	if (span_is(key, SPAN("members")))
		return value.len > 0 && are_people(value)
			   ? NULL
			   : " are not accounts or addresses with commas";
	if (!span_is(key, SPAN("posting")))
		return " is none of owner=, posting=, members=";
	return span_is(value, SPAN("members")) || span_is(value, SPAN("anyone"))
		   ? NULL
		   : " is neither posting=members nor posting=anyone";
}

int
lists_judge(struct span label, struct span text, struct text *why)
{
	bool members = false, part = span_find(label, ':') < label.len;
	const char *bad = part ? flaw_of_part(label) : NULL;
	struct span word;

	if (bad == NULL && part
	    && (!span_starts(text, SPAN("members="))
		|| span_find(text, ' ') < text.len))
		bad = "only members= can be said here";
	if (bad != NULL) {
		text_str(why, bad);
		return ERR_SYNTAX;
	}
	while (span_next(&text, ' ', &word)) {
		size_t eq = span_find(word, '=');
		struct span key = span_first(word, eq);
		const char *flaw = flaw_of(key, span_from(word, eq + 1));

		if (word.len == 0)
			continue;
		members = members || span_is(key, SPAN("members"));
		if (flaw == NULL)
			continue;
		text_chr(why, '"');
		text_escaped(why, span_first(word, 60));
		text_chr(why, '"');
		text_str(why, flaw);
		return ERR_SYNTAX;
	}
	if (members)
		return ERR_OK;
	text_str(why, "members= is missing");
	return ERR_SYNTAX;
}

/* ---- who may post ---- */

/* "anna" is anna at any domain of ours. */
static bool
is_member(const struct directory *d, struct span member, struct span sender)
{
	size_t at = span_rfind(sender, '@');

	if (span_find(member, '@') < member.len)
		return span_is_nocase(member, sender);
	return span_is_nocase(member, span_first(sender, at))
	       && directory_is_ours(d, span_from(sender, at + 1));
}

/* Aliases that lead to aliases, the texts of which are open. */
struct behind {
	unsigned depth, looked;
	struct span rest[BEHIND_DEPTH];
	char text[BEHIND_DEPTH][DIRECTORY_TEXT];
};

/* If this member is an alias of ours, open its text. */
static void
look_behind(const struct directory *d, struct behind *b, struct span member)
{
	size_t at = span_rfind(member, '@');
	struct span domain = span_from(member, at + 1);
	char *text = b->text[b->depth];
	int len;

	if (b->looked++ == BEHIND_LOOKS
	    || (at < member.len && !directory_is_ours(d, domain)))
		return;
	len = directory_alias(
	    d, span_first(member, at), domain, span_of(text, DIRECTORY_TEXT));
	if (len > 0)
		b->rest[b->depth++] = span_of(text, (size_t)len);
}

/* Is he one of those whom the member, an alias of ours, stands for? */
static bool
is_behind(const struct directory *d, struct span member, struct span sender)
{
	static struct behind b;
	struct span one;

	b.depth = b.looked = 0;
	look_behind(d, &b, member);
	while (b.depth > 0) {
		if (!span_next(&b.rest[b.depth - 1], ',', &one)) {
			b.depth--;
			continue;
		}
		one = span_trim(one);
		if (one.len > 0 && is_member(d, one, sender))
			return true;
		if (one.len > 0 && b.depth < BEHIND_DEPTH
		    && b.looked < BEHIND_LOOKS)
			look_behind(d, &b, one);
	}
	return false;
}

static bool
is_among(const struct directory *d, struct span members, struct span sender)
{
	struct span one;

	while (span_next(&members, ',', &one))
		if (one.len > 0
		    && (is_member(d, one, sender) || is_behind(d, one, sender)))
			return true;
	return false;
}

bool
lists_may_post(const struct directory *d, struct span name, struct span sender)
{
	static char text[DIRECTORY_TEXT];
	struct span all;
	int len;

	for (unsigned i = 0; sender.len > 0; i++) {
		len = directory_list(d, name, i, text, sizeof(text));
		if (len < 0)
			break;
		all = span_of(text, (size_t)len);
		if (span_is(directory_list_word(all, "posting"), SPAN("anyone"))
		    || is_among(d, directory_list_word(all, "members"), sender)
		    || is_among(d, directory_list_word(all, "owner"), sender))
			return true;
	}
	return false;
}

/* ---- posting ---- */

static int
append(struct lists *l, struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		l->wire_octets += v.p[i] == '\n';
	l->wire_octets += v.len;
	return v.len > 0 ? spool_append(&l->spool, &l->file, &v, 1) : ERR_OK;
}

static struct span
domain_of(const struct directory *d)
{
	struct span first =
	    span_trim(span_first(d->domains, span_find(d->domains, ',')));

	return first.len > 0 ? first : d->host;
}

static int
append_head(struct lists *l, struct span name)
{
	struct span domain = domain_of(l->deliver->directory);
	struct text t;

	text_init(&t, (char *)l->piece, sizeof(l->piece));
	text_str(&t, "List-Id: ");
	text_str(&t, l->id);
	text_str(&t, "\nList-Post: <mailto:");
	text_span(&t, name);
	text_chr(&t, '@');
	text_span(&t, domain);
	text_str(&t, ">\nList-Unsubscribe: <mailto:");
	text_span(&t, name);
	text_str(&t, "-request@");
	text_span(&t, domain);
	text_str(&t, "?subject=unsubscribe>\nList-Help: <mailto:");
	text_span(&t, name);
	text_str(&t, "-request@");
	text_span(&t, domain);
	text_str(&t, "?subject=help>\nList-Owner: <mailto:");
	text_span(&t, name);
	text_str(&t, "-owner@");
	text_span(&t, domain);
	text_str(&t, ">\nPrecedence: list\n");
	return t.cut ? ERR_RANGE : append(l, text_data(&t));
}

/* The message as it came, but without our Return-Path of the first way. */
static int
append_body(struct lists *l, struct queue_file *f)
{
	uint64_t at = 0;
	int err = ERR_OK, n;

	while (
	    !err
	    && (n = queue_file_body(f, l->piece, sizeof(l->piece), at)) != 0) {
		struct span s = span_of(l->piece, n > 0 ? (size_t)n : 0);

		if (n < 0)
			return n;
		if (at == 0 && span_starts_nocase(s, SPAN("Return-Path:")))
			s = span_from(s, span_find(s, '\n') + 1);
		at += (uint64_t)n;
		err = append(l, s);
	}
	return err;
}

/* One field of the header, without its line ends. */
struct field {
	bool at_start; /* of a line */
	bool over;     /* the empty line has been seen */
	size_t len;
	uint8_t mem[ADDR_TEXT_MAX + 128];
};

static bool
names_list(const struct lists *l, const struct field *f)
{
	struct span s = span_trim(span_of(f->mem, f->len));

	return span_starts_nocase(s, SPAN("List-Id:"))
	       && span_ends_nocase(s, span_str(l->id));
}

/* The next octet; true where it ends a field that names this list. */
static bool
feed_field(const struct lists *l, struct field *f, uint8_t c)
{
	bool begins = f->at_start && c != ' ' && c != '\t';
	bool named = begins && names_list(l, f);

	f->over = f->at_start && c == '\n';
	f->at_start = c == '\n';
	if (begins)
		f->len = 0;
	if (c != '\n' && f->len < sizeof(f->mem))
		f->mem[f->len++] = c;
	return named;
}

/* Does the header name this list, however long it is? */
static bool
has_been_here(struct lists *l, struct queue_file *f)
{
	struct field field = { .at_start = true };
	uint64_t at = 0;
	int n;

	while (
	    !field.over
	    && (n = queue_file_body(f, l->piece, sizeof(l->piece), at)) > 0) {
		for (int i = 0; i < n && !field.over; i++)
			if (feed_field(l, &field, l->piece[i]))
				return true;
		at += (uint64_t)n;
	}
	return names_list(l, &field);
}

static int
add_members(struct lists *l, struct span members)
{
	struct span one;
	struct addr a;
	int err = ERR_OK;

	while (!err && span_next(&members, ',', &one)) {
		if (one.len == 0)
			continue;
		a = (struct addr) { .local = one, .bare = true };
		if (span_find(one, '@') < one.len
		    && addr_parse(one, ADDR_ALLOW_UTF8, &a) != ADDR_OK)
			continue;
		err = delivery_add(&l->delivery, &a, 0, SPAN(""));
	}
	return err;
}

static int
add_all(struct lists *l, struct span name)
{
	const struct directory *d = l->deliver->directory;
	int err = ERR_OK, len;

	for (unsigned i = 0; !err; i++) {
		len = directory_list(d, name, i, l->text, sizeof(l->text));
		if (len < 0)
			break;
		err = add_members(
		    l, directory_list_word(
			   span_of(l->text, (size_t)len), "members"));
	}
	return err;
}

static int
commit(
    struct lists *l, const struct queue_file *f, int64_t now_ms, int64_t now_s)
{
	const struct delivery_head head = {
		.sender = span_str(l->sender),
		.wire_octets = l->wire_octets,
		.arrived_s = now_s,
		.flags = f->head.flags
			 & (QUEUE_8BIT | QUEUE_UTF8 | QUEUE_OWN | QUEUE_NO_DATE
			     | QUEUE_NO_ID),
	};

	return delivery_send(&l->delivery, &l->file, &head, now_ms);
}

static int
make_names(struct lists *l, struct span name)
{
	struct span domain = domain_of(l->deliver->directory);
	struct text id, sender;

	text_init(&id, l->id, sizeof(l->id));
	text_chr(&id, '<');
	text_span(&id, name);
	text_chr(&id, '.');
	text_span(&id, domain);
	text_chr(&id, '>');
	text_init(&sender, l->sender, sizeof(l->sender));
	text_span(&sender, name);
	text_str(&sender, "-bounces@");
	text_span(&sender, domain);
	return id.cut || sender.cut ? ERR_RANGE : ERR_OK;
}

int
lists_post(struct lists *l, struct queue_file *f, struct span name,
    int64_t now_ms, int64_t now_s)
{
	int len = directory_list(
	    l->deliver->directory, name, 0, l->text, sizeof(l->text));
	int err = len < 0 ? len : make_names(l, name);

	if (err)
		return err;
	if (has_been_here(l, f))
		return ERR_EXISTS;
	err = spool_begin(&l->spool, &l->file, now_s * 1000000);
	if (err)
		return err;
	l->wire_octets = 0;
	delivery_begin(&l->delivery, l->deliver);
	l->delivery.spool = &l->spool;
	err = append_head(l, name);
	if (!err)
		err = append_body(l, f);
	if (!err)
		err = add_all(l, name);
	if (!err)
		err = commit(l, f, now_ms, now_s);
	if (err)
		spool_abort(&l->spool, &l->file);
	return err;
}
