/*
 * office: does a document carry macros?
 *
 * Old documents (OLE compound files): every slot of the file that is a
 * directory entry is looked at, whether a chain of sectors leads to it or not.
 * So a damaged or lying chain, which Office would mend, hides nothing, and
 * macros that were removed but still lie there count.  Excel's sheets of
 * macros are found by their record, PowerPoint's by its note about them.
 * New ones (zip): by the names of their parts, and by their list of types.
 *
 * Pure; no memory; one pass.  Not seen: an Excel 4 sheet whose record is cut
 * in two by the end of a sector.
 * Tested: test_office, fuzz_ole.
 */
#ifndef SCAN_OFFICE_H
#define SCAN_OFFICE_H

#include "core/span.h"

/* Macros by the document's own bytes: "Macro.VBA" ... or NULL. */
const char *office_content(struct span s);

/* A part of a packed document by its name: "Macro.VBA" ... or NULL. */
const char *office_part(struct span name);

/* Is this part the list of all parts' types? */
bool office_is_types(struct span name);

/* The same as office_content for that list. */
const char *office_types(struct span s);

#endif
