/* cert: reading the fields of a certificate that we need ourselves. */
#include "codec/cert.h"

#include "codec/der.h"

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	month += month <= 2 ? 9 : -3;
	int64_t era = year / 400, in_era = year % 400;
	int64_t in_year = (153 * month + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year
	       - 719468;
}

/* Two digits at `at`; -1 for anything else. */
static int
two(struct span s, size_t at)
{
	int a = s.p[at] - '0', b = s.p[at + 1] - '0';

	return a < 0 || a > 9 || b < 0 || b > 9 ? -1 : a * 10 + b;
}

/* RFC 5280 section 4.1.2.5: always seconds, always Z. */
static int
read_time(struct span *in, int64_t *out)
{
	struct span s;
	uint8_t tag;
	int f[6], year;

	if (der_next(in, &tag, &s) < 0)
		return ERR_SYNTAX;
	if ((tag != DER_UTCTIME || s.len != 13)
	    && (tag != DER_TIME || s.len != 15))
		return ERR_SYNTAX;
	year = s.len == 15 ? two(s, 0) * 100 : 0;
	s = span_from(s, s.len - 13);
	for (size_t i = 0; i < 6; i++) {
		f[i] = two(s, 2 * i);
		if (f[i] < 0)
			return ERR_SYNTAX;
	}
	if (year < 0 || s.p[12] != 'Z' || f[1] < 1 || f[1] > 12)
		return ERR_SYNTAX;
	if (tag == DER_UTCTIME)
		year = f[0] < 50 ? 2000 : 1900;
	*out = days_of(year + f[0], f[1], f[2]) * 86400
	       + (f[3] * 60 + f[4]) * 60 + f[5];
	return ERR_OK;
}

static int
read_rsa_key(struct cert *c, struct span bits)
{
	struct span pair;

	if (der_expect(&bits, DER_SEQUENCE, &pair) < 0
	    || der_integer(&pair, &c->rsa_n) < 0
	    || der_integer(&pair, &c->rsa_e) < 0)
		return ERR_SYNTAX;
	c->key_type = BR_KEYTYPE_RSA;
	return ERR_OK;
}

static void
read_ec_key(struct cert *c, struct span curve, struct span bits)
{
	c->key_type = BR_KEYTYPE_EC;
	c->ec_point = bits;
	if (span_is(curve, SPAN("\x2a\x86\x48\xce\x3d\x03\x01\x07")))
		c->curve = BR_EC_secp256r1;
	if (span_is(curve, SPAN("\x2b\x81\x04\x00\x22")))
		c->curve = BR_EC_secp384r1;
}

/* SubjectPublicKeyInfo; keys of other kinds are no error here. */
static int
read_key(struct cert *c, struct span info)
{
	struct span algorithm, oid, bits, curve = { NULL, 0 };

	if (der_expect(&info, DER_SEQUENCE, &algorithm) < 0
	    || der_expect(&algorithm, DER_OID, &oid) < 0
	    || der_expect(&info, DER_BITS, &bits) < 0 || bits.len < 1)
		return ERR_SYNTAX;
	bits = span_from(bits, 1);
	if (span_is(oid, SPAN("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")))
		return read_rsa_key(c, bits);
	if (!span_is(oid, SPAN("\x2a\x86\x48\xce\x3d\x02\x01")))
		return ERR_OK;
	if (der_expect(&algorithm, DER_OID, &curve) < 0)
		curve = span_of(NULL, 0);
	read_ec_key(c, curve, bits);
	return ERR_OK;
}

/* The fields of TBSCertificate up to the key, in their order. */
static int
read_fields(struct cert *c, struct span tbs)
{
	struct span value, validity, key;
	uint8_t tag;

	if (tbs.len > 0 && tbs.p[0] == 0xa0 && der_next(&tbs, &tag, &value) < 0)
		return ERR_SYNTAX;
	if (der_expect(&tbs, DER_INTEGER, &value) < 0	  /* serial */
	    || der_expect(&tbs, DER_SEQUENCE, &value) < 0 /* algorithm */
	    || der_expect(&tbs, DER_SEQUENCE, &value) < 0 /* issuer */
	    || der_expect(&tbs, DER_SEQUENCE, &validity) < 0
	    || der_expect(&tbs, DER_SEQUENCE, &value) < 0 /* subject */
	    || der_expect(&tbs, DER_SEQUENCE, &key) < 0)
		return ERR_SYNTAX;
	if (read_time(&validity, &c->not_before_s) < 0
	    || read_time(&validity, &c->not_after_s) < 0)
		return ERR_SYNTAX;
	return read_key(c, key);
}

/* TBSCertificate, the part that is signed. */
static int
read_tbs(struct span der, struct span *tbs)
{
	struct span body;

	if (der_expect(&der, DER_SEQUENCE, &body) < 0 || der.len > 0
	    || der_expect(&body, DER_SEQUENCE, tbs) < 0)
		return ERR_SYNTAX;
	return ERR_OK;
}

int
cert_read(struct cert *c, struct span der)
{
	struct span tbs;

	memset(c, 0, sizeof(*c));
	return read_tbs(der, &tbs) < 0 ? ERR_SYNTAX : read_fields(c, tbs);
}

/* ---- addresses ---- */

#define IN_EXTENSIONS 0xa3
#define IN_ADDRESS    0x87 /* GeneralName, iPAddress */

static bool
is_ip(struct span octets, const uint8_t ip[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (octets.len == 4)
		return memcmp(ip, mapped, 12) == 0
		       && memcmp(ip + 12, octets.p, 4) == 0;
	return octets.len == 16 && memcmp(ip, octets.p, 16) == 0;
}

/* One Extension: is it the SAN, and is the address in it? */
static bool
has_ip(struct span extension, const uint8_t ip[16])
{
	struct span oid, value, names, name;
	uint8_t tag;

	if (der_expect(&extension, DER_OID, &oid) < 0
	    || !span_is(oid, SPAN("\x55\x1d\x11")))
		return false;
	if (der_next(&extension, &tag, &value) < 0
	    || (tag == DER_BOOLEAN && der_next(&extension, &tag, &value) < 0)
	    || tag != DER_OCTETS
	    || der_expect(&value, DER_SEQUENCE, &names) < 0)
		return false;
	while (der_next(&names, &tag, &name) == ERR_OK)
		if (tag == IN_ADDRESS && is_ip(name, ip))
			return true;
	return false;
}

bool
cert_has_ip(struct span der, const uint8_t ip[16])
{
	struct span tbs, value, all, one;
	uint8_t tag = 0;

	if (read_tbs(der, &tbs) < 0)
		return false;
	while (tag != IN_EXTENSIONS)
		if (der_next(&tbs, &tag, &value) < 0)
			return false;
	if (der_expect(&value, DER_SEQUENCE, &all) < 0)
		return false;
	while (der_expect(&all, DER_SEQUENCE, &one) == ERR_OK)
		if (has_ip(one, ip))
			return true;
	return false;
}
