/*
 * sevenbit_body: a part's octets: counted in the survey, encoded in the second
 * pass.  Quoted-printable and base64 are those of RFC 2045, section 6.
 */
#include "codec/sevenbit.h"

#include "codec/base64.h"
#include "core/chr.h"

#define QP_LINE	    75 /* and the "=" of a soft break */
#define BASE64_LINE 76

/* ---- quoted-printable ---- */

static void
qp_word(struct sevenbit *s, struct span word)
{
	if (s->column + word.len > QP_LINE) {
		sevenbit_put(s, SPAN("=\n"));
		s->column = 0;
		if (span_is(word, SPAN("-"))) /* else a boundary may begin */
			word = SPAN("=2D");
	}
	sevenbit_put(s, word);
	s->column += (unsigned)word.len;
}

static void
qp_escape(struct sevenbit *s, uint8_t c)
{
	static const char hex[] = "0123456789ABCDEF";
	const uint8_t word[3] = { '=', (uint8_t)hex[c >> 4],
		(uint8_t)hex[c & 15] };

	qp_word(s, span_of(word, sizeof(word)));
}

static void
qp_octet(struct sevenbit *s, uint8_t c)
{
	if (s->blank != 0)
		qp_word(s, span_of(&s->blank, 1));
	s->blank = 0;
	if (chr_is(c, CHR_SPACE))
		s->blank = c;
	else if (chr_is(c, CHR_PRINT) && c != '=')
		qp_word(s, span_of(&c, 1));
	else
		qp_escape(s, c);
}

/* A blank must not end a line. */
static void
qp_end_line(struct sevenbit *s)
{
	if (s->blank != 0)
		qp_escape(s, s->blank);
	s->blank = 0;
	s->column = 0;
}

static void
qp_piece(struct sevenbit *s, const struct piece *p)
{
	for (size_t i = 0; i < p->text.len; i++)
		qp_octet(s, p->text.p[i]);
	if (!p->last)
		return;
	qp_end_line(s);
	sevenbit_put(s, SPAN("\n"));
}

/* ---- base64 ---- */

static void
base64_group(struct sevenbit *s)
{
	uint8_t text[4];

	if (s->column == BASE64_LINE) {
		sevenbit_put(s, SPAN("\n"));
		s->column = 0;
	}
	(void)base64_encode(span_of(s->group, s->group_n), text);
	sevenbit_put(s, span_of(text, sizeof(text)));
	s->column += 4;
	s->group_n = 0;
}

static void
base64_octets(struct sevenbit *s, struct span v)
{
	for (size_t i = 0; i < v.len; i++) {
		s->group[s->group_n++] = v.p[i];
		if (s->group_n == sizeof(s->group))
			base64_group(s);
	}
}

/* The end of the last line may belong to the boundary: it waits. */
static void
base64_piece(struct sevenbit *s, const struct piece *p)
{
	if (s->end_due)
		base64_octets(s, SPAN("\r\n"));
	s->end_due = p->last;
	base64_octets(s, p->text);
}

static void
base64_end(struct sevenbit *s, bool by_boundary)
{
	if (s->end_due && !by_boundary)
		base64_octets(s, SPAN("\r\n"));
	if (s->group_n > 0)
		base64_group(s);
	if (s->column > 0)
		sevenbit_put(s, SPAN("\n"));
}

/* ---- survey ---- */

static void
count(struct sevenbit *s, struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		s->high += v.p[i] >= 0x80;
	s->octets += v.len;
}

static enum sevenbit_plan
choose(const struct sevenbit *s)
{
	bool labelled =
	    s->label == SEVENBIT_SAYS_8BIT || s->label == SEVENBIT_SAYS_BINARY;

	if (s->high == 0 && labelled)
		return SEVENBIT_LABEL;
	if (s->high == 0)
		return SEVENBIT_LEAVE;
	/* an octet of three grows by two, or all of them by a third */
	return s->kind == SEVENBIT_TEXT && s->high * 6 < s->octets
		   ? SEVENBIT_QP
		   : SEVENBIT_BASE64;
}

static void
settle(struct sevenbit *s)
{
	unsigned shift = s->part % 4 * 2;

	if (s->heads_only)
		return;

	s->needed = s->needed || s->high > 0;
	if (s->high > 0 && s->sealed != NULL) {
		s->flaw = s->sealed;
		return;
	}
	if (s->part >= SEVENBIT_PARTS) {
		if (s->high > 0)
			s->flaw = "it has too many parts";
		return;
	}
	if (s->sealed == NULL)
		s->plan[s->part / 4] |= (uint8_t)(choose(s) << shift);
}

/* ---- both ---- */

void
sevenbit_body(struct sevenbit *s, const struct piece *p)
{
	if (!s->converting) {
		count(s, p->text);
	} else if (sevenbit_plan(s) == SEVENBIT_QP) {
		qp_piece(s, p);
	} else if (sevenbit_plan(s) == SEVENBIT_BASE64) {
		base64_piece(s, p);
	} else {
		sevenbit_put(s, p->text);
		if (p->last)
			sevenbit_put(s, SPAN("\n"));
	}
}

void
sevenbit_body_end(struct sevenbit *s, bool by_boundary)
{
	if (!s->converting)
		settle(s);
	else if (sevenbit_plan(s) == SEVENBIT_BASE64)
		base64_end(s, by_boundary);
}
