/*
 * tls_identity: loading our key and certificates.  That they belong together:
 * an EC key's public half is calculated; an RSA key signs, and the
 * certificate verifies.
 */
#include "service/tls_identity.h"

#include "codec/cert.h"
#include "codec/pem.h"
#include "core/secret.h"
#include "core/zero.h"
#include "service/curve.h"

_Static_assert(TLS_CHAIN_OCTETS >= 4096, "the largest key fits as DER");

struct source {
	struct fs *fs;
	const char *path;
	struct text *why;
};

static int
say(const struct source *s, int err, const char *words)
{
	text_str(s->why, s->path);
	text_str(s->why, ": ");
	text_str(s->why, words);
	return err;
}

static int
open_source(const struct source *s, struct span *mapped)
{
	int h = s->fs->open(s->fs, s->path, FS_READ);
	struct fs_stat st;
	int err = h;

	if (h >= 0 && !s->fs->stat(s->fs, s->path, &st) && st.is_dir) {
		(void)s->fs->close(s->fs, h);
		return say(s, ERR_UNSUPPORTED, "this is a folder: name a file");
	}
	if (h >= 0) {
		err = s->fs->map(s->fs, h, mapped);
		(void)s->fs->close(s->fs, h);
	}
	return err < 0 ? say(s, err, err_text(err)) : ERR_OK;
}

static int
no_object(const struct source *s, struct span text, const char *words)
{
	if (text.len > 0 && text.p[0] == 0x30)
		words = "this is DER, not PEM: convert it, for example with "
			"openssl ... -inform DER";
	return say(s, ERR_MISSING, words);
}

static int
take_key(struct key *k, const struct source *s, struct span der)
{
	const char *kind;
	int err = key_read(k, der, &kind);

	if (err >= 0)
		return err;
	say(s, err, kind);
	text_str(s->why, ": use an EC key (P-256, P-384) or an RSA key of 2048"
			 " to 4096 bits");
	return err;
}

/* Find the one private key in a PEM text; its DER passes through `work`. */
static int
find_key(struct key *k, const struct source *s, struct span text, uint8_t *work,
    size_t cap)
{
	struct pem p;
	size_t len;
	int err;

	if (pem_is_encrypted(text))
		return say(s, ERR_UNSUPPORTED,
		    "the key is encrypted: write it without pass phrase, with "
		    "openssl pkey -in OLD -out NEW");
	pem_init(&p, text);
	while ((err = pem_next(&p, work, cap, &len)) > 0) {
		if (span_ends_nocase(
			span_str(pem_name(&p)), SPAN("PRIVATE KEY")))
			return take_key(k, s, span_of(work, len));
	}
	if (err == 0)
		return no_object(s, text, "there is no private key in it");
	return say(s, err,
	    err == ERR_RANGE ? "something in it is too large for a key"
			     : "damaged PEM text");
}

int
tls_find_key(struct key *k, const char *name, struct span text,
    struct tls_key_work *work, struct text *why)
{
	const struct source s = { .path = name, .why = why };
	int err = find_key(k, &s, text, work->der, sizeof(work->der));

	secret_wipe(work, sizeof(*work));
	return err;
}

static int
load_key(struct tls_identity *id, const struct source *s)
{
	struct span text = { NULL, 0 };
	int err = open_source(s, &text);

	if (err < 0)
		return err;
	err = find_key(&id->key, s, text, id->der, sizeof(id->der));
	s->fs->unmap(s->fs, text);
	zero_fill(id->der, sizeof(id->der));
	return err;
}

static bool
is_certificate(const char *name)
{
	return span_is(span_str(name), SPAN("CERTIFICATE"))
	       || span_is(span_str(name), SPAN("X509 CERTIFICATE"));
}

static int
take_certificate(
    struct tls_identity *id, const struct source *s, size_t at, size_t len)
{
	struct cert c;

	if (cert_read(&c, span_of(id->der + at, len)) < 0)
		return say(s, ERR_SYNTAX, "a damaged certificate");
	if (id->chain_n == TLS_CHAIN_MAX)
		return say(s, ERR_RANGE,
		    "more certificates than a chain has: leave only this "
		    "box's and its issuers'");
	if (id->chain_n == 0) {
		id->not_before_s = c.not_before_s;
		id->not_after_s = c.not_after_s;
	}
	id->chain[id->chain_n].data = id->der + at;
	id->chain[id->chain_n++].data_len = len;
	return ERR_OK;
}

