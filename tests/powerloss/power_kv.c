/*
 * power_kv: power lost at every byte of every operation of store/kv.
 *
 * usage: power_kv [long | pairs]          test-seconds: 600
 * (SEEDS in the environment means "long", too)
 *
 * A body is a prepared flash and a few steps.  It is run with power for 0, 1,
 * 2 ... octets until it comes through, for each tear model and several seeds;
 * after each cut the store must open and show the state before or after the
 * step that was cut, the same state every time it is opened, and take further
 * changes.  Then, for pairs, a second cut at every point of the recovery.
 * Without "long" points are skipped evenly so that some thousands remain; with
 * "pairs" the short bodies have every second cut after every first one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/kv.h"
#include "support/flash_emu.h"

#define KEYS	16
#define BLOCK	8192
#define SLOTS	64
#define NO_FUEL UINT64_MAX

/* What each key holds: 0 nothing, else the seed of its value. */
struct state {
	uint8_t seed[KEYS];
};

struct body {
	const char *name;
	uint32_t blocks;
	void (*prepare)(void);
	int (*step)(unsigned i, struct state *want);
	unsigned steps;
	bool pairs; /* with a second cut */
	bool brief; /* short enough for all pairs */
};

static struct flash_emu emu, snapshot, cut;
static uint64_t ends[EMU_ENDS];
static unsigned n_ends;
static struct kv kv;
static struct kv_slot slots[SLOTS];
static uint8_t txn[KV_TXN_MIN], copy[KV_COPY_MIN];
static const struct kv_memory memory = { slots, SLOTS, txn, sizeof(txn), copy,
	sizeof(copy) };
static uint8_t value_mem[2][KV_VALUE_MAX];
static unsigned long points, pair_points, failing_calls, calls_used,
    bodies_failed, bodies_passed;
static const struct body *now_body;
static uint64_t now_fuel, now_fuel2 = NO_FUEL;
static unsigned now_seed, now_try;

static void
fail(const char *what)
{
	fprintf(stderr,
	    "power_kv: %s: tear %d seed %u fuel %llu second %lld: %s\n",
	    now_body->name, (int)emu.tear, now_seed,
	    (unsigned long long)now_fuel, (long long)now_fuel2, what);
	exit(1);
}

static struct span
key_of(unsigned k)
{
	static char name[8];

	snprintf(name, sizeof(name), "k%u", k);
	return span_str(name);
}

/* The value that a seed stands for: 0 to 4096 octets, mostly short. */
static struct span
value_of(unsigned k, uint8_t seed, uint8_t *to)
{
	size_t len = (seed * 7u + k * 3u) % 60;

	if (seed % 16 == 15)
		len = 1200;
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(seed + k * 31 + i * i);
	return span_of(to, len);
}

static int
change(struct state *want, unsigned k, uint8_t seed)
{
	want->seed[k] = seed;
	if (seed == 0)
		return kv_delete(&kv, key_of(k));
	return kv_put(&kv, key_of(k), value_of(k, seed, value_mem[0]));
}

static bool
holds(const struct state *s)
{
	struct kv_stats st;
	unsigned n = 0;

	for (unsigned k = 0; k < KEYS; k++) {
		int rc =
		    kv_get(&kv, key_of(k), value_mem[1], sizeof(value_mem[1]));
		struct span v;

		n += s->seed[k] != 0;
		if (s->seed[k] == 0) {
			if (rc != ERR_MISSING)
				return false;
			continue;
		}
		v = value_of(k, s->seed[k], value_mem[0]);
		if (rc < 0 || !span_is(v, span_of(value_mem[1], (size_t)rc)))
			return false;
	}
	kv_stats(&kv, &st);
	return st.used.keys == n;
}

static int
open_kv(void)
{
	int rc = kv_open(&kv, &emu.flash, 1, &memory);

	if (rc == ERR_MISSING)
		rc = kv_format(&kv);
	return rc;
}

/* Bodies. */

static void
must(int rc)
{
	if (rc < 0)
		fail(err_text(rc));
}

static void
prepare_empty(void)
{
	must(open_kv());
}

static void
prepare_blank(void)
{
}

