/*
 * spool_int: what spool.c and spool_barrier.c share; for them only.
 */
#ifndef STORE_SPOOL_INT_H
#define STORE_SPOOL_INT_H

#include <assert.h>

#include "store/spool.h"

static inline void
spool_list_init(struct spool_list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static inline void
spool_list_add(struct spool_list *l, struct spool_file *f)
{
	f->next = NULL;
	*l->end = f;
	l->end = &f->next;
}

static inline struct spool_file *
spool_list_take(struct spool_list *l)
{
	struct spool_file *f = l->first;

	if (f == NULL)
		return NULL;
	l->first = f->next;
	if (l->first == NULL)
		l->end = &l->first;
	return f;
}

static inline void
spool_list_remove(struct spool_list *l, struct spool_file *f)
{
	struct spool_file **at = &l->first;

	while (*at != f) {
		assert(*at != NULL);
		at = &(*at)->next;
	}
	*at = f->next;
	if (*at == NULL)
		l->end = at;
}

/* "TMP/name" in `out`; always fits, as both parts are bounded. */
void spool_tmp_path(
    const struct spool *sp, const char *name, char out[FS_PATH_MAX]);

/*
 * ERR_MISSING was said of `path`: if its folder is gone, make it again, with
 * what is missing on the way to it.  ERR_OK: made, try again; else that error
 * stands.
 */
int spool_again(struct spool *sp, const char *path) MUST_CHECK;

typedef int fs_move(struct fs *fs, const char *from, const char *to);

/* Rename or link sp->from to sp->to, whose folder may have to be made again. */
int spool_move(struct spool *sp, fs_move *how) MUST_CHECK;

/* Close the file if it is open; the first error counts. */
void spool_close(struct spool *sp, struct spool_file *f);

#endif
