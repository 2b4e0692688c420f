/* oserr: one table from errno to err. */
#include "platform/oserr.h"

#include <errno.h>

int
oserr_now(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return ERR_FULL;
	case ENOENT:
	case ENOTDIR:
		return ERR_MISSING;
	case EEXIST:
	case EISDIR:
	case ENOTEMPTY:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
	case ELOOP:
		return ERR_DENIED;
	case EXDEV:
	case EMLINK:
	case EOPNOTSUPP:
		return ERR_UNSUPPORTED;
	case EFBIG:
	case ENAMETOOLONG:
		return ERR_RANGE;
	case EBUSY:
	case EWOULDBLOCK:
		return ERR_BUSY;
	default:
		return ERR_IO;
	}
}
