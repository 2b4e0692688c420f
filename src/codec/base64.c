/* base64: four characters, three bytes. */
#include "codec/base64.h"

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static size_t
padding(struct span in)
{
	if (in.p[in.len - 1] != '=')
		return 0;
	return in.p[in.len - 2] == '=' ? 2 : 1;
}

int
base64_decode(struct span in, uint8_t *out, size_t cap)
{
	size_t pad, made = 0;
	uint32_t bits = 0;

	if (in.len % 4 != 0)
		return ERR_SYNTAX;
	if (in.len == 0)
		return 0;
	pad = padding(in);
	if (in.len / 4 * 3 - pad > cap)
		return ERR_RANGE;
	for (size_t i = 0; i < in.len - pad; i++) {
		int v = value(in.p[i]);

		if (v < 0)
			return ERR_SYNTAX;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 0)
			continue;
		out[made++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (pad > 0 && (bits & (pad == 2 ? 15u : 3u)) != 0)
		return ERR_SYNTAX;
	return (int)made;
}

size_t
base64_encode(struct span in, uint8_t *out)
{
	size_t made = 0;

	for (size_t i = 0; i < in.len; i += 3) {
		size_t n = in.len - i < 3 ? in.len - i : 3;
		uint32_t bits = (uint32_t)in.p[i] << 16;

		if (n > 1)
			bits |= (uint32_t)in.p[i + 1] << 8;
		if (n > 2)
			bits |= in.p[i + 2];
		out[made++] = (uint8_t)letters[bits >> 18];
		out[made++] = (uint8_t)letters[bits >> 12 & 63];
		out[made++] = (uint8_t)(n > 1 ? letters[bits >> 6 & 63] : '=');
		out[made++] = (uint8_t)(n > 2 ? letters[bits & 63] : '=');
	}
	return made;
}
