/*
 * tls_client: the client's side: what is asked of the server's certificate.
 *
 * The engine hands certificates to one of our own checks, which takes the
 * first certificate's fingerprint and then either lets BearSSL validate the
 * chain, or only decodes the first certificate's key.
 */
#include "service/tls_engine.h"

#include "codec/cert.h"
#include "core/secret.h"
#include "service/tls_peer.h"

static struct tls_peer *
of_class(const br_x509_class **ctx)
{
	return (struct tls_peer *)(void *)ctx;
}

static bool
is_full(const struct tls_peer *p)
{
	return p->level == TLS_VERIFIED;
}

/* Set BearSSL's own validation up with our roots, name and time. */
static void
begin_full(struct tls_peer *p)
{
	br_x509_minimal_context *x = &p->x509.full;
	uint32_t days = (uint32_t)(p->now_s / 86400) + 719528;

	br_x509_minimal_init(
	    x, &br_sha256_vtable, p->roots->anchor, p->roots->n);
	br_x509_minimal_set_rsa(x, p->kit->rsa_vrfy);
	br_x509_minimal_set_ecdsa(x, &p->kit->ec, p->kit->ecdsa_vrfy);
	br_x509_minimal_set_hash(x, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(x, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(x, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_minrsa(x, 2048 / 8);
	br_x509_minimal_set_time(x, days, (uint32_t)(p->now_s % 86400));
	/* it knows no addresses: for those the leaf is asked at the end */
	x->vtable->start_chain(&x->vtable, p->by_ip ? NULL : p->name);
}

static void
start_chain(const br_x509_class **ctx, const char *name)
{
	struct tls_peer *p = of_class(ctx);

	(void)name;
	p->depth = 0;
	p->leaf_len = 0;
	p->seen = p->verified = false;
	br_sha256_init(&p->hash);
	if (is_full(p))
		begin_full(p);
	else
		br_x509_decoder_init(&p->x509.leaf, NULL, NULL);
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct tls_peer *p = of_class(ctx);
	br_x509_minimal_context *x = &p->x509.full;

	if (is_full(p))
		x->vtable->start_cert(&x->vtable, length);
}

static void
keep_leaf(struct tls_peer *p, const uint8_t *octets, size_t len)
{
	if (len > sizeof(p->leaf) || p->leaf_len > sizeof(p->leaf) - len) {
		p->leaf_len = sizeof(p->leaf) + 1;
		return;
	}
	memcpy(p->leaf + p->leaf_len, octets, len);
	p->leaf_len = (uint16_t)(p->leaf_len + len);
}

static void
append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct tls_peer *p = of_class(ctx);
	br_x509_minimal_context *x = &p->x509.full;

	if (p->depth == 0)
		br_sha256_update(&p->hash, buf, len);
	if (p->depth == 0 && p->by_ip)
		keep_leaf(p, buf, len);
	if (is_full(p))
		x->vtable->append(&x->vtable, buf, len);
	else if (p->depth == 0)
		br_x509_decoder_push(&p->x509.leaf, buf, len);
}

static void
end_cert(const br_x509_class **ctx)
{
	struct tls_peer *p = of_class(ctx);
	br_x509_minimal_context *x = &p->x509.full;

	if (is_full(p))
		x->vtable->end_cert(&x->vtable);
	if (p->depth++ == 0) {
		br_sha256_out(&p->hash, p->found);
		p->seen = true;
	}
}

static unsigned
check_leaf(struct tls_peer *p)
{
	int err;

	if (!p->seen)
		return BR_ERR_X509_EMPTY_CHAIN;
	if (p->level == TLS_PINNED) {
		if (!secret_is(span_of(p->found, TLS_FINGERPRINT),
			span_of(p->pin, TLS_FINGERPRINT)))
			return TLS_ERR_PIN;
		p->verified = true;
	}
	err = br_x509_decoder_last_error(&p->x509.leaf);
	return err == 0 ? 0 : (unsigned)err;
}

static bool
is_for_ip(const struct tls_peer *p)
{
	return p->leaf_len <= sizeof(p->leaf)
	       && cert_has_ip(span_of(p->leaf, p->leaf_len), p->ip);
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct tls_peer *p = of_class(ctx);
	br_x509_minimal_context *x = &p->x509.full;
	unsigned err;

	if (!is_full(p))
		return check_leaf(p);
	err = x->vtable->end_chain(&x->vtable);
	if (err == 0 && p->by_ip && !is_for_ip(p))
		err = BR_ERR_X509_BAD_SERVER_NAME;
	p->verified = err == 0;
	return err;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct tls_peer *p = (const struct tls_peer *)(const void *)ctx;
	const br_x509_minimal_context *x = &p->x509.full;

	if (is_full(p))
		return x->vtable->get_pkey(&x->vtable, usages);
	if (usages != NULL)
		*usages = BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
	return &p->x509.leaf.pkey;
}

static const br_x509_class peer_class = {
	sizeof(struct tls_peer),
	start_chain,
	start_cert,
	append,
	end_cert,
	end_chain,
	get_pkey,
};

int
tls_peer_init(struct tls_peer *p, enum tls_level level, struct span name,
    const struct tls_roots *roots, int64_t now_s)
{
	if (name.len > TLS_NAME_MAX || span_find(name, 0) < name.len)
		return ERR_RANGE;
	memset(p, 0, offsetof(struct tls_peer, x509));
	p->vtable = &peer_class;
	p->level = level;
	p->roots = roots;
	p->now_s = now_s;
	if (name.len > 0)
		memcpy(p->name, name.p, name.len);
	p->by_ip = ip_parse(name, p->ip) == ERR_OK;
	return ERR_OK;
}

int
tls_connect(struct tls *t, const struct tls_config *c, struct tls_peer *peer)
{
	br_ssl_client_context *cc = &t->br.client;
	int err;

	br_ssl_client_zero(cc);
	err = tls_begin(t, c);
	if (err < 0)
		return err;
	t->peer = peer;
	peer->kit = &c->kit;
	br_ssl_engine_set_x509(&cc->eng, &peer->vtable);
	br_ssl_engine_set_rsavrfy(&cc->eng, c->kit.rsa_vrfy);
	br_ssl_engine_set_ecdsa(&cc->eng, c->kit.ecdsa_vrfy);
	br_ssl_client_set_rsapub(cc, c->kit.rsa_public);
	/*
	 * No addresses in SNI (RFC 6066, 3).  Fails only for a bad
	 * configuration; the state tells.
	 */
	(void)br_ssl_client_reset(cc, peer->by_ip ? NULL : peer->name, 0);
	return ERR_OK;
}
