/*
 * fs_emu: a file system in memory that loses power and makes errors.
 *
 *	fs_emu_init(&e, EMU_WEAK);
 *	fs_emu_cut_at(&e, 17);            (power goes during the 17th change)
 *	... run the scenario on &e.fs: after the cut all calls fail ...
 *	fs_emu_boot(&e, seed);            (the seed decides what has survived)
 *	... look at what is there ...
 *
 * What has not been synced survives by model and seed:
 *
 *	EMU_NOTHING  nothing of it
 *	EMU_ALL      all of it
 *	EMU_WEAK     each name change for itself (a rename between folders may
 *	             show both names or none); bytes torn at any byte, or page
 *by page, with old or new length EMU_JOURNAL  name changes in order up to some
 *moment; a settled file is whole if that moment is after its settling,
 *otherwise torn; any sync makes everything before it durable
 *
 * Bytes that were durable and are being replaced are old or new, sector by
 * sector, or a sector is new only at its beginning.
 *
 * In the first three `settle` is `sync`, as on file systems that have nothing
 * cheaper.  A failed sync loses the bytes: a second one says OK and does
 * nothing but for pages that were written anew, as kernels do.
 *
 * Bounds: EMU_NODES files and folders, EMU_OCTETS a file; beyond them the test
 * is stopped.  Paths relative; no times.
 */
#ifndef SUPPORT_FS_EMU_H
#define SUPPORT_FS_EMU_H

#include "platform/fs.h"

#define EMU_NODES   192
#define EMU_OCTETS  12288
#define EMU_NAMES   256
#define EMU_CHANGES 512
#define EMU_HANDLES 192

enum emu_model { EMU_NOTHING, EMU_ALL, EMU_WEAK, EMU_JOURNAL, EMU_MODELS };

struct emu_bytes {
	uint8_t at[EMU_OCTETS];
	size_t len;
};

struct emu_node {
	bool used;
	bool is_dir;
	bool lost; /* a sync has failed: only what was written since counts */
	unsigned dirty; /* pages written since the last sync, a bit each */
	bool settled;
	unsigned settled_at; /* how many changes had been made by then */
};

struct emu_name {
	int node; /* -1: free */
	int dir;
	char name[FS_NAME_MAX];
};

/* A change of a folder that is not durable: `node` -1 takes the name away. */
struct emu_change {
	struct emu_name to;
};

struct emu_handle {
	int node; /* -1: free */
	bool is_walk;
	unsigned at;
};

/* A sync on the side: what it does is done at its begin or its end. */
struct emu_aside {
	bool is_busy;
	bool is_done;
	bool was_asked; /* whether it is over: not before the second time */
	enum fs_barrier which;
	int err;
	unsigned n;
	int h[64];
	bool failed[64];
};

struct fs_emu {
	struct fs fs;
	enum emu_model model;
	bool no_links;	      /* FAT */
	uint64_t free_octets; /* ERR_FULL beyond; endless at init */
	unsigned free_inodes;

	/* Counted since init. */
	unsigned changes; /* calls that change something, syncs among them */
	unsigned calls;	  /* calls that may fail */

	unsigned cut_at; /* 0: never */
	unsigned fail_at;
	unsigned fail_times;
	int fail_err;
	bool dead;
	uint64_t random;

	struct emu_aside aside;
	struct emu_node node[EMU_NODES];
	struct emu_name now[EMU_NAMES];
	struct emu_name safe[EMU_NAMES];
	struct emu_change change[EMU_CHANGES];
	unsigned n_change;
	struct emu_handle handle[EMU_HANDLES];
	struct emu_bytes bytes[EMU_NODES];
	struct emu_bytes safe_bytes[EMU_NODES];
};

/* An empty file system; the struct is large: make it static. */
void fs_emu_init(struct fs_emu *e, enum emu_model model);

/* Lose power during the n-th change from now on (1 is the next). */
void fs_emu_cut_at(struct fs_emu *e, unsigned n);

/* Let `times` calls from the n-th from now on fail (1 is the next). */
void fs_emu_fail_at(struct fs_emu *e, unsigned n, unsigned times, int err);

/* Power on again; without a cut before it, the cut is now. */
void fs_emu_boot(struct fs_emu *e, uint64_t seed);

/* Handles open now. */
unsigned fs_emu_handles(const struct fs_emu *e);

#endif
