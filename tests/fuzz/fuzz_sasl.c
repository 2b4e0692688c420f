/*
 * fuzz_sasl: every mechanism fed with responses of any kind.  The first byte
 * chooses the mechanism; 0xff ends a response.  A wrong proof never logs in.
 */
#include <assert.h>

#include "proto/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
settle(struct sasl *s)
{
	static const struct users_verifier v = { .iterations = 4096,
		.stored_key = { 1 } };

	assert(sasl_name(s).len > 0);
	if (s->state == SASL_PASSWORD) {
		assert(sasl_password(s).len <= SASL_PASSWORD_MAX);
		sasl_verdict(s, false);
	} else if (s->state == SASL_VERIFIER) {
		sasl_verifier(s, &v, true);
	} else {
		sasl_secret(s, SPAN("secret"), false);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span rest = span_of(data, len), response;
	static struct sasl s;

	if (len == 0)
		return 0;
	rest = span_from(rest, 1);
	sasl_begin(&s, (enum sasl_mech)(data[0] % SASL_MECHS),
	    SPAN("0123456789abcdef@gate.example"));
	while (s.state == SASL_CHALLENGE && span_next(&rest, 0xff, &response)) {
		assert(sasl_challenge(&s).len <= SASL_TEXT_MAX);
		sasl_feed(&s, response);
		if (s.state == SASL_PASSWORD || s.state == SASL_VERIFIER
		    || s.state == SASL_SECRET)
			settle(&s);
	}
	assert(s.state != SASL_RIGHT);
	sasl_end(&s);
	return 0;
}
