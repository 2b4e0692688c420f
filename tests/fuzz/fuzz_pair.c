/*
 * fuzz_pair: any two files as certificate and key, up to the first NUL and
 * behind it, as `set tls.cert` and a start read them.  What is taken has its
 * chain within its own memory; what is not says why in one printable line and
 * leaves nothing.
 */
#include <assert.h>
#include <string.h>

#include "core/text.h"
#include "service/tls_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span files[2];

static int
port_open(struct fs *fs, const char *path, enum fs_how how)
{
	(void)fs;
	assert(how == FS_READ);
	return path[0] == 'c' ? 0 : 1;
}

static int
port_close(struct fs *fs, int h)
{
	(void)fs;
	(void)h;
	return ERR_OK;
}

static int
port_stat(struct fs *fs, const char *path, struct fs_stat *st)
{
	(void)fs;
	*st = (struct fs_stat) { .octets = files[path[0] != 'c'].len };
	return ERR_OK;
}

static int
port_map(struct fs *fs, int h, struct span *out)
{
	(void)fs;
	*out = files[h];
	return ERR_OK;
}

static void
port_unmap(struct fs *fs, struct span mapped)
{
	(void)fs;
	(void)mapped;
}

static struct fs port = {
	.open = port_open,
	.close = port_close,
	.stat = port_stat,
	.map = port_map,
	.unmap = port_unmap,
};

static void
check_taken(const struct tls_identity *id)
{
	assert(id->chain_n > 0 && id->chain_n <= TLS_CHAIN_MAX);
	for (size_t i = 0; i < id->chain_n; i++) {
		const uint8_t *p = id->chain[i].data;
		size_t len = id->chain[i].data_len;

		assert(p >= id->der && len > 0 && len <= sizeof(id->der));
		assert((size_t)(p - id->der) <= sizeof(id->der) - len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tls_identity id;
	struct span all = span_of(data, size);
	size_t at = span_find(all, 0);
	char mem[256];
	struct text why;

	files[0] = span_first(all, at);
	files[1] = at < size ? span_from(all, at + 1) : all;
	text_init(&why, mem, sizeof(mem));
	if (tls_identity_load(&id, &port, "cert.pem", "key.pem", &why) == 0) {
		check_taken(&id);
		tls_identity_wipe(&id);
		return 0;
	}
	assert(id.chain_n == 0 && id.key.type == 0);
	assert(why.len > 0);
	for (size_t i = 0; i < why.len; i++)
		assert((uint8_t)mem[i] >= 0x20 && mem[i] != 0x7f);
	return 0;
}
