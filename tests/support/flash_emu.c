/* flash_emu: see the header; everything is repeatable from `seed`. */
#include "support/flash_emu.h"

#include <assert.h>

#define PAGE 256

static uint32_t
random_bits(struct flash_emu *e)
{
	e->seed ^= e->seed << 13;
	e->seed ^= e->seed >> 17;
	e->seed ^= e->seed << 5;
	return e->seed;
}

/* 1: go on; 0: this call fails. */
static int
enter(struct flash_emu *e)
{
	uint64_t n = e->calls++;

	return !e->off && (n < e->fail_from || n >= e->fail_to);
}

/* A call has come to its end. */
static void
spend(struct flash_emu *e, uint64_t fuel)
{
	e->fuel -= fuel;
	e->spent += fuel;
	if (e->n_ends < EMU_ENDS)
		e->ends[e->n_ends++] = e->spent;
}

static uint32_t
size_of(const struct flash_emu *e)
{
	return e->flash.block_octets * e->flash.blocks;
}

static int
emu_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	struct flash_emu *e = (struct flash_emu *)f;
	uint8_t *out = to;

	assert(at <= size_of(e) && len <= size_of(e) - at);
	if (!enter(e))
		return ERR_IO;
	memcpy(out, e->octets + at, len);
	for (size_t i = 0; e->any_weak && i < len; i++) {
		if (e->weak[at + i])
			out[i] ^= (uint8_t)random_bits(e) & e->weak[at + i];
	}
	return ERR_OK;
}

/* Clear the bits of one octet that are 0 in `byte`. */
static void
program_octet(struct flash_emu *e, uint32_t at, uint8_t byte)
{
	if (e->stuck >> at / e->flash.block_octets & 1)
		return;
	e->octets[at] &= byte;
	e->weak[at] &= byte; /* what is programmed again is firm */
	e->programmed++;
}

/* One octet of a page whose programming stopped, in one of three ways. */
static uint8_t
page_octet(
    struct flash_emu *e, unsigned way, size_t i, size_t done, uint8_t byte)
{
	if (way == 0) /* any bits */
		return byte | (uint8_t)random_bits(e);
	if (way == 1) /* whole octets, some of them */
		return random_bits(e) & 1 ? byte : 0xff;
	return i > done ? byte : 0xff; /* the end before the beginning */
}

/* How a program call that stops after `done` octets treats octet `i`. */
static void
program_torn(
    struct flash_emu *e, uint32_t at, struct span data, size_t i, size_t done)
{
	uint32_t page = (at + (uint32_t)done) / PAGE * PAGE;
	uint32_t here = at + (uint32_t)i;
	uint8_t byte = data.p[i];

	if (e->tear == EMU_PAGE && here >= page) {
		if (here < page + PAGE)
			program_octet(e, here,
			    page_octet(e, (unsigned)(done % 3), i, done, byte));
		return;
	}
	if (i == done && e->tear == EMU_BITS)
		program_octet(e, here, byte | (uint8_t)random_bits(e));
	if (i < done)
		program_octet(e, here, byte);
}

struct edge {
	uint32_t at;
	uint8_t bit;
};

/*
 * Choose up to three bits of the last octets to be on the edge: few enough
 * that the whole often reads well.  A bit that was firmly 0 before, stays so.
 */
static unsigned
choose_edges(
    struct flash_emu *e, uint32_t at, struct span done, struct edge out[3])
{
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++) {
		size_t back = random_bits(e) % 32 + 1;
		uint8_t bit = (uint8_t)(1u << random_bits(e) % 8);
		uint32_t here = at + (uint32_t)(done.len - back);

		if (back > done.len || done.p[done.len - back] & bit
		    || !((e->octets[here] | e->weak[here]) & bit))
			continue;
		out[n++] = (struct edge) { here, bit };
	}
	return n;
}

/* Power ends in this call, after as many octets as there is fuel. */
static void
program_cut(struct flash_emu *e, uint32_t at, struct span data)
{
	size_t done = (size_t)e->fuel;
	struct edge edge[3];
	unsigned n = 0;

	if (e->tear == EMU_FADE)
		n = choose_edges(e, at, span_first(data, done), edge);
	for (size_t i = 0; i < data.len; i++)
		program_torn(e, at, data, i, done);
	for (unsigned i = 0; i < n; i++)
		e->weak[edge[i].at] |= edge[i].bit;
	e->any_weak |= n > 0;
	e->spent += done;
	e->fuel = 0;
	e->off = true;
}

