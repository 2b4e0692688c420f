/*
 * dkim_domain: the addresses of From, and of Sender, without comments, blanks
 * and the names before <>.  What is written in a way that two readers may
 * understand differently is no address here.
 */
#include "codec/dkim.h"

#include "core/chr.h"

struct bare {
	char *mem; /* of DKIM_ADDRESS octets */
	size_t len;
	unsigned comment;
	bool quoted, escaped, angle, closed, wrong;
};

static void
keep(struct bare *b, uint8_t c)
{
	b->wrong |= b->closed || b->len == DKIM_ADDRESS;
	if (b->len < DKIM_ADDRESS)
		b->mem[b->len++] = (char)c;
}

/* True: the address ends before this octet. */
static bool
special(struct bare *b, uint8_t c)
{
	bool open = b->angle && !b->closed;

	if (c == '<') {
		b->wrong |= b->angle;
		b->angle = true;
		b->len = 0;
	} else if (c == '>') {
		b->wrong |= !open;
		b->closed = true;
	} else if (c == ',' || c == ';') {
		b->wrong |= open;
		return !open;
	} else if (c == ':') { /* the name of a group (RFC 6854) */
		b->wrong |= b->angle;
		b->len = 0;
	} else if (!chr_is(c, CHR_SPACE)) {
		keep(b, c);
	}
	return false;
}

/* The same, for any octet. */
static bool
octet(struct bare *b, uint8_t c)
{
	bool escaped = b->escaped;

	b->escaped = !escaped && c == '\\' && (b->quoted || b->comment > 0);
	if (b->comment > 0) {
		if (!escaped && c == '(')
			b->comment++;
		else if (!escaped && c == ')')
			b->comment--;
	} else if (b->quoted) {
		keep(b, c);
		b->quoted = escaped || c != '"';
	} else if (c == '(') {
		b->comment = 1;
	} else if (c == '"') {
		b->quoted = true;
		keep(b, c);
	} else {
		return special(b, c);
	}
	return false;
}

/* Cut the next address off; it may be empty. */
static struct bare
cut_bare(struct dkim_walk *w)
{
	struct bare b = { .mem = w->mem };
	size_t i = 0;

	while (i < w->rest.len && !octet(&b, w->rest.p[i]))
		i++;
	w->rest = span_from(w->rest, i + 1);
	b.wrong |= b.quoted || b.comment > 0 || b.angle != b.closed;
	return b;
}

/* The next domain in this field; ERR_SYNTAX: something there is no address. */
static int
next_of_field(struct dkim_walk *w, struct span *domain)
{
	struct addr a;

	while (w->rest.len > 0) {
		struct bare b = cut_bare(w);

		if (!b.wrong && !b.angle && b.len == 0)
			continue;
		if (b.wrong
		    || addr_parse(span_of(b.mem, b.len), ADDR_ALLOW_UTF8, &a)
			   != ADDR_OK
		    || a.literal || a.bare)
			return ERR_SYNTAX;
		*domain = a.domain;
		return 1;
	}
	return 0;
}

void
dkim_walk(struct dkim_walk *w, const struct dkim *d)
{
	w->dkim = d;
	w->rest = span_of(d->from, d->from_len);
	w->in_sender = w->any = false;
	w->why = d->flaw;
}

int
dkim_next(struct dkim_walk *w, struct span *domain)
{
	int got = w->why != NULL ? ERR_SYNTAX : next_of_field(w, domain);

	if (got == 0 && !w->any) {
		got = ERR_SYNTAX;
	} else if (got == 0 && !w->in_sender) {
		w->in_sender = true;
		w->rest = span_of(w->dkim->sender, w->dkim->sender_len);
		got = next_of_field(w, domain);
	}
	w->any = w->any || got == 1;
	if (got >= 0)
		return got;
	if (w->why == NULL)
		w->why = w->in_sender
			     ? "its Sender is no address"
			     : "its From has no address, or a wrong one";
	return ERR_SYNTAX;
}
