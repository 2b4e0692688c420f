/*
 * scan_worker: map, scan, answer, until the channel ends.
 */
#include "service/scan_worker.h"

#include <bearssl.h>
#include <unistd.h>

#include "config.h"
#include "core/text.h"
#include "platform/area.h"
#include "platform/channel.h"
#include "platform/child.h"
#include "platform/sandbox.h"
#include "scan/builtin.h"
#include "scan/unpack.h"
#include "service/inflater.h"
#include "service/scan_talk.h"
#include "service/unarchive.h"

#define MIB	      ((size_t)1 << 20)
#define SCRATCH	      (SCAN_SCRATCH_MIB * MIB)
#define SCRATCH_LEAST MIB
#define LIBRARY	      (SCAN_LIBRARY_MIB * MIB)
#define FDS	      8		   /* its channel, and a message's file */
#define LITTLE	      (256 * 1024) /* looked at: its scratch is kept */

struct work {
	struct scan scan;
	struct sigcomp comp;
	struct sigdb builtin, more;
	struct scan_verdict say;
	_Alignas(8) uint8_t builtin_mem[BUILTIN_OCTETS];
};

static struct work *work; /* an area, in the keeper and all workers */

void
scan_worker_prepare(void)
{
	void *mem;

	if (work != NULL || area_open(&mem, sizeof(*work)))
		return;
	work = mem;
	work->scan.file = SPAN("");
	work->scan.is_mail = true;
	/* libraries are looked for now: a worker can't open their files */
	unarchive_offer(&work->scan);
	inflater_offer(&work->scan);
	if (builtin_open(&work->builtin, &work->comp, work->builtin_mem))
		work = NULL;
	else
		work->scan.db[0] = &work->builtin;
}

static void
put_text(char *to, size_t size, struct span from)
{
	struct text t;

	text_init(&t, to, size);
	text_span(&t, from);
}

static void
put_digest(struct scan_verdict *v, struct span bytes)
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, bytes.p, bytes.len);
	br_sha256_out(&c, v->digest);
	v->has_digest = true;
}

static void
look(struct scan_verdict *v, const struct scan_request *r, struct span bytes)
{
	struct scan *sc = &work->scan;
	uint64_t looked_at;

	sc->limits =
	    (struct scan_limits) { r->depth, r->max_octets, r->members };
	sc->rules = r->rules;
	v->found = scan_bytes(sc, bytes) > 0;
	v->flaws = sc->flaws;
	if (v->found)
		put_text(v->name, sizeof(v->name), sc->name);
	else if (v->flaws & SCAN_ALL_RULES)
		put_text(
		    v->name, sizeof(v->name), span_str(scan_first_rule(sc)));
	put_text(v->where, sizeof(v->where), span_str(sc->where));
	if (v->found)
		put_digest(v, sc->match.bytes);
	looked_at = r->max_octets - sc->left;
	if (looked_at > LITTLE)
		area_forget(sc->scratch, sc->scratch_cap);
}

static void
fail(struct scan_verdict *v, const char *why)
{
	v->flaws = SCAN_FAILED;
	put_text(v->name, sizeof(v->name), span_str(why));
}

static void
one(struct scan_verdict *v, const struct scan_request *r, int fd)
{
	struct span bytes = SPAN("");

	memset(v, 0, sizeof(*v));
	v->serial = r->serial;
	if (fd < 0 || area_map(fd, r->octets, &bytes)) {
		fail(v, "cannot be read");
		return;
	}
	look(v, r, bytes);
	area_unmap(bytes);
}

static void
serve(int channel)
{
	struct scan_verdict *v = &work->say;
	struct scan_request r;
	int fds[CHANNEL_FDS];

	while (channel_receive(channel, &r, sizeof(r), fds) == ERR_OK) {
		one(v, &r, fds[0]);
		channel_drop(fds);
		if (channel_send(channel, span_of(v, sizeof(*v)), NULL, 0))
			return;
	}
}

/* The file that `signatures` is, for good. */
static int
open_signatures(int signatures)
{
	struct span all;
	int err;

	if (signatures < 0)
		return ERR_OK;
	err = area_map_all(signatures, &all);
	(void)close(signatures);
	if (!err)
		err = sigdb_open(&work->more, all);
	if (!err)
		work->scan.db[1] = &work->more;
	return err;
}

/* Where the system gives a process less (ulimit -v), half of it, and so on. */
static int
open_scratch(struct scan *sc)
{
	size_t octets = SCRATCH;
	void *mem;

	while (area_open(&mem, octets)) {
		octets /= 2;
		if (octets < SCRATCH_LEAST)
			return ERR_FULL;
	}
	sc->scratch = mem;
	sc->scratch_cap = octets;
	return ERR_OK;
}

void
scan_worker(int channel, int signatures, bool is_new)
{
	struct scan_verdict *greeting;

	child_begin("gatepost-scan", true);
	child_is_expendable();
	if (work == NULL || open_scratch(&work->scan))
		child_exit();
	greeting = &work->say;
	greeting->err = open_signatures(signatures);
	greeting->signatures = work->more.signatures;
	sandbox_limit(LIBRARY, FDS);
	greeting->filtered = sandbox_enter() == ERR_OK;
	if (is_new && !greeting->err && work->scan.db[1] != NULL)
		greeting->err = sigdb_verify(&work->more);
	if (channel_send(channel, span_of(greeting, sizeof(*greeting)), NULL, 0)
	    == ERR_OK)
		serve(channel);
	child_exit();
}
