/* pdfcrypt: keys by MD5 or SHA-2; BearSSL's AES, and an RC4 of our own. */
#include "codec/pdfcrypt.h"

#include <bearssl.h>

#include "core/le.h"

#define BLOCK 16

/* What a password is filled up with; all of the empty one. */
static const uint8_t filling[32] = { 0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a,
	0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00,
	0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69,
	0x7a };

/* ---- ciphers ---- */

static void
rc4(struct span key, struct span in, uint8_t *out)
{
	uint8_t s[256], x = 0, y = 0;

	for (unsigned i = 0; i < 256; i++)
		s[i] = (uint8_t)i;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t was = s[i];

		y = (uint8_t)(y + was + key.p[i % key.len]);
		s[i] = s[y];
		s[y] = was;
	}
	y = 0;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t was = s[++x];

		y = (uint8_t)(y + was);
		s[x] = s[y];
		s[y] = was;
		out[i] = in.p[i] ^ s[(uint8_t)(s[x] + was)];
	}
}

static void
aes_read(struct span key, uint8_t *iv, uint8_t *data, size_t len)
{
	const br_block_cbcdec_class *aes = br_aes_x86ni_cbcdec_get_vtable();
	br_aes_gen_cbcdec_keys c;

	if (aes == NULL)
		aes = sizeof(size_t) > 4 ? &br_aes_ct64_cbcdec_vtable
					 : &br_aes_ct_cbcdec_vtable;
	aes->init(&c.vtable, key.p, key.len);
	aes->run(&c.vtable, iv, data, len);
}

/* Behind 16 octets to start with; without what fills the last block up. */
static size_t
aes_stream(struct span key, struct span in, uint8_t *out)
{
	uint8_t iv[BLOCK];
	size_t len = in.len / BLOCK * BLOCK;
	unsigned fill;

	if (len <= BLOCK)
		return 0;
	len -= BLOCK;
	memcpy(iv, in.p, BLOCK);
	memcpy(out, in.p + BLOCK, len);
	aes_read(key, iv, out, len);
	fill = out[len - 1];
	return fill > 0 && fill <= BLOCK ? len - fill : len;
}

size_t
pdfcrypt_read(const struct pdfcrypt *c, enum pdfcrypt_how how, uint32_t number,
    uint32_t generation, struct span in, uint8_t *out)
{
	uint8_t own[br_md5_SIZE], tail[9];
	struct span key = span_of(c->key, c->len);
	br_md5_context md5;

	if (c->by_object) {
		le32_put(tail, number);
		le32_put(tail + 3, generation);
		memcpy(tail + 5, "sAlT", 4);
		br_md5_init(&md5);
		br_md5_update(&md5, key.p, key.len);
		br_md5_update(&md5, tail, how == PDFCRYPT_AES ? 9 : 5);
		br_md5_out(&md5, own);
		key = span_of(own, c->len < 11 ? c->len + 5u : sizeof(own));
	}
	if (how == PDFCRYPT_AES)
		return aes_stream(key, in, out);
	if (how == PDFCRYPT_RC4)
		rc4(key, in, out);
	else if (in.len > 0)
		memcpy(out, in.p, in.len);
	return in.len;
}

/* ---- revisions 2 to 4 ---- */

static void
old_key(struct pdfcrypt *c, const struct pdfcrypt_said *said)
{
	uint8_t digest[br_md5_SIZE], may[4];
	br_md5_context md5;

	le32_put(may, said->may);
	br_md5_init(&md5);
	br_md5_update(&md5, filling, sizeof(filling));
	br_md5_update(&md5, said->owner.p, sizeof(filling));
	br_md5_update(&md5, may, sizeof(may));
	br_md5_update(&md5, said->id.p, said->id.len);
	if (said->revision >= 4 && said->is_meta_plain)
		br_md5_update(&md5, "\xff\xff\xff\xff", 4);
	br_md5_out(&md5, digest);
	for (unsigned i = 0; i < 50 && said->revision >= 3; i++) {
		br_md5_init(&md5);
		br_md5_update(&md5, digest, c->len);
		br_md5_out(&md5, digest);
	}
	memcpy(c->key, digest, c->len);
}

