/* count_up: random numbers that are the same in every run: 0, 1, 2, ... */
#ifndef SUPPORT_COUNT_UP_H
#define SUPPORT_COUNT_UP_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

static inline int
count_up(void *to, size_t len)
{
	static uint8_t next;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = next++;
	return ERR_OK;
}

#endif
