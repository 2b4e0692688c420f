/*
 * fuzz_relay: rules of any text.  A text that is taken decides any question
 * without leaving its bounds; one that is refused says why and leaves none.
 */
#include <assert.h>

#include "policy/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct relay_rules rules;

static void
ask(enum relay_listener listener, bool to_local)
{
	static const uint8_t ip[16] = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 };
	struct addr from = { .null = true };
	struct addr to = { .local = SPAN("joe"), .domain = SPAN("a.example") };
	struct relay_question q = { .listener = listener,
		.ip = ip,
		.from = &from,
		.to = &to,
		.to_local = to_local };
	struct relay_answer a;

	assert(relay_decide(&rules, &q, &a) == a.verdict);
	assert(a.code >= 250 && a.text != NULL);
	q.to = NULL;
	assert(relay_decide(&rules, &q, &a) == a.verdict);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char mem[200];
	struct text why;
	int err;

	text_init(&why, mem, sizeof(mem));
	relay_rules_init(&rules);
	err = relay_rules_parse(&rules, span_of(data, len), &why);
	assert(err == 0 || (why.len > 0 && rules.n == 0));
	for (unsigned i = 0; i < RELAY_LISTENERS; i++) {
		ask((enum relay_listener)i, false);
		ask((enum relay_listener)i, true);
	}
	return 0;
}
