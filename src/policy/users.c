/*
 * users: names, verifiers and the cache of right passwords.
 * It keeps no accounts (store/accounts) and speaks no mechanism (proto/sasl).
 */
#include "policy/users.h"

#include "core/be.h"
#include "core/chr.h"
#include "core/secret.h"
#include "core/zero.h"

static bool
is_name_byte(uint8_t c)
{
	return chr_is(c, CHR_DIGIT | CHR_LOWER) || c == '.' || c == '_'
	       || c == '-';
}

bool
users_is_name(struct span name)
{
	if (name.len == 0 || name.len > USERS_NAME_MAX)
		return false;
	if (name.p[0] == '-' || name.p[0] == '.' || name.p[name.len - 1] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_name_byte(name.p[i]))
			return false;
		if (i > 0 && name.p[i] == '.' && name.p[i - 1] == '.')
			return false;
	}
	return true;
}

static bool
is_listed(struct span domain, struct span domains)
{
	struct span one;

	while (span_next(&domains, ',', &one)) {
		one = span_trim(one);
		if (one.len > 0 && span_is_nocase(one, domain))
			return true;
	}
	return false;
}

int
users_name(struct span login, struct span domains, char *out)
{
	size_t end = span_find(login, '@');
	size_t len;

	if (end == login.len)
		end = span_find(login, '%');
	len = end;
	if (len == 0 || len > USERS_NAME_MAX)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)chr_lower(login.p[i]);
	out[len] = '\0';
	if (!users_is_name(span_of(out, len)))
		return ERR_SYNTAX;
	if (end < login.len && !is_listed(span_from(login, end + 1), domains))
		return ERR_MISSING;
	return ERR_OK;
}

/* A three- or two-byte UTF-8 character at the front, else 0; sets its size. */
static unsigned
wide_character(struct span s, size_t *octets)
{
	unsigned c = s.p[0];

	*octets = (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : 1;
	if (*octets == 1 || s.len < *octets)
		return 0;
	c &= *octets == 2 ? 0x1f : 0x0f;
	for (size_t i = 1; i < *octets; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s.p[i] & 0x3f);
	}
	return c;
}

/* RFC 3454 C.1.2 */
static bool
is_blank(unsigned c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a)
	       || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* RFC 3454 B.1 */
static bool
is_nothing(unsigned c)
{
	return c == 0xad || c == 0x34f || c == 0x1806
	       || (c >= 0x180b && c <= 0x180d) || (c >= 0x200b && c <= 0x200d)
	       || c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

int
users_prep(struct span in, uint8_t out[USERS_PASSWORD_MAX])
{
	size_t n = 0, octets;

	for (; in.len > 0; in = span_from(in, octets)) {
		unsigned c = wide_character(in, &octets);

		if (in.p[0] < 0x20 || in.p[0] == 0x7f)
			return ERR_SYNTAX;
		if (c == 0)
			octets = 1;
		if (is_nothing(c))
			continue;
		if (n + octets > USERS_PASSWORD_MAX)
			return ERR_RANGE;
		if (is_blank(c)) {
			out[n++] = ' ';
		} else {
			memcpy(out + n, in.p, octets);
			n += octets;
		}
	}
	return n == 0 ? ERR_SYNTAX : (int)n;
}

static void
hmac(const void *key, size_t key_len, struct span data, uint8_t *out)
{
	br_hmac_key_context kc;
	br_hmac_context hc;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, key_len);
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, data.p, data.len);
	br_hmac_out(&hc, out);
	secret_wipe(&kc, sizeof(kc));
	secret_wipe(&hc, sizeof(hc));
}

void
users_keys(const uint8_t salted[USERS_HASH], uint8_t stored_key[USERS_HASH],
    uint8_t server_key[USERS_HASH])
{
	uint8_t client_key[USERS_HASH];
	br_sha256_context sha;

	hmac(salted, USERS_HASH, SPAN("Client Key"), client_key);
	br_sha256_init(&sha);
	br_sha256_update(&sha, client_key, sizeof(client_key));
	br_sha256_out(&sha, stored_key);
	hmac(salted, USERS_HASH, SPAN("Server Key"), server_key);
	secret_wipe(client_key, sizeof(client_key));
}

void
users_verifier_set(struct users_verifier *v, const uint8_t salted[USERS_HASH])
{
	users_keys(salted, v->stored_key, v->server_key);
}

