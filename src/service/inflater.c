/* inflater: one decompressor for the process; it keeps nothing between. */
#include "service/inflater.h"

#include "config.h"

#if ENABLE_LIBDEFLATE

#include <libdeflate.h>

static struct libdeflate_decompressor *decompressor;

static bool
inflater_run(struct span in, bool gzip, struct scan_out *out)
{
	return (gzip ? libdeflate_gzip_decompress_ex
		     : libdeflate_deflate_decompress_ex)(decompressor, in.p,
		   in.len, out->to, out->room, &out->used, &out->len)
	       == LIBDEFLATE_SUCCESS;
}

static uint32_t
inflater_crc32(struct span s)
{
	return libdeflate_crc32(0, s.p, s.len);
}

void
inflater_offer(struct scan *sc)
{
	if (decompressor == NULL)
		decompressor = libdeflate_alloc_decompressor();
	sc->inflate = decompressor != NULL ? inflater_run : NULL;
	sc->crc32 = inflater_crc32;
}

#else

void
inflater_offer(struct scan *sc)
{
	sc->inflate = NULL;
	sc->crc32 = NULL;
}

#endif
