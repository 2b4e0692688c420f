/*
 * verdict: what becomes of a message, given what the scanner saw in it.
 *
 *   found, or what else was seen --+
 *   the settings scan.*          --+--> verdict_decide --> pass, mark, hold,
 *   is the sender one of ours?   --+                       refuse; who is told
 *
 * Malware (R19): a stranger on the line is refused (554), and the message is
 * kept all the same, so that the people it was for can be told.  One of ours
 * is not refused, which his old program might not show him: it is held and he
 * is told.  Anything else that is wrong with a message is what its setting
 * says; of several the gravest counts.
 *
 * Pure: no I/O, no clock, no memory of its own.
 * Tested: tests/unit/test_verdict.c, the whole table.
 */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include "core/text.h"

/* Why a message is not simply clean; the gravest first. */
enum verdict_cause {
	VERDICT_MALWARE,
	VERDICT_FAILED, /* the scanner did */
	VERDICT_LIMITS,
	VERDICT_DEEP,
	VERDICT_ENCRYPTED,
	VERDICT_UNOPENED,
	VERDICT_DAMAGED,
	VERDICT_PROGRAMS,
	VERDICT_MACROS,
	VERDICT_SCRIPTS,
	VERDICT_CAUSES
};

/* What a setting can say about a cause; greater is graver. */
enum verdict_rule {
	VERDICT_IGNORE,
	VERDICT_DELIVER, /* and mark */
	VERDICT_QUARANTINE,
	VERDICT_REFUSAL,
};

struct verdict_rules {
	uint8_t of[VERDICT_CAUSES]; /* enum verdict_rule; malware has none */
};

/* What is known about a message. */
struct verdict_facts {
	uint32_t causes; /* bit 1 << enum verdict_cause */
	bool ours; /* logged in, granted, or permitted by a rule or network */
};

enum verdict_end {
	VERDICT_PASS,
	VERDICT_MARK,	/* delivered; the mark says why */
	VERDICT_HOLD,	/* accepted, to the quarantine */
	VERDICT_REFUSE, /* 554 */
};

struct verdict {
	enum verdict_end end;
	enum verdict_cause cause; /* the gravest of those that led there */
	bool keep;		  /* a copy is kept although it is refused */
	bool warn_sender;	  /* if it can be one of our own addresses */
	bool warn_recipients;	  /* those that have a mailbox here */
};

struct verdict verdict_decide(
    const struct verdict_rules *rules, const struct verdict_facts *facts);

/* "malware", "encrypted" ...: as the settings scan.* are called. */
const char *verdict_word(enum verdict_cause cause);

#define VERDICT_MARK_MAX 62 /* with a terminator */

/*
 * What stands in X-Gatepost-Scan: "clean", or the words of all causes that
 * are not ignored, by comma; "..." at the end where they are too many.  `out`
 * has room for VERDICT_MARK_MAX.
 */
void verdict_mark(struct text *out, const struct verdict_rules *rules,
    const struct verdict_facts *facts);

#endif
