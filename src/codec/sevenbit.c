/*
 * sevenbit: the walk through a message's parts, the same in both passes.
 * Headers are understood in sevenbit_type.c, bodies encoded in
 * sevenbit_body.c.
 */
#include "codec/sevenbit.h"

#include "core/chr.h"

static void
begin_part(struct sevenbit *s)
{
	s->where = SEVENBIT_HEADER;
	s->in_type = s->in_label = s->dropping = false;
	s->has_type = false;
	s->type_len = s->label_len = 0;
	s->octets = s->high = 0;
	s->end_due = false;
	s->blank = 0;
	s->group_n = 0;
	s->column = 0;
}

static void
begin(struct sevenbit *s)
{
	pieces_init(&s->lines);
	s->part = 0;
	s->depth = 0;
	s->has_version = false;
	s->out = NULL;
	begin_part(s);
}

void
sevenbit_init(struct sevenbit *s, bool heads_only)
{
	memset(s, 0, sizeof(*s));
	plainhead_init(&s->head);
	s->heads_only = heads_only;
	begin(s);
}

void
sevenbit_rewind(struct sevenbit *s)
{
	s->converting = true;
	plainhead_rewind(&s->head);
	begin(s);
}

enum sevenbit_plan
sevenbit_plan(const struct sevenbit *s)
{
	if (s->part >= SEVENBIT_PARTS)
		return SEVENBIT_LEAVE;
	return (enum sevenbit_plan)(
	    s->plan[s->part / 4] >> s->part % 4 * 2 & 3);
}

void
sevenbit_put(struct sevenbit *s, struct span v)
{
	if (s->converting)
		text_span(s->out, v);
}

static void
put_line(struct sevenbit *s, const struct piece *p)
{
	sevenbit_put(s, p->text);
	if (p->last)
		sevenbit_put(s, SPAN("\n"));
}

/* ---- a part's header ---- */

/* Keep a field's value, as far as there is room. */
static void
keep(struct sevenbit *s, struct span v)
{
	char *to = s->in_type ? s->type : s->label_mem;
	size_t cap = s->in_type ? sizeof(s->type) : sizeof(s->label_mem);
	uint16_t *len = s->in_type ? &s->type_len : &s->label_len;

	if (!s->in_type && !s->in_label)
		return;
	v = span_first(v, cap - *len);
	if (v.len > 0)
		memcpy(to + *len, v.p, v.len);
	*len = (uint16_t)(*len + v.len);
}

static void
begin_field(struct sevenbit *s, struct span *line)
{
	size_t colon = span_find(*line, ':');
	struct span name = span_trim(span_first(*line, colon));

	s->in_type = span_is_nocase(name, SPAN("content-type")) && !s->has_type;
	s->in_label = span_is_nocase(name, SPAN("content-transfer-encoding"));
	s->has_type = s->has_type || s->in_type;
	s->has_version =
	    s->has_version || span_is_nocase(name, SPAN("mime-version"));
	s->dropping = s->in_label && sevenbit_plan(s) != SEVENBIT_LEAVE;
	if (s->in_label)
		s->label_len = 0;
	*line = span_from(*line, colon + 1);
}

static void
end_header(struct sevenbit *s)
{
	static const char *const labels[] = {
		[SEVENBIT_LEAVE] = "",
		[SEVENBIT_QP] = "Content-Transfer-Encoding: quoted-printable\n",
		[SEVENBIT_BASE64] = "Content-Transfer-Encoding: base64\n",
		[SEVENBIT_LABEL] = "Content-Transfer-Encoding: 7bit\n",
	};
	enum sevenbit_plan plan = sevenbit_plan(s);

	plainhead_end(&s->head, s->out);
	sevenbit_judge(s);
	if (s->part == 0 && !s->has_version && !s->heads_only)
		sevenbit_put(s, SPAN("MIME-Version: 1.0\n"));
	if ((plan == SEVENBIT_QP || plan == SEVENBIT_BASE64) && !s->has_type)
		sevenbit_put(s,
		    SPAN("Content-Type: text/plain; charset=unknown-8bit\n"));
	sevenbit_put(s, span_str(labels[plan]));
	s->where = SEVENBIT_BODY;
	if (s->kind != SEVENBIT_MULTIPART)
		return;
	sevenbit_body_end(s, true); /* of its own it has none: only a label */
	s->where = SEVENBIT_BETWEEN;
}

