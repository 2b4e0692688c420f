/* dispatch: passes over a message.  What the far end takes is relayd's matter.
 */
#include "service/dispatch.h"

#include "config.h"

#include "codec/trace.h"

static bool
has_refrom(const struct dispatch *l)
{
	return l->wish.send_as.len > 0;
}

static bool
is_converted(const struct dispatch *l)
{
	return ENABLE_SEVENBIT && l->wish.plain_head;
}

static bool
is_signed(const struct dispatch *l)
{
	return ENABLE_DKIM && l->wish.signer != NULL;
}

/* Back to the message's first octet, for another pass. */
static void
begin_pass(struct dispatch *l)
{
	l->at = l->skip;
	l->add_used = 0;
	l->over = false;
	if (has_refrom(l))
		refrom_init(&l->refrom, l->wish.send_as);
	if (is_converted(l))
		sevenbit_rewind(&l->seven);
}

/* What it takes on the wire: CR LF, and no other CR. */
static void
count(struct dispatch *l, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		l->wire_octets += s.p[i] == '\n' ? 2 : s.p[i] != '\r';
}

static void
measure(struct dispatch *l)
{
	l->phase = DISPATCH_MEASURE;
	l->wire_octets = 0;
	if (is_signed(l))
		dkim_init(&l->dkim);
	begin_pass(l);
}

static bool
is_plain(const struct dispatch *l)
{
	return !has_refrom(l) && !is_converted(l);
}

/* What is left to be done after the survey, or without one. */
static void
after_survey(struct dispatch *l)
{
	if (!is_plain(l) || is_signed(l)) {
		measure(l);
		return;
	}
	l->phase = DISPATCH_READY;
	l->wire_octets =
	    l->file->head.wire_octets - l->skip - (l->skip > 0 ? 1 : 0);
	count(l, l->wish.add);
	begin_pass(l);
}

/* One of the fields that we have put before the message? */
static bool
is_ours(struct span line, bool *traced)
{
	bool trace = span_starts_nocase(line, SPAN("Received:"));
	bool ours = (trace && !*traced)
		    || span_starts_nocase(line, SPAN("Return-Path:"))
		    || span_starts_nocase(line, SPAN("Delivered-To:"))
		    || span_starts_nocase(line, SPAN(TRACE_MARK_NAME ":"));

	*traced = *traced || trace;
	return ours;
}

/*
 * Our Return-Path of a delivery here does not travel (RFC 5321, 4.4); what is
 * to be added stands behind our own trace.
 */
static void
find_places(struct dispatch *l)
{
	bool pathed = (l->file->head.flags & QUEUE_PATHED) != 0;
	bool ours = true, traced = false;
	struct span s, rest, line;
	int n = 0;

	if (pathed || l->wish.add.len > 0)
		n = queue_file_body(l->file, l->field, sizeof(l->field), 0);
	s = rest = span_of(l->field, n > 0 ? (size_t)n : 0);
	l->skip = l->add_at = 0;
	while (ours && span_find(rest, '\n') < rest.len
	       && span_next(&rest, '\n', &line)) {
		if (line.len == 0 || (line.p[0] != ' ' && line.p[0] != '\t'))
			ours = is_ours(line, &traced);
		if (ours)
			l->add_at = s.len - rest.len;
	}
	line = span_first(s, span_find(s, '\n'));
	if (pathed && line.len < s.len
	    && span_starts_nocase(line, SPAN("Return-Path:")))
		l->skip = line.len + 1;
}

void
dispatch_init(struct dispatch *l, struct queue_file *file,
    const struct dispatch_wish *wish)
{
	bool high = (file->head.flags & QUEUE_8BIT) != 0;

	l->file = file;
	l->wish = *wish;
	l->wish.plain_head = (wish->seven_bit || wish->plain_head) && high;
	l->why = NULL;
	l->eight_bit = high && !(ENABLE_SEVENBIT && wish->seven_bit);
	find_places(l);
	l->field_len = l->field_used = l->add_used = 0;
	l->at = l->skip;
	l->over = false;
	if (is_converted(l)) {
		l->phase = DISPATCH_SURVEY;
		sevenbit_init(&l->seven, !wish->seven_bit);
	} else {
		after_survey(l);
	}
}

/* Read on from the file, up to `end`. */
static int
read_file(struct dispatch *l, uint8_t *to, size_t cap, uint64_t end)
{
	uint64_t left = l->at < end ? end - l->at : 0;
	int n;

	if (left == 0 || cap == 0)
		return 0;
	n = queue_file_body(
	    l->file, to, cap < left ? cap : (size_t)left, l->at);
	if (n == 0)
		return ERR_TORN;
	l->at += n > 0 ? (uint64_t)n : 0;
	return n;
}

