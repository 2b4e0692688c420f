/*
 * fuzz_mime: each decoder stays within its output and its input, and less room
 * gives the beginning of the same; base64 is what a naive decoder makes of it.
 */
#include <assert.h>

#include "codec/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One character at a time, by the letters as RFC 4648 lists them. */
static size_t
naive_base64(struct span in, uint8_t *out, bool padded)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned group[4], n = 0;
	size_t len = 0;

	for (size_t i = 0; i <= in.len; i++) {
		const char *at = i < in.len && in.p[i] != 0
				     ? strchr(letters, in.p[i])
				     : NULL;

		if (at != NULL)
			group[n++] = (unsigned)(at - letters);
		if (n < 4 && i < in.len && (in.p[i] != '=' || n < 2 || !padded))
			continue;
		for (unsigned k = n; k < 4; k++)
			group[k] = 0;
		if (n > 1)
			out[len++] = (uint8_t)(group[0] << 2 | group[1] >> 4);
		if (n > 2)
			out[len++] = (uint8_t)(group[1] << 4 | group[2] >> 2);
		if (n > 3)
			out[len++] = (uint8_t)(group[2] << 6 | group[3]);
		n = 0;
	}
	return len;
}

/* Every line is as a naive reader cuts it, and nothing is left. */
static void
check_lines(struct span in)
{
	struct span rest = in, line;
	size_t at = 0;

	while (mime_line(&rest, &line)) {
		assert(line.p == in.p + at);
		assert(span_find(line, '\r') == line.len);
		assert(span_find(line, '\n') == line.len);
		at += line.len;
		if (span_starts(span_from(in, at), SPAN("\r\r\n")))
			at += 3;
		else if (span_starts(span_from(in, at), SPAN("\r\n")))
			at += 2;
		else
			at += at < in.len;
		assert(rest.len == in.len - at);
	}
	assert(at == in.len);
}

static size_t
decode(unsigned how, struct span in, uint8_t *out, size_t cap)
{
	size_t used = 0, len;

	if (how % 16 == 15) {
		len = mime_xx(in, out, cap, &used);
		assert(used <= in.len);
		return len;
	}
	switch (how % 4) {
	case 0:
		return how % 8 == 4 ? mime_base64_unpadded(in, out, cap)
				    : mime_base64(in, out, cap);
	case 1:
		return mime_qp(in, out, cap);
	case 2:
		len = mime_uu(in, out, cap, &used);
		break;
	default:
		len = mime_yenc(in, out, cap, &used);
	}
	assert(used <= in.len);
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[65536], half[65536];
	struct span in = span_from(span_of(data, size), 1);
	size_t len, n;

	if (size == 0 || size > sizeof(out))
		return 0;
	check_lines(in);
	len = decode(data[0], in, out, sizeof(out));
	assert(len <= (data[0] % 4 == 2 ? (in.len + 1) * 32 : in.len));
	n = decode(data[0], in, half, len / 2);
	assert(n <= len / 2);
	assert(!memcmp(out, half, n));
	if (data[0] % 4 == 0) {
		assert(naive_base64(in, half, data[0] % 8 != 4) == len);
		assert(!memcmp(out, half, len));
	}
	return 0;
}
