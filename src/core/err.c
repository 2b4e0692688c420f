/* err: the words for each error. */
#include "core/err.h"

static const char *const words[] = {
	"ok",
	"device error",
	"no space left",
	"try again",
	"end of input",
	"connection lost",
	"malformed",
	"out of range",
	"already exists",
	"not found",
	"permission denied",
	"busy",
	"damaged or cut off",
	"not supported",
	"timed out",
	"connection refused",
	"read-only file system",
	"no file descriptors left",
};

const char *
err_text(int err)
{
	unsigned i = err < 0 ? 0u - (unsigned)err : 0;

	return i < sizeof(words) / sizeof(words[0]) ? words[i] : "unknown";
}
