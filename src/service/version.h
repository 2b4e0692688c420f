/*
 * version: which gatepost this is; digits and dots only, as packages need it.
 */
#ifndef SERVICE_VERSION_H
#define SERVICE_VERSION_H

#define GATEPOST_VERSION "0.1"

#endif
