/* seal: BearSSL's constant-time ChaCha20 and Poly1305, and nothing else. */
#include "store/seal.h"

#include <bearssl.h>

#include "core/secret.h"

#define NONCE 12
#define TAG   16
#define KIND  1

/* Of the two that give the same, the one that TLS needs on this machine. */
static br_poly1305_run
poly(void)
{
	return sizeof(void *) == 8 ? br_poly1305_ctmulq_get()
				   : br_poly1305_ctmul_run;
}

int
seal_close(const struct seal *s, struct span name, struct span plain,
    uint8_t *out, size_t cap)
{
	uint8_t *nonce = out + 1, *text = nonce + NONCE;
	int rc;

	if (plain.len > INT32_MAX - SEAL_OVER || cap < plain.len + SEAL_OVER)
		return ERR_RANGE;
	out[0] = KIND;
	rc = s->random(nonce, NONCE);
	if (rc != ERR_OK)
		return rc;
	if (plain.len > 0)
		memcpy(text, plain.p, plain.len);
	poly()(s->key, nonce, text, plain.len, name.p, name.len,
	    text + plain.len, br_chacha20_ct_run, 1);
	return (int)(plain.len + SEAL_OVER);
}

int
seal_open(const struct seal *s, struct span name, struct span sealed,
    uint8_t *out, size_t cap)
{
	uint8_t tag[TAG];
	size_t len;

	if (sealed.len < SEAL_OVER || sealed.p[0] != KIND)
		return ERR_DENIED;
	len = sealed.len - SEAL_OVER;
	if (len > cap)
		return ERR_RANGE;
	if (len > 0)
		memcpy(out, sealed.p + 1 + NONCE, len);
	poly()(s->key, sealed.p + 1, out, len, name.p, name.len, tag,
	    br_chacha20_ct_run, 0);
	if (secret_is(
		span_of(tag, TAG), span_of(sealed.p + sealed.len - TAG, TAG)))
		return (int)len;
	secret_wipe(out, len);
	return ERR_DENIED;
}
