/*
 * scan_talk: what main, keeper and workers say to each other.
 *
 *   main --scan_order + channel end [+ signatures]--> keeper --fork--> worker
 *   main <--scan_verdict (first: a greeting)-- worker
 *   main --scan_request + the message's file--> worker
 *   main <--scan_verdict-- worker                        in the same order
 *
 * The processes are one program: the structs go as they lie in memory.
 */
#ifndef SERVICE_SCAN_TALK_H
#define SERVICE_SCAN_TALK_H

#include <stdint.h>

#define TALK_NAME  200 /* of a find, the longest kept */
#define TALK_WHERE 512 /* the path to the member it was in */

/* Why there is no verdict; beside enum scan_flaw's bits. */
#define SCAN_FAILED (1u << 31)

struct scan_order {
	uint32_t lane;	 /* whose worker is to be killed, and made anew */
	uint32_t is_new; /* no worker has taken these signatures before */
};

/* In its place. To the keeper: have an heir.  From it: it has inherited. */
#define SCAN_NO_LANE UINT32_MAX

struct scan_request {
	uint64_t octets; /* of the file */
	uint64_t max_octets;
	uint32_t depth;
	uint32_t members;
	uint32_t rules; /* enum scan_rule: which are wanted */
	uint32_t serial;
};

struct scan_verdict {
	uint32_t serial; /* of the request; 0: a greeting */
	uint32_t flaws;	 /* enum scan_flaw; SCAN_FAILED */
	int32_t err; /* greeting: the signature file's; ERR_BUSY: ask again */
	uint32_t signatures; /* greeting: in that file */
	/* 0 or not: a broken worker may send anything */
	uint8_t found;
	uint8_t filtered; /* greeting: the filter is in force */
	uint8_t has_digest;
	uint8_t digest[32];	/* SHA-256 of the member that it was in */
	char name[TALK_NAME];	/* of the find, terminated; or why it failed */
	char where[TALK_WHERE]; /* terminated; "" for the message itself */
};

#endif
