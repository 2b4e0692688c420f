/* trace: one function per clause. */
#include "codec/trace.h"

#include "codec/date.h"

static void
put_protocol(struct text *t, const struct trace *tr)
{
	if (!tr->extended && !tr->utf8 && tr->tls_version == NULL
	    && !tr->authenticated) {
		text_str(t, "SMTP");
		return;
	}
	text_str(t, tr->utf8 ? "UTF8SMTP" : "ESMTP");
	if (tr->tls_version != NULL)
		text_chr(t, 'S');
	if (tr->authenticated)
		text_chr(t, 'A');
}

static void
put_security(struct text *t, const struct trace *tr)
{
	text_str(t, "\n (");
	if (tr->tls_version != NULL) {
		text_str(t, tr->tls_version);
		text_chr(t, ' ');
		text_str(t, tr->tls_suite);
		text_chr(t, ' ');
		text_u64(t, tr->tls_bits);
		text_str(t, " bits; no client certificate");
	} else {
		text_str(t, "no TLS");
	}
	text_str(
	    t, tr->authenticated ? "; authenticated)" : "; not authenticated)");
}

static void
put_received(struct text *t, const struct trace *tr)
{
	text_str(t, "Received: from ");
	text_span(t, tr->helo);
	text_str(t, tr->peer_v6 ? " ([IPv6:" : " ([");
	text_str(t, tr->peer);
	text_str(t, "])\n by ");
	text_str(t, tr->host);
	text_str(t, " (gatepost) with ");
	put_protocol(t, tr);
	put_security(t, tr);
	text_str(t, "\n id ");
	text_str(t, tr->id);
	if (tr->to.len > 0) {
		text_str(t, " for <");
		text_span(t, tr->to);
		text_chr(t, '>');
	}
	text_str(t, "; ");
	date_put(t, tr->wall_s, tr->zone_minutes);
	text_chr(t, '\n');
}

static size_t
put_mark(struct text *t)
{
	size_t at;

	text_str(t, TRACE_MARK_NAME ": ");
	at = t->len;
	for (unsigned i = 0; i < TRACE_MARK; i++)
		text_chr(t, ' ');
	text_chr(t, '\n');
	return at;
}

size_t
trace_put(struct text *t, const struct trace *tr)
{
	size_t at = 0;

	if (tr->final) {
		text_str(t, "Return-Path: <");
		text_span(t, tr->from);
		text_str(t, ">\n");
		if (tr->to.len > 0) {
			text_str(t, "Delivered-To: ");
			text_span(t, tr->to);
			text_chr(t, '\n');
		}
	}
	if (tr->marked && tr->continued)
		at = put_mark(t);
	put_received(t, tr);
	if (tr->marked && !tr->continued)
		at = put_mark(t);
	return at;
}
