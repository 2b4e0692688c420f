/* listener: the names of the roles. */
#include "service/listener.h"

static const char *const names[LISTENER_ROLES] = {
	[LISTENER_SMTP] = "smtp",
	[LISTENER_SUBMISSION] = "submission",
	[LISTENER_SMTPS] = "smtps",
	[LISTENER_POP3] = "pop3",
	[LISTENER_POP3S] = "pop3s",
	[LISTENER_HTTP] = "http",
	[LISTENER_HTTPS] = "https",
	[LISTENER_CONTROL] = "control",
};

const char *
listener_name(enum listener_role role)
{
	return names[role];
}
