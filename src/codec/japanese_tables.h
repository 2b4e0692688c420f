/* japanese_tables: the data of japanese.c, made by tools/japanese-tables. */
#ifndef CODEC_JAPANESE_TABLES_H
#define CODEC_JAPANESE_TABLES_H

#include <stdint.h>

/* The first row of japanese_high. */
#define JAPANESE_SPLIT 52

/* Which of a table's rows, from 1 on, each row is; 0: it is empty. */
extern const uint8_t japanese_rows[121];

/* 94 characters a row; 0: there is none. */
extern const uint16_t japanese_low[];
extern const uint16_t japanese_high[];

#endif
