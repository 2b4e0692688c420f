/* password: two steps of other modules; the second is Kconfig's choice. */
#include "service/password.h"

#include "config.h"

#include "codec/nfkc.h"

_Static_assert(AUTH_ITERATIONS >= USERS_ITERATIONS_MIN
		   && AUTH_ITERATIONS <= USERS_ITERATIONS_MAX,
    "RFC 7677 section 4");
_Static_assert(NFKC_MAX >= USERS_PASSWORD_MAX, "one octet, one character");

uint32_t
password_iterations(const struct settings *s)
{
	uint32_t n = settings_number(s, SETTING_AUTH_ITERATIONS);

	return n != 0 ? n : AUTH_ITERATIONS;
}

int
password_prep(struct span in, uint8_t out[USERS_PASSWORD_MAX])
{
	int n = users_prep(in, out);

	if (n > 0 && ENABLE_NFKC)
		n = nfkc(span_of(out, (size_t)n), out, USERS_PASSWORD_MAX);
	return n;
}
