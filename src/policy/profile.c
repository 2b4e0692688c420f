/* profile: reading and asking; repairing headers is codec/repair. */
#include "policy/profile.h"

#include "codec/ip.h"

static bool
are_networks(struct span list)
{
	struct span piece;
	struct ip_net net;

	while (span_next(&list, ',', &piece)) {
		if (ip_net_parse(piece, &net))
			return false;
	}
	return true;
}

static bool
are_domains(struct span list)
{
	struct span piece;

	while (span_next(&list, ',', &piece)) {
		if (piece.len > 0 && piece.p[0] == '.')
			piece = span_from(piece, 1);
		if (!addr_is_domain(piece, true))
			return false;
	}
	return true;
}

static bool
take_number(struct span value, uint64_t max, uint32_t *out)
{
	uint64_t n;

	if (span_u64(value, max, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static const char *
take_clients(struct profile *p, struct span value)
{
	p->clients = value;
	return are_networks(value) ? NULL : "addresses like 192.168.1.50";
}

static const char *
take_from(struct profile *p, struct span value)
{
	struct addr a;

	p->from = value;
	return addr_parse(value, ADDR_ALLOW_UTF8, &a) == ADDR_OK
		   ? NULL
		   : "an address like scanner@example.org";
}

static const char *
take_to(struct profile *p, struct span value)
{
	p->to = span_is(value, SPAN("any")) ? SPAN("") : value;
	return are_domains(value) ? NULL : "any, own or domains";
}

static const char *
take_per_hour(struct profile *p, struct span value)
{
	return take_number(value, 1000000, &p->per_hour) ? NULL : "a number";
}

static const char *
take_per_day(struct profile *p, struct span value)
{
	return take_number(value, 1000000, &p->per_day) ? NULL : "a number";
}

static const char *
take_octets(struct profile *p, struct span value)
{
	return span_u64(value, INT32_MAX, &p->max_octets) ? "octets" : NULL;
}

static const char *
take_repair(struct profile *p, struct span value)
{
	p->repair = span_is(value, SPAN("on"));
	return p->repair || span_is(value, SPAN("off")) ? NULL : "on or off";
}

static const struct {
	const char *key;
	const char *(*take)(struct profile *p, struct span value);
} words[] = {
	{ "client", take_clients },
	{ "from", take_from },
	{ "to", take_to },
	{ "per_hour", take_per_hour },
	{ "per_day", take_per_day },
	{ "max_octets", take_octets },
	{ "repair", take_repair },
};

static int
fail(struct text *why, struct span word, const char *expected)
{
	text_str(why, "\"");
	text_escaped(why, span_first(word, 60));
	text_str(why, "\": expected ");
	text_str(why, expected);
	return ERR_SYNTAX;
}

static int
take_word(struct profile *p, struct span word, struct text *why)
{
	size_t equals = span_find(word, '=');
	struct span key = span_first(word, equals);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *expected;

		if (!span_is(key, span_str(words[i].key)))
			continue;
		expected = words[i].take(p, span_from(word, equals + 1));
		return expected == NULL ? ERR_OK : fail(why, word, expected);
	}
	return fail(why, word,
	    "client=, from=, to=, per_hour=, per_day=, max_octets= or repair=");
}

int
profile_parse(
    struct span name, struct span line, struct profile *out, struct text *why)
{
	struct text label;
	struct span rest, word;

	*out = (struct profile) { .repair = true };
	text_init(&label, out->name, sizeof(out->name));
	text_span(&label, name);
	if (label.cut || line.len > sizeof(out->text)) {
		text_str(why, "the device's name or line is too long");
		return ERR_RANGE;
	}
	memcpy(out->text, line.p, line.len);
	out->text_len = line.len;
	rest = span_of(out->text, out->text_len);
	while (span_next(&rest, ' ', &word)) {
		if (word.len > 0 && take_word(out, word, why))
			return ERR_SYNTAX;
	}
	if (out->clients.len == 0)
		return fail(why, line, "client=ADDRESS in it");
	return ERR_OK;
}

const struct profile *
profile_find(const struct profile *table, unsigned n, const uint8_t ip[16])
{
	for (unsigned i = 0; i < n; i++) {
		if (ip_list_has(table[i].clients, ip))
			return &table[i];
	}
	return NULL;
}

bool
profile_may_reach(const struct profile *p, const struct addr *to, bool own)
{
	struct span rest = p->to, piece;

	if (own || rest.len == 0)
		return true;
	while (span_next(&rest, ',', &piece)) {
		if (piece.p[0] == '.'
			? to->domain.len > piece.len
			      && span_ends_nocase(to->domain, piece)
			: span_is_nocase(to->domain, piece))
			return true;
	}
	return false;
}
