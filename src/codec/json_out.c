/*
 * json_out: writing, the other half of codec/json.h.  Everything ends in a
 * text, which alone knows about its bounds.
 */
#include "codec/json.h"

#include <assert.h>

#include "core/chr.h"

void
json_begin(struct json_out *o, struct text *to)
{
	*o = (struct json_out) { .to = to };
}

size_t
json_utf8(struct span s)
{
	uint8_t c = s.p[0];
	uint8_t low = 0x80, high = 0xbf;
	size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4 || s.len < len)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f; /* no surrogates */
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f; /* nothing above U+10FFFF */
	if (s.p[1] < low || s.p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static void
write_control(struct text *to, uint8_t c)
{
	text_str(to, "\\u00");
	text_hex(to, span_of(&c, 1));
}

static void
write_ascii(struct text *to, uint8_t c)
{
	if (c == '"' || c == '\\') {
		text_chr(to, '\\');
		text_chr(to, (char)c);
	} else if (c == '\n') {
		text_str(to, "\\n");
	} else if (!chr_is(c, CHR_PRINT) || c == '<' || c == '>' || c == '&') {
		write_control(to, c);
	} else {
		text_chr(to, (char)c);
	}
}

static void
write_string(struct text *to, struct span s)
{
	text_chr(to, '"');
	while (s.len > 0) {
		size_t len = json_utf8(s);

		if (len == 1)
			write_ascii(to, s.p[0]);
		else if (len == 0)
			text_str(to, "\\ufffd");
		else
			text_span(to, span_first(s, len));
		s = span_from(s, len > 0 ? len : 1);
	}
	text_chr(to, '"');
}

static void
before_value(struct json_out *o, const char *key)
{
	uint32_t bit = 1U << o->depth;

	if ((o->filled & bit) != 0)
		text_chr(o->to, ',');
	o->filled |= bit;
	if (key == NULL)
		return;
	write_string(o->to, span_str(key));
	text_chr(o->to, ':');
}

static void
open_level(struct json_out *o, const char *key, bool array)
{
	before_value(o, key);
	o->depth++;
	assert(o->depth < JSON_DEPTH);
	o->filled &= ~(1U << o->depth);
	o->arrays &= ~(1U << o->depth);
	if (array)
		o->arrays |= 1U << o->depth;
	text_chr(o->to, array ? '[' : '{');
}

void
json_object(struct json_out *o, const char *key)
{
	open_level(o, key, false);
}

void
json_array(struct json_out *o, const char *key)
{
	open_level(o, key, true);
}

void
json_end(struct json_out *o)
{
	bool array = (o->arrays & (1U << o->depth)) != 0;

	assert(o->depth > 0);
	text_chr(o->to, array ? ']' : '}');
	o->depth--;
}

void
json_key(struct json_out *o, struct span key)
{
	before_value(o, NULL);
	write_string(o->to, key);
	text_chr(o->to, ':');
	o->filled &= ~(1U << o->depth); /* the value follows without a comma */
}

void
json_str(struct json_out *o, const char *key, struct span value)
{
	before_value(o, key);
	write_string(o->to, value);
}

void
json_cstr(struct json_out *o, const char *key, const char *value)
{
	json_str(o, key, span_str(value));
}

void
json_hex(struct json_out *o, const char *key, struct span bytes)
{
	before_value(o, key);
	text_chr(o->to, '"');
	text_hex(o->to, bytes);
	text_chr(o->to, '"');
}

void
json_u64(struct json_out *o, const char *key, uint64_t value)
{
	before_value(o, key);
	text_u64(o->to, value);
}

void
json_i64(struct json_out *o, const char *key, int64_t value)
{
	before_value(o, key);
	text_i64(o->to, value);
}

void
json_bool(struct json_out *o, const char *key, bool value)
{
	before_value(o, key);
	text_str(o->to, value ? "true" : "false");
}

void
json_null(struct json_out *o, const char *key)
{
	before_value(o, key);
	text_str(o->to, "null");
}
