/*
 * tls_roots: trust anchors and fingerprints, out of files and settings.
 *
 * A certificate is decoded at the far end of the free memory; its name and
 * key are then copied to the near end, where they stay.
 */
#include "service/tls_peer.h"

#include "codec/pem.h"
#include "core/chr.h"

#define KEEP_OCTETS 1536 /* of one anchor: its name and its key */

struct name_taker {
	struct tls_roots *roots;
	size_t len;
	bool cut;
};

static void
take_name(void *ctx, const void *bytes, size_t len)
{
	struct name_taker *n = ctx;

	if (n->cut || len > KEEP_OCTETS / 2 - n->len) {
		n->cut = true;
		return;
	}
	memcpy(n->roots->mem + n->roots->used + n->len, bytes, len);
	n->len += len;
}

/* Move bytes of a key to where they stay. */
static unsigned char *
keep(struct tls_roots *r, const unsigned char *p, size_t len)
{
	uint8_t *to = r->mem + r->used;

	memcpy(to, p, len);
	r->used += len;
	return to;
}

static int
keep_anchor(struct tls_roots *r, size_t name_len, const br_x509_pkey *k)
{
	br_x509_trust_anchor *a = &r->anchor[r->n];

	a->dn.data = r->mem + r->used;
	a->dn.len = name_len;
	r->used += name_len;
	a->flags = br_x509_decoder_isCA(&r->decoder) ? BR_X509_TA_CA : 0;
	a->pkey = *k;
	if (k->key_type == BR_KEYTYPE_RSA) {
		if (k->key.rsa.nlen + k->key.rsa.elen > KEEP_OCTETS / 2)
			return ERR_RANGE;
		a->pkey.key.rsa.n = keep(r, k->key.rsa.n, k->key.rsa.nlen);
		a->pkey.key.rsa.e = keep(r, k->key.rsa.e, k->key.rsa.elen);
	} else {
		a->pkey.key.ec.q = keep(r, k->key.ec.q, k->key.ec.qlen);
	}
	r->n++;
	return ERR_OK;
}

static int
add_anchor(struct tls_roots *r, struct span der)
{
	struct name_taker name = { r, 0, false };
	const br_x509_pkey *k;

	br_x509_decoder_init(&r->decoder, take_name, &name);
	br_x509_decoder_push(&r->decoder, der.p, der.len);
	k = br_x509_decoder_get_pkey(&r->decoder);
	if (k == NULL || name.cut)
		return br_x509_decoder_last_error(&r->decoder)
			       == BR_ERR_X509_UNSUPPORTED
			   ? ERR_UNSUPPORTED
			   : ERR_SYNTAX;
	return keep_anchor(r, name.len, k);
}

/* One more certificate of the text: 1, 0 at its end. */
static int
next_anchor(struct tls_roots *r, struct pem *p)
{
	size_t work = r->used + KEEP_OCTETS, len;
	int err;

	if (work > sizeof(r->mem))
		work = sizeof(r->mem);
	err = pem_next(p, r->mem + work, sizeof(r->mem) - work, &len);
	if (err <= 0)
		return err;
	if (!span_ends_nocase(span_str(pem_name(p)), SPAN("CERTIFICATE")))
		return 1;
	if (r->n == TLS_ROOTS)
		return ERR_FULL;
	err = add_anchor(r, span_of(r->mem + work, len));
	/* A root with a key of another kind can serve nobody: go on. */
	return err < 0 && err != ERR_UNSUPPORTED ? err : 1;
}

static int
add_all(struct tls_roots *r, struct span text)
{
	size_t before = r->n;
	struct pem p;
	int err;

	pem_init(&p, text);
	do
		err = next_anchor(r, &p);
	while (err > 0);
	if (err == 0 && r->n == before)
		return ERR_MISSING;
	return err;
}

static const char *
words_for(int err)
{
	if (err == ERR_MISSING)
		return "there is no certificate in it that can be used";
	if (err == ERR_FULL || err == ERR_RANGE)
		return "more certificates than there is room for: leave only "
		       "the roots that your providers need";
	return "a damaged certificate";
}

int
tls_roots_load(
    struct tls_roots *r, struct fs *fs, const char *path, struct text *why)
{
	struct span text = SPAN("");
	const char *words;
	int h = fs->open(fs, path, FS_READ);
	int err = h;

	if (h >= 0) {
		err = fs->map(fs, h, &text);
		(void)fs->close(fs, h);
	}
	words = err_text(err);
	if (err >= 0) {
		err = add_all(r, text);
		fs->unmap(fs, text);
		words = words_for(err);
	}
	if (err < 0) {
		text_str(why, path);
		text_str(why, ": ");
		text_str(why, words);
	}
	return err;
}

int
tls_fingerprint_read(struct span text, uint8_t pin[TLS_FINGERPRINT])
{
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		int v = chr_hex(text.p[i]);

		if (text.p[i] == ':' && digits > 0 && digits % 2 == 0)
			continue;
		if (v < 0 || digits == 2 * TLS_FINGERPRINT)
			return ERR_SYNTAX;
		if (digits % 2 == 0)
			pin[digits / 2] = (uint8_t)(v << 4);
		else
			pin[digits / 2] = (uint8_t)(pin[digits / 2] | v);
		digits++;
	}
	return digits == 2 * TLS_FINGERPRINT ? ERR_OK : ERR_SYNTAX;
}

void
tls_fingerprint_text(struct text *t, const uint8_t fingerprint[TLS_FINGERPRINT])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < TLS_FINGERPRINT; i++) {
		if (i > 0)
			text_chr(t, ':');
		text_chr(t, digits[fingerprint[i] >> 4]);
		text_chr(t, digits[fingerprint[i] & 15]);
	}
}
