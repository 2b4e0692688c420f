/* log: building a line, and counting repeats instead of writing them. */
#include "core/log.h"

#include "core/err.h"

static log_sink sink_now;
static enum log_level most_now;

static char last[LOG_LINE_MAX];
static size_t last_len;
static uint64_t repeats;

void
log_to(log_sink sink, enum log_level most)
{
	sink_now = sink;
	most_now = most;
}

void
log_begin(struct log_line *l, enum log_level level, const char *event)
{
	l->level = level;
	l->muted = sink_now == NULL || level > most_now;
	if (l->muted)
		return;
	text_init(&l->text, l->mem, sizeof(l->mem) - sizeof(" cut=1"));
	text_str(&l->text, event);
}

static void
key_begin(struct log_line *l, const char *key)
{
	text_chr(&l->text, ' ');
	text_str(&l->text, key);
	text_chr(&l->text, '=');
}

void
log_u64(struct log_line *l, const char *key, uint64_t value)
{
	if (l->muted)
		return;
	key_begin(l, key);
	text_u64(&l->text, value);
}

void
log_i64(struct log_line *l, const char *key, int64_t value)
{
	if (l->muted)
		return;
	key_begin(l, key);
	text_i64(&l->text, value);
}

void
log_str(struct log_line *l, const char *key, const char *value)
{
	log_span(l, key, span_str(value));
}

void
log_span(struct log_line *l, const char *key, struct span value)
{
	bool quote = value.len == 0 || span_find(value, ' ') < value.len;

	if (l->muted)
		return;
	key_begin(l, key);
	if (quote)
		text_chr(&l->text, '"');
	text_escaped(&l->text, value);
	if (quote)
		text_chr(&l->text, '"');
}

void
log_err(struct log_line *l, int err)
{
	if (err < 0)
		log_str(l, "error", err_text(err));
}

static void
repeats_flush(void)
{
	struct text t;
	char mem[64];

	if (repeats == 0)
		return;
	text_init(&t, mem, sizeof(mem));
	text_str(&t, "log.repeated times=");
	text_u64(&t, repeats);
	repeats = 0;
	sink_now(LOG_INFO, text_data(&t));
}

void
log_end(struct log_line *l)
{
	struct span line;

	if (l->muted)
		return;
	if (l->text.cut) {
		l->text.cap += sizeof(" cut=1");
		text_str(&l->text, " cut=1");
	}
	line = text_data(&l->text);
	if (span_is(line, span_of(last, last_len))) {
		repeats++;
		return;
	}
	repeats_flush();
	memcpy(last, line.p, line.len);
	last_len = line.len;
	sink_now(l->level, line);
}

void
log_event(enum log_level level, const char *event, const char *key,
    const char *value, int err)
{
	struct log_line l;

	log_begin(&l, level, event);
	if (key != NULL)
		log_str(&l, key, value);
	log_err(&l, err);
	log_end(&l);
}
