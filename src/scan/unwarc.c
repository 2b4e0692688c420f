/*
 * unwarc: what the records of a web archive (ISO 28500) hold; of an answer by
 * HTTP the body, perhaps packed by gzip.
 *
 * A record begins wherever its sign does, in another one's data, too; it is as
 * long as it says, or up to the next one where that cannot be.  A body in
 * chunks is joined; where it is said to be in chunks and does not begin with
 * one, its writer has done so.
 */
#include "core/chr.h"
#include "scan/unmail.h"
#include "scan/unpack.h"

#define SIGN "WARC/"

/* What a header tells. */
struct told {
	uint64_t octets;
	bool is_chunked;
};

static void
take_field(struct told *t, struct span line)
{
	struct span length = SPAN("Content-Length:");
	struct span how = SPAN("Transfer-Encoding:"), word = SPAN("chunked");

	if (span_starts_nocase(line, length)
	    && span_u64(span_trim(span_from(line, length.len)), UINT64_MAX - 1,
		&t->octets))
		t->octets = UINT64_MAX;
	if (!span_starts_nocase(line, how))
		return;
	line = span_trim(span_from(line, how.len));
	if (line.len >= word.len)
		t->is_chunked =
		    span_is_nocase(span_from(line, line.len - word.len), word);
}

/* Go behind the header at the start of `*s`. */
static struct told
take_header(struct span *s)
{
	struct told t = { .octets = UINT64_MAX };
	struct span line;
	size_t used;

	while (s->len > 0) {
		line = unmail_line(*s, &used);
		*s = span_from(*s, used);
		if (line.len == 0)
			break;
		take_field(&t, line);
	}
	return t;
}

/* Go behind the line with a chunk's size; false: it is none. */
static bool
take_size(struct span *s, uint64_t *octets)
{
	size_t used, n = 0;
	struct span line = unmail_line(*s, &used);

	*octets = 0;
	for (; n < line.len && n < 15 && chr_hex(line.p[n]) >= 0; n++)
		*octets = *octets << 4 | (unsigned)chr_hex(line.p[n]);
	*s = span_from(*s, used);
	return n > 0 && (n == line.len || line.p[n] == ';' || line.p[n] == ' ');
}

static struct span
join_chunks(struct scan *sc, struct span s)
{
	size_t room, len = 0, used;
	uint8_t *to = scan_room(sc, s.len, &room);
	struct span whole = s, chunk;
	uint64_t octets;
	bool more;

	while ((more = take_size(&s, &octets)) && octets > 0) {
		chunk = span_first(s, octets < s.len ? (size_t)octets : s.len);
		chunk = span_first(chunk, room - len);
		memcpy(to + len, chunk.p, chunk.len);
		len += chunk.len;
		if (chunk.len < octets)
			break;
		s = span_from(s, chunk.len);
		(void)unmail_line(s, &used);
		s = span_from(s, used);
	}
	if (len == 0)
		return whole;
	if (!more || octets > 0)
		scan_flaw(sc, SCAN_DAMAGED);
	return scan_take(sc, len);
}

int
scan_next_warc(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = scan_find(f->bytes, f->at, SPAN(SIGN));
	struct span s = span_from(f->bytes, at);
	uint64_t octets;

	if (s.len == 0)
		return 0;
	octets = take_header(&s).octets;
	f->at = s.len > 0 ? (size_t)(s.p - f->bytes.p) : f->bytes.len;
	if (octets > s.len) {
		if (octets < UINT64_MAX)
			scan_flaw(sc, SCAN_DAMAGED);
		octets = scan_find(s, 0, SPAN("\n" SIGN));
	}
	*member = span_first(s, (size_t)octets);
	if (span_starts(*member, SPAN("HTTP/"))
	    && take_header(member).is_chunked)
		*member = join_chunks(sc, *member);
	return 1;
}
