/*
 * settings_schema: every setting of gatepost, in one table.
 *
 * From it derive the validation, `settings list`, the API's schema answer, the
 * web form and the manual page's table: nothing else knows a setting's name,
 * range or help.
 *
 * To add a setting: a name in enum setting and a row in settings_schema.c, at
 * the same place.  A unit test checks that each row is complete, that its
 * default and its example are valid, and that keys are in order by group.
 *
 * A key that ends in ".*" is a family: any number of settings, each with a
 * label for the star (`alias.info@example.org`).  A family's members have no
 * default and no place in RAM: settings_member_* reads them from the log.
 *
 * Memory: constant, no RAM.
 */
#ifndef STORE_SETTINGS_SCHEMA_H
#define STORE_SETTINGS_SCHEMA_H

#include "core/err.h"
#include "core/span.h"

enum setting {
	/* this box */
	SETTING_HOST_NAME,
	SETTING_HOST_DOMAINS,
	SETTING_HOST_POSTMASTER,
	SETTING_HOST_DNS,
	/* where it listens */
	SETTING_LISTEN_SMTP,
	SETTING_LISTEN_SUBMISSION,
	SETTING_LISTEN_SMTPS,
	SETTING_LISTEN_POP3,
	SETTING_LISTEN_POP3S,
	SETTING_LISTEN_HTTP,
	SETTING_LISTEN_HTTPS,
	SETTING_NET_IDLE_SECONDS,
	SETTING_NET_MAX_PER_ADDRESS,
	SETTING_NET_RESERVED,
	/* TLS */
	SETTING_TLS_CERT,
	SETTING_TLS_KEY,
	SETTING_TLS_SECOND_CERT,
	SETTING_TLS_SECOND_KEY,
	SETTING_TLS_ROOTS,
	SETTING_TLS_LEGACY,
	SETTING_TLS_LEGACY_NETWORKS,
	/* logging in */
	SETTING_AUTH_PLAINTEXT,
	SETTING_AUTH_LEGACY,
	SETTING_AUTH_LEGACY_NETWORKS,
	SETTING_AUTH_OLD_FORM,
	SETTING_AUTH_ITERATIONS,
	SETTING_AUTH_CACHE_SECONDS,
	/* who may send */
	SETTING_PERMIT_SMTP,
	SETTING_PERMIT_SUBMISSION,
	SETTING_PERMIT_SMTPS,
	SETTING_PERMIT_POP3_NETWORKS,
	SETTING_RELAY_NETWORKS,
	SETTING_RELAY_POP_BEFORE_SMTP,
	SETTING_RELAY_WINDOW_MINUTES,
	SETTING_RELAY_GRANTS_PER_ACCOUNT,
	SETTING_RELAY_RETRY_NETWORKS,
	SETTING_RELAY_RULE,
	SETTING_DEVICE,
	/* limits */
	SETTING_LIMIT_FAILURES,
	SETTING_LIMIT_BAN_MINUTES,
	SETTING_LIMIT_BAD_RECIPIENTS,
	SETTING_LIMIT_PER_HOUR,
	SETTING_LIMIT_PER_DAY,
	/* protocols */
	SETTING_SMTP_MAX_OCTETS,
	SETTING_SMTP_MAX_RECIPIENTS,
	SETTING_SMTP_UTF8,
	SETTING_POP3_LOGIN_DELAY_SECONDS,
	/* mailboxes and addresses */
	SETTING_MAIL_PATH,
	SETTING_MAIL_QUOTA_MIB,
	SETTING_QUOTA,
	SETTING_MAIL_FREE_MIB,
	SETTING_MAIL_SUFFIX,
	SETTING_MAIL_CATCH_ALL,
	SETTING_MAIL_SRS,
	SETTING_MAIL_LMTP,
	SETTING_ALIAS,
	SETTING_FORWARD,
	SETTING_LIST,
	/* sending on */
	SETTING_ROUTE_SMARTHOST,
	SETTING_ROUTE_TLS,
	SETTING_ROUTE_USER,
	SETTING_ROUTE_PASSWORD,
	SETTING_ROUTE_FINGERPRINT,
	SETTING_ROUTE_PER_MINUTE,
	SETTING_ROUTE_SEND_AS,
	SETTING_ROUTE_RULE,
	SETTING_ROUTE_SECRET,
	SETTING_QUEUE_RETRY_SECONDS,
	SETTING_QUEUE_RETRY_MAX_SECONDS,
	SETTING_QUEUE_EXPIRE_HOURS,
	SETTING_QUEUE_DELAY_HOURS,
	SETTING_QUEUE_PER_DESTINATION,
	SETTING_QUEUE_HOLD,
	SETTING_DKIM_DOMAINS,
	SETTING_DKIM_SELECTOR,
	SETTING_NOTICES_LANGUAGE,
	/* scanner */
	SETTING_SCAN_ENABLED,
	SETTING_SCAN_WARN,
	SETTING_SCAN_WARN_PER_HOUR,
	SETTING_SCAN_DEPTH,
	SETTING_SCAN_MAX_MIB,
	SETTING_SCAN_MAX_MEMBERS,
	SETTING_SCAN_MAX_SECONDS,
	SETTING_SCAN_ENCRYPTED,
	SETTING_SCAN_DEEP,
	SETTING_SCAN_DAMAGED,
	SETTING_SCAN_LIMITS,
	SETTING_SCAN_UNOPENED,
	SETTING_SCAN_FAILED,
	SETTING_SCAN_SCRIPTS,
	SETTING_SCAN_PROGRAMS,
	SETTING_SCAN_MACROS,
	SETTING_SCAN_SIGNATURES,
	SETTING_SCAN_CLAMD,
	SETTING_SIG_KEY,
	SETTING_QUARANTINE_DAYS,
	SETTING_QUARANTINE_MAX_MIB,
	/* running it */
	SETTING_CONTROL_SOCKET,
	SETTING_WEB_HOSTS,
	SETTING_WEB_NETWORKS,
	SETTING_WEB_SESSION_MINUTES,
	SETTING_LOG_LEVEL,
	SETTING_N
};

