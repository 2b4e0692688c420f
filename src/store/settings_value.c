/* settings_value: one checker per type; the words of the messages. */
#include "store/settings_value.h"

#include "codec/addr.h"
#include "codec/ip.h"
#include "core/chr.h"

/* The place of `word` in a comma separated list, or -1. */
static int
word_place(const char *words, struct span word)
{
	struct span rest = span_str(words), piece;

	for (int i = 0; span_next(&rest, ',', &piece); i++) {
		if (span_is_nocase(piece, word))
			return i;
	}
	return -1;
}

static struct span
word_at(const char *words, uint32_t place)
{
	struct span rest = span_str(words), piece = SPAN("");

	for (uint32_t i = 0; i <= place; i++) {
		if (!span_next(&rest, ',', &piece))
			return SPAN("");
	}
	return piece;
}

static bool
is_number_type(enum setting_type type)
{
	return type == SETTING_BOOL || type == SETTING_NUMBER
	       || type == SETTING_CHOICE || type == SETTING_FLAGS;
}

/* One piece of a list, or a whole value: what is wrong, or NULL. */

static const char *
host_flaw(struct span s)
{
	return addr_is_domain(s, false) ? NULL : "is not a host name";
}

static const char *
port_flaw(struct span s)
{
	uint64_t port;

	return span_u64(s, 65535, &port) == ERR_OK ? NULL
						   : "has no port 0 to 65535";
}

/* The part before the last colon goes to `*host`, which may be judged further.
 */
static const char *
split_flaw(struct span s, struct span *host)
{
	size_t colon = span_rfind(s, ':');

	*host = span_first(s, colon);
	if (colon == s.len)
		return "has no port";
	if (span_find(*host, ':') < host->len && host->p[0] != '[')
		return "needs [brackets] around an IPv6 address";
	return port_flaw(span_from(s, colon + 1));
}

static const char *
host_port_flaw(struct span s)
{
	struct span host;
	const char *flaw = split_flaw(s, &host);
	uint8_t ip[IP_OCTETS];

	if (flaw == NULL && ip_parse(host, ip) && host_flaw(host) != NULL)
		return "is not a host name or address";
	return flaw;
}

static const char *
endpoint_flaw(struct span s)
{
	struct span host;
	const char *flaw = split_flaw(s, &host);
	uint8_t ip[IP_OCTETS];

	if (flaw == NULL && !span_is(host, SPAN("*")) && ip_parse(host, ip))
		return "is not an IP address (or * for all)";
	return flaw;
}

/* An address, and a port where it is not the usual one. */
static const char *
server_flaw(struct span s)
{
	uint8_t ip[IP_OCTETS];

	if (ip_parse(s, ip) == ERR_OK)
		return NULL;
	if (span_find(s, ':') == s.len || span_find(s, '*') < s.len)
		return "is not an IP address";
	return endpoint_flaw(s);
}

static const char *
network_flaw(struct span s)
{
	struct ip_net net;
	int rc = ip_net_parse(s, &net);

	if (rc == ERR_RANGE)
		return "has bits set behind its prefix, or too long a prefix";
	return rc == ERR_OK ? NULL : "is not a network ADDRESS/BITS";
}

static const char *
mail_flaw(struct span s)
{
	struct addr a;
	unsigned allow = ADDR_ALLOW_BARE | ADDR_ALLOW_UTF8;

	if (span_find(s, '@') == s.len) {
		for (size_t i = 0; i < s.len; i++) {
			if (!chr_is(s.p[i], CHR_ATEXT) && s.p[i] != '.')
				return "is not a mail address";
		}
		return s.len > 0 && s.len <= ADDR_LOCAL_MAX
			   ? NULL
			   : "is not a mail address";
	}
	return addr_parse(s, allow, &a) == ADDR_OK ? NULL
						   : "is not a mail address";
}

static const char *
text_flaw(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return "holds a control character";
	}
	return NULL;
}

static const char *
path_flaw(struct span s)
{
	if (text_flaw(s) != NULL)
		return "holds a control character";
	return s.len > 0 ? NULL : "is no path";
}

struct checker {
	const char *(*flaw)(struct span piece);
	bool list;
};

static const struct checker checkers[] = {
	[SETTING_TEXT] = { text_flaw, false },
	[SETTING_HOST] = { host_flaw, false },
	[SETTING_HOSTS] = { host_flaw, true },
	[SETTING_HOST_PORT] = { host_port_flaw, false },
	[SETTING_ENDPOINTS] = { endpoint_flaw, true },
	[SETTING_SERVERS] = { server_flaw, true },
	[SETTING_NETWORKS] = { network_flaw, true },
	[SETTING_MAIL_ADDRESS] = { mail_flaw, false },
	[SETTING_MAIL_ADDRESSES] = { mail_flaw, true },
	[SETTING_FILE_PATH] = { path_flaw, false },
};

static void
explain(struct text *why, struct span piece, const char *words)
{
	if (why == NULL)
		return;
	text_chr(why, '"');
	text_escaped(why, span_first(piece, 64));
	text_str(why, piece.len > 64 ? "...\" " : "\" ");
	text_str(why, words);
}

static int
read_text(const struct setting_spec *spec, struct span value, struct text *out,
    struct text *why)
{
	const struct checker *c = &checkers[spec->type];
	struct span piece;
	const char *flaw;

