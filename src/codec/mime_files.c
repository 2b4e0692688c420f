/* mime_files: files as lines of text: uuencode, xxencode, yEnc. */
#include "codec/mime.h"
#include "core/chr.h"

#define UU_GAP 64 /* lines between two of uuencode that are none */

/* The first `n` octets, of three, of a group of four characters. */
static void
put_group(uint32_t bits, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
}

/* One line of uuencode; its bytes, or 0 when it is none or the last. */
static size_t
uu_line(struct span line, uint8_t *out, size_t room)
{
	size_t want = line.len > 0 ? (line.p[0] - ' ') & 63u : 0, len = 0;

	if (line.len == 0 || line.p[0] < ' ' || line.p[0] > '`')
		return 0;
	for (size_t i = 1; len < want && len < room; i += 4) {
		uint32_t bits = 0;
		size_t n = want - len < 3 ? want - len : 3;

		for (size_t k = i; k < i + 4; k++)
			bits = bits << 6
			       | (k < line.len ? (line.p[k] - ' ') & 63u : 0u);
		n = n < room - len ? n : room - len;
		put_group(bits, out + len, n);
		len += n;
	}
	return len;
}

/* Has it just the length that its first octet says, or one octet more? */
static bool
is_full_uu(struct span line)
{
	size_t n = line.len > 0 ? (line.p[0] - ' ') & 63u : 0;
	size_t len = 1 + (n + 2) / 3 * 4;

	return n > 0 && line.p[0] > ' ' && line.p[0] < '`'
	       && (line.len == len || line.len == len + 1);
}

/*
 * Where it goes on behind lines that are none: other readers pass over them,
 * up to a line "end".
 */
static bool
find_uu(struct span *rest, struct span *line)
{
	struct span ahead = *rest, one;

	for (unsigned i = 0; i < UU_GAP && mime_line(&ahead, &one); i++) {
		if (span_is(span_trim(one), SPAN("end")))
			return false;
		if (!is_full_uu(one))
			continue;
		*rest = ahead;
		*line = one;
		return true;
	}
	return false;
}

size_t
mime_uu(struct span in, uint8_t *out, size_t cap, size_t *used)
{
	struct span rest = in, line;
	size_t len = 0, n;

	*used = 0;
	while (mime_line(&rest, &line)) {
		n = uu_line(line, out + len, cap - len);
		if (n == 0 && !span_is(span_trim(line), SPAN("end"))
		    && find_uu(&rest, &line))
			n = uu_line(line, out + len, cap - len);
		if (n == 0)
			break;
		len += n;
		*used = in.len - rest.len;
	}
	return len;
}

/* What a character of xxencode stands for; 64: nothing. */
static unsigned
xx_value(uint8_t c)
{
	if (chr_is(c, CHR_DIGIT))
		return c - '0' + 2u;
	if (chr_is(c, CHR_UPPER))
		return c - 'A' + 12u;
	if (chr_is(c, CHR_LOWER))
		return c - 'a' + 38u;
	return c == '+' ? 0 : c == '-' ? 1 : 64;
}

/* One line of xxencode; its bytes, or 0 when it is none or the last. */
static size_t
xx_line(struct span line, uint8_t *out, size_t room)
{
	size_t want = line.len > 0 ? xx_value(line.p[0]) : 0, len = 0;

	if (want == 64 || line.len < 1 + (want + 2) / 3 * 4)
		return 0;
	for (size_t i = 1; len < want && len < room; i += 4) {
		uint32_t bits = 0;
		size_t n = want - len < 3 ? want - len : 3;

		for (size_t k = i; k < i + 4; k++) {
			unsigned value = xx_value(line.p[k]);

			if (value == 64)
				return 0;
			bits = bits << 6 | value;
		}
		n = n < room - len ? n : room - len;
		put_group(bits, out + len, n);
		len += n;
	}
	return len;
}

size_t
mime_xx(struct span in, uint8_t *out, size_t cap, size_t *used)
{
	struct span rest = in, line;
	size_t len = 0, n;

	*used = 0;
	while (mime_line(&rest, &line)) {
		n = xx_line(line, out + len, cap - len);
		if (n == 0 && line.len > 0)
			break;
		len += n;
		*used = in.len - rest.len;
	}
	return len;
}

size_t
mime_yenc(struct span in, uint8_t *out, size_t cap, size_t *used)
{
	struct span rest = in, line;
	size_t len = 0;

	*used = in.len;
	while (span_next(&rest, '\n', &line)) {
		if (span_starts(line, SPAN("=yend"))) {
			*used = (size_t)(line.p - in.p);
			break;
		}
		if (span_starts(line, SPAN("=ypart")))
			continue;
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		for (size_t i = 0; i < line.len && len < cap; i++) {
			bool escaped = line.p[i] == '=' && i + 1 < line.len;

			i += escaped;
			out[len++] =
			    (uint8_t)(line.p[i] - 42 - (escaped ? 64 : 0));
		}
	}
	return len;
}
