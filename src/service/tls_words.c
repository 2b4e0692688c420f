/* tls_words: numbers of the engine as words for people. */
#include "service/tls.h"

#include "service/tls_peer.h"

struct word {
	int code;
	const char *text;
};

static const struct word words[] = {
	{ BR_ERR_UNSUPPORTED_VERSION,
	    "the other side does not speak TLS on this port" },
	{ BR_ERR_BAD_VERSION, "records of a wrong TLS version" },
	{ BR_ERR_BAD_LENGTH, "a record of impossible length" },
	{ BR_ERR_TOO_LARGE, "a record larger than the standard allows" },
	{ BR_ERR_BAD_MAC, "a record was damaged or forged on the way" },
	{ BR_ERR_NO_RANDOM, "no random numbers from the system" },
	{ BR_ERR_UNKNOWN_TYPE, "a record of unknown type" },
	{ BR_ERR_UNEXPECTED, "a message at the wrong time" },
	{ BR_ERR_BAD_CCS, "a broken change of cipher" },
	{ BR_ERR_BAD_HANDSHAKE, "a broken handshake message" },
	{ BR_ERR_BAD_CIPHER_SUITE,
	    "the server chose a cipher that was not offered" },
	{ BR_ERR_BAD_SECRENEG, "a broken renegotiation extension" },
	{ BR_ERR_BAD_FINISHED,
	    "the two sides saw different handshakes: somebody in between, "
	    "or a wrong key" },
	{ BR_ERR_INVALID_ALGORITHM, "no common signature algorithm or curve" },
	{ BR_ERR_BAD_SIGNATURE,
	    "the server does not hold the key of its certificate" },
	{ BR_ERR_WRONG_KEY_USAGE,
	    "the certificate's key is not meant for this" },
	{ BR_ERR_X509_EMPTY_CHAIN, "the server sent no certificate" },
	{ BR_ERR_X509_BAD_TIME, "the certificate's dates are malformed" },
	{ BR_ERR_X509_UNSUPPORTED,
	    "the certificate has a key of a kind that we do not know (for "
	    "example Ed25519)" },
	{ BR_ERR_X509_LIMIT_EXCEEDED, "the certificate's key is too large" },
	{ BR_ERR_X509_WRONG_KEY_TYPE,
	    "the certificate's key does not fit the cipher" },
	{ BR_ERR_X509_BAD_SIGNATURE, "the certificate's signature is wrong" },
	{ BR_ERR_X509_TIME_UNKNOWN,
	    "the date is not known: set the clock of this box" },
	{ BR_ERR_X509_EXPIRED,
	    "the certificate has expired or is not valid yet: look at it, "
	    "and at the clock of this box" },
	{ BR_ERR_X509_DN_MISMATCH,
	    "the certificates of the chain do not follow one another" },
	{ BR_ERR_X509_BAD_SERVER_NAME,
	    "the certificate is for another host name" },
	{ BR_ERR_X509_CRITICAL_EXTENSION,
	    "the certificate has a critical extension that we do not know" },
	{ BR_ERR_X509_NOT_CA,
	    "the chain contains an issuer that may not issue" },
	{ BR_ERR_X509_FORBIDDEN_KEY_USAGE,
	    "the chain contains a key that may not sign certificates" },
	{ BR_ERR_X509_WEAK_PUBLIC_KEY, "the certificate's key is too short" },
	{ BR_ERR_X509_NOT_TRUSTED,
	    "the certificate is not issued by any trusted root" },
	{ TLS_ERR_PIN, "the certificate is not the pinned one" },
};

/* Alerts of RFC 5246 section 7.2, as the other side sent them. */
static const struct word received[] = {
	{ 10, "the other side says: a message at the wrong time" },
	{ 20, "the other side says: a record was damaged on the way" },
	{ 22, "the other side says: a record was too long" },
	{ 40, "the other side says: no common cipher suite or key exchange" },
	{ 42, "the other side refuses our certificate as malformed" },
	{ 43, "the other side does not know our certificate's kind of key" },
	{ 44, "the other side says that our certificate was revoked" },
	{ 45, "the other side says that our certificate has expired" },
	{ 46, "the other side refuses our certificate" },
	{ 47, "the other side says: a field out of its range" },
	{ 48, "the other side does not trust our certificate's issuer" },
	{ 49, "the other side denies access" },
	{ 50, "the other side says: a message could not be decoded" },
	{ 51, "the other side says: a signature or key exchange failed" },
	{ 70, "the other side wants another TLS version (we speak up to 1.2, "
	      "it may allow 1.3 only)" },
	{ 71, "the other side finds the ciphers too weak" },
	{ 80, "the other side had an internal error" },
	{ 86, "the other side sees a downgrade of the TLS version" },
	{ 90, "the other side's user cancelled" },
	{ 100, "the other side does not renegotiate" },
	{ 112, "the other side does not know the host name" },
	{ 120, "the other side wants another application protocol" },
};