/* Write until less than `room` octets are left in the live bank. */
static void
fill_log(uint32_t room)
{
	struct state s = { 0 };

	for (uint8_t seed = 1; kv_log_room(&kv.log, &kv.log.live) >= room;
	     seed = (uint8_t)(seed % 14 + 1)) {
		must(kv_begin(&kv));
		must(change(&s, 15, seed));
		must(kv_commit(&kv));
	}
	must(kv_begin(&kv));
	for (unsigned k = 0; k < 4; k++)
		must(kv_put(&kv, key_of(k), value_of(k, 3, value_mem[0])));
	must(kv_delete(&kv, key_of(15)));
	must(kv_commit(&kv));
}

static void
prepare_nearly_full(void)
{
	must(open_kv());
	fill_log(700);
}

static void
prepare_bad_block(void)
{
	prepare_nearly_full();
	emu.bad = 2; /* the next target can't be erased */
}

static void
prepare_stuck_block(void)
{
	prepare_nearly_full();
	emu.stuck = 2; /* the next target takes nothing in */
}

/* What the prepared content is, before the first step. */
static void
state_at_start(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned k = 0; k < KEYS; k++) {
		for (unsigned seed = 1; seed < 16; seed++) {
			struct span v =
			    value_of(k, (uint8_t)seed, value_mem[0]);
			int rc = kv_get(
			    &kv, key_of(k), value_mem[1], sizeof(value_mem[1]));

			if (rc >= 0
			    && span_is(v, span_of(value_mem[1], (size_t)rc)))
				s->seed[k] = (uint8_t)seed;
		}
	}
}

/* Small transactions: puts, overwrites, a deletion, all mixed. */
static int
step_small(unsigned i, struct state *want)
{
	int rc = kv_begin(&kv);

	if (rc == ERR_OK)
		rc = change(want, i % KEYS, (uint8_t)(i + 4));
	if (rc == ERR_OK)
		rc = change(want, (i + 5) % KEYS, (uint8_t)(i % 3));
	if (rc == ERR_OK)
		rc = change(want, 9, (uint8_t)(i + 6));
	return rc == ERR_OK ? kv_commit(&kv) : rc;
}

/* One change of many keys. */
static int
step_many(unsigned i, struct state *want)
{
	int rc = kv_begin(&kv);

	for (unsigned k = 0; rc == ERR_OK && k < KEYS; k++)
		rc = change(want, k, (uint8_t)((k + i) % 14 + 1));
	return rc == ERR_OK ? kv_commit(&kv) : rc;
}

/* Long values, which fill the bank after a few steps. */
static int
step_long(unsigned i, struct state *want)
{
	int rc = kv_begin(&kv);

	if (rc == ERR_OK)
		rc = change(want, i % 2, i % 2 ? 15 : 31);
	if (rc == ERR_OK)
		rc = change(want, 2, i % 2 ? 31 : 15);
	return rc == ERR_OK ? kv_commit(&kv) : rc;
}

/* The whole content replaced, as a restore does. */
static int
step_replace(unsigned i, struct state *want)
{
	int rc = kv_replace_begin(&kv);

	memset(want, 0, sizeof(*want));
	for (unsigned k = i; rc == ERR_OK && k < KEYS; k += 2) {
		want->seed[k] = (uint8_t)(k + 20 + i);
		rc = kv_replace_put(
		    &kv, key_of(k), value_of(k, want->seed[k], value_mem[0]));
	}
	if (rc == ERR_OK)
		return kv_replace_commit(&kv);
	kv_abort(&kv);
	return rc;
}

static int
step_format(unsigned i, struct state *want)
{
	return i == 0 ? open_kv() : step_small(i, want);
}

static const struct body bodies[] = {
	{ "small changes", 2, prepare_empty, step_small, 6, true, true },
	{ "one change of many keys", 2, prepare_empty, step_many, 2, true,
	    true },
	{ "compaction", 2, prepare_nearly_full, step_small, 12, true, false },
	{ "compaction, three blocks", 3, prepare_nearly_full, step_many, 3,
	    false, false },
	{ "compactions by long values", 2, prepare_empty, step_long, 8, false,
	    false },
	{ "bad block", 3, prepare_bad_block, step_many, 2, false, false },
	{ "block that keeps nothing", 3, prepare_stuck_block, step_many, 2,
	    false, false },
	{ "replacement", 2, prepare_nearly_full, step_replace, 2, true, false },
	{ "first format", 2, prepare_blank, step_format, 3, true, true },
};

