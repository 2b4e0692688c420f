/* sasl_int: what the parts of sasl share; for nobody else. */
#ifndef PROTO_SASL_INT_H
#define PROTO_SASL_INT_H

#include "proto/sasl.h"

/* Append to the text; false, with SASL_SYNTAX, when it does not fit. */
bool sasl_put(struct sasl *s, struct span piece);

/* Keep the name; SASL_SYNTAX when it is none. */
void sasl_take_name(struct sasl *s, struct span name);

/* One response of SCRAM-SHA-256. */
void sasl_feed_scram(struct sasl *s, struct span response);

#endif
