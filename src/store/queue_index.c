/*
 * queue_index: the nameless file that lists what is in the queue; an entry a
 * message, free places chained.  It knows nothing of times and turns.
 */
#include "store/queue_int.h"

#include "core/le.h"

/* An entry in the index file. */
enum {
	AT_ID = 0, /* terminated; empty: a free place */
	AT_STATE = 71,
	AT_DEST = 72,
	AT_NEXT = 76, /* of a free place: the next free one */
	AT_DUE = 80,
	AT_LOOK = 88,
	ENTRY_USED = 96,
};

_Static_assert(MAILBOX_ID_MAX <= AT_STATE, "an id fits its place");
_Static_assert(ENTRY_USED <= QUEUE_ENTRY_OCTETS, "an entry fits its place");

int
queue_index_write(struct queue *q, const struct queue_entry *e,
    enum entry_state state, uint32_t next)
{
	uint8_t b[QUEUE_ENTRY_OCTETS] = { 0 };
	struct span v = span_of(b, sizeof(b));

	memcpy(b + AT_ID, e->id, strlen(e->id));
	b[AT_STATE] = (uint8_t)state;
	le32_put(b + AT_DEST, e->dest);
	le32_put(b + AT_NEXT, next);
	le64_put(b + AT_DUE, (uint64_t)e->due_ms);
	le64_put(b + AT_LOOK, (uint64_t)e->look_ms);
	return q->fs->write(
	    q->fs, q->index, &v, 1, (uint64_t)e->slot * QUEUE_ENTRY_OCTETS);
}

enum entry_state
queue_index_parse(const uint8_t *b, uint32_t slot, struct queue_entry *e)
{
	memcpy(e->id, b + AT_ID, sizeof(e->id));
	e->id[sizeof(e->id) - 1] = '\0';
	e->slot = slot;
	e->held = b[AT_STATE] == ENTRY_HELD;
	e->dest = le32_get(b + AT_DEST);
	e->due_ms = (int64_t)le64_get(b + AT_DUE);
	e->look_ms = (int64_t)le64_get(b + AT_LOOK);
	return (enum entry_state)b[AT_STATE];
}

int
queue_index_read(struct queue *q, uint32_t slot)
{
	uint32_t n = q->slots - slot;
	int got;

	if (n > QUEUE_READ)
		n = QUEUE_READ;
	if (n == 0)
		return 0;
	got = q->fs->read(q->fs, q->index, q->page, n * QUEUE_ENTRY_OCTETS,
	    (uint64_t)slot * QUEUE_ENTRY_OCTETS);
	if (got < 0)
		return got;
	return got < (int)QUEUE_ENTRY_OCTETS ? ERR_IO
					     : got / (int)QUEUE_ENTRY_OCTETS;
}

/* A free place for an entry. */
static int
find_place(struct queue *q, uint32_t *slot)
{
	int got;

	if (q->spare == q->slots) {
		*slot = q->slots++;
		q->spare = q->slots;
		return ERR_OK;
	}
	*slot = q->spare;
	got = q->fs->read(q->fs, q->index, q->page, QUEUE_ENTRY_OCTETS,
	    (uint64_t)*slot * QUEUE_ENTRY_OCTETS);
	if (got != (int)QUEUE_ENTRY_OCTETS)
		return got < 0 ? got : ERR_IO;
	q->spare = le32_get(q->page + AT_NEXT);
	if (q->spare == UINT32_MAX)
		q->spare = q->slots;
	return ERR_OK;
}

int
queue_index_add(struct queue *q, struct queue_entry *e, enum entry_state state)
{
	uint32_t slots = q->slots, spare = q->spare;
	int err = find_place(q, &e->slot);

	if (!err)
		err = queue_index_write(q, e, state, 0);
	if (err) {
		q->slots = slots;
		q->spare = spare;
		return err;
	}
	q->n++;
	q->held += state == ENTRY_HELD;
	return ERR_OK;
}

int
queue_index_free(struct queue *q, uint32_t slot)
{
	struct queue_entry none = { .slot = slot };
	uint32_t next = q->spare == q->slots ? UINT32_MAX : q->spare;
	int err = queue_index_write(q, &none, ENTRY_FREE, next);

	if (!err)
		q->spare = slot;
	return err;
}
