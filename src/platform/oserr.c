/* oserr: one table from errno to err. */
#include "platform/oserr.h"

#include <errno.h>

int
oserr_now(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* a limit for files; our own are far below 2 GiB */
	case ENOMEM:
		return ERR_FULL;
	case EMFILE:
	case ENFILE:
		return ERR_DESCRIPTORS;
	case ENOENT:
	case ENOTDIR:
		return ERR_MISSING;
	case EEXIST:
	case EISDIR:
	case ENOTEMPTY:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case ELOOP:
		return ERR_DENIED;
	case EROFS:
		return ERR_READ_ONLY;
	case EXDEV:
	case EMLINK:
	case EOPNOTSUPP:
		return ERR_UNSUPPORTED;
	case ENAMETOOLONG:
		return ERR_RANGE;
	case EBUSY:
	case EWOULDBLOCK:
		return ERR_BUSY;
	default:
		return ERR_IO;
	}
}
