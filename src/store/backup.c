/*
 * backup: the file's format, and the checks before anything is replaced.  The
 * items in it are those of kv_item.
 */
#include "store/backup.h"

#include "core/le.h"
#include "core/secret.h"
#include "store/kv_item.h"
#include "store/settings_view.h"
#include "store/settings_text.h"

enum {
	AT_VERSION = 8,
	AT_FLAGS = 10,
	AT_ROUNDS = 12,
	AT_SALT = 16, /* 16 */
	AT_KEY = 48,  /* 61: the master key under the passphrase */
	AT_ITEMS = BACKUP_HEAD,
	SUM = 32,
	SEALED = SEAL_KEY + SEAL_OVER,
};

#define HAS_PASSPHRASE 1u

static const char magic[] = "GPBACKUP";
static const char key_name[] = "backup.key";
static const char master_name[] = "seal.key";

static int
seal_master(struct backup *b, const struct passkey *k)
{
	struct seal seal = { .random = b->s->seal.random };
	int rc;

	if (!b->s->has_seal)
		return ERR_DENIED;
	le16_put(b->head + AT_FLAGS, HAS_PASSPHRASE);
	le32_put(b->head + AT_ROUNDS, k->rounds);
	memcpy(b->head + AT_SALT, k->salt, PASSKEY_SALT);
	memcpy(seal.key, k->key, SEAL_KEY);
	rc = seal_close(&seal, span_str(key_name),
	    span_of(b->s->seal.key, SEAL_KEY), b->head + AT_KEY, SEALED);
	secret_wipe(&seal, sizeof(seal));
	return rc < 0 ? rc : ERR_OK;
}

int
backup_begin(struct backup *b, struct settings *s, const struct passkey *k)
{
	int rc = ERR_OK;

	*b = (struct backup) { .s = s };
	memcpy(b->head, magic, sizeof(magic) - 1);
	le16_put(b->head + AT_VERSION, BACKUP_VERSION);
	if (k->rounds > 0)
		rc = seal_master(b, k);
	br_sha256_init(&b->sum);
	return rc;
}

static int
next_item(struct backup *b, uint8_t *out)
{
	struct kv_entry e;
	struct span key;
	int rc = kv_next(b->s->kv, SPAN(""), &b->at, &e);

	if (rc != 1)
		return rc;
	key = span_of(e.key, e.key_len);
	rc =
	    kv_get(b->s->kv, key, out + KV_ITEM_HEAD + e.key_len, KV_VALUE_MAX);
	if (rc < 0)
		return rc;
	(void)kv_item_put(out, key, span_of(NULL, 0), false);
	le16_put(out + 1, (uint16_t)rc);
	return (int)kv_item_size(e.key_len, (size_t)rc, false);
}

int
backup_next(struct backup *b, uint8_t *out)
{
	int rc;

	switch (b->stage) {
	case 0:
		b->stage = 1;
		memcpy(out, b->head, BACKUP_HEAD);
		rc = BACKUP_HEAD;
		break;
	case 1:
		rc = next_item(b, out);
		if (rc != 0)
			break;
		out[0] = 0;
		br_sha256_update(&b->sum, out, 1);
		br_sha256_out(&b->sum, out + 1);
		b->stage = 2;
		return 1 + SUM;
	default:
		return 0;
	}
	if (rc > 0)
		br_sha256_update(&b->sum, out, (size_t)rc);
	return rc;
}

/* Restoring. */

static int
refuse(struct text *m, int rc, const char *words)
{
	text_str(m, words);
	text_str(m, "; nothing was changed");
	return rc;
}

/* Is the file whole, and of a version that we read? */
static int
check_file(struct span file, struct text *m)
{
	uint8_t sum[SUM];
	br_sha256_context c;
	unsigned version;

	if (file.len < sizeof(magic) + 1
	    || memcmp(file.p, magic, sizeof(magic) - 1) != 0)
		return refuse(m, ERR_SYNTAX, "this is not a gatepost backup");
	version = le16_get(file.p + AT_VERSION);
	if (version == 0 || version > BACKUP_VERSION)
		return refuse(m, ERR_UNSUPPORTED,
		    "this backup was written by a newer version of gatepost");
	if (file.len < AT_ITEMS + 1 + SUM)
		return refuse(m, ERR_TORN, "the backup is cut off");
	br_sha256_init(&c);
	br_sha256_update(&c, file.p, file.len - SUM);
	br_sha256_out(&c, sum);
	if (memcmp(sum, file.p + file.len - SUM, SUM) != 0)
		return refuse(m, ERR_TORN,
		    "the backup is damaged or cut off: its checksum is wrong");
	return ERR_OK;
}

static struct span
items_of(struct span file)
{
	return span_of(file.p + AT_ITEMS, file.len - AT_ITEMS - 1 - SUM);
}

/* Are all items well formed?  And the one that holds the sealed key. */
static int
find_master(struct span file, struct span *sealed, struct text *m)
{
	struct span rest = items_of(file), value;
	struct kv_item it;

	*sealed = span_of(NULL, 0);
	while (rest.len > 0) {
		if (kv_item_take(&rest, &it, &value) != ERR_OK || it.gone)
			return refuse(
			    m, ERR_TORN, "the backup's content is not right");
		if (span_is(kv_item_key(&it), span_str(master_name)))
			*sealed = value;
	}
	return ERR_OK;
}

