/*
 * logdisk: a disk image that remembers in which order it was written and
 * flushed, so that every moment of a power cut can be made again.
 *
 *	usage: logdisk IMAGE LOG MOUNTPOINT
 *
 * MOUNTPOINT/disk is the image, in memory, to be used by a loop device;
 * each write and flush is appended to LOG.  A line written to MOUNTPOINT/mark
 * goes to LOG as well: "by now this was promised".
 *
 * Record: kind 'W', 'F' or 'M', offset, length (64-bit, this machine's byte
 * order), then the bytes.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static FILE *log_file;
static char *image;
static off_t image_len;

static void
note(char kind, const void *bytes, uint64_t len, uint64_t at)
{
	uint64_t head[3] = { (uint64_t)kind, at, len };

	if (fwrite(head, sizeof(head), 1, log_file) != 1
	    || fwrite(bytes, 1, len, log_file) != len)
		abort();
}

static int
disk_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	(void)fi;
	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	st->st_mode = S_IFREG | 0600;
	if (!strcmp(path, "/"))
		st->st_mode = S_IFDIR | 0700;
	else if (!strcmp(path, "/disk"))
		st->st_size = image_len;
	else if (strcmp(path, "/mark") != 0)
		return -ENOENT;
	return 0;
}

static int
disk_open(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	fi->direct_io = 1;
	return 0;
}

static int
disk_read(
    const char *path, char *to, size_t len, off_t at, struct fuse_file_info *fi)
{
	(void)fi;
	if (strcmp(path, "/disk") != 0 || at >= image_len)
		return 0;
	if ((off_t)len > image_len - at)
		len = (size_t)(image_len - at);
	memcpy(to, image + at, len);
	return (int)len;
}

static int
disk_write(const char *path, const char *from, size_t len, off_t at,
    struct fuse_file_info *fi)
{
	(void)fi;
	if (!strcmp(path, "/mark")) {
		note('M', from, len, 0);
		return (int)len;
	}
	if (at + (off_t)len > image_len)
		return -ENOSPC;
	memcpy(image + at, from, len);
	note('W', from, len, (uint64_t)at);
	return (int)len;
}

static int
disk_fsync(const char *path, int datasync, struct fuse_file_info *fi)
{
	(void)path;
	(void)datasync;
	(void)fi;
	note('F', "", 0, 0);
	return 0;
}

static int
disk_truncate(const char *path, off_t len, struct fuse_file_info *fi)
{
	(void)path;
	(void)len;
	(void)fi;
	return 0;
}

static void
load(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL || fseeko(f, 0, SEEK_END))
		abort();
	image_len = ftello(f);
	image = malloc((size_t)image_len);
	rewind(f);
	if (image == NULL || fread(image, (size_t)image_len, 1, f) != 1)
		abort();
	(void)fclose(f);
}

int
main(int argc, char **argv)
{
	static const struct fuse_operations ops = {
		.getattr = disk_getattr,
		.open = disk_open,
		.read = disk_read,
		.write = disk_write,
		.fsync = disk_fsync,
		.truncate = disk_truncate,
	};
	static char in_front[] = "-f", single[] = "-s";
	char *args[] = { argv[0], in_front, single, argv[argc - 1] };

	if (argc != 4)
		return 2;
	load(argv[1]);
	log_file = fopen(argv[2], "wb");
	return log_file == NULL ? 2 : fuse_main(4, args, &ops, NULL);
}
