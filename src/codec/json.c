/*
 * json: reading.  Tokens come from jsmn, which is lenient; check() makes it
 * strict. Numbers with fractions or exponents are refused: nothing of ours has
 * any.
 */
#include "codec/json.h"

#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

#include <assert.h>

#include "core/chr.h"

_Static_assert(sizeof(struct json_token) == sizeof(jsmntok_t),
    "a json_token holds one jsmn token");

static const jsmntok_t *
token(const struct json *j, int at)
{
	return (const jsmntok_t *)j->tokens + at;
}

static struct span
token_text(const struct json *j, const jsmntok_t *t)
{
	return span_of(j->text.p + t->start, (size_t)(t->end - t->start));
}

/* Where the token ends in the text, its closing quote included. */
static size_t
token_end(const jsmntok_t *t)
{
	return (size_t)t->end + (t->type == JSMN_STRING ? 1 : 0);
}

static bool
is_integer(struct span s)
{
	uint64_t n;

	if (s.len > 0 && s.p[0] == '-')
		s = span_from(s, 1);
	if (s.len > 1 && s.p[0] == '0')
		return false;
	return span_u64(s, UINT64_MAX, &n) == ERR_OK;
}

static bool
is_primitive(struct span s)
{
	return span_is(s, SPAN("true")) || span_is(s, SPAN("false"))
	       || span_is(s, SPAN("null")) || is_integer(s);
}

static bool
has_controls(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x20)
			return true;
	return false;
}

/* The open containers while the tokens are walked in order. */
struct levels {
	int at[JSON_DEPTH];
	int seen[JSON_DEPTH];	    /* children that have begun */
	bool value_due[JSON_DEPTH]; /* a key has been read */
	int n;
};

/* Between `from` and `to` stand blanks and exactly the text `wanted`. */
static bool
is_gap(struct span text, size_t *from, size_t to, char wanted)
{
	bool found = wanted == '\0';

	for (; *from < to; (*from)++) {
		uint8_t c = text.p[*from];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (found || c != (uint8_t)wanted)
			return false;
		found = true;
	}
	return found;
}

/* Leave every container that ends before `before`. */
static bool
close_levels(const struct json *j, struct levels *v, size_t *at, size_t before)
{
	while (v->n > 0) {
		const jsmntok_t *t = token(j, v->at[v->n - 1]);

		if ((size_t)t->end > before)
			return true;
		if (v->value_due[v->n - 1]
		    || !is_gap(j->text, at, (size_t)t->end - 1, '\0'))
			return false;
		*at = (size_t)t->end;
		v->n--;
	}
	return true;
}

/* Which sign has to stand before the next child of the innermost level. */
static char
sign_before(const struct json *j, struct levels *v, const jsmntok_t *t)
{
	int top = v->n - 1;
	bool object = token(j, v->at[top])->type == JSMN_OBJECT;

	if (v->value_due[top]) {
		v->value_due[top] = false;
		return ':';
	}
	if (object && t->type != JSMN_STRING)
		return '!'; /* a key must be a string: nothing fits */
	v->value_due[top] = object;
	return v->seen[top]++ > 0 ? ',' : '\0';
}

static bool
is_good_token(const struct json *j, const jsmntok_t *t)
{
	struct span s = token_text(j, t);

	if (t->type == JSMN_PRIMITIVE)
		return is_primitive(s);
	return t->type != JSMN_STRING || !has_controls(s);
}

static int
enter(struct levels *v, int i)
{
	if (v->n == JSON_DEPTH)
		return ERR_FULL;
	v->at[v->n] = i;
	v->seen[v->n] = 0;
	v->value_due[v->n] = false;
	v->n++;
	return ERR_OK;
}

static int
check_tokens(const struct json *j, struct levels *v, size_t *at)
{
	for (int i = 0; i < j->n; i++) {
		const jsmntok_t *t = token(j, i);
		bool box = t->type == JSMN_OBJECT || t->type == JSMN_ARRAY;
		size_t start = (size_t)t->start - (t->type == JSMN_STRING);
		char sign = '\0';

		if (!close_levels(j, v, at, start))
			return ERR_SYNTAX;
		if (v->n > 0)
			sign = sign_before(j, v, t);
		else if (i > 0)
			return ERR_SYNTAX; /* a second document */
		if (!is_gap(j->text, at, start, sign) || !is_good_token(j, t))
			return ERR_SYNTAX;
		*at = box ? start + 1 : token_end(t);
		if (box && enter(v, i))
			return ERR_FULL;
	}
	return ERR_OK;
}

