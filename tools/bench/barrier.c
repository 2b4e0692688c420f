/*
 * barrier: which way of making a batch of small files durable is fastest on
 * the file system of a folder: the ways themselves, and the spool, which takes
 * the one that keeps the promise there (src/store/README.md says why).
 *
 *	usage: barrier FOLDER [MILLISECONDS-PER-LINE]
 *
 * Every line is: create, write 2 KiB, close, rename and sync of the target
 * folder as well, for batches of 1, 8 and 64 files.  Files are left in FOLDER
 * (unlinking thousands of them would slow down what follows): remove it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/files.h"
#include "store/spool.h"

#define OCTETS	  2048
#define BATCH_MAX 64
#define THREADS	  4

static unsigned span_ms = 500;
static unsigned serial; /* names never come twice in one process */
static int base_fd;	/* of FOLDER */
static int dir_fd = -1; /* of new/ */

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
name_of(char out[64], const char *folder, unsigned n)
{
	(void)snprintf(out, 64, "%s/%d.%u", folder, (int)getpid(), n);
}

static void
write_files(int *fd, unsigned n)
{
	static char bytes[OCTETS];
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		name_of(name, "tmp", serial + i);
		fd[i] = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		need(fd[i] >= 0, "open");
		need(write(fd[i], bytes, OCTETS) == OCTETS, "write");
	}
}

static void
rename_files(const int *fd, unsigned n)
{
	char from[64], to[64];

	for (unsigned i = 0; i < n; i++) {
		(void)close(fd[i]);
		name_of(from, "tmp", serial + i);
		name_of(to, "new", serial + i);
		need(!rename(from, to), "rename");
	}
	serial += n;
}

static void
start_all(const int *fd, unsigned n, unsigned flags)
{
	for (unsigned i = 0; i < n; i++)
		need(!sync_file_range(fd[i], 0, 0, flags), "sync_file_range");
}

static void
sync_each(const int *fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		need(!fsync(fd[i]), "fsync");
}

static void
sync_started(const int *fd, unsigned n)
{
	start_all(fd, n, SYNC_FILE_RANGE_WRITE);
	for (unsigned i = 0; i < n; i++)
		need(!fdatasync(fd[i]), "fdatasync");
}

static void
sync_fs(const int *fd, unsigned n)
{
	(void)n;
	need(!syncfs(fd[0]), "syncfs");
}

/*
 * Only the bytes, waited for; names and inodes reach the disk with the
 * journal commit that the folder's sync makes: one commit instead of two, but
 * a promise of journalling ext4 alone.
 */
