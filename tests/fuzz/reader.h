/*
 * reader: one container reader on its own, for the fuzz targets.
 *
 * The driver of scan/unpack asks for a reader by what the bytes are; here it
 * is given any.  Each member must lie in the input or in the scratch that is
 * in use, and the path of the member must be printable.
 */
#ifndef FUZZ_READER_H
#define FUZZ_READER_H

#include <assert.h>

#include "scan/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scan reader;

static inline bool
reader_is_within(struct span s, const uint8_t *p, size_t len)
{
	return s.p >= p && s.p <= p + len && s.len <= len - (size_t)(s.p - p);
}

/* What is not mapped would be met here. */
static inline void
reader_touch(struct span s)
{
	size_t sum = 0;

	for (size_t i = 0; i < s.len; i++)
		sum += s.p[i];
	assert(sum <= 255 * s.len);
}

/* Everything that the reader takes out of the bytes. */
static inline void
reader_run(scan_next next, struct span bytes)
{
	static uint8_t scratch[65536];
	struct scan *sc = &reader;
	struct scan_frame *f = &sc->stack[0];
	struct span member;

	sc->limits = (struct scan_limits) { 8, 1 << 19, 500 };
	sc->left = sc->limits.octets;
	sc->rules = SCAN_ALL_RULES;
	sc->scratch = scratch;
	sc->scratch_cap = sizeof(scratch);
	sc->scratch_len = 0;
	sc->flaws = 0;
	sc->where[0] = '\0';
	memset(sc->rule, 0, sizeof(sc->rule));
	*f = (struct scan_frame) { .bytes = bytes, .next = next };
	sc->n = 1;
	while (f->count < sc->limits.members && next(sc, f, &member)) {
		assert(sc->scratch_len <= sizeof(scratch));
		assert(member.len == 0
		       || reader_is_within(member, bytes.p, bytes.len)
		       || reader_is_within(member, scratch, sc->scratch_len));
		assert(f->mark <= sc->scratch_len);
		reader_touch(member);
		f->count++;
		scan_note_where(sc);
		for (const char *p = sc->where; *p != '\0'; p++)
			assert((uint8_t)*p >= ' ' && *p != 0x7f);
		sc->scratch_len = f->mark;
		if (member.len >= sc->left)
			break;
		sc->left -= member.len;
	}
	if (f->handle != NULL)
		sc->close(f);
}

#endif
