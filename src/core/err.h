/*
 * err: what can go wrong with a device, a peer or the bytes it sent.
 *
 * A function that can fail returns int: negative = one of these, 0 = done,
 * positive = a count where its header says so.  A client's mistake is not an
 * err: protocols answer it with a reply.  Our own mistakes are asserts.
 * errno stops at platform/.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
	ERR_OK = 0,
	ERR_IO = -1,	/* the device failed: nothing is known about the data */
	ERR_FULL = -2,	/* no space, no inodes, or a fixed table is full */
	ERR_AGAIN = -3, /* not now: wait for readiness and call again */
	ERR_EOF = -4,	/* the other side has closed in an orderly way */
	ERR_CLOSED = -5,  /* the other side is gone: reset, broken pipe */
	ERR_SYNTAX = -6,  /* the bytes are not what the format says */
	ERR_RANGE = -7,	  /* a value or a length outside its bounds */
	ERR_EXISTS = -8,  /* the name is taken */
	ERR_MISSING = -9, /* no such thing */
	ERR_DENIED = -10, /* no permission */
	ERR_BUSY = -11,	  /* locked or in use by somebody else */
	ERR_TORN = -12,	  /* a record is cut off or its checksum is wrong */
	ERR_UNSUPPORTED = -13, /* well formed, but not something we do */
	ERR_TIMEOUT = -14,     /* a deadline passed */
	ERR_REFUSED = -15,     /* the peer turned the connection down */
	ERR_READ_ONLY = -16,   /* the file system takes no writes */
	ERR_DESCRIPTORS = -17, /* the process or the machine has no more */
};

/* The error in a few words for a log line or a message; never NULL. */
const char *err_text(int err);

#endif