static void
sync_ordered(const int *fd, unsigned n)
{
	start_all(fd, n, SYNC_FILE_RANGE_WRITE);
	start_all(fd, n,
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE
		| SYNC_FILE_RANGE_WAIT_AFTER);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static const int *job;
static unsigned job_n, job_next, job_done;

__attribute__((noreturn)) static void *
helper(void *unused)
{
	int fd;

	(void)unused;
	(void)pthread_mutex_lock(&lock);
	for (;;) {
		while (job_next == job_n)
			(void)pthread_cond_wait(&wake, &lock);
		fd = job[job_next++];
		(void)pthread_mutex_unlock(&lock);
		need(!fdatasync(fd), "fdatasync");
		(void)pthread_mutex_lock(&lock);
		if (++job_done == job_n)
			(void)pthread_cond_signal(&idle);
	}
}

static void
sync_threads(const int *fd, unsigned n)
{
	static bool started;
	pthread_t t;

	for (unsigned i = 0; !started && i < THREADS; i++)
		need(!pthread_create(&t, NULL, helper, NULL), "thread");
	started = true;
	(void)pthread_mutex_lock(&lock);
	job = fd;
	job_n = n;
	job_next = job_done = 0;
	(void)pthread_cond_broadcast(&wake);
	while (job_done < job_n)
		(void)pthread_cond_wait(&idle, &lock);
	job_n = job_next = 0;
	(void)pthread_mutex_unlock(&lock);
}

/* All at once, each by a thread of the kernel's: two system calls in all. */
static void
sync_aio(const int *fd, unsigned n)
{
	static aio_context_t context;
	static struct iocb cb[BATCH_MAX], *list[BATCH_MAX];
	static struct io_event event[BATCH_MAX];

	if (context == 0)
		need(!syscall(SYS_io_setup, BATCH_MAX, &context), "io_setup");
	for (unsigned i = 0; i < n; i++) {
		list[i] = &cb[i];
		cb[i].aio_lio_opcode = IOCB_CMD_FDSYNC;
		cb[i].aio_fildes = (unsigned)fd[i];
	}
	need(syscall(SYS_io_submit, context, (long)n, list) == (long)n,
	    "io_submit");
	need(syscall(SYS_io_getevents, context, (long)n, (long)n, event, NULL)
		 == (long)n,
	    "io_getevents");
	for (unsigned i = 0; i < n; i++)
		need(event[i].res == 0, "asynchronous fdatasync");
}

static void
sync_aio_started(const int *fd, unsigned n)
{
	start_all(fd, n, SYNC_FILE_RANGE_WRITE);
	sync_aio(fd, n);
}

static unsigned
run(void (*barrier)(const int *, unsigned), unsigned n, int64_t until)
{
	int fd[BATCH_MAX];
	unsigned done = 0;

	while (now_us() < until) {
		write_files(fd, n);
		barrier(fd, n);
		rename_files(fd, n);
		need(!fsync(dir_fd), "fsync folder");
		done += n;
	}
	return done;
}

/* Independent processes, each one message at a time: the machine's limit. */
static unsigned
run_writers(unsigned writers)
{
	unsigned *done = mmap(NULL, sizeof(*done) * writers,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t until = now_us() + (int64_t)span_ms * 1000;
	unsigned all = 0;

	need(done != MAP_FAILED, "mmap");
	for (unsigned i = 0; i < writers; i++) {
		if (fork() == 0) {
			done[i] = run(sync_each, 1, until);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		continue;
	for (unsigned i = 0; i < writers; i++)
		all += done[i];
	return all;
}

static int
place(const struct spool_file *f, unsigned i, char out[FS_PATH_MAX])
{
	(void)i;
	return mailbox_path(out, ".", "new", span_str(f->id));
}

static void
store_batch(struct spool *spool, struct spool_file *file, unsigned n)
{
	static uint8_t bytes[OCTETS];
	struct span v = { bytes, OCTETS };

	for (unsigned i = 0; i < n; i++) {
		need(!spool_begin(spool, &file[i], now_us()), "begin");
		need(!spool_append(spool, &file[i], &v, 1), "append");
		spool_commit(spool, &file[i], place, 1, NULL);
	}
	spool_barrier(spool);
	while ((file = spool_next(spool)) != NULL)
		need(file->result == ERR_OK, "commit");
}

/* The whole of src/store and src/platform, as the server uses it. */
static unsigned
run_spool(unsigned n, int64_t until)
{
	static const uint8_t boot[MAILBOX_BOOT_LEN] = { 1 };
	static struct files files;
	static struct mailbox_ids ids;
	static struct spool spool;
	static struct spool_file file[BATCH_MAX];
	unsigned done = 0;

	need(!files_open(&files, "."), "files_open");
	mailbox_ids_init(&ids, (uint32_t)getpid() + n, boot, SPAN("bench"));
	need(!spool_init(&spool, &files.fs, &ids, "tmp", 0), "spool_init");
	while (now_us() < until) {
		store_batch(&spool, file, n);
		done += n;
	}
	files_close(&files);
	return done;
}

static void
report(const char *what, unsigned n, unsigned done, int64_t us)
{
	printf("%-40s %5u %9" PRId64 " %9" PRId64 "\n", what, n,
	    done * INT64_C(1000000) / us, done == 0 ? 0 : us * n / done);
	(void)fflush(stdout);
}

static void
report_spool(unsigned n)
{
	int64_t from = now_us();
	unsigned done = run_spool(n, from + (int64_t)span_ms * 1000);

	report("gatepost's spool", n, done, now_us() - from);
}

/* A new folder for each line: FAT looks through the whole of one each time. */
static void
fresh_folder(void)
{
	static unsigned lines;
	char name[16];

	(void)snprintf(name, sizeof(name), "%u", lines++);
	need(!fchdir(base_fd) && !mkdir(name, 0700) && !chdir(name), name);
	need(!mkdir("tmp", 0700) && !mkdir("new", 0700), "mkdir");
	(void)close(dir_fd);
	dir_fd = open("new", O_RDONLY | O_DIRECTORY);
	need(dir_fd >= 0, "new");
}

static void
compare_barriers(void)
{
	static const struct {
		const char *name;
		void (*barrier)(const int *, unsigned);
	} ways[] = {
		{ "fsync each", sync_each },
		{ "sync_file_range all, fdatasync each", sync_started },
		{ "syncfs", sync_fs },
		{ "fdatasync by 4 threads", sync_threads },
		{ "fdatasync all at once (aio)", sync_aio },
		{ "sync_file_range all, then aio", sync_aio_started },
		{ "ordered: bytes, rename, one commit", sync_ordered },
	};
	static const unsigned batch[] = { 1, 8, 64 };

	for (unsigned b = 0; b < 3; b++) {
		for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			int64_t from;
			unsigned done;

			fresh_folder();
			from = now_us();
			done = run(ways[i].barrier, batch[b],
			    from + (int64_t)span_ms * 1000);

			report(ways[i].name, batch[b], done, now_us() - from);
		}
		fresh_folder();
		report_spool(batch[b]);
	}
}

int
main(int argc, char **argv)
{
	need(argc >= 2 && !chdir(argv[1]), "usage: barrier FOLDER [MS]");
	if (argc > 2)
		span_ms = (unsigned)atoi(argv[2]);
	base_fd = open(".", O_RDONLY | O_DIRECTORY);
	need(base_fd >= 0, "open");
	printf("%-40s %5s %9s %9s\n", "2 KiB messages", "batch", "msg/s",
	    "us/batch");
	for (unsigned w = 1; w <= 8; w *= 8) {
		int64_t from;
		unsigned done;

		fresh_folder();
		from = now_us();
		done = run_writers(w);

		report(w == 1 ? "one writer" : "8 independent writers", 1, done,
		    now_us() - from);
	}
	compare_barriers();
	return 0;
}
