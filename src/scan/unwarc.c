/*
 * unwarc: what the records of a web archive (ISO 28500) hold; of an answer by
 * HTTP the body, perhaps packed by gzip.
 *
 * A record begins wherever its sign does, in another one's data, too; it is as
 * long as it says, or up to the next one where that cannot be.  A body in
 * chunks is given as it lies.
 */
#include "scan/unmail.h"
#include "scan/unpack.h"

#define SIGN "WARC/"

/* Go behind the header at the start of `*s`; `*octets`: what it tells. */
static void
skip_header(struct span *s, uint64_t *octets)
{
	struct span name = SPAN("Content-Length:"), line;
	size_t used;

	*octets = UINT64_MAX;
	while (s->len > 0) {
		line = unmail_line(*s, &used);
		*s = span_from(*s, used);
		if (line.len == 0)
			return;
		if (span_is_nocase(span_first(line, name.len), name)
		    && span_u64(span_trim(span_from(line, name.len)),
			UINT64_MAX - 1, octets))
			*octets = UINT64_MAX;
	}
}

int
scan_next_warc(struct scan *sc, struct scan_frame *f, struct span *member)
{
	size_t at = scan_find(f->bytes, f->at, SPAN(SIGN));
	struct span s = span_from(f->bytes, at);
	uint64_t octets, none;

	if (s.len == 0)
		return 0;
	skip_header(&s, &octets);
	f->at = s.len > 0 ? (size_t)(s.p - f->bytes.p) : f->bytes.len;
	if (octets > s.len) {
		if (octets < UINT64_MAX)
			scan_flaw(sc, SCAN_DAMAGED);
		octets = scan_find(s, 0, SPAN("\n" SIGN));
	}
	*member = span_first(s, (size_t)octets);
	if (span_starts(*member, SPAN("HTTP/")))
		skip_header(member, &none);
	return 1;
}
