/* smtp_param: one table per command. */
#include "proto/smtp_param.h"

#include "codec/json.h"
#include "core/chr.h"

#define ENVID_MAX 100
#define ORCPT_MAX 500

typedef enum smtp_reply param_fn(struct span value, struct smtp_request *r);

struct param {
	struct span key;
	param_fn *take;
};

#define KEY(literal)                                                           \
	{                                                                      \
		(const uint8_t *)(literal), sizeof(literal) - 1                \
	}

/*
 * xtext (RFC 3461 section 4): printable, "+" only as "+XX"; in a session with
 * SMTPUTF8 other letters, too (RFC 6533 section 3).
 */
static bool
is_xtext(struct span s, bool utf8)
{
	for (size_t i = 0; i < s.len; i++) {
		size_t len = utf8 ? json_utf8(span_from(s, i)) : 0;

		if (len > 1) {
			i += len - 1;
			continue;
		}
		if (!chr_is(s.p[i], CHR_PRINT) || s.p[i] == ' '
		    || s.p[i] == '=')
			return false;
		if (s.p[i] != '+')
			continue;
		if (s.len - i < 3 || chr_hex(s.p[i + 1]) < 0
		    || chr_hex(s.p[i + 2]) < 0)
			return false;
		i += 2;
	}
	return s.len > 0;
}

static enum smtp_reply
take_size(struct span value, struct smtp_request *r)
{
	int err =
	    value.len > 20 ? ERR_SYNTAX : span_u64(value, UINT64_MAX, &r->size);

	if (err == ERR_RANGE)
		r->size = UINT64_MAX;
	return err == ERR_SYNTAX ? SMTP_SYNTAX : SMTP_OK;
}

static enum smtp_reply
take_body(struct span value, struct smtp_request *r)
{
	if (span_is_nocase(value, SPAN("8BITMIME")))
		r->body = SMTP_8BITMIME;
	else if (!span_is_nocase(value, SPAN("7BIT")))
		return SMTP_PARAMETER;
	return SMTP_OK;
}

static enum smtp_reply
take_utf8(struct span value, struct smtp_request *r)
{
	r->utf8 = true;
	return value.len > 0 ? SMTP_SYNTAX : SMTP_OK;
}

static enum smtp_reply
take_ret(struct span value, struct smtp_request *r)
{
	if (span_is_nocase(value, SPAN("FULL")))
		r->ret = SMTP_RET_FULL;
	else if (span_is_nocase(value, SPAN("HDRS")))
		r->ret = SMTP_RET_HDRS;
	else
		return SMTP_SYNTAX;
	return SMTP_OK;
}

static enum smtp_reply
take_envid(struct span value, struct smtp_request *r)
{
	if (value.len > ENVID_MAX || !is_xtext(value, false))
		return SMTP_SYNTAX;
	r->envid = value;
	return SMTP_OK;
}

/* Who is said to have submitted it: checked for form, never believed. */
static enum smtp_reply
take_auth(struct span value, struct smtp_request *r)
{
	(void)r;
	if (span_is(value, SPAN("<>")) || is_xtext(value, false))
		return SMTP_OK;
	return SMTP_SYNTAX;
}

static unsigned
notify_bit(struct span word)
{
	if (span_is_nocase(word, SPAN("SUCCESS")))
		return SMTP_NOTIFY_SUCCESS;
	if (span_is_nocase(word, SPAN("FAILURE")))
		return SMTP_NOTIFY_FAILURE;
	if (span_is_nocase(word, SPAN("DELAY")))
		return SMTP_NOTIFY_DELAY;
	return 0;
}

static enum smtp_reply
take_notify(struct span value, struct smtp_request *r)
{
	struct span word;

	if (span_is_nocase(value, SPAN("NEVER"))) {
		r->notify = SMTP_NOTIFY_NEVER;
		return SMTP_OK;
	}
	while (span_next(&value, ',', &word)) {
		unsigned bit = notify_bit(word);

		if (bit == 0)
			return SMTP_SYNTAX;
		r->notify |= bit;
	}
	return SMTP_OK;
}

static enum smtp_reply
take_orcpt(struct span value, struct smtp_request *r)
{
	size_t at = span_find(value, ';');

	if (value.len > ORCPT_MAX || at == 0 || at == value.len
	    || !is_xtext(span_from(value, at + 1), r->utf8))
		return SMTP_SYNTAX;
	r->orcpt = value;
	return SMTP_OK;
}

static const struct param mail_params[] = {
	{ KEY("SIZE"), take_size },
	{ KEY("BODY"), take_body },
	{ KEY("SMTPUTF8"), take_utf8 },
	{ KEY("RET"), take_ret },
	{ KEY("ENVID"), take_envid },
	{ KEY("AUTH"), take_auth },
	{ KEY(""), NULL },
};

static const struct param rcpt_params[] = {
	{ KEY("NOTIFY"), take_notify },
	{ KEY("ORCPT"), take_orcpt },
	{ KEY(""), NULL },
};

/* Each parameter may stand once: `*seen` has a bit for each row. */
static enum smtp_reply
take_one(struct span word, const struct param *table, struct smtp_request *r,
    unsigned *seen)
{
	size_t at = span_find(word, '=');
	struct span key = span_first(word, at);

	for (unsigned i = 0; table[i].take != NULL; i++) {
		if (!span_is_nocase(key, table[i].key))
			continue;
		if (*seen & 1u << i)
			return SMTP_SYNTAX;
		*seen |= 1u << i;
		return table[i].take(span_from(word, at + 1), r);
	}
	return SMTP_PARAMETER;
}

static enum smtp_reply
take_all(struct span rest, const struct param *table, struct smtp_request *r)
{
	struct span word;
	unsigned seen = 0;

	while (span_next(&rest, ' ', &word)) {
		enum smtp_reply flaw;

		if (word.len == 0)
			continue;
		flaw = take_one(word, table, r, &seen);
		if (flaw != SMTP_OK)
			return flaw;
	}
	return SMTP_OK;
}

enum smtp_reply
smtp_param_mail(struct span rest, struct smtp_request *r)
{
	return take_all(rest, mail_params, r);
}

enum smtp_reply
smtp_param_rcpt(struct span rest, struct smtp_request *r)
{
	return take_all(rest, rcpt_params, r);
}
