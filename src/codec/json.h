/*
 * json: writing and reading JSON (RFC 8259) without allocation or floats.
 *
 *	struct json_out o;
 *	json_begin(&o, &text);
 *	json_object(&o, NULL);
 *	json_str(&o, "name", SPAN("anna"));
 *	json_u64(&o, "messages", 3);
 *	json_end(&o);               ->  {"name":"anna","messages":3}
 *
 * Writing: strings that are not UTF-8 have each bad byte replaced by U+FFFD;
 * `<`, `>`, `&` and DEL are written as \u escapes, so that no answer can become
 * markup.  Outside arrays every value has a key; inside arrays the key is NULL.
 *
 * Reading: json_parse checks the whole text once (strictly: no trailing
 * commas, no duplicate keys, integers only, depth JSON_DEPTH); values are then
 * found by index.  A string is copied out with json_text, which undoes the
 * escapes, surrogate pairs included; a lone surrogate is refused.
 *
 * Memory: the caller's text buffer and the caller's tokens; both sides hold
 * spans only.  Bounds: JSON_DEPTH, and as many values as tokens were lent.
 * Failure: writing past the end sets the text's `cut`; the caller looks once.
 * Tested: test_json, fuzz_json.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "core/err.h"
#include "core/text.h"

#define JSON_DEPTH 16

struct json_out {
	struct text *to;
	uint32_t arrays; /* bit d: level d is an array */
	uint32_t filled; /* bit d: level d has a value already */
	unsigned depth;
};

/* Start a document that is written into `to`, behind what is there. */
void json_begin(struct json_out *o, struct text *to);

void json_object(struct json_out *o, const char *key);
void json_array(struct json_out *o, const char *key);

/* Close the innermost object or array. */
void json_end(struct json_out *o);

/* The key comes from foreign bytes; one value must follow (key NULL). */
void json_key(struct json_out *o, struct span key);

void json_str(struct json_out *o, const char *key, struct span value);
void json_cstr(struct json_out *o, const char *key, const char *value);
void json_hex(struct json_out *o, const char *key, struct span bytes);
void json_u64(struct json_out *o, const char *key, uint64_t value);
void json_i64(struct json_out *o, const char *key, int64_t value);
void json_bool(struct json_out *o, const char *key, bool value);
void json_null(struct json_out *o, const char *key);

/*
 * The octets of the well-formed UTF-8 character at the start of `s`, which is
 * not empty; 0 where there is none (RFC 3629).
 */
size_t json_utf8(struct span s);

enum json_type {
	JSON_NONE, /* no such value */
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_BOOL,
	JSON_NULL,
};

/* Room for one value; what is inside is json.c's business. */
struct json_token {
	int raw[4];
};

struct json {
	struct span text;
	struct json_token *tokens;
	int n;
};

/* The place of a value in a parsed document; the whole of it is JSON_ROOT. */
#define JSON_ROOT   0
#define JSON_ABSENT (-1)

/*
 * Check `text` and take it apart; both it and `tokens` (`cap` of them) must
 * stay while `j` is used.  ERR_SYNTAX, or ERR_FULL when there are more values
 * or levels than fit: `j` is then unusable.
 */
int json_parse(struct json *j, struct span text, struct json_token *tokens,
    unsigned cap) MUST_CHECK;

/* JSON_NONE for JSON_ABSENT, so that lookups can be chained. */
enum json_type json_type(const struct json *j, int at);

/* The member of object `at` with this key, or JSON_ABSENT. */
int json_member(const struct json *j, int at, const char *key);

/*
 * Walk an object or array: *child is JSON_ABSENT before the first call and
 * becomes the next value; for objects `*key` is its raw key (may be NULL).
 * False when there is none left, or `at` is no container.
 */
bool json_next(const struct json *j, int at, int *child, struct span *key);

/* How many values an object or array has; 0 for anything else. */
unsigned json_count(const struct json *j, int at);

/*
 * Append the string `at`, decoded, to `to`.  ERR_SYNTAX: not a string, not
 * UTF-8, or a lone surrogate.  ERR_FULL: it was cut.
 */
int json_text(const struct json *j, int at, struct text *to) MUST_CHECK;

/* The same for a raw key from json_next. */
int json_unescape(struct span raw, struct text *to) MUST_CHECK;

/* ERR_SYNTAX: not a whole number.  ERR_RANGE: negative or above `max`. */
int json_number(
    const struct json *j, int at, uint64_t max, uint64_t *out) MUST_CHECK;

/* ERR_SYNTAX: neither true nor false. */
int json_truth(const struct json *j, int at, bool *out) MUST_CHECK;

/* The value's own text as it stands in the document, for passing on. */
struct span json_raw(const struct json *j, int at);

#endif
