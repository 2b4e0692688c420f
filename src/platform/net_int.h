/*
 * net_int: what net.c and net_unix.c share, and nobody else uses.
 */
#ifndef PLATFORM_NET_INT_H
#define PLATFORM_NET_INT_H

#include "platform/net.h"

/* What errno says now about a socket, as net.h's functions return it. */
int net_err_now(void);

/* The same; and close `fd`. */
int net_close_with(int fd);

#endif
