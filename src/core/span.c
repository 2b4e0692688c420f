/* span: comparing, finding and cutting. */
#include "core/span.h"

#include "core/chr.h"
#include "core/err.h"

bool
span_is(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

static bool
same_nocase(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (chr_lower(a[i]) != chr_lower(b[i]))
			return false;
	return true;
}

bool
span_is_nocase(struct span a, struct span b)
{
	return a.len == b.len && same_nocase(a.p, b.p, a.len);
}

bool
span_starts(struct span s, struct span prefix)
{
	return span_is(span_first(s, prefix.len), prefix);
}

bool
span_starts_nocase(struct span s, struct span prefix)
{
	return span_is_nocase(span_first(s, prefix.len), prefix);
}

bool
span_ends_nocase(struct span s, struct span suffix)
{
	return s.len >= suffix.len
	       && same_nocase(s.p + s.len - suffix.len, suffix.p, suffix.len);
}

bool
span_has_nocase(struct span s, struct span word)
{
	for (size_t i = 0; i + word.len <= s.len; i++)
		if (same_nocase(s.p + i, word.p, word.len))
			return true;
	return false;
}

size_t
span_find(struct span s, uint8_t c)
{
	const uint8_t *at = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.p) : s.len;
}

size_t
span_rfind(struct span s, uint8_t c)
{
	const uint8_t *at = s.len > 0 ? memrchr(s.p, c, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.p) : s.len;
}

bool
span_has_high(struct span s)
{
	uint64_t all = 0, eight;
	size_t i = 0;

	for (; i + sizeof(eight) <= s.len; i += sizeof(eight)) {
		memcpy(&eight, s.p + i, sizeof(eight));
		all |= eight;
	}
	for (; i < s.len; i++)
		all |= s.p[i];
	return (all & UINT64_MAX / 255 * 0x80) != 0;
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && chr_is(s.p[0], CHR_SPACE))
		s = span_from(s, 1);
	while (s.len > 0 && chr_is(s.p[s.len - 1], CHR_SPACE))
		s.len--;
	return s;
}

bool
span_next(struct span *rest, uint8_t separator, struct span *piece)
{
	size_t at;

	if (rest->p == NULL)
		return false;
	at = span_find(*rest, separator);
	*piece = span_first(*rest, at);
	if (at < rest->len)
		*rest = span_from(*rest, at + 1);
	else
		*rest = (struct span) { NULL, 0 };
	return true;
}

int
span_u64(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t digit = (uint8_t)(s.p[i] - '0');

		if (digit > 9)
			return ERR_SYNTAX;
		if (n > UINT64_MAX / 10 || n * 10 > UINT64_MAX - digit)
			return ERR_RANGE;
		n = n * 10 + digit;
	}
	if (n > max)
		return ERR_RANGE;
	*out = n;
	return ERR_OK;
}
