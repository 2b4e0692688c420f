/* api_users: see the header.  Logging in is auth's. */
#include "service/api_users.h"

#include "core/log.h"
#include "core/secret.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "policy/kdf.h"
#include "service/password.h"

#define SLICE_US 5000 /* in a turn, beside that of logins */

/* A new password while it is being stretched. */
struct stretching {
	struct kdf kdf;
	struct users_verifier verifier;
	bool begun;
};

_Static_assert(sizeof(struct stretching) <= API_STATE, "it is a call's state");

static void
say(struct api_call *c, unsigned status, struct span name, const char *what)
{
	char mem[API_MESSAGE];
	struct text t;

	text_init(&t, mem, sizeof(mem));
	text_chr(&t, '"');
	text_span(&t, span_first(name, USERS_NAME_MAX + 1));
	text_str(&t, "\": ");
	text_str(&t, what);
	(void)api_refuse(c, status, mem);
}

static enum api_result
say_failure(struct api_call *c, struct span name, int err)
{
	switch (err) {
	case ERR_EXISTS:
		say(c, 409, name,
		    "this account exists already; `gatepost user passwd` "
		    "gives it a new password");
		break;
	case ERR_MISSING:
		say(c, 404, name,
		    "no such account; `gatepost user list` shows all");
		break;
	case ERR_SYNTAX:
		say(c, 400, name,
		    "not an account's name: a to z, 0 to 9, and . _ - between "
		    "them, like anna.smith");
		break;
	case ERR_RANGE:
		say(c, 400, name,
		    "this name is too long; 54 letters are the most");
		break;
	case ERR_FULL:
		say(c, 507, name,
		    "no room for a further account; remove one first");
		break;
	default:
		say(c, 500, name, err_text(err));
		break;
	}
	return API_DONE;
}

static void
log_change(const char *event, struct span name)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, event);
	log_span(&l, "name", name);
	log_end(&l);
}

/* ---- listing ---- */

static void
write_user(struct json_out *o, const struct account *a)
{
	json_object(o, NULL);
	json_str(o, "name", account_name(a));
	json_bool(o, "legacy", (a->flags & ACCOUNT_LEGACY) != 0);
	json_bool(o, "disabled", (a->flags & ACCOUNT_DISABLED) != 0);
	json_bool(o, "warn", (a->flags & ACCOUNT_NO_WARN) == 0);
	json_end(o);
}

static enum api_result
users_list(struct api_call *c)
{
	const struct state *s = c->context;
	const struct account *a =
	    accounts_next(&s->accounts, (uint16_t)c->cursor);

	if (!c->state.bytes[0]) {
		json_object(&c->json, NULL);
		json_array(&c->json, "users");
		c->state.bytes[0] = 1;
	}
	if (a != NULL) {
		c->cursor = a->id;
		write_user(&c->json, a);
		return API_MORE;
	}
	json_end(&c->json);
	json_end(&c->json);
	return API_DONE;
}

/* ---- passwords ---- */

/*
 * The request's password, prepared for comparison; ERR_SYNTAX when it has been
 * refused.
 */
static int
take_password(struct api_call *c, const struct json *j, struct text *password)
{
	uint8_t prepared[USERS_PASSWORD_MAX];
	int err = api_body_text(c, j, "password", password);
	int n;

	if (err == ERR_SYNTAX)
		return err;
	n = err ? err : password_prep(text_data(password), prepared);
	if (n < 0) {
		(void)api_refuse(c, 400,
		    "the password is missing or is none: 1 to 191 octets of "
		    "UTF-8 without control characters");
		return ERR_SYNTAX;
	}
	password->len = 0;
	text_span(password, span_of(prepared, (size_t)n));
	secret_wipe(prepared, sizeof(prepared));
	return ERR_OK;
}

