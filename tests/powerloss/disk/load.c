/*
 * load: messages through the real spool, as fast as they go, each promise
 * written to a file as soon as it is made: "ID NUMBER OCTETS FOLDER".
 *
 *	usage: load FOLDER PROMISES SECONDS SEED
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/files.h"
#include "store/spool.h"

#define BATCH	   8
#define BOXES	   3
#define LINE	   16
#define OCTETS_MAX 60000

static struct files files;
static struct mailbox_ids ids;
static struct spool spool;
static char boxes[BOXES][8] = { "ann", "bob", "eve" };

struct message {
	struct spool_file file;
	unsigned number;
	unsigned box;
	unsigned places;
};

static void
need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	const struct message *m = f->owner;
	char name[MAILBOX_NAME_MAX];

	mailbox_name(name, f->id, f->octets, f->octets);
	return mailbox_path(
	    out, boxes[(m->box + i) % BOXES], "new", span_str(name));
}

/* Lines of 16 octets that say which message they belong to. */
static void
receive(struct message *m, unsigned octets)
{
	static char bytes[OCTETS_MAX + LINE];

	for (unsigned at = 0; at < octets; at += LINE)
		(void)snprintf(
		    bytes + at, LINE + 1, "message %07u\n", m->number);
	need(!spool_begin(&spool, &m->file, clock_wall_us()), "begin");
	for (unsigned at = 0; at < octets; at += 65536) {
		struct span v =
		    span_first(span_from(span_of(bytes, octets), at), 65536);

		need(!spool_append(&spool, &m->file, &v, 1), "append");
	}
	spool_commit(&spool, &m->file, place, m->places, m);
}

static void
turn(int promises, unsigned *number)
{
	static struct message messages[BATCH];
	unsigned n = 1 + (unsigned)rand() % BATCH;
	struct spool_file *f;
	char line[160];

	for (unsigned i = 0; i < n; i++) {
		struct message *m = &messages[i];
		unsigned most = rand() % 8 ? 6000 : OCTETS_MAX;

		m->number = ++*number;
		m->box = (unsigned)rand() % BOXES;
		m->places = rand() % 4 ? 1 : 2;
		receive(m, 1 + (unsigned)rand() % most);
	}
	spool_barrier(&spool);
	while ((f = spool_next(&spool)) != NULL) {
		const struct message *m = f->owner;

		need(f->result == ERR_OK, "commit");
		for (unsigned i = 0; i < m->places; i++) {
			int len = snprintf(line, sizeof(line), "%s %u %lu %s\n",
			    f->id, m->number, (unsigned long)f->octets,
			    boxes[(m->box + i) % BOXES]);

			need(write(promises, line, (size_t)len) == len, "mark");
		}
	}
}

int
main(int argc, char **argv)
{
	static const uint8_t boot[MAILBOX_BOOT_LEN] = { 7 };
	unsigned number = 0;
	int64_t until;
	int promises;

	need(argc == 5, "usage: load FOLDER PROMISES SECONDS SEED");
	srand((unsigned)atoi(argv[4]));
	need(!files_open(&files, argv[1]), "folder");
	promises = open(argv[2], O_WRONLY);
	need(promises >= 0, "promises");
	mailbox_ids_init(&ids, (uint32_t)getpid(), boot, SPAN("cut"));
	need(!spool_init(&spool, &files.fs, &ids, "tmp", 0), "spool");
	need(spool_recover(&spool) >= 0, "recover");
	for (unsigned i = 0; i < BOXES; i++)
		need(!mailbox_create(&files.fs, boxes[i]), "mailbox");
	until = clock_mono_ms() + 1000 * atoi(argv[3]);
	while (clock_mono_ms() < until)
		turn(promises, &number);
	printf("%u messages, files are %s\n", number,
	    files.barrier.is_ordered ? "settled by the journal" : "synced");
	return 0;
}
