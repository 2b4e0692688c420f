/* cli_files: over platform/files, as everything that is kept is. */
#include "service/cli_files.h"

#include "platform/area.h"
#include "platform/entropy.h"

int
cli_files_work(struct cli *cli, size_t octets,
    int (*run)(struct cli *cli, struct cli_files *f))
{
	struct cli_files *f;
	void *mem;
	int status, err;

	if (area_open(&mem, octets))
		return cli_error(cli, "there is not enough memory");
	f = mem;
	err = files_open(&f->files, ".");
	if (!err) {
		status = run(cli, f);
		files_close(&f->files);
	} else {
		status = cli_error_at(cli, "the working folder", err_text(err));
	}
	area_close(mem, octets);
	return status;
}

int
cli_files_map(
    struct cli *cli, struct cli_files *f, const char *path, struct span *out)
{
	struct fs *fs = &f->files.fs;
	struct fs_stat st;
	int h, err = fs->stat(fs, path, &st);

	*out = SPAN("");
	if (!err && (st.is_dir || st.octets == 0)) {
		if (st.is_dir)
			(void)cli_error_at(cli, path, "this is a folder");
		return st.is_dir ? ERR_UNSUPPORTED : ERR_OK;
	}
	h = err ? err : fs->open(fs, path, FS_READ);
	if (h >= 0) {
		err = fs->map(fs, h, out);
		(void)fs->close(fs, h);
	} else {
		err = h;
	}
	if (err)
		(void)cli_error_at(cli, path, err_text(err));
	return err;
}

void
cli_files_unmap(struct cli_files *f, struct span mapped)
{
	if (mapped.len > 0)
		f->files.fs.unmap(&f->files.fs, mapped);
}

int
cli_files_beside(struct text *t, const char *path)
{
	uint8_t random[4];

	if (entropy_fill(random, sizeof(random)))
		return ERR_IO;
	text_str(t, path);
	text_chr(t, '.');
	text_hex(t, span_of(random, sizeof(random)));
	text_str(t, ".new");
	return t->cut ? ERR_RANGE : ERR_OK;
}

static int
write_and_sync(struct fs *fs, const char *path, struct span content)
{
	int h = fs->open(fs, path, FS_CREATE), err;
	bool failed;

	if (h < 0)
		return h;
	err = fs->write(fs, h, &content, 1, 0);
	if (!err)
		err = fs->sync(fs, &h, 1, &failed);
	(void)fs->close(fs, h);
	return err;
}

/* Make the names in the folder that `path` lies in durable. */
static int
sync_folder(struct fs *fs, struct span path)
{
	size_t slash = span_rfind(path, '/');
	char mem[FS_PATH_MAX];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_span(
	    &t, slash == path.len ? SPAN(".") : span_first(path, slash + 1));
	return fs->sync_dir(fs, mem);
}

int
cli_files_replace(
    struct cli *cli, struct cli_files *f, const char *path, struct span content)
{
	struct fs *fs = &f->files.fs;
	char *mem = f->path;
	struct text t;
	int err;

	if (term_is_special(path)) {
		(void)cli_error_at(cli, path,
		    "this is no ordinary file; name another, or remove it");
		return ERR_UNSUPPORTED;
	}
	text_init(&t, mem, sizeof(f->path));
	err = cli_files_beside(&t, path);
	if (!err)
		err = write_and_sync(fs, mem, content);
	if (!err)
		err = fs->rename(fs, mem, path);
	if (!err)
		err = sync_folder(fs, span_str(path));
	if (err) {
		if (!t.cut && err != ERR_EXISTS)
			(void)fs->unlink(fs, mem);
		(void)cli_error_at(cli, path, err_text(err));
	}
	return err;
}
