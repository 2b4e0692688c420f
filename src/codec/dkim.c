/*
 * dkim: canonicalisation and the signature's field.  Whose domain it may bear
 * is dkim_domain.c's; which key signs is not decided here.
 */
#include "codec/dkim.h"

#include "codec/base64.h"
#include "core/chr.h"

/* `more`: signed once more than it stands there, so that none can be added. */
static const struct {
	const char *name;
	bool more;
} known[] = {
	{ "from", true },
	{ "sender", false },
	{ "reply-to", true },
	{ "subject", true },
	{ "date", true },
	{ "message-id", true },
	{ "to", true },
	{ "cc", true },
	{ "mime-version", true },
	{ "content-type", true },
	{ "content-transfer-encoding", true },
	{ "content-id", false },
	{ "content-description", false },
	{ "in-reply-to", false },
	{ "references", false },
	{ "list-id", false },
	{ "list-post", false },
	{ "list-unsubscribe", false },
	{ "list-unsubscribe-post", false },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

_Static_assert(KNOWN <= DKIM_FIELDS, "order[] holds each once");

/* ---- octets into a hash ---- */

static void
hash_init(struct dkim_hash *h)
{
	memset(h, 0, offsetof(struct dkim_hash, mem));
	br_sha256_init(&h->sha);
}

static void
flush(struct dkim_hash *h)
{
	br_sha256_update(&h->sha, h->mem, h->have);
	h->have = 0;
}

static void
put(struct dkim_hash *h, uint8_t c)
{
	if (h->have == sizeof(h->mem))
		flush(h);
	h->mem[h->have++] = c;
	h->any = true;
}

static void
put_end(struct dkim_hash *h)
{
	put(h, '\r');
	put(h, '\n');
}

void
dkim_body_feed(struct dkim_hash *h, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c == '\r')
			continue;
		if (c == '\n') {
			h->ends++;
			h->blank = false;
			continue;
		}
		if (chr_is(c, CHR_SPACE)) {
			h->blank = true;
			continue;
		}
		for (; h->ends > 0; h->ends--)
			put_end(h);
		if (h->blank)
			put(h, ' ');
		h->blank = false;
		put(h, c);
	}
}

void
dkim_body_end(struct dkim_hash *h)
{
	if (h->any)
		put_end(h);
	flush(h);
}

/* ---- the header ---- */

void
dkim_init(struct dkim *d)
{
	memset(d, 0, offsetof(struct dkim, name));
	hash_init(&d->head);
	hash_init(&d->body);
	pieces_init(&d->lines);
}

static const char no_field[] = "a line of its header is no field";

static void
fail(struct dkim *d, const char *words)
{
	if (d->flaw == NULL)
		d->flaw = words;
}

/* The values that say whose it is. */
static void
keep_value(struct dkim *d, uint8_t c)
{
	if (d->in_from && d->from_len < sizeof(d->from))
		d->from[d->from_len++] = (char)c;
	else if (d->in_from)
		fail(d, "its From is very long");
	if (d->in_sender && d->sender_len < sizeof(d->sender))
		d->sender[d->sender_len++] = (char)c;
	else if (d->in_sender)
		fail(d, "its Sender is very long");
}

/* One octet of a field's value; folds have become blanks. */
static void
put_value(struct dkim *d, uint8_t c)
{
	struct dkim_hash *h = &d->head;

	keep_value(d, c);
	if (!d->signing)
		return;
	if (chr_is(c, CHR_SPACE)) {
		h->blank = d->started;
		return;
	}
	if (h->blank)
		put(h, ' ');
	h->blank = false;
	d->started = true;
	put(h, c);
}

static void
end_field(struct dkim *d)
{
	if (d->in_name)
		fail(d, no_field);
	if (d->signing)
		put_end(&d->head);
	d->head.blank = false;
	d->signing = d->in_name = false;
	d->in_from = d->in_sender = false;
}

/* The colon is there: is this field to be signed? */
static void
begin_value(struct dkim *d)
{
	struct span name = span_trim(span_of(d->name, d->name_len));

	d->in_name = false;
	d->started = false;
	if (name.len == 0 || span_find(name, ' ') < name.len)
		fail(d, no_field);
	for (unsigned i = 0; i < KNOWN; i++) {
		if (!span_is(name, span_str(known[i].name)))
			continue;
		if (d->seen >> i & 1u) {
			fail(d, "a field stands there twice");
			return;
		}
		d->seen |= 1u << i;
		d->order[d->order_n++] = (uint8_t)i;
		d->signing = true;
		d->in_from = i == 0;
		d->in_sender = i == 1;
		for (size_t k = 0; k < name.len; k++)
			put(&d->head, name.p[k]);
		put(&d->head, ':');
	}
}

