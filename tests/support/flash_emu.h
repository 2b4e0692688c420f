/*
 * flash_emu: a NOR flash in memory that is as unkind as real ones.
 *
 * Erase sets a whole block to ones; programming clears bits and nothing else:
 * asking it to set one is counted in `violations`.  Every erase is counted.
 *
 * Power: `fuel` is how much it still does: a programmed octet costs 1, an
 * erase EMU_ERASE_FUEL.  In the operation in which it runs out the flash
 * leaves what `tear` says; from then on every call fails, until
 * emu_power_on.  With UINT64_MAX it lasts; `spent` counts what was used.
 *
 * Errors: calls are numbered from 0 as they come (`calls`); those from
 * `fail_from` to before `fail_to` fail with ERR_IO, half done; `bad` is a bit
 * per block that can't be erased, `stuck` one per block that does not program
 * although it says so.
 */
#ifndef SUPPORT_FLASH_EMU_H
#define SUPPORT_FLASH_EMU_H

#include "platform/flash.h"

#define EMU_OCTETS_MAX (256 * 1024)
#define EMU_BLOCKS_MAX 32
#define EMU_ERASE_FUEL 4
#define EMU_ENDS       512

enum emu_tear {
	EMU_PREFIX, /* the first octets are done, the rest untouched */
	EMU_BITS,   /* and some bits of the next octet */
	EMU_PAGE,   /* any bits of the whole 256-octet page */
	EMU_FADE,   /* prefix; its last 16 octets read now so, now so */
	EMU_TEARS
};

struct flash_emu {
	struct flash flash;
	uint8_t octets[EMU_OCTETS_MAX];
	uint8_t weak[EMU_OCTETS_MAX]; /* bits that read at random */
	uint32_t erases[EMU_BLOCKS_MAX];
	uint64_t fuel;
	uint64_t spent;
	uint64_t ends[EMU_ENDS]; /* `spent` at the end of each call */
	unsigned n_ends;
	enum emu_tear tear;
	uint32_t seed;
	bool off;
	bool any_weak;
	uint64_t calls;
	uint64_t fail_from, fail_to;
	uint32_t bad, stuck;
	uint64_t violations;
	uint64_t programmed; /* octets, in the life of the emulator */
};

/* An erased flash with power. */
void emu_init(struct flash_emu *e, uint32_t block_octets, uint32_t blocks);

/* Restore power, with `fuel` for what follows. */
void emu_power_on(struct flash_emu *e, uint64_t fuel);

/* Copy what lies on the flash, and its wear, from one to another. */
void emu_copy(struct flash_emu *to, const struct flash_emu *from);

#endif
