/* cuts: counts a life's changes and calls, then spoils each in turn. */
#include "support/cuts.h"

#include "support/test.h"

#include <stdlib.h>

static unsigned
tries_of(const struct cuts *c, enum emu_model model)
{
	const char *s = getenv("SEEDS");

	if (model < EMU_WEAK) /* nothing is left to chance */
		return 1;
	return s == NULL ? c->tries : (unsigned)atoi(s);
}

void
cuts_everywhere(const struct cuts *c, enum emu_model model)
{
	unsigned cuts = 0, last, tries = tries_of(c, model);

	c->set_up(model);
	last = c->emu->changes;
	c->live();
	last = c->emu->changes - last;
	c->lived();
	for (unsigned at = 1; at <= last + 1; at++) {
		for (unsigned seed = 1; seed <= tries; seed++) {
			c->set_up(model);
			c->emu->random += seed * 7919;
			fs_emu_cut_at(c->emu, at);
			c->live();
			c->boot(seed);
			cuts++;
		}
	}
	print_message("%u changes, %u cuts\n", last, cuts);
}

void
cuts_failing(
    const struct cuts *c, enum emu_model model, unsigned times, int err)
{
	unsigned calls;

	c->set_up(model);
	calls = c->emu->calls;
	c->live();
	calls = c->emu->calls - calls;
	c->lived();
	for (unsigned n = 1; n <= calls; n++) {
		c->set_up(model);
		c->emu->random += n * 104729;
		fs_emu_fail_at(c->emu, n, times, err);
		c->live();
		c->emu->fail_at = 0;
		c->failed(n, times == 1);
	}
	print_message("%u calls failed\n", calls);
}