static void
program_all(struct flash_emu *e, uint32_t at, struct span data)
{
	for (size_t i = 0; i < data.len; i++) {
		uint32_t here = at + (uint32_t)i;
		uint8_t low = (uint8_t) ~(e->octets[here] | e->weak[here]);

		if (data.p[i] & low)
			e->violations++;
		program_octet(e, here, data.p[i]);
	}
}

static int
emu_program(struct flash *f, uint32_t at, struct span data)
{
	struct flash_emu *e = (struct flash_emu *)f;
	bool fails = !enter(e);

	assert(at <= size_of(e) && data.len <= size_of(e) - at);
	assert(at % f->unit == 0 && data.len % f->unit == 0);
	if (e->off)
		return ERR_IO;
	if (fails)
		data = span_first(data, data.len / 2);
	if (data.len > e->fuel
	    || (data.len == e->fuel && e->tear == EMU_FADE)) {
		program_cut(e, at, data);
		return ERR_IO;
	}
	program_all(e, at, data);
	spend(e, data.len);
	return fails ? ERR_IO : ERR_OK;
}

static void
tear_erase(struct flash_emu *e, uint32_t at, uint64_t fuel)
{
	for (uint32_t i = 0; i < e->flash.block_octets; i++) {
		uint8_t *p = &e->octets[at + i];

		if (e->tear == EMU_PREFIX)
			*p = fuel >= EMU_ERASE_FUEL / 2 ? 0xff : *p;
		else if (e->tear == EMU_BITS)
			*p = random_bits(e) & 1 ? 0xff : *p;
		else if (e->tear == EMU_PAGE)
			*p |= (uint8_t)random_bits(e);
		else
			e->weak[at + i] |= (uint8_t) ~*p;
	}
	e->any_weak |= e->tear == EMU_FADE;
}

static int
emu_erase(struct flash *f, uint32_t block)
{
	struct flash_emu *e = (struct flash_emu *)f;
	bool fails = !enter(e);
	uint32_t at = block * f->block_octets;

	assert(block < f->blocks);
	if (e->off)
		return ERR_IO;
	e->erases[block]++;
	if (fails || e->bad >> block & 1) {
		memset(e->octets + at, 0x55, f->block_octets / 2);
		return ERR_IO;
	}
	if (e->fuel < EMU_ERASE_FUEL) {
		tear_erase(e, at, e->fuel);
		e->spent += e->fuel;
		e->fuel = 0;
		e->off = true;
		return ERR_IO;
	}
	spend(e, EMU_ERASE_FUEL);
	memset(e->octets + at, 0xff, f->block_octets);
	memset(e->weak + at, 0, f->block_octets);
	return ERR_OK;
}

void
emu_init(struct flash_emu *e, uint32_t block_octets, uint32_t blocks)
{
	assert(block_octets * blocks <= EMU_OCTETS_MAX);
	assert(blocks <= EMU_BLOCKS_MAX);
	memset(e, 0, sizeof(*e));
	e->flash = (struct flash) {
		.block_octets = block_octets,
		.blocks = blocks,
		.unit = 1,
		.fades = true,
		.read = emu_read,
		.program = emu_program,
		.erase = emu_erase,
	};
	memset(e->octets, 0xff, block_octets * blocks);
	e->seed = 1;
	e->fuel = UINT64_MAX;
	e->fail_from = e->fail_to = UINT64_MAX;
}

void
emu_power_on(struct flash_emu *e, uint64_t fuel)
{
	e->off = false;
	e->fuel = fuel;
	e->spent = 0;
	e->n_ends = 0;
	e->calls = 0;
}

void
emu_copy(struct flash_emu *to, const struct flash_emu *from)
{
	uint32_t size = size_of(from);

	to->flash = from->flash;
	memcpy(to->octets, from->octets, size);
	if (to->any_weak || from->any_weak)
		memcpy(to->weak, from->weak, size);
	to->any_weak = from->any_weak;
	memcpy(to->erases, from->erases, sizeof(to->erases));
	to->violations = from->violations;
	to->bad = from->bad;
	to->stuck = from->stuck;
	to->programmed = from->programmed;
	to->fail_from = from->fail_from;
	to->fail_to = from->fail_to;
}
