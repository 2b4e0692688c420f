/*
 * httpreq: request line, header lines, percent decoding.  Bodies and
 * responses are proto/http's.
 */
#include "codec/httpreq.h"

#include "core/chr.h"

static const char *const method_names[HTTP_METHODS] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_DELETE] = "DELETE",
	[HTTP_PATCH] = "PATCH",
};

static const struct {
	const char *name;
	bool list; /* may be repeated: the first counts */
} fields[HTTP_FIELDS] = {
	[HTTP_HOST] = { "Host", false },
	[HTTP_ORIGIN] = { "Origin", false },
	[HTTP_REFERER] = { "Referer", false },
	[HTTP_COOKIE] = { "Cookie", false },
	[HTTP_CONTENT_TYPE] = { "Content-Type", false },
	[HTTP_AUTHORIZATION] = { "Authorization", false },
	[HTTP_CSRF_TOKEN] = { "X-CSRF-Token", false },
	[HTTP_ACCEPT_LANGUAGE] = { "Accept-Language", true },
	[HTTP_ACCEPT_ENCODING] = { "Accept-Encoding", true },
	[HTTP_IF_NONE_MATCH] = { "If-None-Match", true },
};

const char *
http_method_text(enum http_method m)
{
	return method_names[m];
}

void
httpreq_init(struct httpreq *r)
{
	memset(r, 0, offsetof(struct httpreq, mem));
	r->keep_alive = true;
}

static int
refuse(struct httpreq *r, unsigned status)
{
	r->status = status;
	return ERR_SYNTAX;
}

/* RFC 9110 section 5.6.2 */
static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '/' || c == '=' || c == '?' || c == '{' || c == '}')
			return false;
		if (c != '.' && !chr_is(c, CHR_ATEXT))
			return false;
	}
	return s.len > 0;
}

static int
keep(struct httpreq *r, struct span s, struct span *out)
{
	if (s.len > HTTPREQ_MEM - r->used)
		return refuse(r, 431);
	memcpy(r->mem + r->used, s.p, s.len);
	*out = span_of(r->mem + r->used, s.len);
	r->used += s.len;
	return ERR_OK;
}

