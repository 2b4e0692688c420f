/*
 * program: is this something that runs?  Told by content, and by name.
 *
 * Both say the name of what they saw, or NULL.  Pure; no memory.
 * Tested: test_program.
 */
#ifndef SCAN_PROGRAM_H
#define SCAN_PROGRAM_H

#include "core/span.h"

/* Is it a program by its bytes?  "Program.PE", "Program.ELF" ... or NULL. */
const char *program_content(struct span s);

/*
 * Is it a program by its name, which may have a path in front?  Images of
 * disks count where they are packed (`inside` an archive).
 */
const char *program_name(struct span name, bool inside);

#endif
