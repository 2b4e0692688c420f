/*
 * pages: what of the program's code and constants lies in this process.
 *
 * The kernel maps code by 64 KiB around what is needed.  After a start, or
 * some work, nearly all of it is there, and counts as this process's memory.
 *
 * Memory, bounds: none.  Failure: the pages stay.
 * Tested: test_pages.
 */
#ifndef PLATFORM_PAGES_H
#define PLATFORM_PAGES_H

/*
 * Give back the pages of code and constants, of the program and its
 * libraries.  What is used again comes from the page cache, at one page fault
 * for 16 pages: for moments when nothing is to be done for long.  A debugger's
 * breakpoints go, too.
 */
void pages_shed(void);

#endif