/* One byte off the front of `*s`, %XX undone; -1 for a bad escape. */
static int
take_decoded(struct span *s)
{
	int high, low, c = s->p[0];

	if (c != '%') {
		*s = span_from(*s, 1);
		return c;
	}
	if (s->len < 3)
		return -1;
	high = chr_hex(s->p[1]);
	low = chr_hex(s->p[2]);
	*s = span_from(*s, 3);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* No segment of an absolute path is empty (but the last), "." or "..". */
static bool
has_plain_segments(struct span path)
{
	struct span rest = span_from(path, 1), piece;

	while (span_next(&rest, '/', &piece)) {
		if (piece.len == 0 && rest.p != NULL)
			return false;
		if (span_is(piece, SPAN(".")) || span_is(piece, SPAN("..")))
			return false;
	}
	return true;
}

static int
keep_path(struct httpreq *r, struct span raw)
{
	char *to = r->mem + r->used;
	size_t len = 0;

	if (raw.len > HTTPREQ_MEM - r->used)
		return refuse(r, 414);
	while (raw.len > 0) {
		bool escaped = raw.p[0] == '%';
		int c = take_decoded(&raw);

		if (c < 0x20 || c == 0x7f || (escaped && c == '/'))
			return refuse(r, 400);
		to[len++] = (char)c;
	}
	r->path = span_of(to, len);
	r->used += len;
	return has_plain_segments(r->path) ? ERR_OK : refuse(r, 400);
}

/* Cut "http://host:port" off an absolute target; it outranks Host. */
static int
take_authority(struct httpreq *r, struct span *target)
{
	size_t at, scheme = 0;

	if (span_starts_nocase(*target, SPAN("http://")))
		scheme = 7;
	else if (span_starts_nocase(*target, SPAN("https://")))
		scheme = 8;
	if (scheme == 0)
		return ERR_OK;
	*target = span_from(*target, scheme);
	at = span_find(*target, '/');
	r->has_target_host = true;
	if (keep(r, span_first(*target, at), &r->field[HTTP_HOST]))
		return ERR_SYNTAX;
	*target = span_from(*target, at);
	return ERR_OK;
}

static bool
is_visible(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

int
httpreq_target(struct httpreq *r, struct span target)
{
	size_t mark;

	if (!is_visible(target) || take_authority(r, &target))
		return refuse(r, 400);
	if (target.len == 0 || target.p[0] != '/')
		return refuse(r, 400);
	mark = span_find(target, '?');
	if (keep_path(r, span_first(target, mark)))
		return ERR_SYNTAX;
	return keep(r, span_from(target, mark + 1), &r->query);
}

static int
take_method(struct httpreq *r, struct span name)
{
	if (!is_token(name))
		return refuse(r, 400);
	for (int m = 0; m < HTTP_METHODS; m++) {
		if (!span_is(name, span_str(method_names[m])))
			continue;
		r->method = (enum http_method)m;
		return ERR_OK;
	}
	return refuse(r, 501);
}

static int
take_version(struct httpreq *r, struct span v)
{
	if (v.len != 8 || !span_starts(v, SPAN("HTTP/")) || v.p[6] != '.'
	    || !chr_is(v.p[5], CHR_DIGIT) || !chr_is(v.p[7], CHR_DIGIT))
		return refuse(r, 400);
	if (v.p[5] != '1')
		return refuse(r, 505);
	r->is_http10 = v.p[7] == '0';
	r->keep_alive = !r->is_http10;
	return ERR_OK;
}

/* RFC 9112 section 3: exactly two single spaces. */
static int
request_line(struct httpreq *r, struct span line)
{
	struct span rest = line, method, target, version;

	if (line.len == 0 && !r->skipped_blank) {
		r->skipped_blank = true; /* section 2.2 */
		return ERR_OK;
	}
	r->has_line = true;
	if (!span_next(&rest, ' ', &method) || !span_next(&rest, ' ', &target)
	    || !span_next(&rest, ' ', &version) || rest.p != NULL)
		return refuse(r, 400);
	if (take_version(r, version) || take_method(r, method))
		return ERR_SYNTAX;
	return httpreq_target(r, target);
}

/* RFC 9112 section 6.3: a length that two readers could read differently. */
static int
content_length(struct httpreq *r, struct span value)
{
	int err;

	if (r->has_length)
		return refuse(r, 400);
	r->has_length = true;
	err = span_u64(value, INT64_MAX, &r->body_octets);
	if (err == ERR_RANGE)
		return refuse(r, 413);
	return err ? refuse(r, 400) : ERR_OK;
}

static void
connection(struct httpreq *r, struct span value)
{
	struct span word;

	while (span_next(&value, ',', &word)) {
		word = span_trim(word);
		if (span_is_nocase(word, SPAN("close")))
			r->keep_alive = false;
		else if (r->is_http10
			 && span_is_nocase(word, SPAN("keep-alive")))
			r->keep_alive = true;
	}
}

static int
expect(struct httpreq *r, struct span value)
{
	if (!span_is_nocase(value, SPAN("100-continue")))
		return refuse(r, 417);
	r->expects_continue = !r->is_http10;
	return ERR_OK;
}

static int
keep_field(struct httpreq *r, int f, struct span value)
{
	bool ours = f == HTTP_HOST && r->has_target_host;

	if (ours && r->field[HTTP_HOST].p != NULL) {
		r->has_target_host = false; /* a second Host is refused */
		return ERR_OK;
	}
	if (r->field[f].p != NULL)
		return fields[f].list ? ERR_OK : refuse(r, 400);
	return keep(r, value, &r->field[f]);
}

static int
known_field(struct httpreq *r, struct span name, struct span value)
{
	if (span_is_nocase(name, SPAN("Content-Length")))
		return content_length(r, value);
	if (span_is_nocase(name, SPAN("Transfer-Encoding")))
		return refuse(r, 501);
	if (span_is_nocase(name, SPAN("Expect")))
		return expect(r, value);
	if (span_is_nocase(name, SPAN("Connection")))
		connection(r, value);
	for (int f = 0; f < HTTP_FIELDS; f++)
		if (span_is_nocase(name, span_str(fields[f].name)))
			return keep_field(r, f, value);
	return ERR_OK;
}

static int
header_line(struct httpreq *r, struct span line)
{
	size_t colon = span_find(line, ':');
	struct span name = span_first(line, colon);
	struct span value = span_trim(span_from(line, colon + 1));

	if (++r->lines > HTTPREQ_LINES)
		return refuse(r, 431);
	if (colon == line.len || !is_token(name))
		return refuse(r, 400); /* folded lines end here, too */
	for (size_t i = 0; i < value.len; i++)
		if ((value.p[i] < 0x20 && value.p[i] != '\t')
		    || value.p[i] == 0x7f)
			return refuse(r, 400);
	return known_field(r, name, value);
}

int
httpreq_line(struct httpreq *r, struct span line)
{
	if (!r->has_line)
		return request_line(r, line);
	if (line.len > 0)
		return header_line(r, line);
	if (r->field[HTTP_HOST].p == NULL && !r->is_http10)
		return refuse(r, 400);
	return 1;
}

static int
decode_value(struct span raw, struct text *to)
{
	while (raw.len > 0) {
		bool blank = raw.p[0] == '+';
		int c = take_decoded(&raw);

		if (c < 0)
			return ERR_SYNTAX;
		text_chr(to, blank ? ' ' : (char)c);
	}
	return to->cut ? ERR_FULL : ERR_OK;
}

int
httpreq_param(struct span query, const char *name, struct text *to)
{
	struct span pair;

	while (span_next(&query, '&', &pair)) {
		size_t equals = span_find(pair, '=');

		if (span_is(span_first(pair, equals), span_str(name)))
			return decode_value(span_from(pair, equals + 1), to);
	}
	return ERR_MISSING;
}

struct span
httpreq_cookie(struct span field, const char *name)
{
	struct span pair;

	while (span_next(&field, ';', &pair)) {
		size_t equals;

		pair = span_trim(pair);
		equals = span_find(pair, '=');
		if (equals < pair.len
		    && span_is(span_first(pair, equals), span_str(name)))
			return span_from(pair, equals + 1);
	}
	return span_of(NULL, 0);
}

void
httpreq_encode(struct text *to, struct span s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (chr_is(c, CHR_NAME) || c == '.' || c == '~') {
			text_chr(to, (char)c);
			continue;
		}
		text_chr(to, '%');
		text_chr(to, digits[c >> 4]);
		text_chr(to, digits[c & 15]);
	}
}
