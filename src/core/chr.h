/*
 * chr: classes of ASCII characters from one table; no locale, no ctype.
 */
#ifndef CORE_CHR_H
#define CORE_CHR_H

#include <stdbool.h>
#include <stdint.h>

enum chr_class {
	CHR_DIGIT = 1,
	CHR_UPPER = 2,
	CHR_LOWER = 4,
	CHR_HEX = 8,
	CHR_ATEXT = 16, /* RFC 5322 atext, ASCII only */
	CHR_SPACE = 32, /* space and tab */
	CHR_PRINT = 64, /* 0x20 to 0x7e */
	CHR_NAME = 128, /* host and key names: letters, digits, '-' and '_' */
};

extern const uint8_t chr_table[256];

static inline bool
chr_is(uint8_t c, unsigned classes)
{
	return (chr_table[c] & classes) != 0;
}

static inline uint8_t
chr_lower(uint8_t c)
{
	return chr_is(c, CHR_UPPER) ? (uint8_t)(c + 32) : c;
}

/* The value of a hexadecimal digit, or -1. */
int chr_hex(uint8_t c);

#endif
