/*
 * maildrop_table: the records of one maildrop, in a nameless file, in its
 * window, or found again by walking the folders; for maildrop*.c only.
 */
#ifndef STORE_MAILDROP_TABLE_H
#define STORE_MAILDROP_TABLE_H

#include "store/maildrop.h"

enum maildrop_folder { MAILDROP_NEW, MAILDROP_CUR, MAILDROP_FOLDERS };

extern const char *const maildrop_folder_name[MAILDROP_FOLDERS];

/* Make the record of a file; ERR_SYNTAX: it is no message. */
int maildrop_record(
    uint8_t folder, struct span name, struct maildrop_entry *e) MUST_CHECK;

/* The hash of a record's base name: the same wherever the file lies. */
uint64_t maildrop_hash(const struct maildrop_entry *e);

/* Are they records of one message? */
bool maildrop_is_same(
    const struct maildrop_entry *a, const struct maildrop_entry *b);

/* Add what a message counts for, beside the one that it is. */
void maildrop_add_up(struct maildrop *d, const struct maildrop_entry *e);

/* Append the records in the work memory to the table, as a sorted run. */
int maildrop_table_run(struct maildrop *d) MUST_CHECK;

/*
 * Merge all runs into one, which then is the table; counts messages and
 * octets, and drops the second of two files with the same base name.
 */
int maildrop_table_merge(struct maildrop *d) MUST_CHECK;

/* The records in the work memory are all: keep them in the window, or here. */
void maildrop_table_keep(struct maildrop *d);

/*
 * The work memory is about to be filled anew: what a session holds in it goes
 * to a file, or, where none can be written, is found again by walking.
 */
void maildrop_table_clear(struct maildrops *m);

/* Put a record that was changed in place (see maildrop_fetch) back. */
int maildrop_table_store(struct maildrop *d, uint32_t number,
    const struct maildrop_entry *e) MUST_CHECK;

/* Take the file's size for its octets where no measure can be kept. */
void maildrop_estimate(
    struct maildrop *d, struct maildrop_entry *e, struct span name);

/* maildrop_bare.c: go on without a table; the one held is still there. */
void maildrop_go_bare(struct maildrop *d);

/* maildrop_fetch where there is no table. */
int maildrop_fetch_bare(
    struct maildrop *d, uint32_t number, struct maildrop_entry **e) MUST_CHECK;

/* As maildrop_entry, but the record may be changed. */
int maildrop_fetch(
    struct maildrop *d, uint32_t number, struct maildrop_entry **e) MUST_CHECK;

/*
 * Call `see` for every message in both folders until it returns other than
 * ERR_OK; returns that, or an error of the walk.
 */
int maildrop_walk(struct maildrop *d, void *ctx,
    int (*see)(void *ctx, uint8_t folder, struct span name)) MUST_CHECK;

/* Get the work memory for several turns; false: somebody else has it. */
bool maildrop_work_take(struct maildrop *d);
void maildrop_work_give(struct maildrop *d);

#endif
