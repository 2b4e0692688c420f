/*
 * fuzz_backup: any file as a backup to be restored, with the passphrase
 * "fuzz".
 *
 * The first octet says what the target adds: 1: nothing but the sum at the
 * end; 2: the master key as this device seals it; 4: as another one does, and
 * under the passphrase.  Else the input is the items alone.
 *
 * Refused: one printable line says why, and nothing has changed.  Taken: what
 * is stored are the items, the last of each key; every rule, device and route
 * is in use, and the backup that is made then can be restored as well.
 */
#include "fuzz/box.h"

#include "core/le.h"
#include "store/backup.h"
#include "store/kv_item.h"

#define MOST   8192
#define ROUNDS 3

enum { HAS_ALL = 1, HAS_MASTER = 2, HAS_FOREIGN = 4 };

static struct box box, old;
static struct passkey key;
static uint8_t file[BACKUP_HEAD + 256 + MOST + 64], copy[32768];
static size_t file_len;

/* Any master key, sealed by `by`. */
static void
seal_master(const uint8_t by[SEAL_KEY], const char *name, uint8_t *to)
{
	struct seal seal = { .random = box_random };

	memcpy(seal.key, by, SEAL_KEY);
	assert(seal_close(&seal, span_str(name), span_of(box.area, SEAL_KEY),
		   to, SEAL_KEY + SEAL_OVER)
	       == SEAL_KEY + SEAL_OVER);
}

static void
put_master(uint8_t device)
{
	uint8_t by[SEAL_KEY], sealed[SEAL_KEY + SEAL_OVER];

	memset(by, device, sizeof(by));
	seal_master(by, "seal.key", sealed);
	file_len += kv_item_put(file + file_len, SPAN("seal.key"),
	    span_of(sealed, sizeof(sealed)), false);
}

static void
put_sum(void)
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, file, file_len);
	br_sha256_out(&c, file + file_len);
	file_len += 32;
}

static void
make_file(struct span in, unsigned how)
{
	static const char magic[] = "GPBACKUP";

	file_len = 0;
	if (!(how & HAS_ALL)) {
		memset(file, 0, BACKUP_HEAD);
		memcpy(file, magic, sizeof(magic) - 1);
		le16_put(file + 8, BACKUP_VERSION);
		file_len = BACKUP_HEAD;
	}
	if (!(how & HAS_ALL) && how & HAS_FOREIGN) {
		le16_put(file + 10, 1);
		le32_put(file + 12, ROUNDS);
		passkey_begin(&key, SPAN("fuzz"), file + 16, ROUNDS);
		passkey_finish(&key);
		seal_master(key.key, "backup.key", file + 48);
	}
	if (!(how & HAS_ALL) && how & (HAS_MASTER | HAS_FOREIGN))
		put_master(how & HAS_FOREIGN ? 9 : 1);
	if (in.len > 0)
		memcpy(file + file_len, in.p, in.len);
	file_len += in.len;
	if (!(how & HAS_ALL))
		file[file_len++] = 0;
	put_sum();
}

/* Do both hold the same? */
static bool
is_same(struct box *a, struct box *b)
{
	static uint8_t x[KV_VALUE_MAX], y[KV_VALUE_MAX];
	struct kv_cursor at = { 0 };
	struct kv_entry e;
	unsigned keys = 0;
	while (kv_next(&a->kv, SPAN(""), &at, &e) == 1) {
		struct span key_of = span_of(e.key, e.key_len);
		int n = kv_get(&a->kv, key_of, x, sizeof(x));
		int m = kv_get(&b->kv, key_of, y, sizeof(y));

		assert(n >= 0);
		if (n != m || memcmp(x, y, (size_t)n) != 0)
			return false;
		keys++;
	}
	at = (struct kv_cursor) { 0 };
	while (kv_next(&b->kv, SPAN(""), &at, &e) == 1)
		keys--;
	return keys == 0;
}

/* What is stored are the items of the file. */
static void
check_items(void)
{
	static uint8_t mem[KV_VALUE_MAX];
	struct span rest =
	    span_of(file + BACKUP_HEAD, file_len - BACKUP_HEAD - 33);
	struct span later, value, other;
	struct kv_item it, next;

	while (rest.len > 0) {
		bool again = false;
		int n;

		assert(kv_item_take(&rest, &it, &value) == ERR_OK);
		later = rest;
		while (later.len > 0) {
			assert(kv_item_take(&later, &next, &other) == ERR_OK);
			again =
			    again
			    || span_is(kv_item_key(&next), kv_item_key(&it));
		}
		if (again || span_is(kv_item_key(&it), SPAN("seal.key")))
			continue;
		n = kv_get(&box.kv, kv_item_key(&it), mem, sizeof(mem));
		assert(n >= 0 && span_is(span_of(mem, (size_t)n), value));
	}
}

static int
restore(struct span from)
{
	char mem[SETTINGS_MESSAGE_MAX];
	struct text message;
	int rc;

	text_init(&message, mem, sizeof(mem));
	rc = backup_restore(&box.set, from, &key, box.device_key, &message);
	if (rc != ERR_OK)
		box_check_message(&message);
	return rc;
}

static size_t
back_up(void)
{
	static struct backup b;
	static uint8_t piece[BACKUP_PIECE];
	const struct passkey none = { 0 };
	size_t len = 0;
	int n;

	assert(backup_begin(&b, &box.set, &none) == ERR_OK);
	while ((n = backup_next(&b, piece)) > 0) {
		assert((size_t)n <= sizeof(copy) - len);
		memcpy(copy + len, piece, (size_t)n);
		len += (size_t)n;
	}
	assert(n == 0);
	return len;
}

static void
prepare(void)
{
	memset(old.octets, 0xff, sizeof(old.octets));
	box_start(&old, 1);
	box_set(&old, "host.name", "mail.example.org");
	box_set(&old, "route.password", "open sesame");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int rc;

	if (size == 0 || size > MOST)
		return 0;
	if (old.octets[0] == 0)
		prepare();
	memcpy(box.octets, old.octets, sizeof(box.octets));
	box_start(&box, 1);
	make_file(span_of(data + 1, size - 1), data[0]);
	backup_restore_key(&key, span_of(file, file_len), SPAN("fuzz"));
	if (key.rounds > 40)
		return 0;
	passkey_finish(&key);
	rc = restore(span_of(file, file_len));
	if (rc != ERR_OK) {
		assert(is_same(&box, &old));
		box_start(&box, 1);
		assert(is_same(&box, &old));
		return 0;
	}
	check_items();
	box_start(&box, 1);
	check_items();
	box_check_use(&box);
	rc = restore(span_of(copy, back_up()));
	assert(rc == ERR_OK);
	check_items();
	return 0;
}
