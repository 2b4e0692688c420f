/* nfkc_tables: the data of nfkc.c, made by tools/nfkc-tables; 13 KB. */
#ifndef CODEC_NFKC_TABLES_H
#define CODEC_NFKC_TABLES_H

#include <stdint.h>

/* Three a pair: the character, the other one, the mark; in order. */
extern const unsigned nfkc_pairs_n;
extern const uint16_t nfkc_pairs[];

/* Three a run of neighbours: the first, how many, where texts begin. */
extern const unsigned nfkc_runs_n;
extern const uint16_t nfkc_runs[];

/* A digit for each character of all runs: the length of its text. */
extern const char nfkc_lengths[];
extern const uint16_t nfkc_texts[];

#endif