static int
find_chain(struct tls_identity *id, const struct source *s, struct span text)
{
	size_t at = 0, len;
	struct pem p;
	int err;

	pem_init(&p, text);
	while ((err = pem_next(&p, id->der + at, sizeof(id->der) - at, &len))
	       > 0) {
		if (!is_certificate(pem_name(&p)))
			continue;
		err = take_certificate(id, s, at, len);
		if (err < 0)
			return err;
		at += len;
	}
	if (err == ERR_RANGE)
		return say(s, err, "more certificates than there is room for");
	if (err < 0)
		return say(s, err, "damaged PEM text");
	if (id->chain_n == 0)
		return no_object(s, text, "there is no certificate in it");
	return ERR_OK;
}

static int
load_chain(struct tls_identity *id, const struct source *s)
{
	struct span text = { NULL, 0 };
	int err = open_source(s, &text);

	if (err < 0)
		return err;
	err = find_chain(id, s, text);
	s->fs->unmap(s->fs, text);
	return err;
}

static bool
ec_matches(const struct key *k, const struct cert *c)
{
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_impl impl;
	size_t n;

	if (c->curve != k->u.ec.curve)
		return false;
	curve_choose(&impl);
	n = br_ec_compute_pub(&impl, NULL, point, &k->u.ec);
	return span_is(c->ec_point, span_of(point, n));
}

static bool
rsa_matches(const struct key *k, const struct cert *c, const uint8_t hash[32])
{
	uint8_t sig[KEY_RSA_MAX / 8], got[32];
	size_t n = (k->u.rsa.n_bitlen + 7) / 8;
	br_rsa_public_key pub = { NULL, c->rsa_n.len, NULL, c->rsa_e.len };

	if (c->rsa_n.len != n)
		return false;
	/* BearSSL reads these through pointers without const. */
	memcpy(&pub.n, &c->rsa_n.p, sizeof(pub.n));
	memcpy(&pub.e, &c->rsa_e.p, sizeof(pub.e));
	return br_rsa_pkcs1_sign_get_default()(
		   BR_HASH_OID_SHA256, hash, 32, &k->u.rsa, sig)
	       && br_rsa_pkcs1_vrfy_get_default()(
		   sig, n, BR_HASH_OID_SHA256, 32, &pub, got)
	       && memcmp(got, hash, 32) == 0;
}

/* Does the first certificate hold the public half of the key? */
static bool
is_pair(struct tls_identity *id)
{
	struct span leaf = span_of(id->chain[0].data, id->chain[0].data_len);
	br_sha256_context hash;
	struct cert c;

	br_sha256_init(&hash);
	br_sha256_update(&hash, leaf.p, leaf.len);
	br_sha256_out(&hash, id->fingerprint);
	if (cert_read(&c, leaf) < 0 || c.key_type != id->key.type)
		return false;
	return c.key_type == BR_KEYTYPE_EC
		   ? ec_matches(&id->key, &c)
		   : rsa_matches(&id->key, &c, id->fingerprint);
}

static int
load(struct tls_identity *id, const struct source *cert,
    const struct source *key)
{
	int err = load_key(id, key);

	if (err < 0)
		return err;
	err = load_chain(id, cert);
	if (err < 0)
		return err;
	if (is_pair(id))
		return ERR_OK;
	say(cert, ERR_RANGE,
	    "the first certificate does not belong to the key "
	    "in ");
	text_str(key->why, key->path);
	text_str(key->why, ": put this box's certificate first, or use its "
			   "own key");
	return ERR_RANGE;
}

int
tls_identity_load(struct tls_identity *id, struct fs *fs, const char *cert_path,
    const char *key_path, struct text *why)
{
	struct source cert = { fs, cert_path, why };
	struct source key = { fs, key_path, why };
	int err;

	if (id->users > 0)
		return say(&cert, ERR_BUSY, "the old one is still in use");
	tls_identity_wipe(id);
	err = load(id, &cert, &key);
	if (err < 0)
		tls_identity_wipe(id);
	return err;
}

void
tls_identity_wipe(struct tls_identity *id)
{
	zero_fill(id, sizeof(*id));
}