static int
check(const struct json *j)
{
	struct levels v = { .n = 0 };
	size_t at = 0;
	int err = check_tokens(j, &v, &at);

	if (err)
		return err;
	if (!close_levels(j, &v, &at, j->text.len) || v.n > 0)
		return ERR_SYNTAX;
	return is_gap(j->text, &at, j->text.len, '\0') ? ERR_OK : ERR_SYNTAX;
}

/* The token behind the value `at` and all that is inside it. */
static int
behind(const struct json *j, int at)
{
	int end = token(j, at)->end;
	int i = at + 1;

	while (i < j->n && token(j, i)->start < end)
		i++;
	return i;
}

static bool
has_twin(const struct json *j, int object, int key)
{
	struct span name = token_text(j, token(j, key));

	for (int i = object + 1; i < key; i = behind(j, i + 1))
		if (span_is(token_text(j, token(j, i)), name))
			return true;
	return false;
}

static bool
has_twins(const struct json *j)
{
	for (int i = 0; i < j->n; i++) {
		int end = behind(j, i);

		if (token(j, i)->type != JSMN_OBJECT)
			continue;
		for (int k = i + 1; k < end; k = behind(j, k + 1))
			if (has_twin(j, i, k))
				return true;
	}
	return false;
}

int
json_parse(
    struct json *j, struct span text, struct json_token *tokens, unsigned cap)
{
	jsmn_parser p;
	int n, err;

	*j = (struct json) { text, tokens, 0 };
	if (text.len > INT32_MAX)
		return ERR_FULL;
	jsmn_init(&p);
	n = jsmn_parse(
	    &p, (const char *)text.p, text.len, (jsmntok_t *)tokens, cap);
	if (n == JSMN_ERROR_NOMEM)
		return ERR_FULL;
	/* jsmn stops at a NUL byte: what stands behind it was not seen. */
	if (n <= 0 || p.pos < text.len)
		return ERR_SYNTAX;
	j->n = n;
	err = check(j);
	if (!err && has_twins(j))
		err = ERR_SYNTAX;
	if (err)
		j->n = 0;
	return err;
}

enum json_type
json_type(const struct json *j, int at)
{
	if (at < 0 || at >= j->n)
		return JSON_NONE;
	switch (token(j, at)->type) {
	case JSMN_OBJECT:
		return JSON_OBJECT;
	case JSMN_ARRAY:
		return JSON_ARRAY;
	case JSMN_STRING:
		return JSON_STRING;
	case JSMN_PRIMITIVE:
	case JSMN_UNDEFINED:
	default:
		break;
	}
	switch (j->text.p[token(j, at)->start]) {
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

bool
json_next(const struct json *j, int at, int *child, struct span *key)
{
	enum json_type type = json_type(j, at);
	int next = *child == JSON_ABSENT ? at + 1 : behind(j, *child);

	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return false;
	if (next >= behind(j, at))
		return false;
	if (type == JSON_OBJECT) {
		if (key != NULL)
			*key = token_text(j, token(j, next));
		next++;
	}
	*child = next;
	return true;
}

int
json_member(const struct json *j, int at, const char *key)
{
	int child = JSON_ABSENT;
	struct span name;

	if (json_type(j, at) != JSON_OBJECT)
		return JSON_ABSENT;
	while (json_next(j, at, &child, &name))
		if (span_is(name, span_str(key)))
			return child;
	return JSON_ABSENT;
}

unsigned
json_count(const struct json *j, int at)
{
	enum json_type type = json_type(j, at);

	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return 0;
	return (unsigned)token(j, at)->size;
}

int
json_text(const struct json *j, int at, struct text *to)
{
	if (json_type(j, at) != JSON_STRING)
		return ERR_SYNTAX;
	return json_unescape(token_text(j, token(j, at)), to);
}

int
json_number(const struct json *j, int at, uint64_t max, uint64_t *out)
{
	struct span s;

	if (json_type(j, at) != JSON_NUMBER)
		return ERR_SYNTAX;
	s = token_text(j, token(j, at));
	return s.p[0] == '-' ? ERR_RANGE : span_u64(s, max, out);
}

int
json_truth(const struct json *j, int at, bool *out)
{
	if (json_type(j, at) != JSON_BOOL)
		return ERR_SYNTAX;
	*out = j->text.p[token(j, at)->start] == 't';
	return ERR_OK;
}

struct span
json_raw(const struct json *j, int at)
{
	const jsmntok_t *t;

	if (json_type(j, at) == JSON_NONE)
		return span_of(NULL, 0);
	t = token(j, at);
	if (t->type == JSMN_STRING)
		return span_of(
		    j->text.p + t->start - 1, (size_t)(t->end - t->start) + 2);
	return token_text(j, t);
}
