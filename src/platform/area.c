/* area: anonymous mappings without a reservation. */
#include "platform/area.h"

#include <sys/mman.h>

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

void
area_forget(void *mem, size_t octets)
{
	(void)madvise(mem, octets, MADV_DONTNEED);
}