/* Read on: octets, 0 at the end, which sets `over`. */
static int
read_raw(struct dispatch *l, void *to, size_t cap)
{
	uint64_t all = l->file->head.octets;
	size_t len = 0, part;
	uint8_t *p = to;
	int n = read_file(l, p, cap, l->add_at);

	if (n < 0)
		return n;
	len += (size_t)n;
	if (l->at >= l->add_at) {
		part = l->wish.add.len - l->add_used;
		if (part > cap - len)
			part = cap - len;
		if (part > 0)
			memcpy(p + len, l->wish.add.p + l->add_used, part);
		l->add_used += part;
		len += part;
		n = read_file(l, p + len, cap - len, all);
		len += n > 0 ? (size_t)n : 0;
	}
	l->over = l->at == all && l->add_used == l->wish.add.len;
	return n < 0 ? n : (int)len;
}

static int
survey(struct dispatch *l, struct dispatch_work *w)
{
	int n = read_raw(l, w->raw, sizeof(w->raw));

	if (n < 0)
		return n;
	sevenbit_look(&l->seven, span_of(w->raw, (size_t)n));
	if (!l->over)
		return 1;
	sevenbit_end(&l->seven, NULL);
	l->why = sevenbit_flaw(&l->seven);
	if (l->why != NULL)
		return ERR_UNSUPPORTED;
	l->wish.plain_head = sevenbit_needed(&l->seven);
	after_survey(l);
	return l->phase != DISPATCH_READY;
}

/* One read from the file through all filters, appended to `out`. */
static int
pump(struct dispatch *l, struct dispatch_work *w, struct text *out)
{
	size_t most = is_converted(l) ? DISPATCH_SMALL : DISPATCH_SLICE;
	int n = read_raw(l, w->raw, most);
	struct span s = span_of(w->raw, n > 0 ? (size_t)n : 0);
	struct text mid;

	if (n < 0)
		return n;
	text_init(&mid, w->mid, sizeof(w->mid));
	if (has_refrom(l)) {
		refrom_feed(&l->refrom, s, &mid);
		if (l->over)
			refrom_end(&l->refrom, &mid);
		s = text_data(&mid);
	}
	if (is_converted(l)) {
		sevenbit_feed(&l->seven, s, out);
		if (l->over)
			sevenbit_end(&l->seven, out);
	} else {
		text_span(out, s);
	}
	return mid.cut || out->cut ? ERR_RANGE : ERR_OK;
}

static int
measure_slice(struct dispatch *l, struct dispatch_work *w)
{
	struct text out;
	int err;

	text_init(&out, w->out, sizeof(w->out));
	err = pump(l, w, &out);
	if (err)
		return err;
	count(l, text_data(&out));
	if (is_signed(l))
		dkim_feed(&l->dkim, text_data(&out));
	if (!l->over)
		return 1;
	if (!is_signed(l)) {
		l->phase = DISPATCH_READY;
		begin_pass(l);
		return 0;
	}
	dkim_end(&l->dkim);
	l->phase = DISPATCH_SIGN;
	return 1;
}

/* A message that can't be signed leaves without a signature. */
static int
sign(struct dispatch *l)
{
	struct text field;

	text_init(&field, l->field, sizeof(l->field));
	if (ENABLE_DKIM && signer_sign(l->wish.signer, &l->dkim, &field) == 1) {
		l->field_len = field.len;
		count(l, text_data(&field));
	}
	l->phase = DISPATCH_READY;
	begin_pass(l);
	return 0;
}

int
dispatch_step(struct dispatch *l, struct dispatch_work *w)
{
	switch (l->phase) {
	case DISPATCH_SURVEY:
		return ENABLE_SEVENBIT ? survey(l, w) : ERR_UNSUPPORTED;
	case DISPATCH_MEASURE:
		return measure_slice(l, w);
	case DISPATCH_SIGN:
		return sign(l);
	case DISPATCH_READY:
		break;
	}
	return 0;
}

int
dispatch_read(struct dispatch *l, struct dispatch_work *w, void *to, size_t cap)
{
	struct text out;
	int err = ERR_OK;

	if (l->field_used < l->field_len) {
		memcpy(to, l->field, l->field_len);
		l->field_used = l->field_len;
		return (int)l->field_len;
	}
	if (is_plain(l))
		return read_raw(l, to, cap);
	text_init(&out, to, cap);
	while (!err && out.len == 0 && !l->over)
		err = pump(l, w, &out);
	return err ? err : (int)out.len;
}
