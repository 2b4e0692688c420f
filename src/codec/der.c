/* der: one element at a time; what the elements mean is for others. */
#include "codec/der.h"

/* The length after a tag; -1 when it is cut off, indefinite or not minimal. */
static int32_t
take_length(struct span *in)
{
	uint32_t len, octets;

	if (in->len == 0)
		return -1;
	len = in->p[0];
	*in = span_from(*in, 1);
	if (len < 0x80)
		return (int32_t)len;
	octets = len & 0x7f;
	if (octets == 0 || octets > 2 || in->len < octets)
		return -1;
	len = 0;
	for (uint32_t i = 0; i < octets; i++)
		len = len << 8 | in->p[i];
	*in = span_from(*in, octets);
	return len < (octets == 1 ? 0x80u : 0x100u) ? -1 : (int32_t)len;
}

int
der_next(struct span *in, uint8_t *tag, struct span *value)
{
	int32_t len;

	if (in->len == 0 || (in->p[0] & 0x1f) == 0x1f)
		return ERR_SYNTAX;
	*tag = in->p[0];
	*in = span_from(*in, 1);
	len = take_length(in);
	if (len < 0 || (size_t)len > in->len)
		return ERR_SYNTAX;
	*value = span_first(*in, (size_t)len);
	*in = span_from(*in, (size_t)len);
	return ERR_OK;
}

int
der_expect(struct span *in, uint8_t tag, struct span *value)
{
	uint8_t got;
	int err = der_next(in, &got, value);

	if (err < 0)
		return err;
	return got == tag ? ERR_OK : ERR_SYNTAX;
}

int
der_integer(struct span *in, struct span *value)
{
	int err = der_expect(in, DER_INTEGER, value);

	if (err < 0)
		return err;
	if (value->len == 0 || (value->p[0] & 0x80) != 0)
		return ERR_SYNTAX;
	if (value->len > 1 && value->p[0] == 0 && (value->p[1] & 0x80) == 0)
		return ERR_SYNTAX;
	if (value->p[0] == 0)
		*value = span_from(*value, 1);
	return ERR_OK;
}

void
der_writer_init(struct der_writer *w, uint8_t *mem, size_t cap)
{
	*w = (struct der_writer) { mem, cap, cap, false };
}

void
der_put_bytes(struct der_writer *w, struct span s)
{
	if (w->full || s.len > w->at) {
		w->full = true;
		return;
	}
	w->at -= s.len;
	if (s.len > 0)
		memcpy(w->mem + w->at, s.p, s.len);
}

void
der_put_head(struct der_writer *w, uint8_t tag, size_t mark)
{
	size_t len = mark - w->at;
	uint8_t head[4] = { tag, (uint8_t)len };
	size_t n = 2;

	if (len > 0xff) {
		head[1] = 0x82;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	} else if (len > 0x7f) {
		head[1] = 0x81;
		head[2] = (uint8_t)len;
		n = 3;
	}
	der_put_bytes(w, span_of(head, n));
}

void
der_put(struct der_writer *w, uint8_t tag, struct span content)
{
	size_t mark = der_mark(w);

	der_put_bytes(w, content);
	der_put_head(w, tag, mark);
}
