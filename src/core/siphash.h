/*
 * siphash: SipHash-2-4, a short keyed hash for tables whose keys a stranger
 * may choose (Aumasson and Bernstein, 2012).
 */
#ifndef CORE_SIPHASH_H
#define CORE_SIPHASH_H

#include "core/span.h"

#define SIPHASH_KEY 16

/* 64 bits of hash over `s`; who lacks the key cannot aim at a place. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY], struct span s);

#endif
