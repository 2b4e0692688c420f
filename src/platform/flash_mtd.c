/*
 * flash_mtd: struct flash over the ioctls of /dev/mtdN.  Every write to an MTD
 * goes to the chip before the call returns; there is nothing to sync.
 */
#include "platform/flash_mtd.h"

#include <errno.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TABLE "/proc/mtd"

static int
mtd_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	struct flash_mtd *fm = (struct flash_mtd *)f;
	uint8_t *out = to;

	while (len > 0) {
		ssize_t n = pread(fm->fd, out, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		out += n;
		at += (uint32_t)n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

static int
mtd_program(struct flash *f, uint32_t at, struct span data)
{
	struct flash_mtd *fm = (struct flash_mtd *)f;

	while (data.len > 0) {
		ssize_t n = pwrite(fm->fd, data.p, data.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		at += (uint32_t)n;
		data = span_from(data, (size_t)n);
	}
	return ERR_OK;
}

static int
mtd_erase(struct flash *f, uint32_t block)
{
	struct flash_mtd *fm = (struct flash_mtd *)f;
	struct erase_info_user area = {
		.start = block * f->block_octets,
		.length = f->block_octets,
	};

	if (block >= f->blocks)
		return ERR_RANGE;
	(void)ioctl(fm->fd, MEMUNLOCK, &area); /* many chips have no locks */
	return ioctl(fm->fd, MEMERASE, &area) == 0 ? ERR_OK : ERR_IO;
}

/* "mtd3: 00020000 00010000 \"settings\"" */
int
flash_mtd_find(struct span table, struct span name)
{
	struct span line, number;
	uint64_t n;

	while (table.len > 0 && span_next(&table, '\n', &line)) {
		struct span label = span_from(line, span_find(line, '"') + 1);

		if (!span_starts(line, SPAN("mtd"))
		    || !span_is(span_first(label, span_find(label, '"')), name))
			continue;
		number = span_from(line, 3);
		number = span_first(number, span_find(number, ':'));
		if (span_u64(number, 9999, &n) == ERR_OK)
			return (int)n;
	}
	return ERR_MISSING;
}

static int
look_up(const char *name)
{
	static char table[4096];
	ssize_t n;
	int fd = open(TABLE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ERR_MISSING;
	n = read(fd, table, sizeof(table));
	(void)close(fd);
	if (n < 0)
		return ERR_IO;
	return flash_mtd_find(span_of(table, (size_t)n), span_str(name));
}

static int
check_kind(const struct mtd_info_user *info)
{
	if (info->type != MTD_NORFLASH && info->type != MTD_RAM)
		return ERR_UNSUPPORTED;
	if (info->writesize == 0 || info->writesize > 8 || info->erasesize == 0)
		return ERR_UNSUPPORTED;
	return ERR_OK;
}

static int
open_number(struct flash_mtd *fm, int number)
{
	struct mtd_info_user info;
	char path[32];
	int fd, rc;

	(void)snprintf(path, sizeof(path), "/dev/mtd%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? ERR_DENIED
							 : ERR_MISSING;
	rc = ioctl(fd, MEMGETINFO, &info) == 0 ? check_kind(&info) : ERR_IO;
	if (rc != ERR_OK) {
		(void)close(fd);
		return rc;
	}
	*fm = (struct flash_mtd) {
		.flash = {
			.block_octets = info.erasesize,
			.blocks = info.size / info.erasesize,
			.unit = info.writesize,
			.fades = info.writesize == 1,
			.read = mtd_read,
			.program = mtd_program,
			.erase = mtd_erase,
		},
		.fd = fd,
	};
	return ERR_OK;
}

int
flash_mtd_open(struct flash_mtd *fm, const char *name)
{
	int number = look_up(name);

	return number < 0 ? number : open_number(fm, number);
}

void
flash_mtd_close(struct flash_mtd *fm)
{
	(void)close(fm->fd);
	fm->fd = -1;
}
