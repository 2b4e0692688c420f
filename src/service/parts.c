/* parts: two tables. */
#include "service/parts.h"

#define POP3	 "POP3"
#define SENDING	 "sending on to other servers"
#define SIGNING	 "signing with DKIM"
#define LISTS	 "support for mailing lists"
#define QUOTAS	 "support for quotas"
#define DEVICES	 "support for device profiles"
#define OLD_TLS	 "support for old TLS"
#define SCANNER	 "the scanner"
#define WORKER	 "scanning of mail"
#define CLAMD	 "asking a clamd"
#define VERDICTS "looking into mail"
#define SELFTEST "the self-test"

/* The later row counts. */
static const struct {
	uint8_t first, last; /* enum setting */
	bool in;
	const char *part;
} settings[] = {
	{ SETTING_LISTEN_POP3, SETTING_LISTEN_POP3S, ENABLE_POP3, POP3 },
	{ SETTING_PERMIT_POP3_NETWORKS, SETTING_PERMIT_POP3_NETWORKS,
	    ENABLE_POP3, POP3 },
	{ SETTING_POP3_LOGIN_DELAY_SECONDS, SETTING_POP3_LOGIN_DELAY_SECONDS,
	    ENABLE_POP3, POP3 },
	{ SETTING_TLS_LEGACY, SETTING_TLS_LEGACY_NETWORKS, TLS_LEGACY,
	    OLD_TLS },
	{ SETTING_DEVICE, SETTING_DEVICE, ENABLE_DEVICES, DEVICES },
	{ SETTING_MAIL_QUOTA_MIB, SETTING_QUOTA, ENABLE_QUOTAS, QUOTAS },
	{ SETTING_HOST_DNS, SETTING_HOST_DNS, ENABLE_RELAY, SENDING },
	{ SETTING_TLS_ROOTS, SETTING_TLS_ROOTS, ENABLE_RELAY, SENDING },
	{ SETTING_MAIL_SRS, SETTING_MAIL_LMTP, ENABLE_RELAY, SENDING },
	{ SETTING_FORWARD, SETTING_FORWARD, ENABLE_RELAY, SENDING },
	{ SETTING_LIST, SETTING_LIST, ENABLE_LISTS, LISTS },
	{ SETTING_ROUTE_SMARTHOST, SETTING_QUEUE_HOLD, ENABLE_RELAY, SENDING },
	{ SETTING_DKIM_DOMAINS, SETTING_DKIM_SELECTOR, ENABLE_DKIM, SIGNING },
	{ SETTING_SCAN_ENABLED, SETTING_SCAN_MACROS, HAS_VERDICTS, VERDICTS },
	{ SETTING_SCAN_DEPTH, SETTING_SCAN_MAX_MEMBERS, ENABLE_SCAN_WORKER,
	    WORKER },
	{ SETTING_SCAN_SCRIPTS, SETTING_SCAN_SIGNATURES, ENABLE_SCAN_WORKER,
	    WORKER },
	{ SETTING_SCAN_CLAMD, SETTING_SCAN_CLAMD, ENABLE_CLAMD, CLAMD },
	{ SETTING_SIG_KEY, SETTING_SIG_KEY, ENABLE_SCANNER, SCANNER },
	{ SETTING_QUARANTINE_DAYS, SETTING_QUARANTINE_MAX_MIB, HAS_VERDICTS,
	    VERDICTS },
};

static const struct {
	const char *word;
	bool in;
	const char *part;
} words[] = {
	{ "queue", ENABLE_RELAY, SENDING },
	{ "dkim", ENABLE_DKIM, SIGNING },
	{ "scan", ENABLE_SCANNER, SCANNER },
	{ "sig", ENABLE_SCANNER, SCANNER },
	{ "signatures", ENABLE_SCANNER, SCANNER },
	{ "quarantine", HAS_VERDICTS, VERDICTS },
	{ "selftest", ENABLE_SELFTEST, SELFTEST },
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

const char *
parts_lacking_setting(enum setting id)
{
	const char *part = NULL;

	for (size_t i = 0; i < ROWS(settings); i++)
		if (id >= settings[i].first && id <= settings[i].last)
			part = settings[i].in ? NULL : settings[i].part;
	return part;
}

const char *
parts_lacking_word(struct span word)
{
	for (size_t i = 0; i < ROWS(words); i++)
		if (span_is(word, span_str(words[i].word)))
			return words[i].in ? NULL : words[i].part;
	return NULL;
}
