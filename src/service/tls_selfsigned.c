/*
 * tls_selfsigned: the key and certificate that a box starts with.
 *
 * Valid from before any clock's time to before 2050: a router may not know
 * the date, and a certificate that nobody renews must not run out.  (Since
 * July 2019 some clients refuse certificates for more than 825 days; the
 * beginning lies before that.)  Owners compare its fingerprint.
 */
#include "service/tls_identity.h"

#include "codec/cert.h"
#include "codec/pem.h"
#include "core/secret.h"
#include "platform/entropy.h"
#include "platform/net.h"
#include "service/keep.h"

#define NOT_BEFORE_S ((int64_t)1546300800) /* 2019-01-01 00:00:00 */
#define NOT_AFTER_S  ((int64_t)2524607999) /* 2049-12-31 23:59:59 */

/* Where things lie in the work space. */
#define DER_CAP	 (TLS_CHAIN_OCTETS / 2)
#define TEXT_CAP (TLS_CHAIN_OCTETS - DER_CAP)

static void
fill_host(struct cert_host *h, struct span text)
{
	struct net_addr a;

	*h = (struct cert_host) { .name = text };
	if (net_addr_parse(text, &a) < 0)
		return;
	h->ip_octets = net_is_v4(&a) ? 4 : 16;
	memcpy(h->ip, a.ip + 16 - h->ip_octets, h->ip_octets);
}

/* Append the key as PEM; its length, or an error. */
static int
write_key(const struct key *k, uint8_t *der, char *to, size_t cap)
{
	size_t n = br_encode_ec_pkcs8_der(NULL, &k->u.ec, NULL);

	if (n == 0 || n > DER_CAP)
		return ERR_RANGE;
	n = br_encode_ec_pkcs8_der(der, &k->u.ec, NULL);
	return pem_write(span_of(der, n), "PRIVATE KEY", to, cap);
}

static int
write_pair(const struct key *k, const struct cert_wish *wish, uint8_t *work)
{
	char *to = (char *)work + DER_CAP;
	int key, cert = write_key(k, work, to, TEXT_CAP);

	if (cert < 0)
		return cert;
	key = cert;
	cert = cert_make(k, wish, work, DER_CAP);
	if (cert < 0)
		return cert;
	cert = pem_write(span_of(work, (size_t)cert), "CERTIFICATE", to + key,
	    TEXT_CAP - (size_t)key);
	return cert < 0 ? cert : key + cert;
}

static int
make_text(struct tls_identity *id, const struct span *hosts, unsigned n)
{
	struct cert_host host[TLS_HOSTS_MAX];
	struct cert_wish wish = { host, n, NOT_BEFORE_S, NOT_AFTER_S, NULL };
	br_hmac_drbg_context rng;
	uint8_t seed[64];
	int err = entropy_fill(seed, sizeof(seed));

	if (err < 0)
		return err;
	for (unsigned i = 0; i < n; i++)
		fill_host(&host[i], hosts[i]);
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, 48);
	wish.serial = seed + 48;
	err = key_make_p256(&id->key, &rng.vtable);
	if (err >= 0)
		err = write_pair(&id->key, &wish, id->der);
	secret_wipe(seed, sizeof(seed));
	secret_wipe(&rng, sizeof(rng));
	return err;
}

int
tls_identity_make(struct tls_identity *id, struct fs *fs, const char *folder,
    const char *path, const struct span *hosts, unsigned n)
{
	int len;

	if (n == 0 || n > TLS_HOSTS_MAX)
		return ERR_RANGE;
	if (id->users > 0)
		return ERR_BUSY;
	len = make_text(id, hosts, n);
	if (len > 0)
		len = keep_file(
		    fs, folder, path, span_of(id->der + DER_CAP, (size_t)len));
	tls_identity_wipe(id);
	return len < 0 ? len : ERR_OK;
}
