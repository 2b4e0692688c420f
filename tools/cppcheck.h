/* cppcheck: what utlist.h would tell it; given with --include. */
#define DL_FOREACH(head, el) for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE(head, el, tmp)                                         \
	for ((el) = (head); (el) && ((tmp) = (el)->next, 1); (el) = (tmp))
