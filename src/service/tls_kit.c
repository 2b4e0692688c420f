/*
 * tls_kit: which implementations, suites and versions an engine is given.
 *
 * BearSSL has several implementations of each algorithm; all those named here
 * run in constant time.  The fastest on this CPU are looked for once, because
 * asking the CPU is slow inside a virtual machine.  Only what is named here
 * is linked into the program.
 */
#include "service/tls_engine.h"

#include "core/secret.h"
#include "platform/entropy.h"
#include "policy/sha256.h"
#include "service/curve.h"

static const uint16_t aes_suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static const uint16_t chacha_suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
};

static const uint16_t legacy_suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	BR_TLS_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_RSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_RSA_WITH_AES_128_CBC_SHA256,
	BR_TLS_RSA_WITH_AES_256_CBC_SHA256,
	BR_TLS_RSA_WITH_AES_128_CBC_SHA,
	BR_TLS_RSA_WITH_AES_256_CBC_SHA,
	BR_TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA,
	BR_TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
	BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA,
};

_Static_assert(
    sizeof(aes_suites) + sizeof(chacha_suites) + sizeof(legacy_suites)
	<= TLS_SUITES_MAX * sizeof(uint16_t),
    "a kit holds all suites");

#define ADD_SUITES(kit, from) add_suites(kit, from, sizeof(from) / 2)

static void
add_suites(struct tls_kit *k, const uint16_t *from, unsigned n)
{
	memcpy(k->suites + k->suites_n, from, n * sizeof(*from));
	k->suites_n += n;
}

/* Ciphers; returns whether AES is done by the CPU. */
static bool
choose_ciphers(struct tls_kit *k)
{
	const bool wide = sizeof(void *) == 8;

	k->aes_ctr = br_aes_x86ni_ctr_get_vtable();
	k->ghash = br_ghash_pclmul_get();
	bool native = k->aes_ctr != NULL && k->ghash != NULL;
	if (k->aes_ctr == NULL)
		k->aes_ctr =
		    wide ? &br_aes_ct64_ctr_vtable : &br_aes_ct_ctr_vtable;
	if (k->ghash == NULL)
		k->ghash = wide ? br_ghash_ctmul64 : br_ghash_ctmul;
	k->chacha = br_chacha20_sse2_get();
	if (k->chacha == NULL)
		k->chacha = br_chacha20_ct_run;
	k->poly = br_poly1305_ctmulq_get(); /* wherever it is wide */
	if (!wide && k->poly == NULL)
		k->poly = br_poly1305_ctmul_run;
	return native;
}

static void
choose_cbc(struct tls_kit *k)
{
	const bool wide = sizeof(void *) == 8;

	k->cbc_enc = br_aes_x86ni_cbcenc_get_vtable();
	if (k->cbc_enc == NULL)
		k->cbc_enc = wide ? &br_aes_ct64_cbcenc_vtable
				  : &br_aes_ct_cbcenc_vtable;
	k->cbc_dec = br_aes_x86ni_cbcdec_get_vtable();
	if (k->cbc_dec == NULL)
		k->cbc_dec = wide ? &br_aes_ct64_cbcdec_vtable
				  : &br_aes_ct_cbcdec_vtable;
}

static void
choose_keys(struct tls_kit *k)
{
	curve_choose(&k->ec);
	k->ec.supported_curves &= (uint32_t)1 << BR_EC_curve25519
				  | (uint32_t)1 << BR_EC_secp256r1
				  | (uint32_t)1 << BR_EC_secp384r1;
	k->ecdsa_sign = curve_signer();
	k->ecdsa_vrfy = br_ecdsa_vrfy_asn1_get_default();
	k->rsa_private = br_rsa_private_get_default();
	k->rsa_public = br_rsa_public_get_default();
	k->rsa_sign = br_rsa_pkcs1_sign_get_default();
	k->rsa_vrfy = br_rsa_pkcs1_vrfy_get_default();
}

void
tls_config_init(struct tls_config *c, bool legacy)
{
	struct tls_kit *k = &c->kit;

	*c = (struct tls_config) { .legacy = legacy && TLS_LEGACY };
	choose_keys(k);
	if (choose_ciphers(k)) {
		ADD_SUITES(k, aes_suites);
		ADD_SUITES(k, chacha_suites);
	} else {
		ADD_SUITES(k, chacha_suites);
		ADD_SUITES(k, aes_suites);
	}
	if (TLS_LEGACY && c->legacy) {
		choose_cbc(k);
		ADD_SUITES(k, legacy_suites);
	}
}

static void
set_modern(br_ssl_engine_context *e, const struct tls_kit *k)
{
	br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_hash(e, br_sha256_ID, &sha256_class);
	br_ssl_engine_set_hash(e, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_prf_sha256(e, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(e, br_tls12_sha384_prf);
	br_ssl_engine_set_aes_ctr(e, k->aes_ctr);
	br_ssl_engine_set_ghash(e, k->ghash);
	br_ssl_engine_set_gcm(
	    e, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_chacha20(e, k->chacha);
	br_ssl_engine_set_poly1305(e, k->poly);
	br_ssl_engine_set_chapol(
	    e, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
}

static void
set_legacy(br_ssl_engine_context *e, const struct tls_kit *k)
{
	br_ssl_engine_set_versions(e, BR_TLS10, BR_TLS12);
	br_ssl_engine_set_hash(e, br_md5_ID, &br_md5_vtable);
	br_ssl_engine_set_hash(e, br_sha1_ID, &br_sha1_vtable);
	br_ssl_engine_set_prf10(e, br_tls10_prf);
	br_ssl_engine_set_aes_cbc(e, k->cbc_enc, k->cbc_dec);
	br_ssl_engine_set_des_cbc(
	    e, &br_des_ct_cbcenc_vtable, &br_des_ct_cbcdec_vtable);
	br_ssl_engine_set_cbc(
	    e, &br_sslrec_in_cbc_vtable, &br_sslrec_out_cbc_vtable);
}

int
tls_engine_prepare(struct tls *t)
{
	br_ssl_engine_context *e = &t->br.eng;
	const struct tls_kit *k = &t->config->kit;
	uint8_t seed[48];
	int err = entropy_fill(seed, sizeof(seed));

	if (err < 0)
		return err;
	set_modern(e, k);
	if (t->config->legacy && TLS_LEGACY)
		set_legacy(e, k);
	br_ssl_engine_set_suites(e, k->suites, k->suites_n);
	br_ssl_engine_set_ec(e, &k->ec);
	br_ssl_engine_set_all_flags(
	    e, BR_OPT_ENFORCE_SERVER_PREFERENCES | BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_buffers_bidi(
	    e, t->in, sizeof(t->in), t->out, sizeof(t->out));
	br_ssl_engine_inject_entropy(e, seed, sizeof(seed));
	secret_wipe(seed, sizeof(seed));
	return ERR_OK;
}
