/*
 * queue_int: between the queue's own files.
 *
 *   queue          window, turns, removal
 *   queue_index    entries in the nameless file
 *   queue_recover  what was there before the start
 */
#ifndef STORE_QUEUE_INT_H
#define STORE_QUEUE_INT_H

#include "store/queue.h"

enum entry_state {
	ENTRY_FREE,
	ENTRY_WAITS,
	ENTRY_HELD,
	ENTRY_TAKEN, /* in the window or being delivered */
};

/* Write one entry; `next`, in a free one, is the place of the next free. */
int queue_index_write(struct queue *q, const struct queue_entry *e,
    enum entry_state state, uint32_t next) MUST_CHECK;

/* One entry, `b`, as it lies in the file. */
enum entry_state queue_index_parse(
    const uint8_t *b, uint32_t slot, struct queue_entry *e);

/* Read up to QUEUE_READ entries from `slot` on into q->page; how many. */
int queue_index_read(struct queue *q, uint32_t slot) MUST_CHECK;

/* Fill a free place, e->slot; on an error it is free as before. */
int queue_index_add(
    struct queue *q, struct queue_entry *e, enum entry_state state) MUST_CHECK;

/* Make a place free. */
int queue_index_free(struct queue *q, uint32_t slot) MUST_CHECK;

/* FOLDER/ID and `end`; ERR_RANGE: too long. */
int queue_path_of(const struct queue *q, const char *id, const char *end,
    char out[FS_PATH_MAX]) MUST_CHECK;

/* Something in the index is due then. */
void queue_note_due(struct queue *q, int64_t due_ms);

#endif
