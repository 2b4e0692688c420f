/* place: see the header. */
#include "service/place.h"

#include "core/text.h"
#include "service/keep.h"
#include "service/state.h"

static bool
is_kept(struct fs *fs, const char *tmp)
{
	char mem[FS_PATH_MAX];
	int h = fs->open(fs, STATE_PLACE, FS_READ);
	int n;

	if (h < 0)
		return false;
	n = fs->read(fs, h, mem, sizeof(mem), 0);
	(void)fs->close(fs, h);
	return n >= 0 && span_is(span_of(mem, (size_t)n), span_str(tmp));
}

int
place_check(struct fs *fs, const char *tmp)
{
	struct fs_stat st;

	if (tmp[0] != '/' || !is_kept(fs, tmp))
		return ERR_OK;
	return fs->stat(fs, tmp, &st);
}

int
place_keep(struct fs *fs, const char *tmp)
{
	if (tmp[0] != '/' || is_kept(fs, tmp))
		return ERR_OK;
	return keep_file(fs, ".", STATE_PLACE, span_str(tmp));
}
