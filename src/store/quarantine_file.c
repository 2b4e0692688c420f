/*
 * quarantine_file: the record of why, before the envelope of a queued
 * message.  It knows nothing of the folder.
 */
#include "store/quarantine_file.h"

#include "core/crc.h"
#include "core/le.h"

#define SECTOR	512u
#define VERSION 1u

/* Offsets in the record. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_REASON = 5,
	AT_FLAGS = 6,
	AT_NAME_LEN = 8,
	AT_WHERE_LEN = 10,
	AT_CLIENT_LEN = 12,
	AT_WAY_LEN = 14,
	AT_HASH = 16,
	AT_STRINGS = 64, /* name, where, client, way */
	AT_CRC = QUARANTINE_RECORD - 4,
};

_Static_assert(AT_STRINGS + QUARANTINE_NAME_MAX + QUARANTINE_WHERE_MAX
		       + QUARANTINE_CLIENT_MAX + QUARANTINE_WAY_MAX
		   <= AT_CRC,
    "the strings fit the record");
_Static_assert(
    QUARANTINE_RECORD % SECTOR == 0, "the envelope follows at a sector");

const char *
quarantine_reason_name(enum quarantine_reason r)
{
	static const char *const names[QUARANTINE_REASONS] = {
		[QUARANTINE_MALWARE] = "malware",
		[QUARANTINE_ENCRYPTED] = "encrypted",
		[QUARANTINE_DEEP] = "deep",
		[QUARANTINE_DAMAGED] = "damaged",
		[QUARANTINE_LIMITS] = "limits",
		[QUARANTINE_UNOPENED] = "unopened",
		[QUARANTINE_FAILED] = "failed",
		[QUARANTINE_SCRIPTS] = "scripts",
		[QUARANTINE_PROGRAMS] = "programs",
		[QUARANTINE_MACROS] = "macros",
	};

	return r < QUARANTINE_REASONS ? names[r] : "unknown";
}

/* ---- writing ---- */

static size_t
put_string(uint8_t *b, size_t at, unsigned len_at, struct span s, size_t max)
{
	s = span_first(s, max);
	le16_put(b + len_at, (uint16_t)s.len);
	if (s.len > 0)
		memcpy(b + at, s.p, s.len);
	return at + s.len;
}

int
quarantine_write(
    struct spool *sp, struct spool_file *f, const struct quarantine_note *n)
{
	static const uint8_t zeros[SECTOR];
	static uint8_t b[QUARANTINE_RECORD]; /* too much for a stack */
	size_t gap = (size_t)((SECTOR - f->octets % SECTOR) % SECTOR);
	struct span v[2] = { span_of(zeros, gap), span_of(b, sizeof(b)) };
	size_t at = AT_STRINGS;

	memset(b, 0, sizeof(b));
	memcpy(b + AT_MAGIC, "gpqr", 4);
	b[AT_VERSION] = VERSION;
	b[AT_REASON] = (uint8_t)n->reason;
	le16_put(b + AT_FLAGS, (uint16_t)n->flags);
	memcpy(b + AT_HASH, n->hash, QUARANTINE_HASH);
	at = put_string(b, at, AT_NAME_LEN, n->name, QUARANTINE_NAME_MAX);
	at = put_string(b, at, AT_WHERE_LEN, n->where, QUARANTINE_WHERE_MAX);
	at = put_string(b, at, AT_CLIENT_LEN, n->client, QUARANTINE_CLIENT_MAX);
	(void)put_string(b, at, AT_WAY_LEN, n->way, QUARANTINE_WAY_MAX);
	le32_put(b + AT_CRC, crc32_add(0, b, AT_CRC));
	return spool_append(sp, f, gap > 0 ? v : v + 1, gap > 0 ? 2 : 1);
}

/* ---- reading ---- */

static int
parse_record(const uint8_t *b, struct quarantine_note *n)
{
	size_t name = le16_get(b + AT_NAME_LEN);
	size_t where = le16_get(b + AT_WHERE_LEN);
	size_t client = le16_get(b + AT_CLIENT_LEN);
	size_t way = le16_get(b + AT_WAY_LEN);
	struct span rest = span_of(b + AT_STRINGS, AT_CRC - AT_STRINGS);

	if (memcmp(b + AT_MAGIC, "gpqr", 4) != 0
	    || le32_get(b + AT_CRC) != crc32_add(0, b, AT_CRC)
	    || name + where + client + way > rest.len)
		return ERR_TORN;
	if (b[AT_VERSION] != VERSION)
		return ERR_UNSUPPORTED;
	*n = (struct quarantine_note) {
		.reason = (enum quarantine_reason)b[AT_REASON],
		.flags = le16_get(b + AT_FLAGS),
		.name = span_first(rest, name),
		.where = span_first(span_from(rest, name), where),
		.client = span_first(span_from(rest, name + where), client),
		.way = span_first(span_from(rest, name + where + client), way),
	};
	memcpy(n->hash, b + AT_HASH, QUARANTINE_HASH);
	return ERR_OK;
}

int
quarantine_file_open(struct quarantine_file *q, struct fs *fs,
    const char *folder, const char *id)
{
	struct queue_file *f = &q->queue;
	int n, err = queue_file_open(f, fs, folder, id);

	if (err)
		return err;
	if (f->envelope < QUARANTINE_RECORD
	    || f->head.octets > f->envelope - QUARANTINE_RECORD) {
		queue_file_close(f);
		return ERR_TORN;
	}
	n = fs->read(fs, f->h, q->record, sizeof(q->record),
	    f->envelope - QUARANTINE_RECORD);
	if (n < 0)
		err = n;
	else
		err = n == (int)sizeof(q->record)
			  ? parse_record(q->record, &q->note)
			  : ERR_TORN;
	if (err)
		queue_file_close(f);
	return err;
}
