/* pages: segments that cannot be written are files' own, and come back. */
#include "platform/pages.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Their code was written by the loader: what comes back would not be it. */
static bool
has_text_relocations(const struct dl_phdr_info *o)
{
	for (int i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];
		const ElfW(Dyn) *d = (void *)(o->dlpi_addr + h->p_vaddr);

		if (h->p_type != PT_DYNAMIC)
			continue;
		for (; d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_TEXTREL
			    || (d->d_tag == DT_FLAGS
				&& (d->d_un.d_val & DF_TEXTREL)))
				return true;
	}
	return false;
}

static int
shed_object(struct dl_phdr_info *o, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	if (has_text_relocations(o))
		return 0;
	for (int i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];
		uintptr_t begin = o->dlpi_addr + h->p_vaddr;
		uintptr_t from = begin & ~(page - 1);

		if (h->p_type == PT_LOAD && !(h->p_flags & PF_W))
			(void)madvise((void *)from, begin + h->p_memsz - from,
			    MADV_DONTNEED);
	}
	return 0;
}

void
pages_shed(void)
{
	(void)dl_iterate_phdr(shed_object, NULL);
}