static int
begin_stretching(struct api_call *c, struct span password)
{
	const struct state *s = c->context;
	struct stretching *st = (struct stretching *)c->state.bytes;
	int err = entropy_fill(st->verifier.salt, USERS_SALT);

	if (err < 0) {
		(void)api_failed(c, "making a salt", err);
		return err;
	}
	st->verifier.iterations = password_iterations(&s->settings);
	kdf_begin(&st->kdf, password, span_of(st->verifier.salt, USERS_SALT),
	    st->verifier.iterations);
	st->begun = true;
	return ERR_OK;
}

static void
end_stretching(struct stretching *st)
{
	uint8_t salted[USERS_HASH];

	kdf_done(&st->kdf, salted);
	users_verifier_set(&st->verifier, salted);
	secret_wipe(salted, sizeof(salted));
	secret_wipe(&st->kdf, sizeof(st->kdf));
}

/* Seal the password if that was asked for; octets in `out`, or an error. */
static int
seal_legacy(struct api_call *c, const struct json *j, struct span name,
    struct span password, uint8_t out[ACCOUNT_SEALED_MAX])
{
	const struct state *s = c->context;
	bool legacy;
	int n;

	if (api_body_truth(c, j, "legacy", &legacy))
		return ERR_SYNTAX;
	if (!legacy)
		return 0;
	n = s->settings.has_seal
		? account_seal(name, password, &s->settings.seal, out)
		: ERR_DENIED;
	if (n < 0)
		(void)api_failed(c, "sealing the password", n);
	return n;
}

/* What both ways to give a password do, once it has been stretched. */
typedef int (*store_fn)(struct accounts *as, struct span name,
    const struct users_verifier *v, struct span legacy);

/* Not inlined: its seal and its messages would stand beside the password. */
static __attribute__((noinline)) enum api_result
store_password(struct api_call *c, const struct json *j, struct span name,
    struct span password, store_fn store)
{
	struct state *s = c->context;
	struct stretching *st = (struct stretching *)c->state.bytes;
	uint8_t sealed[ACCOUNT_SEALED_MAX];
	int n = seal_legacy(c, j, name, password, sealed);
	int err;

	if (n < 0)
		return API_DONE;
	end_stretching(st);
	err = store(
	    &s->accounts, name, &st->verifier, span_of(sealed, (size_t)n));
	secret_wipe(sealed, sizeof(sealed));
	if (err < 0)
		return say_failure(c, name, err);
	log_change(
	    store == accounts_add ? "account.added" : "account.password", name);
	return api_ok(c);
}

static enum api_result
give_password(
    struct api_call *c, const struct json *j, struct span name, store_fn store)
{
	struct stretching *st = (struct stretching *)c->state.bytes;
	char mem[USERS_PASSWORD_MAX + 2];
	struct text password;
	enum api_result got = API_AGAIN;

	text_init(&password, mem, sizeof(mem));
	if (take_password(c, j, &password)
	    || (!st->begun && begin_stretching(c, text_data(&password))))
		got = API_DONE;
	else if (kdf_until(&st->kdf, clock_mono_us, clock_mono_us() + SLICE_US))
		got = store_password(c, j, name, text_data(&password), store);
	secret_wipe(mem, sizeof(mem));
	return got;
}

/* The folder first: an account without one would have its mail deferred. */
static int
make_mailbox(struct api_call *c, struct span name)
{
	int err = state_mailbox(c->context, name);

	if (err < 0)
		(void)api_failed(c, "making the mailbox's folder", err);
	return err;
}

/* Is a new account of this name possible?  Before the work, and after it. */
static int
check_new(const struct state *s, struct span name)
{
	if (!users_is_name(name))
		return name.len > USERS_NAME_MAX ? ERR_RANGE : ERR_SYNTAX;
	return accounts_find(&s->accounts, name) != NULL ? ERR_EXISTS : ERR_OK;
}

