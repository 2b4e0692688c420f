/*
 * settings_value: is this text a right value, and which number is it?
 *
 * Values are stored in one canonical form: no blanks around the pieces of a
 * list, "on" and "off" for whatever a person writes for yes and no.  Readers
 * may split lists at commas and parse the pieces without trimming.
 *
 * Memory: none kept.
 */
#ifndef STORE_SETTINGS_VALUE_H
#define STORE_SETTINGS_VALUE_H

#include "core/text.h"
#include "store/settings_schema.h"

/*
 * Bring `value` to its canonical form in `out` (SETTING_TEXT_MAX octets and a
 * terminator) and, for types that are numbers, `*number`.  ERR_SYNTAX,
 * ERR_RANGE; then `why` (if not NULL) gets what is wrong in a few words.
 */
int setting_read(const struct setting_spec *spec, struct span value,
    struct text *out, uint32_t *number, struct text *why) MUST_CHECK;

/* The number of a value that is known to be canonical. */
uint32_t setting_number(const struct setting_spec *spec, struct span value);

#endif