/*
 * Run the body's steps; `was` and `is` are the states before and after the
 * last one that began.  Returns true when power lasted.
 */
static bool
run_steps(const struct body *b, struct state *was, struct state *is)
{
	if (b->prepare != prepare_blank && open_kv() != ERR_OK) {
		if (!emu.off)
			fail("does not open before the cut");
		return false;
	}
	for (unsigned i = 0; i < b->steps; i++) {
		*was = *is;
		if (b->step(i, is) != ERR_OK) {
			if (!emu.off)
				fail("a step fails with power on");
			return false;
		}
		if (!holds(is) && !emu.off)
			fail("wrong content with power on");
	}
	return true;
}

/* Where bits may fade, opening once says little. */
static int
openings(void)
{
	return emu.any_weak ? 3 : 1;
}

/* The store must be openable now, in one of two states, and stay so. */
static void
check_after_cut(const struct state *was, const struct state *is)
{
	int times = openings();
	struct state s;

	if (open_kv() != ERR_OK)
		fail("does not open after the cut");
	s = holds(was) ? *was : *is;
	if (!holds(&s))
		fail("a third state");
	for (int again = 0; again < times; again++) {
		if (open_kv() != ERR_OK || !holds(&s))
			fail("another state at the next start");
	}
	must(step_small(50, &s));
	for (int again = 0; again < times; again++) {
		if (open_kv() != ERR_OK || !holds(&s))
			fail("a change after the cut is lost");
	}
	if (emu.violations > 0)
		fail("a bit was to be set without erasing");
}

/* A second cut at every point of the recovery. */
static void
check_pairs(const struct state *was, const struct state *is, uint64_t step)
{
	emu_copy(&cut, &emu);
	for (uint64_t fuel = 0;; fuel += step) {
		now_fuel2 = fuel;
		emu_copy(&emu, &cut);
		emu_power_on(&emu, fuel);
		(void)open_kv();
		if (!emu.off)
			break;
		emu_power_on(&emu, UINT64_MAX);
		check_after_cut(was, is);
		pair_points++;
	}
	now_fuel2 = NO_FUEL;
	emu_copy(&emu, &cut);
	emu_power_on(&emu, UINT64_MAX);
}

/*
 * How often this amount of power is tried: every step-th once, the end of a
 * call too, and often where the last bits may fade.
 */
static unsigned
tries(uint64_t fuel, uint64_t step)
{
	for (unsigned i = 0; i < n_ends; i++) {
		if (ends[i] == fuel)
			return emu.tear == EMU_FADE ? 8 : 1;
	}
	return fuel % step == now_seed % step;
}

/* One run with so much power; true when it lasted. */
static bool
run_once(const struct body *b, const struct state *start, uint64_t pair_step)
{
	struct state was = *start, is = *start;
	bool lasted;

	emu_copy(&emu, &snapshot);
	emu.seed = (uint32_t)((now_fuel * 64 + now_seed * 8 + now_try) * 4
			      + emu.tear + 1);
	emu_power_on(&emu, now_fuel);
	lasted = run_steps(b, &was, &is);
	if (lasted && now_fuel > UINT32_MAX) {
		memcpy(ends, emu.ends, sizeof(ends));
		n_ends = emu.n_ends;
	}
	emu_power_on(&emu, UINT64_MAX);
	if (b->pairs && pair_step > 0 && now_fuel % pair_step == 0)
		check_pairs(&was, &is, pair_step >= 8 ? pair_step / 8 : 1);
	check_after_cut(&was, &is);
	points++;
	return lasted;
}

