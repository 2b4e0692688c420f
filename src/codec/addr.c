/* addr: a hand-written scanner; no white space or comments inside paths. */
#include "codec/addr.h"

#include "core/chr.h"

static bool
is_high(uint8_t c)
{
	return c >= 0x80;
}

static bool
is_atext(uint8_t c, unsigned allow)
{
	return chr_is(c, CHR_ATEXT)
	       || (is_high(c) && (allow & ADDR_ALLOW_UTF8));
}

/* Is the text well-formed UTF-8 (RFC 3629)? */
static bool
is_utf8(struct span s)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	size_t i = 0;

	while (i < s.len) {
		uint8_t c = s.p[i++];
		unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		uint32_t v = more == 0 ? c : c & (0x3fu >> more);

		if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || s.len - i < more)
			return false;
		for (unsigned k = 0; k < more; k++, i++) {
			if ((s.p[i] & 0xc0) != 0x80)
				return false;
			v = v << 6 | (s.p[i] & 0x3f);
		}
		if (v < least[more] || v > 0x10ffff || (v >> 11) == 0x1b)
			return false;
	}
	return true;
}

/* How many bytes of a dot-string (RFC 5321) stand at the start; 0: none. */
static size_t
dot_string(struct span s, unsigned allow)
{
	size_t i = 0;

	for (; i < s.len; i++) {
		bool dot = s.p[i] == '.';

		if (!dot && !is_atext(s.p[i], allow))
			break;
		if (dot && (i == 0 || s.p[i - 1] == '.'))
			return 0;
	}
	return i > 0 && s.p[i - 1] == '.' ? 0 : i;
}

static size_t
quoted_string(struct span s, unsigned allow)
{
	for (size_t i = 1; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '"')
			return i > 1 ? i + 1 : 0;
		if (c == '\\' && ++i < s.len)
			c = s.p[i];
		if (!chr_is(c, CHR_PRINT)
		    && !(is_high(c) && (allow & ADDR_ALLOW_UTF8)))
			return 0;
	}
	return 0;
}

static bool
is_label(struct span s, bool eight_bit)
{
	if (s.len == 0 || s.len > 63 || s.p[0] == '-' || s.p[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!chr_is(s.p[i], CHR_NAME)
		    && !(eight_bit && is_high(s.p[i])))
			return false;
	return true;
}

bool
addr_is_domain(struct span s, bool eight_bit)
{
	struct span label;

	if (s.len == 0 || s.len > ADDR_DOMAIN_MAX)
		return false;
	while (span_next(&s, '.', &label))
		if (!is_label(label, eight_bit))
			return false;
	return true;
}

/* "[1.2.3.4]" or "[IPv6:...]": checked for shape only. */
static size_t
domain_literal(struct span s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == ']')
			return i > 1 ? i + 1 : 0;
		if (!chr_is(s.p[i], CHR_HEX | CHR_NAME) && s.p[i] != '.'
		    && s.p[i] != ':')
			return 0;
	}
	return 0;
}

static size_t
domain_len(struct span s, unsigned allow)
{
	size_t i = 0;

	while (i < s.len
	       && (chr_is(s.p[i], CHR_NAME) || s.p[i] == '.'
		   || (is_high(s.p[i]) && (allow & ADDR_ALLOW_UTF8))))
		i++;
	return i;
}

static enum addr_flaw
domain_part(struct span *rest, unsigned allow, struct addr *out)
{
	out->literal = rest->len > 0 && rest->p[0] == '[';
	if (out->literal) {
		out->domain = span_first(*rest, domain_literal(*rest));
	} else {
		out->domain = span_first(*rest, domain_len(*rest, allow));
	}
	if (out->domain.len > ADDR_DOMAIN_MAX)
		return ADDR_LONG;
	if (!out->literal && !addr_is_domain(out->domain, true))
		return ADDR_SYNTAX;
	if (out->domain.len == 0)
		return ADDR_SYNTAX;
	*rest = span_from(*rest, out->domain.len);
	return ADDR_OK;
}

