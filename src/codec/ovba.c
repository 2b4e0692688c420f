/* ovba: chunks of at most 4096 octets, each with matches within itself. */
#include "codec/ovba.h"

#include "core/le.h"

#define CHUNK 4096

/* One chunk, behind its header; its matches reach back to its own start. */
static size_t
unpack_chunk(struct span s, uint8_t *to, size_t room)
{
	size_t n = 0;

	while (s.len > 1 && n < room) {
		unsigned flags = s.p[0];

		s = span_from(s, 1);
		for (unsigned i = 0; i < 8 && s.len > 0 && n < room; i++) {
			unsigned bits = 4, token, len;
			size_t back;

			if ((flags >> i & 1) == 0) {
				to[n++] = s.p[0];
				s = span_from(s, 1);
				continue;
			}
			if (s.len < 2 || n == 0)
				return n;
			token = le16_get(s.p);
			s = span_from(s, 2);
			while (bits < 12 && (size_t)1 << bits < n)
				bits++;
			len = (token & (0xffffu >> bits)) + 3;
			back = (token >> (16 - bits)) + 1u;
			for (; len > 0 && n < room && back <= n; len--, n++)
				to[n] = to[n - back];
		}
	}
	return n;
}

size_t
ovba(struct span in, uint8_t *out, size_t cap)
{
	size_t n = 0;

	while (in.len > 2 && (in.p[1] & 0x70) == 0x30 && n < cap) {
		unsigned head = le16_get(in.p);
		struct span chunk =
		    span_first(span_from(in, 2), (head & 0xfff) + 1u);
		size_t most = cap - n < CHUNK ? cap - n : CHUNK;

		in = span_from(in, 2 + chunk.len);
		if (head & 0x8000) {
			n += unpack_chunk(chunk, out + n, most);
		} else {
			chunk = span_first(chunk, most);
			if (chunk.len > 0)
				memcpy(out + n, chunk.p, chunk.len);
			n += chunk.len;
		}
	}
	return n;
}