bool
users_verifier_is(
    const struct users_verifier *v, const uint8_t salted[USERS_HASH])
{
	uint8_t stored[USERS_HASH], server[USERS_HASH];
	bool same;

	users_keys(salted, stored, server);
	same = secret_is(span_of(stored, sizeof(stored)),
	    span_of(v->stored_key, sizeof(v->stored_key)));
	secret_wipe(stored, sizeof(stored));
	secret_wipe(server, sizeof(server));
	return same;
}

/*
 * The keys come from a hash that nobody can turn into a password: a proof for
 * them would need the client key behind the stored key.
 */
void
users_verifier_dummy(struct users_verifier *v, struct span name,
    const uint8_t key[USERS_KEY], uint32_t iterations)
{
	uint8_t mark[USERS_HASH];

	hmac(key, USERS_KEY, name, mark);
	v->iterations = iterations;
	memcpy(v->salt, mark, sizeof(v->salt));
	hmac(mark, sizeof(mark), SPAN("stored"), v->stored_key);
	hmac(mark, sizeof(mark), SPAN("server"), v->server_key);
}

void
users_verifier_write(const struct users_verifier *v, uint8_t out[USERS_RECORD])
{
	be32_put(out, v->iterations);
	memcpy(out + 4, v->salt, USERS_SALT);
	memcpy(out + 4 + USERS_SALT, v->stored_key, USERS_HASH);
	memcpy(out + 4 + USERS_SALT + USERS_HASH, v->server_key, USERS_HASH);
}

int
users_verifier_read(struct span record, struct users_verifier *v)
{
	uint32_t n = 0;

	if (record.len != USERS_RECORD)
		return ERR_SYNTAX;
	for (unsigned i = 0; i < 4; i++)
		n = n << 8 | record.p[i];
	if (n < USERS_ITERATIONS_MIN || n > USERS_ITERATIONS_MAX)
		return ERR_RANGE;
	v->iterations = n;
	memcpy(v->salt, record.p + 4, USERS_SALT);
	memcpy(v->stored_key, record.p + 4 + USERS_SALT, USERS_HASH);
	memcpy(
	    v->server_key, record.p + 4 + USERS_SALT + USERS_HASH, USERS_HASH);
	return ERR_OK;
}

void
users_cache_init(struct users_cache *c, struct users_seen *slots, uint32_t n,
    int64_t keep_ms, const uint8_t key[USERS_KEY])
{
	*c = (struct users_cache) {
		.slots = slots, .n = n & ~1u, .keep_ms = keep_ms
	};
	memcpy(c->key, key, USERS_KEY);
	zero_fill(slots, n * sizeof(*slots));
}

/* The tag of a password for a verifier, and the two slots it may stand in. */
static struct users_seen *
cache_pair(const struct users_cache *c, const struct users_verifier *v,
    struct span password, uint8_t tag[USERS_HASH])
{
	br_hmac_key_context kc;
	br_hmac_context hc;
	uint32_t at;

	br_hmac_key_init(&kc, &br_sha256_vtable, c->key, sizeof(c->key));
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, v->salt, sizeof(v->salt));
	br_hmac_update(&hc, v->stored_key, sizeof(v->stored_key));
	br_hmac_update(&hc, password.p, password.len);
	br_hmac_out(&hc, tag);
	secret_wipe(&hc, sizeof(hc));
	at = (uint32_t)tag[16] << 16 | (uint32_t)tag[17] << 8 | tag[18];
	return c->slots + (at % (c->n / 2)) * 2;
}

bool
users_cache_has(struct users_cache *c, const struct users_verifier *v,
    struct span password, int64_t now_ms)
{
	uint8_t tag[USERS_HASH];
	struct users_seen *pair;

	if (c->n < 2)
		return false;
	pair = cache_pair(c, v, password, tag);
	for (unsigned i = 0; i < 2; i++) {
		if (pair[i].until_ms > now_ms
		    && secret_is(span_of(pair[i].tag, 16), span_of(tag, 16))) {
			c->hits++;
			return true;
		}
	}
	c->misses++;
	return false;
}

void
users_cache_put(struct users_cache *c, const struct users_verifier *v,
    struct span password, int64_t now_ms)
{
	uint8_t tag[USERS_HASH];
	struct users_seen *pair, *slot;

	if (c->n < 2)
		return;
	pair = cache_pair(c, v, password, tag);
	slot = pair[0].until_ms <= pair[1].until_ms ? &pair[0] : &pair[1];
	for (unsigned i = 0; i < 2; i++) {
		if (secret_is(span_of(pair[i].tag, 16), span_of(tag, 16)))
			slot = &pair[i];
	}
	memcpy(slot->tag, tag, sizeof(slot->tag));
	slot->until_ms = now_ms + c->keep_ms;
}