static enum addr_flaw
local_part(struct span *rest, unsigned allow, struct addr *out)
{
	size_t len;

	out->quoted = rest->len > 0 && rest->p[0] == '"';
	len = out->quoted ? quoted_string(*rest, allow)
			  : dot_string(*rest, allow);
	if (len == 0)
		return ADDR_SYNTAX;
	if (len > ADDR_LOCAL_MAX)
		return ADDR_LONG;
	out->local = span_first(*rest, len);
	*rest = span_from(*rest, len);
	return ADDR_OK;
}

static enum addr_flaw
mailbox(struct span *rest, unsigned allow, struct addr *out)
{
	struct span all = *rest;
	enum addr_flaw flaw = local_part(rest, allow | ADDR_ALLOW_UTF8, out);

	if (flaw != ADDR_OK)
		return flaw;
	if (rest->len > 0 && rest->p[0] == '@') {
		*rest = span_from(*rest, 1);
		flaw = domain_part(rest, allow | ADDR_ALLOW_UTF8, out);
	} else {
		out->bare = true;
		flaw = allow & ADDR_ALLOW_BARE ? ADDR_OK : ADDR_SYNTAX;
	}
	if (flaw != ADDR_OK)
		return flaw;
	all.len -= rest->len;
	out->eight_bit = span_has_high(all);
	if (!out->eight_bit)
		return ADDR_OK;
	if (!is_utf8(all))
		return ADDR_SYNTAX;
	return allow & ADDR_ALLOW_UTF8 ? ADDR_OK : ADDR_UTF8;
}

enum addr_flaw
addr_parse(struct span text, unsigned allow, struct addr *out)
{
	enum addr_flaw flaw;

	*out = (struct addr) { .local = span_first(text, 0),
		.domain = span_first(text, 0) };
	flaw = mailbox(&text, allow, out);
	return flaw == ADDR_OK && text.len > 0 ? ADDR_SYNTAX : flaw;
}

static enum addr_flaw
bracketed(struct span *rest, unsigned allow, struct addr *out)
{
	enum addr_flaw flaw = ADDR_OK;

	*rest = span_from(*rest, 1);
	if (rest->len > 0 && rest->p[0] == '@')
		return ADDR_ROUTE;
	out->null = rest->len > 0 && rest->p[0] == '>';
	if (out->null)
		flaw = allow & ADDR_ALLOW_NULL ? ADDR_OK : ADDR_SYNTAX;
	else
		flaw = mailbox(rest, allow, out);
	if (flaw != ADDR_OK)
		return flaw;
	if (rest->len == 0 || rest->p[0] != '>')
		return ADDR_SYNTAX;
	*rest = span_from(*rest, 1);
	return ADDR_OK;
}

enum addr_flaw
addr_path(struct span *rest, unsigned allow, struct addr *out)
{
	enum addr_flaw flaw;

	while (rest->len > 0 && rest->p[0] == ' ')
		*rest = span_from(*rest, 1);
	*out = (struct addr) { .local = span_first(*rest, 0),
		.domain = span_first(*rest, 0) };
	if (rest->len == 0)
		return ADDR_SYNTAX;
	if (rest->p[0] == '<')
		flaw = bracketed(rest, allow, out);
	else
		flaw = allow & ADDR_ALLOW_NAKED ? mailbox(rest, allow, out)
						: ADDR_SYNTAX;
	if (flaw == ADDR_OK && rest->len > 0 && rest->p[0] != ' ')
		return ADDR_SYNTAX;
	return flaw;
}

bool
addr_is_tricky(const struct addr *a)
{
	static const uint8_t bad[] = { '%', '!', ':', '@', ' ', '\\', ',' };

	for (size_t i = 0; i < sizeof(bad); i++)
		if (span_find(a->local, bad[i]) < a->local.len)
			return true;
	return false;
}

void
addr_put(struct text *t, const struct addr *a)
{
	text_span(t, a->local);
	if (a->domain.len > 0) {
		text_chr(t, '@');
		text_span(t, a->domain);
	}
}

void
addr_log(struct log_line *l, const char *key, const struct addr *a)
{
	char mem[ADDR_TEXT_MAX + 1];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	addr_put(&t, a);
	log_span(l, key, text_data(&t));
}
