/* verdict: a table of words, and the gravest rule. */
#include "policy/verdict.h"

#define MORE 5 /* for ", ..." */

static const char *const words[VERDICT_CAUSES] = {
	[VERDICT_MALWARE] = "malware",
	[VERDICT_FAILED] = "failed",
	[VERDICT_LIMITS] = "limits",
	[VERDICT_DEEP] = "deep",
	[VERDICT_ENCRYPTED] = "encrypted",
	[VERDICT_UNOPENED] = "unopened",
	[VERDICT_DAMAGED] = "damaged",
	[VERDICT_PROGRAMS] = "programs",
	[VERDICT_MACROS] = "macros",
	[VERDICT_SCRIPTS] = "scripts",
};

const char *
verdict_word(enum verdict_cause cause)
{
	return words[cause];
}

static bool
has(const struct verdict_facts *facts, unsigned cause)
{
	return (facts->causes >> cause & 1) != 0;
}

static struct verdict
malware(bool ours)
{
	return (struct verdict) {
		.end = ours ? VERDICT_HOLD : VERDICT_REFUSE,
		.cause = VERDICT_MALWARE,
		.keep = true,
		.warn_sender = ours,
		.warn_recipients = true,
	};
}

struct verdict
verdict_decide(
    const struct verdict_rules *rules, const struct verdict_facts *facts)
{
	static const uint8_t ends[] = {
		[VERDICT_IGNORE] = VERDICT_PASS,
		[VERDICT_DELIVER] = VERDICT_MARK,
		[VERDICT_QUARANTINE] = VERDICT_HOLD,
		[VERDICT_REFUSAL] = VERDICT_REFUSE,
	};
	struct verdict v = { .end = VERDICT_PASS };

	if (has(facts, VERDICT_MALWARE))
		return malware(facts->ours);
	for (unsigned c = VERDICT_MALWARE + 1; c < VERDICT_CAUSES; c++) {
		if (!has(facts, c) || ends[rules->of[c]] <= v.end)
			continue;
		v.end = ends[rules->of[c]];
		v.cause = c;
	}
	v.keep = v.end == VERDICT_HOLD;
	v.warn_sender = v.keep && facts->ours;
	v.warn_recipients = v.keep;
	return v;
}

void
verdict_mark(struct text *out, const struct verdict_rules *rules,
    const struct verdict_facts *facts)
{
	const char *between = "";

	for (unsigned c = 0; c < VERDICT_CAUSES; c++) {
		if (!has(facts, c) || rules->of[c] == VERDICT_IGNORE)
			continue;
		text_str(out, between);
		if (out->len + strlen(words[c]) + MORE > out->cap) {
			text_str(out, "...");
			return;
		}
		text_str(out, words[c]);
		between = ", ";
	}
	if (*between == '\0')
		text_str(out, "clean");
}
