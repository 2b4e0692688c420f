/*
 * smtp_param: the ESMTP parameters of MAIL and RCPT.
 *
 * Fills the request's members from " KEY=VALUE KEY=VALUE".  Memory: spans
 * point into the line.  Failure: the reply that is due, SMTP_OK when sound.
 */
#ifndef PROTO_SMTP_PARAM_H
#define PROTO_SMTP_PARAM_H

#include "proto/smtp.h"

/* RFC 1870, 6152, 6531, 3461, 4954: SIZE BODY SMTPUTF8 RET ENVID AUTH. */
enum smtp_reply smtp_param_mail(struct span rest, struct smtp_request *r);

/* RFC 3461: NOTIFY ORCPT; r->utf8 says whether this mail may have UTF-8. */
enum smtp_reply smtp_param_rcpt(struct span rest, struct smtp_request *r);

#endif