static const struct word sent[] = {
	{ 40,
	    "no common cipher suite: the client offers only old ones (see the "
	    "legacy listeners), only TLS 1.3, or none for our kind of key" },
	{ 70, "the client offers only old TLS versions (see the legacy "
	      "listeners)" },
	{ 86, "the client came back with an older TLS version" },
};

static const char *
find(const struct word *w, size_t n, int code, const char *otherwise)
{
	for (size_t i = 0; i < n; i++) {
		if (w[i].code == code)
			return w[i].text;
	}
	return otherwise;
}

#define FIND(table, code, otherwise)                                           \
	find(table, sizeof(table) / sizeof((table)[0]), code, otherwise)

const char *
tls_error_text(const struct tls *t)
{
	int code = tls_error_code(t);

	if (code == 0)
		return "no error";
	if (code >= BR_ERR_SEND_FATAL_ALERT)
		return FIND(sent, code - BR_ERR_SEND_FATAL_ALERT,
		    "the handshake was refused");
	if (code >= BR_ERR_RECV_FATAL_ALERT)
		return FIND(received, code - BR_ERR_RECV_FATAL_ALERT,
		    "the other side broke off with an alert");
	if (code >= BR_ERR_X509_INVALID_VALUE && code < BR_ERR_X509_BAD_TIME
	    && code != BR_ERR_X509_EMPTY_CHAIN)
		return "the certificate is malformed";
	return FIND(words, code, "a broken message");
}

static const struct {
	uint16_t id;
	uint16_t bits;
	const char *name;
} suites[] = {
#define SUITE(name, bits)                                                      \
	{                                                                      \
		BR_##name, bits, #name                                         \
	}
	SUITE(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 128),
	SUITE(TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 128),
	SUITE(TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 256),
	SUITE(TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 256),
	SUITE(TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 256),
	SUITE(TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 256),
	SUITE(TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, 128),
	SUITE(TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, 128),
	SUITE(TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, 256),
	SUITE(TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, 256),
	SUITE(TLS_RSA_WITH_AES_128_GCM_SHA256, 128),
	SUITE(TLS_RSA_WITH_AES_256_GCM_SHA384, 256),
	SUITE(TLS_RSA_WITH_AES_128_CBC_SHA256, 128),
	SUITE(TLS_RSA_WITH_AES_256_CBC_SHA256, 256),
	SUITE(TLS_RSA_WITH_AES_128_CBC_SHA, 128),
	SUITE(TLS_RSA_WITH_AES_256_CBC_SHA, 256),
	SUITE(TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA, 168),
	SUITE(TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, 168),
	SUITE(TLS_RSA_WITH_3DES_EDE_CBC_SHA, 168),
#undef SUITE
};

static const char *
version_name(unsigned version)
{
	if (version == BR_TLS10)
		return "TLS1.0";
	return version == BR_TLS11 ? "TLS1.1" : "TLS1.2";
}

void
tls_info(const struct tls *t, struct tls_info *info)
{
	br_ssl_session_parameters s;

	br_ssl_engine_get_session_parameters(&t->br.eng, &s);
	*info = (struct tls_info) { .resumed = t->resumed };
	info->version = version_name(s.version);
	info->suite = "unknown";
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suites[i].id != s.cipher_suite)
			continue;
		info->suite = suites[i].name;
		info->bits = suites[i].bits;
	}
	info->name = br_ssl_engine_get_server_name(&t->br.eng);
	if (t->peer != NULL) {
		info->verified = t->peer->verified;
		info->fingerprint = t->peer->seen ? t->peer->found : NULL;
	}
	memset(&s, 0, sizeof(s));
}
