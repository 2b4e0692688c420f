/*
 * judge: what is wrong with new settings beyond what their schema says: the
 * languages of rules, devices and routes, and limits over several keys.
 *
 * So that nothing is stored which the server would then leave out: a change,
 * an import and a restore are refused in one line, with the server running or
 * not.  What only the machine knows is not judged here but at the start: free
 * ports, addresses, files of trust anchors; certificates: server_tls_try.
 *
 * Memory: struct access's spare rules.  Tested: tests/unit/test_access.c,
 * tests/e2e/test_access.py.
 */
#ifndef SERVICE_JUDGE_H
#define SERVICE_JUDGE_H

#include "service/access.h"

/* Judge all new settings of `a` from here on; after access_init. */
void judge_settings(struct access *a);

#endif
