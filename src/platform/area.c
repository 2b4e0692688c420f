/* area: anonymous mappings without a reservation, and files to read. */
#include "platform/area.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* MADV_POPULATE_WRITE, which the headers of older libraries lack */
#define POPULATE_WRITE 23

int
area_open(void **mem, size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return ERR_FULL;
	*mem = p;
	return ERR_OK;
}

void
area_close(void *mem, size_t octets)
{
	(void)munmap(mem, octets);
}

/* For the pages that lie wholly in it; a kernel that cannot says so in vain. */
static void
advise(void *mem, size_t octets, int what)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)mem + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)mem + octets) & ~(page - 1);

	if (from < to)
		(void)madvise((void *)from, to - from, what);
}

void
area_forget(void *mem, size_t octets)
{
	advise(mem, octets, MADV_DONTNEED);
}

void
area_expect(void *mem, size_t octets)
{
	advise(mem, octets, POPULATE_WRITE);
}

int
area_map(int fd, uint64_t octets, struct span *out)
{
	void *p;

	*out = SPAN("");
	if (octets == 0)
		return ERR_OK;
	if (octets > SIZE_MAX)
		return ERR_FULL;
	p = mmap(NULL, (size_t)octets, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return errno == ENOMEM ? ERR_FULL : ERR_IO;
	*out = span_of(p, (size_t)octets);
	return ERR_OK;
}

int
area_map_all(int fd, struct span *out)
{
	struct stat st;

	*out = SPAN("");
	if (fstat(fd, &st) || st.st_size < 0)
		return ERR_IO;
	return area_map(fd, (uint64_t)st.st_size, out);
}

void
area_unmap(struct span mapped)
{
	void *p;

	memcpy(&p, &mapped.p, sizeof(p));
	if (mapped.len > 0)
		(void)munmap(p, mapped.len);
}
