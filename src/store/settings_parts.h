/* settings_parts: what settings.c and settings_change.c share. */
#ifndef STORE_SETTINGS_PARTS_H
#define STORE_SETTINGS_PARTS_H

#include <assert.h>

#include "store/settings.h"

static inline const struct setting_spec *
spec_of(enum setting id)
{
	assert(id < SETTING_N);
	return &settings_schema[id];
}

static inline bool
is_plain(const struct setting_spec *spec)
{
	return !(spec->flags & (SETTING_SECRET | SETTING_FAMILY));
}

/* The area has two halves; a load fills the one that is not in use. */
static inline char *
half(const struct settings *s, unsigned which)
{
	return s->area + which * s->half_cap;
}

#endif