static void
header_piece(struct sevenbit *s, const struct piece *p)
{
	struct span value = p->text;

	if (p->first && value.len == 0) {
		end_header(s);
		sevenbit_put(s, SPAN("\n"));
		return;
	}
	if (p->first && !chr_is(value.p[0], CHR_SPACE))
		begin_field(s, &value);
	keep(s, value);
	if (s->dropping)
		return;
	if (s->converting && !s->head.needed)
		put_line(s, p);
	else
		plainhead_line(&s->head, p, s->out);
}

/* ---- boundaries ---- */

/* Which level's boundary is this line, and does it close it? */
static bool
is_boundary(
    const struct sevenbit *s, struct span line, unsigned *level, bool *closes)
{
	if (!span_starts(line, SPAN("--")))
		return false;
	line = span_from(line, 2);
	for (unsigned i = s->depth; i-- > 0;) {
		struct span b = span_of(s->level[i].boundary, s->level[i].len);
		struct span rest = span_from(line, b.len);

		if (!span_starts(line, b))
			continue;
		*level = i;
		*closes = span_starts(rest, SPAN("--"));
		if (span_trim(span_from(rest, *closes ? 2 : 0)).len == 0)
			return true;
	}
	return false;
}

static void
end_part(struct sevenbit *s, bool by_boundary)
{
	if (s->where == SEVENBIT_HEADER)
		end_header(s); /* a part without a body */
	if (s->where == SEVENBIT_BODY)
		sevenbit_body_end(s, by_boundary);
	s->where = SEVENBIT_BETWEEN;
}

static bool
took_boundary(struct sevenbit *s, const struct piece *p)
{
	unsigned level;
	bool closes;

	if (!p->first || !p->last || s->depth == 0
	    || !is_boundary(s, p->text, &level, &closes))
		return false;
	end_part(s, true);
	put_line(s, p);
	s->depth = closes ? level : level + 1;
	if (closes)
		return true;
	s->part++;
	begin_part(s);
	return true;
}

/* ---- both passes ---- */

/* Octets for nobody: they only must not be 8-bit. */
static void
between_piece(struct sevenbit *s, const struct piece *p)
{
	for (size_t i = 0; i < p->text.len; i++) {
		bool high = p->text.p[i] >= 0x80 && !s->heads_only;

		s->needed = s->needed || high;
		sevenbit_put(s, high ? SPAN("?") : span_of(p->text.p + i, 1));
	}
	if (p->last)
		sevenbit_put(s, SPAN("\n"));
}

static void
take(struct sevenbit *s, const struct piece *p)
{
	if (took_boundary(s, p))
		return;
	if (s->where == SEVENBIT_HEADER)
		header_piece(s, p);
	else if (s->where == SEVENBIT_BODY)
		sevenbit_body(s, p);
	else
		between_piece(s, p);
}

void
sevenbit_look(struct sevenbit *s, struct span in)
{
	struct piece p;

	while (pieces_next(&s->lines, &in, &p))
		take(s, &p);
}

void
sevenbit_feed(struct sevenbit *s, struct span in, struct text *out)
{
	s->out = out;
	sevenbit_look(s, in);
}

void
sevenbit_end(struct sevenbit *s, struct text *out)
{
	struct piece p;

	s->out = out;
	if (pieces_end(&s->lines, &p))
		take(s, &p);
	end_part(s, false);
}
