/* smtp_words: what the server replies.  Code, enhanced code (RFC 3463) and
 * text. */
#include "proto/smtp.h"

static const char *const words[SMTP_REPLIES] = {
	[SMTP_OK] = "250 2.0.0 ok",
	[SMTP_SHUTDOWN] = "421 4.3.2 service is shutting down, try again soon",
	[SMTP_IDLE] = "421 4.4.2 nothing heard for too long, closing",
	[SMTP_SLOW] = "421 4.4.2 this takes too long, closing",
	[SMTP_TOO_MANY_ERRORS] = "421 4.7.0 too many errors, closing",
	[SMTP_TOO_MANY_UNKNOWN] = "421 4.7.0 too many bad recipients, closing",
	[SMTP_TRY_LATER] = "450 4.3.2 busy, try again soon",
	[SMTP_GREYLISTED] = "450 4.7.1 try again later",
	[SMTP_LOCAL_ERROR] = "451 4.3.0 local error, try again later",
	[SMTP_NO_SPACE] = "452 4.3.1 not enough storage, try again later",
	[SMTP_TOO_MANY_RECIPIENTS] =
	    "452 4.5.3 too many recipients, send the rest separately",
	[SMTP_MAILBOX_FULL] = "452 4.2.2 mailbox is full",
	[SMTP_RATE] = "450 4.7.1 too many messages, try again later",
	[SMTP_AUTH_TEMPORARY] = "454 4.7.0 cannot check now, try again later",
	[SMTP_TLS_UNAVAILABLE] = "454 4.7.0 TLS is not available now",
	[SMTP_UNKNOWN_COMMAND] = "500 5.5.1 command not known",
	[SMTP_LINE_LONG] = "500 5.5.2 line too long",
	[SMTP_LINE_BARE] = "500 5.5.2 lines must end in CR LF",
	[SMTP_LINE_NUL] = "500 5.5.2 NUL is not allowed",
	[SMTP_SYNTAX] = "501 5.5.4 syntax error in parameters",
	[SMTP_PARAMETER] = "555 5.5.4 parameter not known",
	[SMTP_NOT_IMPLEMENTED] = "502 5.5.1 command not implemented",
	[SMTP_SEQUENCE] = "503 5.5.1 not now: bad sequence of commands",
	[SMTP_HELLO_FIRST] = "503 5.5.1 say EHLO first",
	[SMTP_AUTH_TWICE] = "503 5.5.1 already authenticated",
	[SMTP_AUTH_UNKNOWN] = "504 5.5.4 mechanism not known",
	[SMTP_AUTH_REFUSED] = "535 5.7.8 user name or password is wrong",
	[SMTP_AUTH_CANCELLED] = "501 5.7.0 authentication cancelled",
	[SMTP_AUTH_LONG] = "500 5.5.6 authentication line too long",
	[SMTP_AUTH_SYNTAX] =
	    "501 5.5.2 base64, but not what this mechanism sends",
	[SMTP_AUTH_BASE64] = "501 5.5.2 not valid base64",
	[SMTP_AUTH_FIRST] = "530 5.7.0 authentication required",
	[SMTP_TLS_FIRST] = "538 5.7.11 encryption required for this mechanism",
	[SMTP_NO_USER] = "550 5.1.1 no such user here",
	[SMTP_RELAY_DENIED] =
	    ("553 5.7.1 sorry, that domain isn't in my list of allowed "
	     "rcpthosts (#5.7.1)"),
	[SMTP_RELAY_LATER] = "450 4.7.1 fetch your mail first, then send again",
	[SMTP_BAD_SENDER] = "553 5.1.7 sender address not valid",
	[SMTP_BAD_RECIPIENT] = "553 5.1.3 recipient address not valid",
	[SMTP_SENDER_DENIED] = "553 5.7.1 this sender address is not yours",
	[SMTP_RECIPIENT_DENIED] = "550 5.7.1 recipient refused",
	[SMTP_UTF8_NEEDED] = "553 5.6.7 SMTPUTF8 is needed for this address",
	[SMTP_TOO_BIG] = "552 5.3.4 message too big",
	[SMTP_LOOP] = "554 5.4.6 mail loop: too many hops",
	[SMTP_BARE_DATA] =
	    "550 5.6.0 message has a bare CR, a bare LF or a NUL",
	[SMTP_NO_RECIPIENTS] = "554 5.5.1 no valid recipients",
	[SMTP_BANNED] = "421 4.7.0 too many failures from you, closing",
	[SMTP_INFECTED] = "554 5.7.1 message refused: malware found",
	[SMTP_UNSCANNABLE] = "554 5.7.1 message refused: cannot be inspected",
};

bool
smtp_words_put(struct buf *out, enum smtp_reply reply)
{
	struct span text = span_str(words[reply]);

	if (buf_free(out) < text.len + 2)
		return false;
	return buf_put(out, text) && buf_put(out, SPAN("\r\n"));
}