	while (span_next(&value, c->list ? ',' : '\n', &piece)) {
		if (spec->type != SETTING_TEXT)
			piece = span_trim(piece);
		flaw = value.p != NULL && !c->list ? "has a line break"
						   : c->flaw(piece);
		if (flaw != NULL) {
			explain(why, piece, flaw);
			return ERR_SYNTAX;
		}
		if (out->len > 0)
			text_chr(out, ',');
		text_span(out, piece);
	}
	return ERR_OK;
}

static int
read_bool(struct span value, uint32_t *number, struct text *why)
{
	static const char yes[] = "on,yes,true,1", no[] = "off,no,false,0";

	if (word_place(yes, value) >= 0) {
		*number = 1;
		return ERR_OK;
	}
	*number = 0;
	if (word_place(no, value) >= 0)
		return ERR_OK;
	explain(why, value, "is neither on nor off");
	return ERR_SYNTAX;
}

static int
read_number(const struct setting_spec *spec, struct span value,
    uint32_t *number, struct text *why)
{
	uint64_t n = 0;
	int rc = span_u64(value, UINT32_MAX, &n);

	if (rc == ERR_OK && n >= spec->min && n <= spec->max) {
		*number = (uint32_t)n;
		return ERR_OK;
	}
	explain(why, value, "is not a number from ");
	if (why != NULL) {
		text_u64(why, spec->min);
		text_str(why, " to ");
		text_u64(why, spec->max);
	}
	return rc == ERR_SYNTAX ? ERR_SYNTAX : ERR_RANGE;
}

static int
unknown_word(const struct setting_spec *spec, struct span word,
    const char *kind, struct text *why)
{
	explain(why, word, kind);
	if (why != NULL)
		text_str(why, spec->words);
	return ERR_SYNTAX;
}

static int
read_choice(const struct setting_spec *spec, struct span value,
    uint32_t *number, struct text *why)
{
	int place = word_place(spec->words, value);

	if (place < 0)
		return unknown_word(spec, value, "is not one of ", why);
	*number = (uint32_t)place;
	return ERR_OK;
}

static int
read_flags(const struct setting_spec *spec, struct span value, uint32_t *number,
    struct text *why)
{
	struct span piece;

	*number = 0;
	if (value.len == 0 || span_is_nocase(value, SPAN("none")))
		return ERR_OK;
	while (span_next(&value, ',', &piece)) {
		int place = word_place(spec->words, span_trim(piece));

		if (place < 0)
			return unknown_word(spec, span_trim(piece),
			    "is not none or any of ", why);
		*number |= 1u << place;
	}
	return ERR_OK;
}

static int
read_as_number(const struct setting_spec *spec, struct span value,
    uint32_t *number, struct text *why)
{
	if (spec->type == SETTING_BOOL)
		return read_bool(value, number, why);
	if (spec->type == SETTING_CHOICE)
		return read_choice(spec, value, number, why);
	if (spec->type == SETTING_FLAGS)
		return read_flags(spec, value, number, why);
	return read_number(spec, value, number, why);
}

static void
write_flags(const struct setting_spec *spec, uint32_t bits, struct text *out)
{
	for (uint32_t i = 0; i < 32; i++) {
		if (!(bits >> i & 1))
			continue;
		if (out->len > 0)
			text_chr(out, ',');
		text_span(out, word_at(spec->words, i));
	}
	if (bits == 0)
		text_str(out, "none");
}

static void
write_number(const struct setting_spec *spec, uint32_t number, struct text *out)
{
	if (spec->type == SETTING_BOOL)
		text_str(out, number ? "on" : "off");
	else if (spec->type == SETTING_CHOICE)
		text_span(out, word_at(spec->words, number));
	else if (spec->type == SETTING_FLAGS)
		write_flags(spec, number, out);
	else
		text_u64(out, number);
}

static int
check_length(
    const struct setting_spec *spec, struct span value, struct text *why)
{
	size_t most = spec->max;

	if (most == 0)
		most = spec->type == SETTING_TEXT ? 255 : SETTING_TEXT_MAX;
	if (value.len <= most
	    && (spec->type != SETTING_TEXT || value.len >= spec->min))
		return ERR_OK;
	if (why != NULL) {
		text_str(why, "the value has ");
		text_u64(why, value.len);
		text_str(why, " octets, allowed are ");
		text_u64(why, spec->type == SETTING_TEXT ? spec->min : 0);
		text_str(why, " to ");
		text_u64(why, most);
	}
	return ERR_RANGE;
}

int
setting_read(const struct setting_spec *spec, struct span value,
    struct text *out, uint32_t *number, struct text *why)
{
	uint32_t n = 0;
	int rc;

	if (spec->type != SETTING_TEXT)
		value = span_trim(value);
	*number = 0;
	if (value.len == 0 && spec->flags & SETTING_EMPTY)
		return ERR_OK;
	if (is_number_type(spec->type)) {
		rc = read_as_number(spec, value, &n, why);
		if (rc == ERR_OK)
			write_number(spec, n, out);
		*number = n;
		return rc;
	}
	rc = check_length(spec, value, why);
	if (rc != ERR_OK)
		return rc;
	if (spec->type == SETTING_ENDPOINTS
	    && span_is_nocase(value, SPAN("off"))) {
		text_str(out, "off");
		return ERR_OK;
	}
	return read_text(spec, value, out, why);
}

uint32_t
setting_number(const struct setting_spec *spec, struct span value)
{
	uint32_t n = 0;

	if (!is_number_type(spec->type)
	    || read_as_number(spec, value, &n, NULL) != ERR_OK)
		return 0;
	return n;
}
