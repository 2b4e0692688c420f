/*
 * settings_view: the stored settings as an open change would leave them.
 *
 *   what is stored  <  the items of the change that is open
 *
 * For whoever must judge all settings together before they are stored: too
 * many rules, listeners, devices.  A view of nothing but items is what a
 * backup would bring.
 *
 * Memory: the caller's; the items stay where they are and must not change
 * while the view is used.  Cost: each stored key of a walk is looked for in
 * the change, which is as long as one transaction.
 * Failure: ERR_IO, ERR_TORN.  Tested: tests/unit/test_access.c.
 */
#ifndef STORE_SETTINGS_VIEW_H
#define STORE_SETTINGS_VIEW_H

#include "store/settings.h"

struct settings_view {
	struct kv *kv;	    /* what is stored; NULL: nothing */
	struct span change; /* kv's items, see kv_item.h */
};

struct settings_view_cursor {
	struct kv_cursor stored;
	struct span rest; /* of the change */
	bool in_change;
};

/* As it is now, and as the open change would leave it. */
struct settings_view settings_view_now(const struct settings *s);
struct settings_view settings_view_coming(const struct settings *s);

/*
 * Walk a family; start with a cursor of zeros: 1 and `*m`, 0 at the end.  The
 * order says nothing.
 */
int settings_view_next(const struct settings_view *v, enum setting family,
    struct settings_view_cursor *c, struct settings_member *m) MUST_CHECK;

/*
 * The value of a key, a member's or a plain setting's, as it is stored: its
 * length, ERR_MISSING, ERR_RANGE when longer than `cap`.
 */
int settings_view_get(const struct settings_view *v, struct span key, void *to,
    size_t cap) MUST_CHECK;

#endif
