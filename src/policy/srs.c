/*
 * srs: forms SRS0 and SRS1.  The hash covers what follows it, in lower case,
 * as servers on the way may change the case of a local part.
 */
#include "policy/srs.h"

#include <bearssl.h>

#include "core/chr.h"
#include "core/secret.h"

#define HASH_LEN 8 /* characters of five bits */

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

bool
srs_is_ours(struct span local)
{
	return span_starts_nocase(local, SPAN("SRS0="))
	       || span_starts_nocase(local, SPAN("SRS1="));
}

static void
hash(const struct srs *s, struct span what, char out[HASH_LEN])
{
	br_hmac_key_context kc;
	br_hmac_context hc;
	uint8_t mac[32];

	br_hmac_key_init(&kc, &br_sha256_vtable, s->key, sizeof(s->key));
	br_hmac_init(&hc, &kc, 0);
	for (size_t i = 0; i < what.len; i++) {
		uint8_t c = chr_lower(what.p[i]);

		br_hmac_update(&hc, &c, 1);
	}
	br_hmac_out(&hc, mac);
	for (unsigned i = 0; i < HASH_LEN; i++)
		out[i] = base32[mac[i] % 32];
}

static void
put_day(struct text *t, uint32_t day)
{
	text_chr(t, base32[day / 32 % 32]);
	text_chr(t, base32[day % 32]);
}

static int
day_digit(uint8_t c)
{
	const char *at = memchr(base32, chr_lower(c), 32);

	return at == NULL ? -1 : (int)(at - base32);
}

/* Days since the address was made, modulo 1024; -1: not a day. */
static int
age_of(const struct srs *s, struct span day)
{
	int high, low;

	if (day.len != 2)
		return -1;
	high = day_digit(day.p[0]);
	low = day_digit(day.p[1]);
	if (high < 0 || low < 0)
		return -1;
	return (int)((s->day - (uint32_t)(high * 32 + low)) % 1024);
}

/* May a local part stand without quotes (RFC 5321, Dot-string)? */
static bool
is_dotted(struct span local)
{
	bool dot = true;

	for (size_t i = 0; i < local.len; i++) {
		uint8_t c = local.p[i];

		if ((c == '.' && dot)
		    || (c != '.' && c < 0x80 && !chr_is(c, CHR_ATEXT)))
			return false;
		dot = c == '.';
	}
	return !dot;
}

static struct span
unquoted(const struct addr *a)
{
	return a->quoted && a->local.len > 1
		   ? span_of(a->local.p + 1, a->local.len - 2)
		   : a->local;
}

/* Everything of `form` and its hash in front of `rest`. */
static int
finish(
    const struct srs *s, const char *form, struct span rest, struct text *out)
{
	bool dotted = is_dotted(rest);
	char h[HASH_LEN];

	hash(s, rest, h);
	text_str(out, dotted ? "" : "\"");
	text_str(out, form);
	text_span(out, span_of(h, sizeof(h)));
	text_chr(out, '=');
	text_span(out, rest);
	text_str(out, dotted ? "" : "\"");
	if (out->len > ADDR_LOCAL_MAX || out->cut)
		return ERR_RANGE;
	text_chr(out, '@');
	text_span(out, s->domain);
	return out->cut ? ERR_RANGE : ERR_OK;
}

/* What an SRS1 says behind its forwarder's hash; empty: it is none. */
static struct span
first_forwarder(struct span local)
{
	struct span rest = SPAN("");
	size_t cut;

	if (span_starts_nocase(local, SPAN("SRS1="))) {
		rest = span_from(local, 5);
		rest = span_from(rest, span_find(rest, '=') + 1);
	}
	cut = span_find(rest, '=');
	return cut > 0 && cut < rest.len ? rest : SPAN("");
}

int
srs_forward(const struct srs *s, const struct addr *sender, struct text *out)
{
	char mem[ADDR_TEXT_MAX + 8];
	struct span local = unquoted(sender), first = first_forwarder(local);
	struct text t;

	text_init(&t, mem, sizeof(mem));
	if (first.len > 0) {
		/* keep the first forwarder, drop the one in between */
		text_span(&t, first);
		return finish(s, "SRS1=", text_data(&t), out);
	}
	if (span_starts_nocase(local, SPAN("SRS0="))) {
		text_span(&t, sender->domain);
		text_chr(&t, '=');
		text_span(&t, span_from(local, 4));
		return finish(s, "SRS1=", text_data(&t), out);
	}
	put_day(&t, s->day);
	text_chr(&t, '=');
	text_span(&t, sender->domain);
	text_chr(&t, '=');
	text_span(&t, local);
	return finish(s, "SRS0=", text_data(&t), out);
}

/* Cut the hash off `*rest` and check it. */
static int
check_hash(const struct srs *s, struct span *rest)
{
	struct span given;
	char h[HASH_LEN], lower[HASH_LEN];

	if (!span_next(rest, '=', &given) || given.len != HASH_LEN
	    || rest->p == NULL)
		return ERR_SYNTAX;
	hash(s, *rest, h);
	for (unsigned i = 0; i < HASH_LEN; i++)
		lower[i] = (char)chr_lower(given.p[i]);
	return secret_is(span_of(h, HASH_LEN), span_of(lower, HASH_LEN))
		   ? ERR_OK
		   : ERR_DENIED;
}

int
srs_reverse(const struct srs *s, struct span local, struct text *out)
{
	struct span rest = span_from(local, 5), day, domain;
	bool first = span_starts_nocase(local, SPAN("SRS0=")), dotted;
	int err = check_hash(s, &rest), age;

	if (err)
		return err;
	if (first) {
		if (!span_next(&rest, '=', &day))
			return ERR_SYNTAX;
		age = age_of(s, day);
		if (age < 0 || age > SRS_DAYS)
			return ERR_DENIED;
	}
	if (!span_next(&rest, '=', &domain) || rest.p == NULL)
		return ERR_SYNTAX;
	dotted = is_dotted(rest);
	text_str(out, dotted ? "" : "\"");
	if (!first)
		text_str(out, "SRS0");
	text_span(out, rest);
	text_str(out, dotted ? "@" : "\"@");
	text_span(out, domain);
	return out->cut ? ERR_RANGE : ERR_OK;
}