static void
run_body(
    const struct body *b, unsigned seeds, uint64_t step, uint64_t pair_step)
{
	struct state start = { 0 };

	now_body = b;
	emu_init(&emu, BLOCK, b->blocks);
	b->prepare();
	if (b->prepare != prepare_blank)
		state_at_start(&start);
	emu_copy(&snapshot, &emu);
	for (unsigned n = 0; n < seeds * EMU_TEARS; n++) {
		uint64_t last;

		emu.tear = (enum emu_tear)(n % EMU_TEARS);
		now_seed = n / EMU_TEARS + 1;
		now_fuel = UINT64_MAX / 64; /* to know the ends of its calls */
		(void)run_once(b, &start, 0);
		last = ends[n_ends - 1];
		for (now_fuel = 0; now_fuel <= last; now_fuel++) {
			for (now_try = tries(now_fuel, step); now_try > 0;
			     now_try--)
				(void)run_once(b, &start, pair_step);
		}
	}
	bodies_passed++;
}

/* Failing calls (T23). */

/* One call fails: what it was part of fails or not, and works when retried. */
static void
fail_once(const struct body *b, struct state is)
{
	struct state was = is;

	if (b->prepare != prepare_blank && open_kv() != ERR_OK)
		must(open_kv());
	for (unsigned i = 0; i < b->steps; i++) {
		was = is;
		if (b->step(i, &is) == ERR_OK)
			continue;
		kv_abort(&kv);
		if (i > 0 && !holds(&was))
			fail("a failed change shows");
		is = was;
		if (b->step(i, &is) != ERR_OK)
			fail("a change fails twice for one failed call");
	}
	calls_used = (unsigned long)emu.calls;
	emu.fail_from = emu.fail_to = UINT64_MAX;
	if (!holds(&is) || open_kv() != ERR_OK || !holds(&is))
		fail("wrong content after a failed call");
	check_after_cut(&is, &is);
}

/* Every call fails from one on, until the device is replugged. */
static void
fail_from_here(const struct body *b, struct state is)
{
	struct state was = is;
	int rc = b->prepare == prepare_blank ? ERR_OK : open_kv();

	for (unsigned i = 0; rc == ERR_OK && i < b->steps; i++) {
		was = is;
		rc = b->step(i, &is);
	}
	kv_abort(&kv);
	emu.fail_from = emu.fail_to = UINT64_MAX;
	check_after_cut(&was, &is);
}

static void
run_failing(const struct body *b)
{
	struct state start = { 0 };
	uint64_t calls = 1;

	now_body = b;
	emu_init(&emu, BLOCK, b->blocks);
	b->prepare();
	if (b->prepare != prepare_blank)
		state_at_start(&start);
	emu_copy(&snapshot, &emu);
	for (now_fuel = 0; now_fuel < 2 * calls; now_fuel++) {
		emu_copy(&emu, &snapshot);
		emu_power_on(&emu, UINT64_MAX);
		emu.fail_from = now_fuel / 2;
		emu.fail_to = now_fuel % 2 ? UINT64_MAX : now_fuel / 2 + 1;
		if (now_fuel % 2)
			fail_from_here(b, start);
		else
			fail_once(b, start);
		if (now_fuel == 0)
			calls = calls_used;
		failing_calls++;
	}
	bodies_passed++;
}

static void
run_bodies(bool all, bool pairs)
{
	unsigned n = sizeof(bodies) / sizeof(bodies[0]);

	for (unsigned i = 0; i < n; i++) {
		if (pairs && !bodies[i].brief)
			continue;
		if (pairs)
			run_body(&bodies[i], 1, 1, 1);
		else
			run_body(&bodies[i], all ? 3 : 1, all ? 1 : 11,
			    all ? 20 : 64);
		printf("%-28s %lu cuts, %lu pairs so far\n", bodies[i].name,
		    points, pair_points);
		fflush(stdout);
	}
	for (unsigned i = 0; i < n && !pairs; i++)
		run_failing(&bodies[i]);
}

int
main(int argc, char **argv)
{
	bool pairs = argc > 1 && strcmp(argv[1], "pairs") == 0;
	bool all = (argc > 1 && strcmp(argv[1], "long") == 0)
		   || getenv("SEEDS") != NULL;

	run_bodies(all, pairs);
	printf("%lu failing calls, each once and from there on\n",
	    failing_calls / 2);
	printf("%lu cut points, %lu of them with a second cut in the"
	       " recovery\n",
	    points + pair_points, pair_points);
	printf("%lu passed, %lu failed\n", bodies_passed, bodies_failed);
	return 0;
}