static enum api_result
users_add(struct api_call *c)
{
	char mem[2 * USERS_NAME_MAX];
	struct text name;
	struct json j;
	int err;

	text_init(&name, mem, sizeof(mem));
	if (api_body(c, &j, "name password legacy"))
		return API_DONE;
	err = json_text(&j, json_member(&j, JSON_ROOT, "name"), &name);
	if (err == ERR_FULL)
		return say_failure(c, text_data(&name), ERR_RANGE);
	text_init(&name, mem, sizeof(mem));
	err = api_body_text(c, &j, "name", &name);
	if (err == ERR_SYNTAX)
		return API_DONE;
	err = check_new(c->context, text_data(&name));
	if (err < 0)
		return say_failure(c, text_data(&name), err);
	if (c->cursor++ == 0 && make_mailbox(c, text_data(&name)) < 0)
		return API_DONE;
	c->status = 201;
	return give_password(c, &j, text_data(&name), accounts_add);
}

static enum api_result
users_passwd(struct api_call *c)
{
	const struct state *s = c->context;
	struct json j;

	if (accounts_find(&s->accounts, c->arg[0]) == NULL)
		return say_failure(c, c->arg[0], ERR_MISSING);
	if (api_body(c, &j, "password legacy"))
		return API_DONE;
	return give_password(c, &j, c->arg[0], accounts_set_password);
}

/* ---- other changes ---- */

/* One switch of the body into `flags`: 1 where it was there, or an error. */
static int
take_switch(struct api_call *c, const struct json *j, const char *key,
    bool inverted, unsigned flag, uint8_t *flags)
{
	bool on;

	if (json_member(j, JSON_ROOT, key) == JSON_ABSENT)
		return 0;
	if (api_body_truth(c, j, key, &on))
		return ERR_SYNTAX;
	*flags &= (uint8_t)~flag;
	*flags |= on != inverted ? (uint8_t)flag : 0;
	return 1;
}

static void
log_switches(bool disabled, bool warn, uint8_t flags, struct span name)
{
	if (disabled)
		log_change(flags & ACCOUNT_DISABLED ? "account.disabled"
						    : "account.enabled",
		    name);
	if (warn)
		log_change(flags & ACCOUNT_NO_WARN ? "account.warn_off"
						   : "account.warn_on",
		    name);
}

static enum api_result
users_change(struct api_call *c)
{
	struct state *s = c->context;
	const struct account *a = accounts_find(&s->accounts, c->arg[0]);
	int disabled, warn, err;
	struct json j;
	uint8_t flags;

	if (a == NULL)
		return say_failure(c, c->arg[0], ERR_MISSING);
	if (api_body(c, &j, "disabled warn"))
		return API_DONE;
	flags = a->flags;
	disabled =
	    take_switch(c, &j, "disabled", false, ACCOUNT_DISABLED, &flags);
	if (disabled < 0)
		return API_DONE;
	warn = take_switch(c, &j, "warn", true, ACCOUNT_NO_WARN, &flags);
	if (warn < 0)
		return API_DONE;
	if (!disabled && !warn)
		return api_refuse(c, 400,
		    "nothing to change: the body may have \"disabled\" and "
		    "\"warn\"");
	err = accounts_set_flags(&s->accounts, c->arg[0], flags);
	if (err < 0)
		return say_failure(c, c->arg[0], err);
	log_switches(disabled, warn, flags, c->arg[0]);
	return api_ok(c);
}

static enum api_result
users_del(struct api_call *c)
{
	struct state *s = c->context;
	int err = accounts_remove(&s->accounts, c->arg[0]);

	if (err < 0)
		return say_failure(c, c->arg[0], err);
	log_change("account.removed", c->arg[0]);
	return api_ok(c);
}

static const struct api_route routes[] = {
	{ HTTP_GET, "/users", users_list },
	{ HTTP_POST, "/users", users_add },
	{ HTTP_PUT, "/users/{name}/password", users_passwd },
	{ HTTP_PATCH, "/users/{name}", users_change },
	{ HTTP_DELETE, "/users/{name}", users_del },
};

static const struct api_table table = API_TABLE(routes);

void
api_users_offer(struct api *api, struct state *state)
{
	api_add(api, &table, state);
}