static int
master_by_passphrase(
    struct span file, const struct passkey *k, uint8_t *master, struct text *m)
{
	const uint8_t *head = file.p;
	struct seal seal = { .random = NULL };
	uint32_t rounds = le32_get(head + AT_ROUNDS);
	int rc;

	if (!(le16_get(head + AT_FLAGS) & HAS_PASSPHRASE))
		return refuse(m, ERR_DENIED,
		    "this backup was made on another device, without a"
		    " passphrase: its secrets can be opened only there");
	if (rounds == 0 || rounds > PASSKEY_ROUNDS_MAX)
		return refuse(m, ERR_TORN, "the backup's content is not right");
	if (!passkey_is(k, head + AT_SALT, rounds))
		return refuse(m, ERR_DENIED,
		    "this backup was made on another device: its passphrase"
		    " is needed");
	memcpy(seal.key, k->key, SEAL_KEY);
	rc = seal_open(&seal, span_str(key_name),
	    span_of(head + AT_KEY, SEALED), master, SEAL_KEY);
	secret_wipe(&seal, sizeof(seal));
	if (rc != SEAL_KEY)
		return refuse(m, ERR_DENIED, "the passphrase is wrong");
	return ERR_OK;
}

/* The master key of the backup, sealed for this device. */
static int
take_over_master(struct span file, const struct passkey *k,
    const struct seal *device, uint8_t out[SEALED], struct text *m)
{
	uint8_t master[SEAL_KEY];
	struct span sealed;
	int rc = find_master(file, &sealed, m);

	if (rc != ERR_OK)
		return rc;
	rc = seal_open(
	    device, span_str(master_name), sealed, master, sizeof(master));
	if (rc != SEAL_KEY)
		rc = master_by_passphrase(file, k, master, m);
	if (rc < 0)
		return rc;
	rc = seal_close(device, span_str(master_name),
	    span_of(master, SEAL_KEY), out, SEALED);
	secret_wipe(master, sizeof(master));
	if (rc < 0)
		return refuse(m, rc, err_text(rc));
	return ERR_OK;
}

/*
 * Is every setting right in this version, and do they fit together?  Keys
 * that this version doesn't know are harmless: nobody asks for them.
 */
static int
judge_items(struct settings *s, struct span file, struct text *m)
{
	struct settings_view coming = { .change = items_of(file) };
	struct span rest = coming.change, value;
	struct kv_item it;
	int rc = ERR_OK;

	text_str(m, "this backup does not fit: ");
	while (rc == ERR_OK && rest.len > 0) {
		int id;

		rc = kv_item_take(&rest, &it, &value);
		id = settings_find(kv_item_key(&it), NULL);
		if (rc == ERR_OK && id >= 0
		    && !(settings_schema[id].flags & SETTING_SECRET))
			rc = settings_check(s, kv_item_key(&it), value, m);
	}
	if (rc == ERR_OK)
		rc = settings_fit(s, &coming, m);
	else
		text_str(m, "; nothing was changed");
	if (rc == ERR_OK)
		text_init(m, m->mem, m->cap + 1);
	return rc;
}

static int
put_items(struct kv *kv, struct span file, struct span sealed_master)
{
	struct span rest = items_of(file), value;
	struct kv_item it;
	int rc = kv_replace_put(kv, span_str(master_name), sealed_master);

	while (rc == ERR_OK && rest.len > 0) {
		rc = kv_item_take(&rest, &it, &value);
		if (rc == ERR_OK
		    && !span_is(kv_item_key(&it), span_str(master_name)))
			rc = kv_replace_put(kv, kv_item_key(&it), value);
	}
	return rc;
}

static int
replace_all(
    struct kv *kv, struct span file, struct span sealed_master, struct text *m)
{
	int rc = kv_replace_begin(kv);

	if (rc == ERR_OK)
		rc = put_items(kv, file, sealed_master);
	if (rc == ERR_OK)
		rc = kv_replace_commit(kv);
	else if (rc != ERR_BUSY)
		kv_abort(kv);
	if (rc == ERR_OK)
		return rc;
	if (rc == ERR_FULL)
		return refuse(m, rc,
		    "this backup holds more than this device has room for");
	return refuse(m, rc, err_text(rc));
}

void
backup_restore_key(struct passkey *k, struct span file, struct span passphrase)
{
	static const uint8_t none[PASSKEY_SALT];
	bool has =
	    file.len > AT_ITEMS && le16_get(file.p + AT_FLAGS) & HAS_PASSPHRASE;

	passkey_begin(k, passphrase, has ? file.p + AT_SALT : none,
	    has ? le32_get(file.p + AT_ROUNDS) : 0);
}

int
backup_restore(struct settings *s, struct span file, const struct passkey *k,
    const uint8_t device_key[SEAL_KEY], struct text *message)
{
	uint8_t sealed[SEALED];
	struct seal device = { .random = s->seal.random };
	int rc = check_file(file, message);

	memcpy(device.key, device_key, SEAL_KEY);
	if (rc == ERR_OK)
		rc = take_over_master(file, k, &device, sealed, message);
	secret_wipe(&device, sizeof(device));
	if (rc == ERR_OK)
		rc = judge_items(s, file, message);
	if (rc == ERR_OK)
		rc = replace_all(s->kv, file, span_of(sealed, SEALED), message);
	if (rc != ERR_OK)
		return rc;
	rc = settings_unlock(s, device_key, s->seal.random);
	if (rc == ERR_OK)
		rc = settings_load(s, NULL);
	if (rc != ERR_OK)
		text_str(message, "restored, but could not be read back; it"
				  " counts after a restart");
	return rc;
}