enum setting_type {
	SETTING_BOOL,	   /* on, off */
	SETTING_NUMBER,	   /* min to max */
	SETTING_CHOICE,	   /* one of `words`; its number is the place there */
	SETTING_FLAGS,	   /* any of `words` by comma, or "none"; a bit each */
	SETTING_TEXT,	   /* one line of UTF-8, min to max octets */
	SETTING_HOST,	   /* a host or domain name */
	SETTING_HOSTS,	   /* several, by comma */
	SETTING_HOST_PORT, /* NAME:PORT, 192.0.2.1:PORT, [2001:db8::1]:PORT */
	SETTING_ENDPOINTS, /* ADDR:PORT by comma, or "off" */
	SETTING_SERVERS,   /* ADDR or ADDR:PORT, by comma */
	SETTING_NETWORKS,  /* ADDR/BITS or ADDR, by comma */
	SETTING_MAIL_ADDRESS,	/* local part, or local@domain */
	SETTING_MAIL_ADDRESSES, /* several, by comma */
	SETTING_FILE_PATH,	/* as the system writes it */
};

enum setting_flag {
	SETTING_SECRET = 1,  /* sealed on flash, never shown */
	SETTING_RESTART = 2, /* counts after a restart; without: at once */
	SETTING_EMPTY = 4,   /* may be empty: "not set" */
	SETTING_FAMILY = 8,  /* the key ends in ".*" */
};

struct setting_spec {
	const char *key;
	enum setting_type type;
	unsigned flags;
	uint32_t min, max;   /* a number's; a text's octets (0: the most) */
	const char *preset;  /* the default */
	const char *words;   /* choices and flags: "off,on" */
	const char *example; /* a right value, for messages */
	const char *help_en;
	const char *help_ja;
};

extern const struct setting_spec settings_schema[SETTING_N];

/* The longest value of any setting, in octets. */
#define SETTING_TEXT_MAX 1023

/*
 * The row for a key; for a family's member the family's row, and `*label`
 * (may be NULL) is what stands for the star, else empty.  ERR_MISSING.
 */
int settings_find(struct span key, struct span *label) MUST_CHECK;

/* The type in a word, for the API and the manual: "number". */
const char *setting_type_name(enum setting_type type);

#endif
