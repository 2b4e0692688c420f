/*
 * settings-image: images of the settings log, made and shown on a PC.
 *
 *   settings-image build FILE.settings OUT.img [BANK-KIB [BANKS]]
 *   settings-image show IMAGE [BANK-KIB]
 *
 * "build" compiles lines of settings (as `gatepost settings export` writes
 * them, without secrets) to what a device finds on its flash at first start:
 * put it into the partition or the state folder.  "show" prints what an image
 * holds, wear included, and never writes to it.
 *
 * It links src/store: the format exists once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "platform/flash.h"
#include "store/settings_text.h"

#define SLOTS	  4096
#define IMAGE_MAX (16u << 20)
#define TEXT_MAX  (256 * 1024)

/* A flash in memory: what is done to it stays in memory. */
struct medium {
	struct flash flash;
	uint8_t *mem;
};

static struct kv_slot slots[SLOTS];
static uint8_t txn[32 * 1024], copy[KV_COPY_MIN], value[KV_VALUE_MAX];
static char area[2 * 32 * 1024], message_mem[SETTINGS_MESSAGE_MAX];
static struct kv kv;
static struct settings settings;

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "settings-image: %s: %s\n", what, why);
	return 2;
}

static int
mem_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	memcpy(to, ((struct medium *)f)->mem + at, len);
	return ERR_OK;
}

static int
mem_program(struct flash *f, uint32_t at, struct span data)
{
	uint8_t *mem = ((struct medium *)f)->mem + at;

	for (size_t i = 0; i < data.len; i++)
		mem[i] &= data.p[i];
	return ERR_OK;
}

static int
mem_erase(struct flash *f, uint32_t block)
{
	memset(((struct medium *)f)->mem + block * f->block_octets, 0xff,
	    f->block_octets);
	return ERR_OK;
}

/* `blocks` blocks in memory, erased. */
static int
medium_make(struct medium *m, uint32_t block_octets, uint32_t blocks)
{
	*m = (struct medium) {
		.flash = {
			.block_octets = block_octets,
			.blocks = blocks,
			.unit = 1,
			.read = mem_read,
			.program = mem_program,
			.erase = mem_erase,
		},
		.mem = malloc((size_t)block_octets * blocks),
	};
	if (m->mem == NULL)
		return ERR_FULL;
	memset(m->mem, 0xff, (size_t)block_octets * blocks);
	return ERR_OK;
}

static int
open_kv(struct medium *m)
{
	const struct kv_memory memory = { slots, SLOTS, txn, sizeof(txn), copy,
		sizeof(copy) };

	return kv_open(&kv, &m->flash, 1, &memory);
}

/* The whole of a file, at most `cap` octets; its length or -1. */
static long
read_file(const char *path, void *to, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return -1;
	n = fread(to, 1, cap, f);
	if (ferror(f) || !feof(f))
		n = (size_t)-1;
	fclose(f);
	return (long)n;
}

static int
write_file(const char *path, const struct medium *m)
{
	size_t n = (size_t)m->flash.block_octets * m->flash.blocks;
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(m->mem, 1, n, f) != n || fclose(f) != 0)
		return fail(path, "cannot be written");
	printf("%s: %u banks of %u bytes\n", path, m->flash.blocks,
	    m->flash.block_octets);
	return 0;
}

static int
build(const char *in, const char *out, uint32_t bank_kib, uint32_t banks)
{
	static char text[TEXT_MAX];
	long len = read_file(in, text, sizeof(text) - 1);
	struct text message;
	struct medium m;

	text_init(&message, message_mem, sizeof(message_mem));
	if (len < 0)
		return fail(in, "cannot be read, or is too long");
	if (medium_make(&m, bank_kib * 1024, banks) != ERR_OK)
		return fail(out, "no memory");
	if (open_kv(&m) != ERR_MISSING || kv_format(&kv) != ERR_OK)
		return fail(out, "banks must have 64 KiB at least, 2 to 16");
	settings_init(&settings, &kv, area, sizeof(area));
	if (settings_load(&settings, NULL) != ERR_OK
	    || settings_import(&settings, span_of(text, (size_t)len),
		   &(struct passkey) { .done = true }, &message)
		   != ERR_OK)
		return fail(in, message_mem);
	return write_file(out, &m);
}

static void
show_entry(const struct kv_entry *e)
{
	int id = settings_find(span_of(e->key, e->key_len), NULL);
	int n = kv_get(&kv, span_of(e->key, e->key_len), value, sizeof(value));

	if (id >= 0 && !(settings_schema[id].flags & SETTING_SECRET) && n >= 0)
		printf("%s=%.*s\n", e->key, n, (const char *)value);
	else
		printf("# %s: %zu bytes\n", e->key, e->value_len);
}

static void
show_all(void)
{
	struct kv_cursor c = { 0 };
	struct kv_entry e;
	struct kv_stats st;
	uint32_t erases, failures;

	while (kv_next(&kv, SPAN(""), &c, &e) == 1)
		show_entry(&e);
	kv_stats(&kv, &st);
	printf("# %u keys, %u of %u bytes; log at %u of %u bytes of bank %u\n",
	    st.used.keys, st.used.octets, st.total.octets, st.log_octets,
	    st.bank_octets, st.live_bank);
	for (uint32_t i = 0; i < st.banks; i++) {
		kv_wear(&kv, i, &erases, &failures);
		printf("# bank %u: erased %u times\n", i, erases);
	}
}

static int
show(const char *path, uint32_t bank_kib)
{
	uint8_t *image = malloc(IMAGE_MAX);
	long len = image == NULL ? -1 : read_file(path, image, IMAGE_MAX);
	struct medium m;
	int rc;

	if (len <= 0)
		return fail(path, "cannot be read, is empty, or is too long");
	if (bank_kib == 0)
		bank_kib = (uint32_t)len / 2048;
	if (bank_kib == 0 || len % (bank_kib * 1024) != 0)
		return fail(path, "is no whole number of banks");
	rc =
	    medium_make(&m, bank_kib * 1024, (uint32_t)len / (bank_kib * 1024));
	if (rc == ERR_OK) {
		memcpy(m.mem, image, (size_t)len);
		rc = open_kv(&m);
	}
	free(image);
	if (rc == ERR_MISSING)
		return fail(path, "holds no settings");
	if (rc != ERR_OK)
		return fail(path, err_text(rc));
	show_all();
	return 0;
}

/* The number in argument `i`, or `otherwise`. */
static uint32_t
number(int argc, char **argv, int i, uint32_t otherwise)
{
	uint64_t n;

	if (i >= argc)
		return otherwise;
	return span_u64(span_str(argv[i]), 16384, &n) == ERR_OK ? (uint32_t)n
								: 1;
}

int
main(int argc, char **argv)
{
	if (argc >= 4 && argc <= 6 && strcmp(argv[1], "build") == 0)
		return build(argv[2], argv[3], number(argc, argv, 4, 64),
		    number(argc, argv, 5, 2));
	if (argc >= 3 && argc <= 4 && strcmp(argv[1], "show") == 0)
		return show(argv[2], number(argc, argv, 3, 0));
	fputs("usage: settings-image build FILE.settings OUT.img [BANK-KIB"
	      " [BANKS]]\n"
	      "       settings-image show IMAGE [BANK-KIB]\n",
	    stderr);
	return 2;
}
