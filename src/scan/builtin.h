/*
 * builtin: the signatures that are always there.
 *
 * The EICAR test file, by which anybody can see that scanning works, and
 * ClamAV's own harmless test program.  They are compiled at start, so that
 * there is one format and one way to read it.
 */
#ifndef SCAN_BUILTIN_H
#define SCAN_BUILTIN_H

#include "scan/sigcomp.h"

#define BUILTIN_OCTETS SIGCOMP_NEED(1024)

/*
 * Compile them into `mem`, BUILTIN_OCTETS; `comp` is work space.  ERR_FULL
 * cannot happen with that much.
 */
int builtin_open(struct sigdb *db, struct sigcomp *comp, void *mem) MUST_CHECK;

#endif
