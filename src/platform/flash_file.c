/*
 * flash_file: struct flash over pread, pwrite and fdatasync.  It does not
 * enforce the rules of flash: a disk has none, and the tests' emulator does.
 */
#include "platform/flash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fat.h"
#include "platform/oserr.h"

#define PATH_OCTETS 512

static int
read_all(int fd, uint64_t at, uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? oserr_now() : ERR_IO;
		to += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

static int
write_all(int fd, uint64_t at, struct span data)
{
	while (data.len > 0) {
		ssize_t n = pwrite(fd, data.p, data.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? oserr_now() : ERR_IO;
		at += (size_t)n;
		data = span_from(data, (size_t)n);
	}
	return ERR_OK;
}

static bool
is_inside(const struct flash *f, uint32_t at, size_t len)
{
	uint64_t size = (uint64_t)f->block_octets * f->blocks;

	return at <= size && len <= size - at;
}

static int
file_read(struct flash *f, uint32_t at, void *to, size_t len)
{
	struct flash_file *ff = (struct flash_file *)f;

	return is_inside(f, at, len) ? read_all(ff->fd, at, to, len)
				     : ERR_RANGE;
}

static int
file_program(struct flash *f, uint32_t at, struct span data)
{
	struct flash_file *ff = (struct flash_file *)f;
	int rc;

	if (!is_inside(f, at, data.len))
		return ERR_RANGE;
	rc = write_all(ff->fd, at, data);
	if (rc == ERR_OK && fdatasync(ff->fd) != 0)
		rc = ERR_IO;
	return rc == ERR_OK ? ERR_OK : ERR_IO;
}

static int
write_erased(int fd, uint64_t at, uint64_t len)
{
	uint8_t ones[512];

	memset(ones, 0xff, sizeof(ones));
	while (len > 0) {
		size_t n = len < sizeof(ones) ? (size_t)len : sizeof(ones);
		int rc = write_all(fd, at, span_of(ones, n));

		if (rc != ERR_OK)
			return rc;
		at += n;
		len -= n;
	}
	return fsync(fd) == 0 ? ERR_OK : oserr_now();
}

static int
file_erase(struct flash *f, uint32_t block)
{
	struct flash_file *ff = (struct flash_file *)f;
	uint64_t at = (uint64_t)block * f->block_octets;

	if (block >= f->blocks)
		return ERR_RANGE;
	return write_erased(ff->fd, at, f->block_octets) == ERR_OK ? ERR_OK
								   : ERR_IO;
}

static void
fill_in(struct flash_file *ff, int fd, uint32_t block_octets, uint32_t blocks)
{
	*ff = (struct flash_file) {
		.flash = {
			.block_octets = block_octets,
			.blocks = blocks,
			.unit = 1,
			.read = file_read,
			.program = file_program,
			.erase = file_erase,
		},
		.fd = fd,
	};
}

/* Take the geometry from the file, or see that it fits. */
static int
check_size(uint64_t octets, uint32_t *block_octets, uint32_t *blocks)
{
	if (*blocks == 0 && octets <= UINT32_MAX) {
		*blocks = 2;
		*block_octets = (uint32_t)(octets / 2);
	}
	if (octets == 0 || octets != (uint64_t)*block_octets * *blocks)
		return ERR_RANGE;
	return ERR_OK;
}

int
flash_file_open(struct flash_file *ff, const char *path, uint32_t block_octets,
    uint32_t blocks)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int rc = ERR_OK;

	if (fd < 0)
		return oserr_now();
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0)
		rc = oserr_now();
	else
		rc = check_size((uint64_t)st.st_size, &block_octets, &blocks);
	if (rc != ERR_OK) {
		close(fd);
		return rc;
	}
	fill_in(ff, fd, block_octets, blocks);
	return ERR_OK;
}

/* Make a name durable: sync the folder that holds it.  Shortens `path`. */
static int
sync_folder(char *path)
{
	char *slash = strrchr(path, '/');
	int fd, rc;

	if (slash == NULL)
		path = NULL;
	else
		slash[slash == path] = '\0';
	fd =
	    open(path == NULL ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return oserr_now();
	rc = fsync(fd) == 0 ? ERR_OK : oserr_now();
	close(fd);
	return rc;
}

/* Fill the file at `temp` with ones and give it its name, if that is free. */
static int
make_file(char *temp, const char *path, uint64_t octets)
{
	int fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return oserr_now();
	rc = write_erased(fd, 0, octets);
	if (close(fd) != 0 && rc == ERR_OK)
		rc = oserr_now();
	if (rc == ERR_OK && access(path, F_OK) == 0)
		rc = ERR_EXISTS;
	if (rc == ERR_OK && rename(temp, path) != 0)
		rc = oserr_now();
	if (rc == ERR_OK && fat_has_path(path))
		rc = fat_renamed(AT_FDCWD, temp, path);
	if (rc == ERR_OK)
		rc = sync_folder(temp);
	else
		(void)unlink(temp);
	return rc;
}

int
flash_file_create(struct flash_file *ff, const char *path,
    uint32_t block_octets, uint32_t blocks)
{
	char temp[PATH_OCTETS];
	int n = snprintf(temp, sizeof(temp), "%s.new", path);
	int rc;

	if (n < 0 || (size_t)n >= sizeof(temp))
		return ERR_RANGE;
	rc = make_file(temp, path, (uint64_t)block_octets * blocks);
	if (rc != ERR_OK)
		return rc;
	return flash_file_open(ff, path, block_octets, blocks);
}

void
flash_file_close(struct flash_file *ff)
{
	(void)close(ff->fd);
	ff->fd = -1;
}

int
flash_file_peek(const char *path, void *to, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return oserr_now();
	n = pread(fd, to, cap, 0);
	close(fd);
	return n < 0 ? ERR_IO : (int)n;
}
