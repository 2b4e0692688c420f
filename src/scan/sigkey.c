/* sigkey: BearSSL does the work. */
#include "scan/sigkey.h"

#include <bearssl.h>

#include "core/chr.h"

/* What stands before the point in a P-256 key's DER (RFC 5480). */
static const uint8_t der_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };

int
sigkey_read(struct span hex, uint8_t point[SIGKEY_POINT])
{
	uint8_t key[sizeof(der_head) + SIGKEY_POINT];
	size_t octets = hex.len / 2, skip;

	if (octets != sizeof(key) && octets != SIGKEY_POINT)
		return ERR_SYNTAX;
	if (hex.len % 2 != 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < octets; i++) {
		int high = chr_hex(hex.p[2 * i]),
		    low = chr_hex(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		key[i] = (uint8_t)(high << 4 | low);
	}
	skip = octets - SIGKEY_POINT;
	if (skip > 0 && memcmp(key, der_head, skip) != 0)
		return ERR_SYNTAX;
	memcpy(point, key + skip, SIGKEY_POINT);
	return point[0] == 4 ? ERR_OK : ERR_SYNTAX;
}

int
sigkey_check(
    const uint8_t point[SIGKEY_POINT], struct span file, struct span signature)
{
	uint8_t hash[br_sha256_SIZE], mem[SIGKEY_POINT];
	br_ec_public_key key = { BR_EC_secp256r1, mem, SIGKEY_POINT };
	br_sha256_context c;

	memcpy(mem, point, sizeof(mem));
	br_sha256_init(&c);
	br_sha256_update(&c, file.p, file.len);
	br_sha256_out(&c, hash);
	return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hash,
		   sizeof(hash), &key, signature.p, signature.len)
		   ? ERR_OK
		   : ERR_DENIED;
}
