/*
 * uncms: what S/MIME wraps up whole, as "smime.p7m" (RFC 5652).
 *
 * The content of signed data is the one member, put together where it came in
 * pieces.  Signatures and certificates are not looked at: this is not about
 * who has sent it.  What is enveloped is encrypted; what is compressed is not
 * opened here.
 */
#include "scan/unpack.h"

#define HEAD	 160 /* its type stands behind a length of up to 127 octets */
#define PKCS7	 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define SMIME_CT "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"

enum {
	OCTETS = 0x04,
	OCTETS_IN_PIECES = 0x24,
	EXPLICIT = 0xa0,
};

enum {
	DATA = 1,
	ENVELOPED = 3,
	ENCRYPTED = 6,
	COMPRESSED = 9,
	AUTH_ENVELOPED = 23,
};

/*
 * Cut tag and length off `*s`: the tag, and `*len` of what follows, which is
 * all there is where the end is marked (BER); -1: there is none.
 */
static int
take_head(struct span *s, size_t *len)
{
	unsigned n;
	int tag;

	if (s->len < 2)
		return -1;
	tag = s->p[0];
	n = s->p[1];
	*s = span_from(*s, 2);
	*len = n;
	if (n < 0x80)
		return tag;
	*len = n == 0x80 ? s->len : 0;
	for (n &= 0x7f; n > 0 && s->len > 0; n--) {
		if (*len > SIZE_MAX >> 8)
			return -1;
		*len = *len << 8 | s->p[0];
		*s = span_from(*s, 1);
	}
	return tag;
}

/* The identifier's last octet where it stands behind `before`; or 0. */
static unsigned
type_of(struct span s, struct span before)
{
	size_t at = scan_find(span_first(s, HEAD), 0, before) + before.len;

	return at < s.len && at < HEAD ? s.p[at] : 0;
}

static struct span
join(struct scan *sc, struct span s)
{
	size_t room, len = 0, n;
	uint8_t *to = scan_room(sc, s.len, &room);
	struct span piece;
	int tag;

	while ((tag = take_head(&s, &n)) == OCTETS || tag == OCTETS_IN_PIECES) {
		/* pieces in pieces: only their heads go */
		if (tag == OCTETS_IN_PIECES)
			continue;
		if (n > s.len)
			scan_flaw(sc, SCAN_DAMAGED);
		piece = span_first(s, n);
		s = span_from(s, n);
		piece = span_first(piece, room - len);
		if (piece.len > 0)
			memcpy(to + len, piece.p, piece.len);
		len += piece.len;
	}
	return scan_take(sc, len);
}

/* The content behind the identifier of plain data; false: there is none. */
static bool
content(struct scan *sc, struct span s, struct span *member)
{
	size_t len;
	int tag;

	if (take_head(&s, &len) != EXPLICIT)
		return false;
	tag = take_head(&s, &len);
	if (tag != OCTETS && tag != OCTETS_IN_PIECES)
		return false;
	if (len > s.len)
		scan_flaw(sc, SCAN_DAMAGED);
	s = span_first(s, len);
	*member = tag == OCTETS ? s : join(sc, s);
	return true;
}

int
scan_next_cms(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct span sign = SPAN(PKCS7);
	unsigned type = type_of(f->bytes, sign);
	unsigned other = type_of(f->bytes, SPAN(SMIME_CT));

	if (type == ENVELOPED || type == ENCRYPTED || other == AUTH_ENVELOPED)
		scan_flaw(sc, SCAN_ENCRYPTED);
	if (other == COMPRESSED)
		scan_flaw(sc, SCAN_UNOPENED);
	while (f->at < f->bytes.len) {
		size_t at = scan_find(f->bytes, f->at, sign) + sign.len;

		if (at >= f->bytes.len)
			break;
		f->at = at + 1;
		if (f->bytes.p[at] == DATA
		    && content(sc, span_from(f->bytes, f->at), member))
			return 1;
	}
	f->at = f->bytes.len;
	return 0;
}
