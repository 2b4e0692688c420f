/*
 * html: a tokenizer that finds tags and attributes; no tree, no memory.
 *
 * Values and styles go to html_value.
 */
#include "scan/html.h"

#include "core/chr.h"
#include "scan/html_value.h"

#define WORD 24

struct page {
	struct span s;
	size_t at;
	bool quotes; /* this pass believes in quotes */
};

/* A tag's or attribute's name in lower case, as far as it matters. */
struct word {
	unsigned len;
	uint8_t mem[WORD];
};

/* ---- characters ---- */

/* The next one without taking it; zero bytes are nothing.  -1: the end. */
static int
peek(struct page *p)
{
	while (p->at < p->s.len && p->s.p[p->at] == 0)
		p->at++;
	return p->at < p->s.len ? p->s.p[p->at] : -1;
}

static int
next(struct page *p)
{
	int c = peek(p);

	p->at += c >= 0;
	return c;
}

static bool
is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_quote(int c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool
is_letter(int c)
{
	return c >= 0 && chr_is((uint8_t)c, CHR_UPPER | CHR_LOWER);
}

/* What stands between attributes; quotes do where they are not believed. */
static void
skip_between(struct page *p)
{
	int c = peek(p);

	while (is_space(c) || c == '/' || (!p->quotes && is_quote(c))) {
		p->at++;
		c = peek(p);
	}
}

static void
skip_space(struct page *p)
{
	while (is_space(peek(p)))
		p->at++;
}

/* A name up to what can't be in it. */
static void
read_word(struct page *p, struct word *w)
{
	int c;

	w->len = 0;
	for (c = peek(p); c >= 0 && !is_space(c) && c != '/' && c != '>'
			  && c != '=' && c != '<';
	     c = peek(p)) {
		if (!p->quotes && is_quote(c))
			break;
		if (w->len < WORD)
			w->mem[w->len++] = chr_lower((uint8_t)c);
		p->at++;
	}
}

static bool
is_word(const struct word *w, const char *what)
{
	return span_is(span_of(w->mem, w->len), span_str(what));
}

/* ---- attributes ---- */

/* onclick, onLoad: "on" and at least three letters. */
static bool
is_handler(const struct word *w)
{
	if (w->len < 5 || w->mem[0] != 'o' || w->mem[1] != 'n')
		return false;
	for (unsigned i = 2; i < w->len; i++)
		if (!chr_is(w->mem[i], CHR_LOWER))
			return false;
	return true;
}

/* Read the value behind "=": what runs in it, or NULL. */
static const char *
read_value(struct page *p, bool is_style)
{
	struct html_value v;
	const char *found = NULL;
	int quote, c;

	html_value_init(&v, is_style);
	skip_space(p);
	quote = p->quotes && is_quote(peek(p)) ? next(p) : -1;
	for (c = peek(p); c >= 0 && found == NULL; c = peek(p)) {
		if (quote >= 0 ? c == quote : is_space(c) || c == '>')
			break;
		found = html_value_feed(&v, p->s, &p->at);
	}
	if (quote >= 0 && c == quote)
		p->at++;
	return found;
}

/* One attribute of `tag`. */
static const char *
read_attribute(struct page *p, const struct word *tag)
{
	struct word w;
	const char *found;

	read_word(p, &w);
	if (w.len == 0)
		p->at += peek(p) >= 0; /* a stray sign */
	skip_space(p);
	if (peek(p) != '=')
		return NULL;
	p->at++;
	found = read_value(p, is_word(&w, "style"));
	if (is_handler(&w))
		return "Script.Handler";
	if (is_word(&w, "srcdoc"))
		return "Script.Document";
	if (is_word(tag, "object")
	    && (is_word(&w, "classid") || is_word(&w, "codebase")
		|| is_word(&w, "codetype")))
		return "ActiveX.Object";
	return found;
}

/* ---- elements ---- */

/* "svg:script" is a script. */
static void
drop_prefix(struct word *w)
{
	for (unsigned i = w->len; i > 0; i--) {
		if (w->mem[i - 1] != ':')
			continue;
		w->len -= i;
		memmove(w->mem, w->mem + i, w->len);
		return;
	}
}

static const char *
judge_tag(const struct word *tag)
{
	static const struct {
		const char *tag, *name;
	} bad[] = {
		{ "script", "Script.Element" },
		{ "applet", "ActiveX.Applet" },
		{ "embed", "ActiveX.Embed" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is_word(tag, bad[i].tag))
			return bad[i].name;
	return NULL;
}

/* What stands in a style element, up to the next tag. */
static const char *
read_style(struct page *p)
{
	struct html_value v;
	const char *found = NULL;

	html_value_init(&v, true);
	while (found == NULL && peek(p) >= 0 && peek(p) != '<')
		found = html_value_feed(&v, p->s, &p->at);
	return found;
}

/* A tag whose name is next. */
static const char *
read_tag(struct page *p)
{
	struct word tag;
	const char *found;

	read_word(p, &tag);
	drop_prefix(&tag);
	found = judge_tag(&tag);
	while (found == NULL) {
		int c;

		skip_between(p);
		c = peek(p);
		if (c < 0 || c == '>' || (c == '<' && !p->quotes))
			break;
		found = read_attribute(p, &tag);
	}
	if (found == NULL && peek(p) == '>' && is_word(&tag, "style")) {
		p->at++;
		found = read_style(p);
	}
	return found;
}

static const char *
read_page(struct span s, bool quotes)
{
	struct page p = { s, 0, quotes };
	const char *found = NULL;

	while (found == NULL) {
		p.at += span_find(span_from(s, p.at), '<') + 1;
		if (p.at >= s.len)
			return NULL;
		if (is_letter(peek(&p)) || peek(&p) == '?')
			found = read_tag(&p);
	}
	return found;
}

static bool
has_nocase(struct span s, struct span what)
{
	for (size_t i = 0; i + what.len <= s.len; i++)
		if (span_is_nocase(span_of(s.p + i, what.len), what))
			return true;
	return false;
}

const char *
html_script(struct span s, bool utf7)
{
	const char *found = read_page(s, true);

	if (found == NULL)
		found = read_page(s, false);
	if (found == NULL && memmem(s.p, s.len, "+ADw", 4) != NULL
	    && (utf7 || has_nocase(s, SPAN("utf-7"))))
		found = "Script.UTF7";
	return found;
}

/* ---- is it HTML? ---- */

/* What a tag that `p` has just entered is called. */
static bool
is_known_tag(struct page p)
{
	static const char *const tags[] = { "html", "head", "body", "!doctype",
		"script", "iframe", "object", "embed", "applet", "svg", "style",
		"table", "img", "div", "a", "p", "br", "meta", "title",
		"?xml" };
	struct word w;

	read_word(&p, &w);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (is_word(&w, tags[i]))
			return true;
	return false;
}

/* As far as browsers look: in the first 256 characters, in either form. */
bool
html_is_likely(struct span s)
{
	struct page p = { span_first(s, 520), 0, true };

	for (;;) {
		p.at += span_find(span_from(p.s, p.at), '<') + 1;
		if (p.at >= p.s.len)
			return false;
		if (is_known_tag(p))
			return true;
	}
}