static void
put_name(struct dkim *d, uint8_t c)
{
	if (c == ':') {
		begin_value(d);
	} else if (!chr_is(c, CHR_PRINT) && c != '\t') {
		fail(d, no_field);
	} else if (d->name_len < sizeof(d->name)) {
		/* what is longer is no known name, but has a colon */
		d->name[d->name_len++] = (char)chr_lower(c);
	}
}

static void
head_piece(struct dkim *d, const struct piece *p)
{
	bool fold = p->text.len > 0 && chr_is(p->text.p[0], CHR_SPACE);

	if (p->first && p->text.len == 0) {
		end_field(d);
		d->over = true;
		return;
	}
	if (p->first && fold && (d->in_name || d->name_len == 0))
		fail(d, no_field);
	if (p->first && !fold) {
		end_field(d);
		d->in_name = true;
		d->name_len = 0;
	}
	for (size_t i = 0; i < p->text.len; i++) {
		if (d->in_name)
			put_name(d, p->text.p[i]);
		else
			put_value(d, p->text.p[i]);
	}
}

void
dkim_feed(struct dkim *d, struct span text)
{
	struct piece p;

	while (!d->over && pieces_next(&d->lines, &text, &p))
		head_piece(d, &p);
	if (d->over)
		dkim_body_feed(&d->body, text);
}

void
dkim_end(struct dkim *d)
{
	struct piece p;

	if (!d->over && pieces_end(&d->lines, &p))
		head_piece(d, &p);
	if (!d->over)
		end_field(d);
	dkim_body_end(&d->body);
}

/* ---- the field ---- */

#define FOLD_AT 70

/* Append a word of the h= list, on a new line where it grows too long. */
static void
put_word(struct text *out, size_t *line, const char *word, bool first)
{
	if (!first)
		text_chr(out, ':');
	if (out->len - *line + strlen(word) > FOLD_AT) {
		text_str(out, "\n\t");
		*line = out->len;
	}
	text_str(out, word);
}

static void
put_names(const struct dkim *d, struct text *out)
{
	size_t line = out->len;
	bool first = true;

	text_str(out, "h=");
	for (unsigned i = 0; i < d->order_n; i++) {
		put_word(out, &line, known[d->order[i]].name, first);
		first = false;
	}
	for (size_t i = 0; i < KNOWN; i++)
		if (known[i].more)
			put_word(out, &line, known[i].name, false);
}

static void
put_base64(struct text *out, struct span octets)
{
	uint8_t text[BASE64_LEN(512)];
	struct span rest =
	    span_of(text, base64_encode(span_first(octets, 512), text));
	size_t most = FOLD_AT - 2; /* behind "b=" */

	while (rest.len > 0) {
		text_span(out, span_first(rest, most));
		rest = span_from(rest, most);
		if (rest.len > 0)
			text_str(out, "\n\t");
		most = FOLD_AT;
	}
}

/* The field itself is hashed last, without a signature and a line's end. */
static void
hash_field(struct dkim *d, struct span field, uint8_t digest[32])
{
	br_sha256_context sha;

	d->name_len = 0;
	d->started = false;
	d->signing = true;
	d->head.blank = false;
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.p[i];

		if (i < sizeof("DKIM-Signature:") - 1)
			put(&d->head, chr_lower(c));
		else
			put_value(d, c == '\n' ? ' ' : c);
	}
	flush(&d->head);
	sha = d->head.sha;
	br_sha256_out(&sha, digest);
}

int
dkim_sign(struct dkim *d, const br_rsa_private_key *sk, struct span domain,
    struct span selector, struct text *out)
{
	uint8_t digest[32], signature[512];
	size_t len = (sk->n_bitlen + 7) / 8, from = out->len;

	if (len > sizeof(signature))
		return ERR_RANGE;
	text_str(
	    out, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n\td=");
	text_span(out, domain);
	text_str(out, ";\n\ts=");
	text_span(out, selector);
	text_str(out, ";\n\t");
	put_names(d, out);
	text_str(out, ";\n\tbh=");
	br_sha256_out(&d->body.sha, digest);
	put_base64(out, span_of(digest, sizeof(digest)));
	text_str(out, ";\n\tb=");
	hash_field(d, span_from(text_data(out), from), digest);
	if (!br_rsa_pkcs1_sign_get_default()(
		BR_HASH_OID_SHA256, digest, sizeof(digest), sk, signature))
		return ERR_DENIED;
	put_base64(out, span_of(signature, len));
	text_chr(out, '\n');
	return out->cut ? ERR_RANGE : ERR_OK;
}
