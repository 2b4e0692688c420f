/*
 * scan_worker: the process that looks into mail, and can do nothing else.
 *
 *   request + file --map--> scan/unpack, service/unarchive --> verdict
 *
 * It lives in platform/sandbox: its channel is its only descriptor, it can't
 * open anything, and never had a key, a password or a mailbox.  Who breaks it
 * with a clever archive can say "clean" about mail, and nothing more.
 *
 * Memory: SCAN_SCRATCH_MIB for unpacked members and SCAN_LIBRARY_MIB for what
 * libarchive allocates; the kernel refuses more.  Given back after each
 * message that needed much.
 * Failure: its end in the middle of a message is for main to judge.
 * Tested: tests/e2e/test_scanworker.py.
 */
#ifndef SERVICE_SCAN_WORKER_H
#define SERVICE_SCAN_WORKER_H

#include <stdbool.h>

/*
 * Work on `channel` until it ends; `signatures`: a compiled file, or -1, and
 * whether every octet of it is to be checked first (12 ms a MB on x86-64).
 */
_Noreturn void scan_worker(int channel, int signatures, bool is_new);

/*
 * What is the same in every worker, made by who will fork them; later calls
 * do nothing.
 */
void scan_worker_prepare(void);

#endif