/* Revision 2: the filling; else its hash with the ID; by 20 keys. */
static bool
is_old_key(const struct pdfcrypt *c, const struct pdfcrypt_said *said)
{
	uint8_t now[32], was[32], key[br_md5_SIZE];
	unsigned rounds = said->revision == 2 ? 1 : 20;
	size_t len = said->revision == 2 ? sizeof(filling) : br_md5_SIZE;
	br_md5_context md5;

	memcpy(now, filling, sizeof(now));
	if (said->revision > 2) {
		br_md5_init(&md5);
		br_md5_update(&md5, filling, sizeof(filling));
		br_md5_update(&md5, said->id.p, said->id.len);
		br_md5_out(&md5, now);
	}
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < c->len; k++)
			key[k] = c->key[k] ^ (uint8_t)i;
		memcpy(was, now, len);
		rc4(span_of(key, c->len), span_of(was, len), now);
	}
	return memcmp(now, said->user.p, len) == 0;
}

static int
open_old(struct pdfcrypt *c, const struct pdfcrypt_said *said)
{
	unsigned bits = said->version == 4			? 128
			: said->version == 1 || said->bits == 0 ? 40
								: said->bits;

	if (bits < 40 || bits > 128 || said->owner.len < sizeof(filling)
	    || said->user.len < sizeof(filling))
		return ERR_UNSUPPORTED;
	c->len = (uint8_t)(bits / 8);
	c->by_object = true;
	old_key(c, said);
	return is_old_key(c, said) ? ERR_OK : ERR_DENIED;
}

/* ---- revisions 5 and 6 ---- */

/* One turn: 64 times the key by AES, and one of three hashes of that. */
static uint8_t
turn(uint8_t key[64], size_t *len)
{
	static const br_hash_class *const kinds[] = { &br_sha256_vtable,
		&br_sha384_vtable, &br_sha512_vtable };
	static const uint8_t lens[] = { br_sha256_SIZE, br_sha384_SIZE,
		br_sha512_SIZE };
	const br_block_cbcenc_class *aes = br_aes_x86ni_cbcenc_get_vtable();
	br_aes_gen_cbcenc_keys c;
	br_hash_compat_context hash;
	uint8_t iv[BLOCK], piece[64];
	unsigned kind = 0;

	if (aes == NULL)
		aes = sizeof(size_t) > 4 ? &br_aes_ct64_cbcenc_vtable
					 : &br_aes_ct_cbcenc_vtable;
	aes->init(&c.vtable, key, BLOCK);
	memcpy(iv, key + BLOCK, BLOCK);
	for (unsigned i = 0; i < 64; i++) {
		memcpy(piece, key, *len);
		aes->run(&c.vtable, iv, piece, *len);
		if (i == 0) {
			for (unsigned k = 0; k < BLOCK; k++)
				kind += piece[k];
			kind %= 3;
			kinds[kind]->init(&hash.vtable);
		}
		kinds[kind]->update(&hash.vtable, piece, *len);
	}
	kinds[kind]->out(&hash.vtable, key);
	*len = lens[kind];
	return iv[BLOCK - 1]; /* the last octet that came out */
}

/* The hash of the empty password with 8 octets of salt. */
static void
new_hash(unsigned revision, const uint8_t *salt, uint8_t key[64])
{
	br_sha256_context sha;
	size_t len = br_sha256_SIZE;
	uint8_t last = 0;

	br_sha256_init(&sha);
	br_sha256_update(&sha, salt, 8);
	br_sha256_out(&sha, key);
	if (revision == 5)
		return;
	/* it ends sooner or later: each turn is a throw of the dice */
	for (unsigned i = 0; i < 64 || last + 32u > i; i++)
		last = turn(key, &len);
}

static int
open_new(struct pdfcrypt *c, const struct pdfcrypt_said *said)
{
	uint8_t key[64], iv[BLOCK] = { 0 };

	if (said->user.len < 48 || said->user_key.len < sizeof(c->key))
		return ERR_UNSUPPORTED;
	new_hash(said->revision, said->user.p + 32, key);
	if (memcmp(key, said->user.p, 32) != 0)
		return ERR_DENIED;
	new_hash(said->revision, said->user.p + 40, key);
	memcpy(c->key, said->user_key.p, sizeof(c->key));
	aes_read(span_of(key, 32), iv, c->key, sizeof(c->key));
	c->len = sizeof(c->key);
	c->by_object = false;
	return ERR_OK;
}

int
pdfcrypt_open(struct pdfcrypt *c, const struct pdfcrypt_said *said)
{
	unsigned v = said->version, r = said->revision;

	if (v == 5 && (r == 5 || r == 6))
		return open_new(c, said);
	if ((v == 1 || v == 2 || v == 4) && r >= 2 && r <= 4)
		return open_old(c, said);
	return ERR_UNSUPPORTED;
}
