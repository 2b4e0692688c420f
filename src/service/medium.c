/* medium: chooses between the two; what is on it is store/kv's. */
#include "service/medium.h"

int
medium_open(struct medium *m, const char *mtd, const char *path,
    uint32_t bank_octets, bool *fresh)
{
	int rc;

	m->is_mtd = mtd[0] != '\0';
	if (m->is_mtd)
		return flash_mtd_open(&m->on.mtd, mtd);
	rc = flash_file_open(&m->on.file, path, 0, 0);
	if (rc != ERR_MISSING)
		return rc;
	*fresh = true;
	return flash_file_create(&m->on.file, path, bank_octets, 2);
}

void
medium_close(struct medium *m)
{
	if (m->is_mtd)
		flash_mtd_close(&m->on.mtd);
	else
		flash_file_close(&m->on.file);
}
