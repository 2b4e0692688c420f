/*
 * fuzz_scan_worker: a worker of the scanner is asked about one message, then
 * another, then the first again, with any limits.
 *
 * It answers each, in order, within its bounds; and the answer about a message
 * does not depend on what it has seen before.  What takes a process (to end,
 * the sandbox) is done here; a message is a copy of just its octets.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/le.h"
#include "platform/area.h"
#include "platform/channel.h"
#include "platform/child.h"
#include "platform/sandbox.h"
#include "scan/unpack.h"
#include "service/scan_talk.h"
#include "service/scan_worker.h"

#define HEAD 16
#define ASKS 3
#define MOST 16384 /* octets of a message */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf the_end;
static void *areas[2];
static unsigned areas_open;
static void *prepared; /* the worker's state at its fork */
static size_t prepared_len;

/* ---- what is the system's ---- */

void
child_begin(const char *name, bool deadly)
{
	(void)name;
	(void)deadly;
}

_Noreturn void
child_exit(void)
{
	longjmp(the_end, 1);
}

void
child_is_expendable(void)
{
}

void
sandbox_limit(size_t octets, unsigned descriptors)
{
	(void)octets;
	(void)descriptors;
}

int
sandbox_enter(void)
{
	return ERR_UNSUPPORTED;
}

/* The worker's own state and its scratch, kept from one life to the next. */
int
area_open(void **mem, size_t octets)
{
	void **area = &areas[areas_open++];

	assert(areas_open <= 2);
	if (*area == NULL)
		*area = mmap(NULL, octets, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert(*area != MAP_FAILED);
	*mem = *area;
	if (areas_open == 1)
		prepared_len = octets;
	return ERR_OK;
}

void
area_forget(void *mem, size_t octets)
{
	(void)madvise(mem, octets, MADV_DONTNEED);
}

int
area_map(int fd, uint64_t octets, struct span *out)
{
	uint8_t *copy = malloc(octets + 1);

	assert(copy != NULL && octets <= MOST);
	assert(pread(fd, copy, octets, 0) == (ssize_t)octets);
	copy = realloc(copy, octets > 0 ? octets : 1);
	*out = span_of(copy, octets);
	return ERR_OK;
}

int
area_map_all(int fd, struct span *out)
{
	(void)fd;
	*out = SPAN("");
	return ERR_IO;
}

void
area_unmap(struct span mapped)
{
	void *p;

	memcpy(&p, &mapped.p, sizeof(p));
	free(p);
}

/* ---- questions and answers ---- */

static void
ask(int channel, const uint8_t *head, struct span message, uint32_t serial)
{
	const struct scan_request r = {
		.octets = message.len,
		.max_octets = le32_get(head) % (1u << 21),
		.depth = head[4],
		.members = le16_get(head + 5) % 300,
		.rules = le32_get(head + 8),
		.serial = serial,
	};
	int fd = memfd_create("message", MFD_CLOEXEC);

	assert(fd >= 0);
	assert(write(fd, message.p, message.len) == (ssize_t)message.len);
	assert(channel_send(channel, span_of(&r, sizeof(r)), &fd, 1) == ERR_OK);
	(void)close(fd);
}

static void
hear(int channel, struct scan_verdict *v)
{
	int fds[CHANNEL_FDS];

	assert(channel_receive(channel, v, sizeof(*v), fds) == ERR_OK);
	assert(fds[0] < 0 && fds[1] < 0);
	assert(memchr(v->name, '\0', sizeof(v->name)) != NULL);
	assert(memchr(v->where, '\0', sizeof(v->where)) != NULL);
	for (const char *p = v->where; *p != '\0'; p++)
		assert((uint8_t)*p >= ' ' && *p != 0x7f);
	assert(!v->found || (v->name[0] != '\0' && v->has_digest));
}

static void
fork_worker(void)
{
	if (prepared == NULL) {
		scan_worker_prepare();
		prepared = malloc(prepared_len);
		assert(prepared != NULL);
		memcpy(prepared, areas[0], prepared_len);
	}
	memcpy(areas[0], prepared, prepared_len);
	areas_open = 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scan_verdict first, v;
	struct span all = span_from(span_of(data, size), HEAD), message[2];
	size_t half;
	int ends[2];

	if (size <= HEAD || size > MOST)
		return 0;
	half = le16_get(data + 14) % (all.len + 1);
	message[0] = span_first(all, half);
	message[1] = span_from(all, half);
	fork_worker();
	assert(channel_open(ends) == ERR_OK);
	for (uint32_t i = 0; i < ASKS; i++)
		ask(ends[0], data, message[i % 2], i + 1);
	assert(shutdown(ends[0], SHUT_WR) == 0);
	if (setjmp(the_end) == 0)
		scan_worker(ends[1], -1, false);
	hear(ends[0], &v);
	assert(v.serial == 0 && !v.filtered);
	for (uint32_t i = 0; i < ASKS; i++) {
		hear(ends[0], &v);
		assert(v.serial == i + 1);
		if (i == 0)
			first = v;
	}
	v.serial = first.serial;
	assert(memcmp(&first, &v, sizeof(v)) == 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}
