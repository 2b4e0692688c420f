/* pieces: one octet after the other; what they mean is the caller's. */
#include "codec/pieces.h"

void
pieces_init(struct pieces *s)
{
	s->have = 0;
	s->mid = false;
}

static void
give(struct pieces *s, struct piece *p, bool last)
{
	*p = (struct piece) { span_of(s->mem, s->have), !s->mid, last };
	s->mid = !last;
	s->have = 0;
}

bool
pieces_next(struct pieces *s, struct span *in, struct piece *p)
{
	while (in->len > 0) {
		uint8_t c = in->p[0];

		if (c != '\n' && s->have == PIECE_MAX) {
			give(s, p, false);
			return true;
		}
		*in = span_from(*in, 1);
		if (c == '\n') {
			give(s, p, true);
			return true;
		}
		if (c != '\r')
			s->mem[s->have++] = c;
	}
	return false;
}

bool
pieces_end(struct pieces *s, struct piece *p)
{
	if (s->have == 0 && !s->mid)
		return false;
	give(s, p, true);
	return true;
}
