/*
 * cert_make: a self-signed certificate, written from its last byte to its
 * first.  No certificate authority, no other key type: who wants more brings
 * files made elsewhere.
 */
#include "codec/cert.h"

#include "codec/der.h"
#include "core/chr.h"
#include "core/text.h"

#define NAME_MAX_OCTETS 64 /* of a common name: RFC 5280 appendix A */

static const uint8_t ecdsa_sha256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
	0x03, 0x02 };
static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };

/* SubjectPublicKeyInfo of an EC key on P-256, up to the point itself. */
static const uint8_t p256_key_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07,
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };

/*
 * Basic constraints (critical, not a CA), key usage (critical,
 * digitalSignature) and extended key usage (serverAuth).
 */
static const uint8_t fixed_extensions[] = {
	0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02,
	0x30, 0x00, /* basicConstraints */
	0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04,
	0x03, 0x02, 0x07, 0x80, /* keyUsage */
	0x30, 0x13, 0x06, 0x03, 0x55, 0x1d, 0x25, 0x04, 0x0c, 0x30, 0x0a, 0x06,
	0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01, /* extKeyUsage */
};

#define BYTES(array) span_of(array, sizeof(array))

static void
put_algorithm(struct der_writer *w)
{
	size_t mark = der_mark(w);

	der_put(w, DER_OID, BYTES(ecdsa_sha256));
	der_put_head(w, DER_SEQUENCE, mark);
}

static void
put_name(struct der_writer *w, struct span cn)
{
	size_t mark = der_mark(w);

	der_put(w, DER_UTF8, cn);
	der_put(w, DER_OID, BYTES(common_name));
	der_put_head(w, DER_SEQUENCE, mark);
	der_put_head(w, DER_SET, mark);
	der_put_head(w, DER_SEQUENCE, mark);
}

/* The date of a day count since 1970, as numbers. */
static void
date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	days += 719468;
	int64_t era = days / 146097, in_era = days % 146097;
	int64_t y =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t d = in_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * d + 2) / 153;

	*day = d - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = era * 400 + y + (*month <= 2);
}

/* RFC 5280 section 4.1.2.5: UTCTime up to 2049, GeneralizedTime from then. */
static void
put_time(struct der_writer *w, int64_t s)
{
	int64_t year, month, day, in_day = s % 86400;
	char mem[20];
	struct text t;

	date_of(s / 86400, &year, &month, &day);
	text_init(&t, mem, sizeof(mem));
	text_u64_pad(&t, (uint64_t)(year < 2050 ? year % 100 : year),
	    year < 2050 ? 2 : 4);
	text_u64_pad(&t, (uint64_t)month, 2);
	text_u64_pad(&t, (uint64_t)day, 2);
	text_u64_pad(&t, (uint64_t)(in_day / 3600), 2);
	text_u64_pad(&t, (uint64_t)(in_day / 60 % 60), 2);
	text_u64_pad(&t, (uint64_t)(in_day % 60), 2);
	text_chr(&t, 'Z');
	der_put(w, year < 2050 ? DER_UTCTIME : DER_TIME, text_data(&t));
}

static bool
is_name(struct span host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!chr_is(host.p[i], CHR_NAME) && host.p[i] != '.'
		    && (host.p[i] != '*' || i > 0))
			return false;
	}
	return host.len > 0 && host.len < 254;
}

/* One GeneralName: dNSName is [2], iPAddress is [7]. */
static int
put_host(struct der_writer *w, const struct cert_host *host)
{
	if (host->ip_octets > 0)
		der_put(w, 0x87, span_of(host->ip, host->ip_octets));
	else if (is_name(host->name))
		der_put(w, 0x82, host->name);
	else
		return ERR_SYNTAX;
	return ERR_OK;
}

static int
put_extensions(struct der_writer *w, const struct cert_wish *wish)
{
	size_t all = der_mark(w), mark = all;

	for (unsigned i = wish->hosts_n; i > 0; i--) {
		if (put_host(w, &wish->hosts[i - 1]) < 0)
			return ERR_SYNTAX;
	}
	der_put_head(w, DER_SEQUENCE, mark);
	der_put_head(w, DER_OCTETS, mark);
	der_put(w, DER_OID, SPAN("\x55\x1d\x11")); /* subjectAltName */
	der_put_head(w, DER_SEQUENCE, mark);
	der_put_bytes(w, BYTES(fixed_extensions));
	der_put_head(w, DER_SEQUENCE, all);
	der_put_head(w, 0xa3, all);
	return ERR_OK;
}

static void
put_validity(struct der_writer *w, const struct cert_wish *wish)
{
	size_t mark = der_mark(w);

	put_time(w, wish->not_after_s);
	put_time(w, wish->not_before_s);
	der_put_head(w, DER_SEQUENCE, mark);
}

static void
put_serial(struct der_writer *w, const uint8_t *serial)
{
	uint8_t positive[16];

	memcpy(positive, serial, sizeof(positive));
	positive[0] = (uint8_t)((positive[0] & 0x7f) | 0x40);
	der_put(w, DER_INTEGER, BYTES(positive));
}

static int
put_body(
    struct der_writer *w, const struct key *k, const struct cert_wish *wish)
{
	struct span cn = span_first(wish->hosts[0].name, NAME_MAX_OCTETS);
	uint8_t point[BR_EC_KBUF_PUB_MAX_SIZE];
	size_t mark = der_mark(w);
	size_t n =
	    br_ec_compute_pub(br_ec_get_default(), NULL, point, &k->u.ec);

	if (n != 65)
		return ERR_RANGE;
	if (put_extensions(w, wish) < 0)
		return ERR_SYNTAX;
	der_put_bytes(w, span_of(point, n));
	der_put_bytes(w, BYTES(p256_key_head));
	put_name(w, cn);
	put_validity(w, wish);
	put_name(w, cn);
	put_algorithm(w);
	put_serial(w, wish->serial);
	der_put_bytes(w, SPAN("\xa0\x03\x02\x01\x02")); /* version 3 */
	der_put_head(w, DER_SEQUENCE, mark);
	return w->full ? ERR_RANGE : ERR_OK;
}

/* ECDSA with SHA-256 over `body`; the signature's length, 0 on failure. */
static size_t
sign(const struct key *k, struct span body, uint8_t *signature)
{
	br_sha256_context hash;
	uint8_t digest[32];

	br_sha256_init(&hash);
	br_sha256_update(&hash, body.p, body.len);
	br_sha256_out(&hash, digest);
	return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
	    &br_sha256_vtable, digest, &k->u.ec, signature);
}

int
cert_make(
    const struct key *k, const struct cert_wish *wish, uint8_t *to, size_t cap)
{
	uint8_t signature[KEY_SIGNATURE_MAX];
	struct der_writer w;
	struct span body;
	size_t mark, n;
	int err;

	der_writer_init(&w, to, cap / 2);
	err = put_body(&w, k, wish);
	if (err < 0)
		return err;
	body = der_written(&w);
	n = sign(k, body, signature);
	if (n == 0)
		return ERR_RANGE;
	der_writer_init(&w, to + cap / 2, cap - cap / 2);
	mark = der_mark(&w);
	der_put_bytes(&w, span_of(signature, n));
	der_put_bytes(&w, SPAN("\0"));
	der_put_head(&w, DER_BITS, mark);
	put_algorithm(&w);
	der_put_bytes(&w, body);
	der_put_head(&w, DER_SEQUENCE, mark);
	if (w.full)
		return ERR_RANGE;
	body = der_written(&w);
	memmove(to, body.p, body.len);
	return (int)body.len;
}
