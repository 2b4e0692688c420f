/* pem: BearSSL's decoder, bounded; it knows nothing of what is inside. */
#include "codec/pem.h"

void
pem_init(struct pem *p, struct span text)
{
	br_pem_decoder_init(&p->br);
	if (span_starts(text, SPAN("\xef\xbb\xbf"))) /* of some editors */
		text = span_from(text, 3);
	p->rest = text;
	p->to = NULL;
	p->cap = p->len = 0;
	p->cut = false;
}

static void
append(void *ctx, const void *src, size_t len)
{
	struct pem *p = ctx;

	if (p->cut || len > p->cap - p->len) {
		p->cut = true;
		return;
	}
	memcpy(p->to + p->len, src, len);
	p->len += len;
}

/* Feed the decoder until something happens; 0 at the end of the text. */
static int
next_event(struct pem *p)
{
	while (p->rest.len > 0) {
		/* the decoder takes a CR for a part of the banner */
		struct span part =
		    span_first(p->rest, span_find(p->rest, '\r'));
		size_t n = part.len == 0
			       ? 1
			       : br_pem_decoder_push(&p->br, part.p, part.len);
		int event = part.len == 0 ? 0 : br_pem_decoder_event(&p->br);

		p->rest = span_from(p->rest, n);
		if (event != 0)
			return event;
	}
	/* A last line without its end is a line. */
	(void)br_pem_decoder_push(&p->br, "\n", 1);
	return br_pem_decoder_event(&p->br);
}

int
pem_next(struct pem *p, uint8_t *to, size_t cap, size_t *len)
{
	int event = next_event(p);

	if (event == 0)
		return 0;
	if (event != BR_PEM_BEGIN_OBJ)
		return ERR_SYNTAX;
	p->to = to;
	p->cap = cap;
	p->len = 0;
	p->cut = false;
	br_pem_decoder_setdest(&p->br, append, p);
	if (next_event(p) != BR_PEM_END_OBJ)
		return ERR_SYNTAX;
	*len = p->len;
	return p->cut ? ERR_RANGE : 1;
}

const char *
pem_name(struct pem *p)
{
	return br_pem_decoder_name(&p->br);
}

bool
pem_is_encrypted(struct span text)
{
	struct span line;

	while (span_next(&text, '\n', &line)) {
		if (span_starts(line, SPAN("Proc-Type: 4,ENCRYPTED"))
		    || span_starts(line, SPAN("-----BEGIN ENCRYPTED")))
			return true;
	}
	return false;
}

int
pem_write(struct span der, const char *banner, char *to, size_t cap)
{
	size_t len = br_pem_encode(NULL, NULL, der.len, banner, BR_PEM_LINE64);

	if (len >= cap)
		return ERR_RANGE;
	return (int)br_pem_encode(to, der.p, der.len, banner, BR_PEM_LINE64);
}
