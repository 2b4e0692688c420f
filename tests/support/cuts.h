/*
 * cuts: one life of a store on fs_emu, again and again: with the power cut
 * during change 1, 2, 3, ... to the last, and with call 1, 2, 3, ... failing.
 *
 *	static const struct cuts cuts = { &emu, set_up, live, ... };
 *	cuts_everywhere(&cuts, EMU_WEAK);
 *
 * SEEDS=n in the environment: outcomes tried of each cut, instead of `tries`.
 * Prints how many changes, cuts and calls there were.
 */
#ifndef SUPPORT_CUTS_H
#define SUPPORT_CUTS_H

#include "support/fs_emu.h"

struct cuts {
	struct fs_emu *emu;
	void (*set_up)(enum emu_model model); /* a box before that life */
	void (*live)(void);		      /* goes on when calls fail */
	void (*lived)(void); /* nothing was cut: all must be as wanted */
	/* The power went: boot with this seed, recover, check. */
	void (*boot)(unsigned seed);
	/* Calls failed, not for good if `once`: check, then as boot. */
	void (*failed)(unsigned seed, bool once);
	unsigned tries;
};

void cuts_everywhere(const struct cuts *c, enum emu_model model);

/* Each call in turn fails, and `times` - 1 behind it, with this error. */
void cuts_failing(
    const struct cuts *c, enum emu_model model, unsigned times, int err);

#endif
