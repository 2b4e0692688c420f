/*
 * relay: who may relay, and why.
 *
 *   rules (text)  --relay_rules_parse-->  struct relay_rules
 *   question (client, login, grant, parsed addresses)  --relay_decide-->
 *                                 verdict + the name of the rule that decided
 *
 * A rule is one line that can be read aloud; the first that fits decides:
 *
 *   roaming: permit relay when grant and from in own
 *   refuse mail when client not in inside
 *   later relay when client in lan
 *   permit relay when client in 192.0.2.0/24 and to in example.org,
 * .example.net
 *
 *   RULE   = [NAME ":"] VERDICT SCOPE ["when" COND *("and" COND)]
 *   VERDICT = "permit" | "refuse" (553) | "later" (450)
 *   SCOPE  = "relay" (recipients that are not ours) | "mail" (all recipients)
 *   COND   = ["not"] ("auth" | "grant" | "protected grant")
 *          | "client" ["not"] "in" NETWORKS     inside = relay.networks
 *          | "from" ["not"] "in" DOMAINS        own = ours, lists included;
 *          | "to" ["not"] "in" DOMAINS          .d = d's subdomains; none = <>
 *          | "listener" ["not"] "in" smtp, submission, smtps
 *
 * Rules stand on lines or between semicolons; "#" begins a remark.  `from` is
 * what the client claims: it adds to a permission, it is none by itself.
 *
 * Without rules of the owner's, three stand in: auth, grant, network; they are
 * appended to the owner's rules, too.  A permit counts only where its basis
 * (auth, grant, else network) is among the listener's permissions (R8).
 * A device with a profile (policy/profile) has the permission that the profile
 * gives, on every listener whose permissions are not `none`, and no other.
 * Mail for local recipients needs no permission on port 25; on submission
 * and smtps every recipient needs one.  No address has permission by itself,
 * not even 127.0.0.1.
 *
 * Memory: the caller's struct, which keeps a copy of the text.
 * Bounds: RELAY_RULES, RELAY_CONDS, RELAY_TEXT.  Failure: relay_rules_parse
 * says in words which rule is wrong and why.
 * Tested: tests/unit/test_relay.c, with the nine providers' settings under
 * tests/vectors/providers; fuzz_relay.
 */
#ifndef POLICY_RELAY_H
#define POLICY_RELAY_H

#include "codec/addr.h"
#include "core/text.h"
#include "policy/grant.h"
#include "policy/network.h"

#define RELAY_RULES 32
#define RELAY_CONDS 96 /* of all rules together */
#define RELAY_TEXT  2048

enum relay_listener {
	RELAY_SMTP,
	RELAY_SUBMISSION,
	RELAY_SMTPS,
	RELAY_LISTENERS
};

enum relay_permit {
	RELAY_PERMIT_AUTH = 1,
	RELAY_PERMIT_GRANT = 2,
	RELAY_PERMIT_NETWORK = 4,
};

enum relay_verdict {
	RELAY_PERMIT,
	RELAY_REFUSE, /* 553 5.7.1, or the answer's own words */
	RELAY_LATER,  /* 450 4.7.1 */
};

enum relay_kind {
	RELAY_COND_AUTH,
	RELAY_COND_GRANT,
	RELAY_COND_SAFE_GRANT,
	RELAY_COND_CLIENT,
	RELAY_COND_FROM,
	RELAY_COND_TO,
	RELAY_COND_LISTENER,
};

struct relay_cond {
	enum relay_kind kind;
	bool negated;
	struct span list; /* what follows "in" */
};

struct relay_rule {
	enum relay_verdict verdict;
	bool all_mail;	  /* scope "mail" */
	uint8_t permit;	  /* the basis, of enum relay_permit */
	uint8_t first, n; /* conditions */
	struct span name;
	struct span text;
};

struct relay_rules {
	uint8_t permits[RELAY_LISTENERS]; /* permit.*: of enum relay_permit */
	enum grant_how grant_least; /* relay.pop_before_smtp; GRANT_NONE: off */
	struct networks retry;	    /* 450: they send before they fetch (R5) */
	struct networks inside;	    /* relay.networks */
	unsigned n;
	unsigned n_conds;
	struct relay_rule table[RELAY_RULES];
	struct relay_cond conds[RELAY_CONDS];
	size_t text_len;
	uint8_t text[RELAY_TEXT];
};

struct relay_question {
	enum relay_listener listener;
	const uint8_t *ip; /* 16 bytes */
	bool authenticated;
	enum grant_how grant;	 /* the best live grant of this address */
	const struct addr *from; /* NULL: not known yet */
	bool from_own;		 /* its domain is one of ours */
	const struct addr *to;	 /* NULL: at MAIL FROM, before any recipient */
	bool to_local;		 /* delivered here: account, alias, list */
	struct span device;	 /* the name of its profile, or empty */
	bool device_may;	 /* that profile reaches `to` */
};

/* On what a permission rests, for Received, the log, limits and warnings. */
enum relay_basis {
	RELAY_BY_NONE, /* refused, or local delivery from anybody */
	RELAY_BY_AUTH,
	RELAY_BY_GRANT,
	RELAY_BY_NETWORK,
	RELAY_BY_DEVICE,
};

struct relay_answer {
	enum relay_verdict verdict;
	enum relay_basis basis;
	struct span rule;      /* its name; as long as the rules live */
	struct span rule_text; /* as the owner wrote it; may be empty */
	unsigned code;	       /* 250, 553, 450, 530, 501 */
	const char *text;      /* enhanced code and words for the client */
};

/* Defaults: no rules, no networks, auth,grant,network on 25, auth elsewhere. */
void relay_rules_init(struct relay_rules *rr);

/*
 * Read rules in place of those there are.  On failure the rules are as
 * relay_rules_init leaves them but for permits and networks, and `why` tells
 * the owner which rule is wrong and what was expected.
 * ERR_SYNTAX; ERR_FULL for too many rules or too long a text.
 */
int relay_rules_parse(
    struct relay_rules *rr, struct span text, struct text *why) MUST_CHECK;

/* Read "auth,grant,network" or "none" (permit.*); ERR_SYNTAX. */
int relay_permits_parse(struct span text, uint8_t *out) MUST_CHECK;

/*
 * Decide.  With `to` NULL: may this client send mail here at all (at MAIL
 * FROM)?  That refuses on submission and smtps where no permission can come
 * any more, and permits otherwise.
 */
enum relay_verdict relay_decide(const struct relay_rules *rr,
    const struct relay_question *q, struct relay_answer *out);

#endif
