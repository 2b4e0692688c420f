/*
 * unarchive: the containers that libarchive opens, as a reader of scan/unpack.
 *
 * RAR, 7z, CAB, ISO, cpio, ar, XAR, RPM, BZIP2, XZ, LZMA, LZIP, LZ4, compress,
 * Zstandard.  libarchive allocates memory, so that it stands here and not in
 * scan/, and is used only where a process can be spared.  Members go to the
 * scan's scratch memory; nothing is written to a file.
 *
 * Built with ENABLE_LIBARCHIVE; without it unarchive_offer does nothing, and
 * these kinds are reported as not opened.
 * Tested: tests/e2e/test_scan.py.
 */
#ifndef SERVICE_UNARCHIVE_H
#define SERVICE_UNARCHIVE_H

#include "scan/unpack.h"

/* Let `sc` open these kinds. */
void unarchive_offer(struct scan *sc);

#endif
