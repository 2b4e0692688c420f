/*
 * trace: the header lines that say how a message came to us.
 *
 *   Return-Path: <joe@example.org>
 *   Delivered-To: ann@home.example
 *   Received: from laptop ([192.0.2.7])
 *    by nas.home.example (gatepost) with ESMTPSA
 *    (TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 128 bits; no client
 *    certificate; authenticated)
 *    id ID for <ann@home.example>; Sun, 22 Nov 2026 16:14:08 +0900
 *   X-Gatepost-Scan: clean
 *
 * RFC 5321 section 4.4, RFC 3848 (the protocol words), RFC 6531.  The line of
 * the secret kind, who authenticated, is left out on purpose: a message may go
 * on to strangers.
 */
#ifndef CODEC_TRACE_H
#define CODEC_TRACE_H

#include "core/text.h"

#define TRACE_MAX	2048
#define TRACE_MARK_NAME "X-Gatepost-Scan"
#define TRACE_MARK_OLD	"X-Unproven-Scan" /* somebody else's, in its place */
#define TRACE_MARK	61		  /* octets that a mark can have */

struct trace {
	const char *host; /* our name */
	const char *peer; /* its address as text */
	bool peer_v6;
	struct span helo; /* printable */
	bool extended;	  /* EHLO */
	bool utf8;
	bool authenticated;
	const char *tls_version; /* NULL: plain text */
	const char *tls_suite;
	unsigned tls_bits;
	const char *id;
	struct span from; /* reverse-path without <>; empty: null */
	struct span to;	  /* the only recipient; empty when there are several */
	bool marked;	  /* X-Gatepost-Scan is due, its text follows later */
	bool
	    continued; /* the message begins with a space: not after the mark */
	bool final; /* local delivery: Return-Path and Delivered-To are due */
	int64_t wall_s;
	int zone_minutes;
};

/*
 * Append the lines with LF line ends; at most TRACE_MAX bytes.  Where it is
 * marked, returns at which byte of `t` TRACE_MARK spaces stand for the mark's
 * text: it is known only when the whole message has been seen.
 */
size_t trace_put(struct text *t, const struct trace *tr);

#endif
