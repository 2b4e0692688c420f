/* html_value: the few entities and escapes that can hide a scheme's name. */
#include "scan/html_value.h"

#include "core/chr.h"

enum css {
	CSS_PLAIN,
	CSS_SLASH,   /* behind "/" */
	CSS_COMMENT, /* behind both */
	CSS_STAR,    /* ... and a "*" in it */
	CSS_ESCAPE,  /* behind "\" */
};

void
html_value_init(struct html_value *v, bool is_style)
{
	memset(v, 0, sizeof(*v));
	v->is_style = is_style;
}

/* ---- what runs ---- */

static uint8_t
before(const struct html_value *v, size_t back)
{
	return v->tail[(v->n - back) % HTML_TAIL];
}

static bool
ends_in(const struct html_value *v, struct span what)
{
	if (v->n < what.len)
		return false;
	for (size_t i = 0; i < what.len; i++)
		if (before(v, what.len - i) != what.p[i])
			return false;
	return true;
}

/* A scheme stands at the beginning, or behind what a value may have there. */
static bool
is_scheme(const struct html_value *v, struct span what)
{
	if (!ends_in(v, what))
		return false;
	return v->n == what.len
	       || memchr(";=(,'\"", before(v, what.len + 1), 6) != NULL;
}

static const char *
judge(const struct html_value *v)
{
	static const char *const schemes[] = { "javascript:", "vbscript:",
		"livescript:", "jscript:", "data:text/html",
		"data:application/xhtml", "data:text/xml" };
	static const char *const styles[] = { "expression(",
		"-moz-binding:", "behavior:", "behaviour:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (is_scheme(v, span_str(schemes[i])))
			return "Script.URL";
	for (size_t i = 0;
	     v->is_style && i < sizeof(styles) / sizeof(styles[0]); i++)
		if (ends_in(v, span_str(styles[i])))
			return "Script.Style";
	return NULL;
}

/* One character of what is meant. */
static const char *
put(struct html_value *v, uint32_t c)
{
	if (c <= ' ' || c == 0x7f)
		return NULL;
	v->tail[v->n++ % HTML_TAIL] = c < 0x80 ? chr_lower((uint8_t)c) : 0x80;
	/* only what ends a sign is looked at */
	return memchr(":(l", v->tail[(v->n - 1) % HTML_TAIL], 3) != NULL
		   ? judge(v)
		   : NULL;
}

/* ---- styles ---- */

/* Inside an escape: up to six digits and a space, or any character. */
static const char *
put_escaped(struct html_value *v, uint32_t c)
{
	int digit = c < 0x80 ? chr_hex((uint8_t)c) : -1;
	const char *found;

	if (digit >= 0 && v->digits < 6) {
		v->code = v->code << 4 | (uint32_t)digit;
		v->digits++;
		return NULL;
	}
	v->css = CSS_PLAIN;
	if (v->digits == 0)
		return put(v, c);
	found = put(v, v->code);
	return found != NULL || c <= ' ' ? found : put(v, c);
}

static const char *
put_plain(struct html_value *v, uint32_t c)
{
	if (c == '/') {
		v->css = CSS_SLASH;
		return NULL;
	}
	if (c != '\\')
		return put(v, c);
	v->css = CSS_ESCAPE;
	v->digits = 0;
	v->code = 0;
	return NULL;
}

static const char *
put_style(struct html_value *v, uint32_t c)
{
	switch (v->css) {
	case CSS_SLASH:
		if (c == '*') {
			v->css = CSS_COMMENT;
			return NULL;
		}
		v->css = CSS_PLAIN;
		(void)put(v, '/');
		return put_plain(v, c);
	case CSS_COMMENT:
	case CSS_STAR:
		v->css = c == '*'			  ? CSS_STAR
			 : c == '/' && v->css == CSS_STAR ? CSS_PLAIN
							  : CSS_COMMENT;
		return NULL;
	case CSS_ESCAPE:
		return put_escaped(v, c);
	default:
		return put_plain(v, c);
	}
}

/* ---- entities ---- */

/* Digits of &#...; or &#x...;: the number; *at is behind them. */
static uint32_t
read_number(struct span s, size_t *at)
{
	bool hex = *at < s.len && chr_lower(s.p[*at]) == 'x';
	uint32_t n = 0;
	int digit;

	for (*at += hex; *at < s.len; ++*at) {
		digit = s.p[*at] != 0 ? chr_hex(s.p[*at]) : 16;
		if (digit == 16)
			continue;
		if (digit < 0 || (!hex && digit > 9))
			break;
		n = n > 0xffffff ? n : n * (hex ? 16u : 10u) + (uint32_t)digit;
	}
	return n;
}

/* The named ones behind which a sign can be hidden; 0: none of them. */
static uint32_t
read_named(struct span s, size_t *at)
{
	static const struct {
		const char *name;
		uint8_t c;
	} names[] = {
		{ "colon;", ':' },
		{ "tab;", '\t' },
		{ "newline;", '\n' },
		{ "lpar;", '(' },
		{ "sol;", '/' },
		{ "bsol;", '\\' },
		{ "ast;", '*' },
		{ "apos;", '\'' },
		{ "quot", '"' },
		{ "amp;", '&' },
	};
	uint8_t mem[8];
	size_t n = 0, to[sizeof(mem) + 1] = { 0 };

	for (size_t i = *at; i < s.len && n < sizeof(mem); i++)
		if (s.p[i] != 0) {
			mem[n++] = s.p[i];
			to[n] = i + 1;
		}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span name = span_str(names[i].name);

		if (!span_starts_nocase(span_of(mem, n), name))
			continue;
		*at = to[name.len];
		return names[i].c;
	}
	return 0;
}

/* The character that an entity behind "&" means; "&" where it is none. */
static uint32_t
read_entity(struct span s, size_t *at)
{
	size_t i = *at;
	uint32_t c;

	while (i < s.len && s.p[i] == 0)
		i++;
	if (i < s.len && s.p[i] == '#') {
		i++;
		while (i < s.len && s.p[i] == 0)
			i++;
		c = read_number(s, &i);
		while (i < s.len && s.p[i] == 0)
			i++;
		i += i < s.len && s.p[i] == ';';
	} else {
		c = read_named(s, &i);
	}
	if (c == 0)
		return '&';
	*at = i;
	return c;
}

const char *
html_value_feed(struct html_value *v, struct span s, size_t *at)
{
	uint32_t c = s.p[(*at)++];

	if (c == '&')
		c = read_entity(s, at);
	return v->is_style ? put_style(v, c) : put(v, c);
}
