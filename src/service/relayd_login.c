/* relayd_login: see the header. */
#include "service/relayd.h"

#include "core/log.h"

#define TELL_MS (3600 * INT64_C(1000))

void
relayd_login_refused(
    struct relayd *r, struct relayd_slot *s, const struct reply *reply)
{
	struct relayd_login *l = &r->login;
	bool news = l->refused == 0 || l->key != s->key
		    || r->now_ms >= l->told_ms + TELL_MS;
	struct log_line line;

	l->refused++;
	s->login_refused = true;
	s->login_told = news;
	if (!news)
		return;
	l->key = s->key;
	l->told_ms = r->now_ms;
	log_begin(&line, LOG_ERROR, "relay.login_refused");
	log_str(&line, "via", s->way.host);
	log_str(&line, "user", s->way.user);
	log_u64(&line, "code", reply->code);
	log_span(&line, "words", reply_words(reply));
	log_end(&line);
}

void
relayd_login_works(struct relayd *r, const struct relayd_slot *s)
{
	struct relayd_login *l = &r->login;

	if (l->refused == 0 || l->key != s->key)
		return;
	log_event(LOG_INFO, "relay.login_works", "via", s->way.host, 0);
	l->refused = 0;
}
