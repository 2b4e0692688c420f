/*
 * fuzz_users: any bytes as a login, as a password and as what is kept of one.
 * The first line is the list of our domains, behind it the text.  What a login
 * leads to is an account's name, and leads to itself; a password in
 * UTF-8 that was prepared is prepared; a record that is read is written back
 * the same.
 */
#include <assert.h>
#include <string.h>

#include "codec/json.h"
#include "policy/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_name(struct span login, struct span domains)
{
	char name[USERS_NAME_MAX + 1], again[USERS_NAME_MAX + 1];

	if (users_name(login, domains, name))
		return;
	assert(users_is_name(span_str(name)));
	assert(strlen(name) <= login.len);
	assert(users_name(span_str(name), domains, again) == 0);
	assert(!strcmp(name, again));
	assert(strchr(name, '/') == NULL && name[0] != '.' && name[0] != '-');
}

static bool
is_utf8(struct span s)
{
	while (s.len > 0) {
		size_t len = json_utf8(s);

		if (len == 0)
			return false;
		s = span_from(s, len);
	}
	return true;
}

static void
try_password(struct span in)
{
	uint8_t once[USERS_PASSWORD_MAX], twice[USERS_PASSWORD_MAX];
	int n = users_prep(in, once);

	if (n < 0)
		return;
	assert(n > 0 && (size_t)n <= sizeof(once) && (size_t)n <= in.len);
	if (!is_utf8(in))
		return; /* what is left together may be a character */
	assert(users_prep(span_of(once, (size_t)n), twice) == n);
	assert(!memcmp(once, twice, (size_t)n));
}

static void
try_record(struct span in)
{
	uint8_t out[USERS_RECORD];
	struct users_verifier v;

	if (users_verifier_read(in, &v))
		return;
	assert(in.len == USERS_RECORD);
	assert(v.iterations > 0 && v.iterations <= USERS_ITERATIONS_MAX);
	users_verifier_write(&v, out);
	assert(!memcmp(out, in.p, in.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of(data, size);
	size_t at = span_find(all, '\n');
	struct span rest = span_from(all, at + 1);

	try_name(rest, span_first(all, at));
	(void)users_is_name(rest);
	try_password(rest);
	try_record(rest);
	return 0;
}
