/*
 * warning_words: what warnings say, in both languages; for warning only.
 */
#ifndef SERVICE_WARNING_WORDS_H
#define SERVICE_WARNING_WORDS_H

#include "service/letter.h"

enum warning_role {
	WARNING_SENDER = 1,
	WARNING_RECIPIENT = 2,
	WARNING_MEMBER = 4, /* a recipient because of a list */
};

struct warning_words {
	const char *subject_sender; /* as on the wire */
	const char *subject_recipient;
	const char *intro;     /* before our name */
	const char *sender;    /* after it, up to the reason */
	const char *recipient; /* the same */
	const char *because[QUARANTINE_REASONS];
	const char *end;     /* after the reason */
	const char *malware; /* what becomes of it */
	const char *held;    /* the same, of what is not malware */
	const char *not_you; /* to a sender, of malware */
	const char *from, *subject, *date, *found, *where, *number;
	const char *off; /* how to turn warnings off */
	const char *subject_quota;
	const char *quota_before; /* our name, number, "%", size */
	const char *quota_percent;
	const char *quota_size;
	const char *quota_after;
};

/* English where the other is not built in. */
const struct warning_words *warning_words(enum letter_language language);

#endif
