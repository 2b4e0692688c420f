/*
 * fuzz_httpreq: any lines make a head or a refusal with a status; what was
 * taken keeps the promises of codec/httpreq.h.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/httpreq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_head(const struct httpreq *r)
{
	struct span rest = span_from(r->path, 1), piece;
	char mem[256];
	struct text t;

	assert(r->path.len > 0 && r->path.p[0] == '/');
	assert(r->is_http10 || r->field[HTTP_HOST].p != NULL);
	while (span_next(&rest, '/', &piece)) {
		assert(piece.len > 0 || rest.p == NULL);
		assert(!span_is(piece, SPAN("..")));
		assert(span_find(piece, 0) == piece.len);
	}
	text_init(&t, mem, sizeof(mem));
	if (httpreq_param(r->query, "q", &t) == ERR_OK)
		assert(!t.cut);
	assert(httpreq_cookie(r->field[HTTP_COOKIE], "sid").len <= HTTPREQ_MEM);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct httpreq r;
	struct span rest = span_of(data, size);
	int got = 0;

	httpreq_init(&r);
	while (rest.len > 0 && got == 0) {
		size_t at = span_find(rest, '\n');

		got = httpreq_line(&r, span_first(rest, at));
		rest = span_from(rest, at + 1);
	}
	assert(got >= 0 || r.status >= 400);
	if (got == 1)
		check_head(&r);
	return 0;
}
