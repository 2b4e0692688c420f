/*
 * html: is there something in this HTML that would run?
 *
 * Script elements, applets, embedded objects and ActiveX, event handlers,
 * javascript: and kin in any attribute, scripts in styles; with entities,
 * spaces, zero bytes (so UTF-16, too) and upper case between.  Comments count,
 * since some readers run what stands in them.  Tags are read twice: with
 * quotes as they should be, and without, since readers disagree on quotes
 * that are never closed.
 *
 * Memory: none.  Bounds: two passes over the bytes.
 * Tested: test_html, fuzz_html.
 */
#ifndef SCAN_HTML_H
#define SCAN_HTML_H

#include "core/span.h"

/*
 * What runs in it, as a name ("Script.Handler"); NULL: nothing.  `utf7`: it
 * was declared to be in UTF-7, where "+ADw" begins a tag.
 */
const char *html_script(struct span s, bool utf7);

/* Do bytes that nobody calls HTML begin as if they were? */
bool html_is_likely(struct span s);

#endif
