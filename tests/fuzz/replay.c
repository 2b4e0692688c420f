/*
 * replay: feed files to a fuzz target without a fuzzer.
 *   usage: replay FILE...      (no file: the empty input only)
 *
 * Each input lies at the end of a page before an unmapped one, so that reading
 * past its end faults even without a sanitizer.  The name is printed first:
 * when the target dies, the last line tells on which input.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_MAX (1U << 20)

static uint8_t *area; /* INPUT_MAX bytes, then a page that faults */

static int
prepare(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, INPUT_MAX + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	area = p;
	return mprotect(area + INPUT_MAX, page, PROT_NONE);
}

static ssize_t
read_whole(int fd, uint8_t *p, size_t len)
{
	size_t used = 0;

	while (used < len) {
		ssize_t n = read(fd, p + used, len - used);

		if (n <= 0)
			return -1;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

static int
replay(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ok = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		goto out;
	if (st.st_size > (off_t)INPUT_MAX) {
		fprintf(stderr, "%s: over 1 MiB\n", path);
		goto out;
	}
	size_t len = (size_t)st.st_size;
	uint8_t *p = area + INPUT_MAX - len;
	if (read_whole(fd, p, len) < 0)
		goto out;
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(p, len);
	ok = 1;
out:
	if (fd >= 0)
		close(fd);
	if (!ok)
		perror(path);
	return ok;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (prepare() != 0) {
		perror("mmap");
		return 2;
	}
	LLVMFuzzerTestOneInput(area + INPUT_MAX, 0);
	for (int i = 1; i < argc; i++)
		failed += !replay(argv[i]);
	printf("%d inputs\n", argc - failed);
	return failed ? 1 : 0;
}
