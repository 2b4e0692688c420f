/*
 * settings_text: the text form of the settings.  Which values are right is
 * left to settings_set; here are only lines, comments and sealed secrets.
 */
#include "store/settings_text.h"

#include "core/chr.h"
#include "core/secret.h"
#include "store/settings_view.h"

static const char magic[] = "# gatepost settings ";
static const char secrets_line[] = "# secrets: pbkdf2-sha256 ";
static const char sealed_mark[] = "sealed:";

/* Out. */

int
settings_export_begin(
    struct settings_export *x, struct settings *s, const struct passkey *k)
{
	*x = (struct settings_export) { .s = s };
	x->with_secrets = k->rounds > 0;
	if (!x->with_secrets)
		return ERR_OK;
	if (!s->has_seal)
		return ERR_DENIED;
	x->seal.random = s->seal.random;
	memcpy(x->seal.key, k->key, SEAL_KEY);
	memcpy(x->salt, k->salt, sizeof(x->salt));
	x->rounds = k->rounds;
	return ERR_OK;
}

void
settings_export_end(struct settings_export *x)
{
	secret_wipe(&x->seal, sizeof(x->seal));
}

static void
write_secrets_line(const struct settings_export *x, struct text *out)
{
	text_str(out, secrets_line);
	text_u64(out, x->rounds);
	text_chr(out, ' ');
	text_hex(out, span_of(x->salt, sizeof(x->salt)));
}

static bool
heading(struct settings_export *x, struct text *out)
{
	switch (x->line++) {
	case 0:
		text_str(out, magic);
		text_u64(out, SETTINGS_TEXT_VERSION);
		break;
	case 1:
		text_str(out, "# not in this file: accounts, keys and"
			      " certificates, mail");
		break;
	case 2:
		if (!x->with_secrets)
			return false;
		write_secrets_line(x, out);
		break;
	default:
		return false;
	}
	text_chr(out, '\n');
	return true;
}

/* The line of a secret: sealed, or what is left out. */
static int
write_secret(struct settings_export *x, struct span key, struct text *out)
{
	struct settings *s = x->s;
	char plain[256];
	int rc;

	if (!x->with_secrets) {
		text_str(out, "# left out: ");
		text_span(out, key);
		text_str(out, " (secret)\n");
		return 1;
	}
	rc = settings_open_secret(s, key, plain, sizeof(plain));
	if (rc >= 0)
		rc = seal_close(&x->seal, key, span_of(plain, (size_t)rc),
		    s->raw, sizeof(s->raw));
	secret_wipe(plain, sizeof(plain));
	if (rc < 0)
		return rc;
	text_span(out, key);
	text_chr(out, '=');
	text_str(out, sealed_mark);
	text_hex(out, span_of(s->raw, (size_t)rc));
	text_chr(out, '\n');
	return 1;
}

static int
write_stored(struct settings_export *x, struct span key, struct text *out)
{
	struct settings *s = x->s;
	int rc = kv_get(s->kv, key, s->raw, sizeof(s->raw));

	if (rc < 0)
		return rc;
	text_span(out, key);
	text_chr(out, '=');
	text_span(out, span_of(s->raw, (size_t)rc));
	text_chr(out, '\n');
	return 1;
}

/* The line of one stored key, 0 when it is not stored. */
static int
write_key(struct settings_export *x, const struct setting_spec *spec,
    struct span key, struct text *out)
{
	int rc = spec->flags & SETTING_SECRET && settings_is_stored(x->s, key)
		     ? write_secret(x, key, out)
		     : write_stored(x, key, out);

	return rc == ERR_MISSING ? 0 : rc;
}

static int
next_line(struct settings_export *x, struct text *out)
{
	const struct setting_spec *spec = &settings_schema[x->id];
	struct settings_member m;
	int rc;

	if (!(spec->flags & SETTING_FAMILY)) {
		x->id++;
		return write_key(x, spec, span_str(spec->key), out);
	}
	rc = settings_member_next(x->s, (enum setting)x->id, &x->member, &m);
	if (rc == 1)
		return write_key(
		    x, spec, span_of(m.entry.key, m.entry.key_len), out);
	if (rc == 0) {
		x->id++;
		x->member = (struct kv_cursor) { 0 };
	}
	return rc;
}

int
settings_export_next(struct settings_export *x, struct text *out)
{
	int rc = 0;

	if (heading(x, out))
		return 1;
	while (rc == 0 && x->id < SETTING_N)
		rc = next_line(x, out);
	return rc;
}

/* In. */

struct import {
	struct settings *s;
	struct text *message;
	struct seal seal;
	bool with_secrets;
	unsigned line;
	char plain[256];
};

static int
refuse(struct import *im, const char *words, int rc)
{
	struct text *m = im->message;

	text_str(m, "line ");
	text_u64(m, im->line);
	text_str(m, ": ");
	text_str(m, words);
	text_str(m, "; nothing was changed");
	return rc;
}

/* Hexadecimal to octets: how many, or ERR_SYNTAX. */
static int
hex_read(struct span hex, uint8_t *to, size_t cap)
{
	if (hex.len % 2 != 0 || hex.len / 2 > cap)
		return ERR_SYNTAX;
	for (size_t i = 0; i < hex.len / 2; i++) {
		int high = chr_hex(hex.p[2 * i]);
		int low = chr_hex(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return (int)(hex.len / 2);
}

/* "# secrets: pbkdf2-sha256 ROUNDS SALT": the rounds, or ERR_SYNTAX. */
static int
secrets_heading(struct span line, uint8_t salt[PASSKEY_SALT])
{
	struct span rest = span_from(line, sizeof(secrets_line) - 1);
	size_t space = span_find(rest, ' ');
	uint64_t rounds;

	_Static_assert(PASSKEY_ROUNDS_MAX < INT32_MAX, "rounds are an int");
	if (span_u64(span_first(rest, space), PASSKEY_ROUNDS_MAX, &rounds)
		!= ERR_OK
	    || rounds == 0
	    || hex_read(span_from(rest, space + 1), salt, PASSKEY_SALT)
		   != PASSKEY_SALT)
		return ERR_SYNTAX;
	return (int)rounds;
}

static int
read_secrets_line(struct import *im, struct span line, const struct passkey *k)
{
	uint8_t salt[PASSKEY_SALT];
	int rounds = secrets_heading(line, salt);

	if (rounds < 0)
		return refuse(
		    im, "the secrets' heading is damaged", ERR_SYNTAX);
	if (!passkey_is(k, salt, (uint32_t)rounds))
		return refuse(im,
		    "the file holds secrets: its passphrase is"
		    " needed",
		    ERR_DENIED);
	memcpy(im->seal.key, k->key, SEAL_KEY);
	im->with_secrets = true;
	return ERR_OK;
}

/* "sealed:HEX" to the secret in im->plain; its length. */
static int
open_sealed(struct import *im, struct span key, struct span value)
{
	struct span hex = span_from(value, sizeof(sealed_mark) - 1);
	int rc;

	if (!im->with_secrets)
		return refuse(
		    im, "a sealed value, but no secrets' heading", ERR_SYNTAX);
	rc = hex_read(hex, im->s->raw, sizeof(im->s->raw));
	if (rc < 0)
		return refuse(im, "a sealed value is damaged", ERR_SYNTAX);
	rc = seal_open(&im->seal, key, span_of(im->s->raw, (size_t)rc),
	    (uint8_t *)im->plain, sizeof(im->plain));
	if (rc < 0)
		return refuse(im,
		    "the passphrase is wrong, or the line is"
		    " damaged",
		    ERR_DENIED);
	return rc;
}

/* All that was stored goes away with an import; secrets may stay. */
static bool
stands_twice(const struct import *im, struct span key)
{
	const struct settings_view coming = settings_view_coming(im->s);
	int id = settings_find(key, NULL);

	return id >= 0 && !(settings_schema[id].flags & SETTING_SECRET)
	       && settings_view_get(
		      &coming, key, im->s->raw, sizeof(im->s->raw))
		      >= 0;
}

static int
read_setting(struct import *im, struct span line)
{
	size_t equals = span_find(line, '=');
	struct span key = span_trim(span_first(line, equals));
	struct span value = span_from(line, equals + 1);
	int rc;

	if (equals == line.len)
		return refuse(im, "not of the form key=value", ERR_SYNTAX);
	if (span_starts(value, span_str(sealed_mark))) {
		rc = open_sealed(im, key, value);
		if (rc < 0)
			return rc;
		value = span_of(im->plain, (size_t)rc);
	}
	if (stands_twice(im, key))
		return refuse(im,
		    "this key stands in an earlier line, too; leave one",
		    ERR_SYNTAX);
	text_str(im->message, "line ");
	text_u64(im->message, im->line);
	text_str(im->message, ": ");
	rc = settings_set(im->s, key, value, im->message);
	if (rc == ERR_OK)
		text_init(im->message, im->message->mem, im->message->cap + 1);
	return rc;
}

static int
read_line(struct import *im, struct span line, const struct passkey *k)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (im->line == 1) {
		if (!span_starts(line, span_str(magic)))
			return refuse(im,
			    "this is not a settings file (its"
			    " first line is \"# gatepost"
			    " settings 1\")",
			    ERR_SYNTAX);
		if (!span_is(span_from(line, sizeof(magic) - 1), SPAN("1")))
			return refuse(
			    im, "written by a newer version", ERR_UNSUPPORTED);
		return ERR_OK;
	}
	if (span_starts(line, span_str(secrets_line)))
		return read_secrets_line(im, line, k);
	if (span_trim(line).len == 0 || line.p[0] == '#')
		return ERR_OK;
	return read_setting(im, line);
}

/* Put the removal of all stored settings into the open change. */
static int
remove_all(struct settings *s, bool secrets_too)
{
	struct kv_cursor c = { 0 };
	struct kv_entry e;
	int rc;

	while ((rc = kv_next(s->kv, SPAN(""), &c, &e)) == 1) {
		struct span key = span_of(e.key, e.key_len);
		int id = settings_find(key, NULL);

		if (id < 0
		    || (!secrets_too
			&& settings_schema[id].flags & SETTING_SECRET))
			continue;
		rc = kv_delete(s->kv, key);
		if (rc != ERR_OK)
			return rc;
	}
	return rc;
}

/* Where the file has secrets, their heading; else empty. */
static struct span
find_heading(struct span file)
{
	struct span line;

	while (span_next(&file, '\n', &line)) {
		if (span_starts(line, span_str(secrets_line)))
			return line;
	}
	return SPAN("");
}

void
settings_import_key(struct passkey *k, struct span file, struct span passphrase)
{
	struct span line = find_heading(file);
	uint8_t salt[PASSKEY_SALT] = { 0 };
	int rounds = 0;

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len > 0)
		rounds = secrets_heading(line, salt);
	passkey_begin(k, passphrase, salt, rounds > 0 ? (uint32_t)rounds : 0);
}

static int
import_lines(struct import *im, struct span file, const struct passkey *k)
{
	struct span line;
	int rc = remove_all(im->s, find_heading(file).len > 0);

	if (rc != ERR_OK) {
		text_str(im->message, err_text(rc));
		return rc;
	}
	if (span_starts(file, SPAN("\xef\xbb\xbf"))) /* of some editors */
		file = span_from(file, 3);
	while (rc == ERR_OK && span_next(&file, '\n', &line)) {
		im->line++;
		rc = read_line(im, line, k);
	}
	return rc;
}

int
settings_import(struct settings *s, struct span file, const struct passkey *k,
    struct text *message)
{
	struct import im = { .s = s, .message = message };
	int rc = settings_begin(s, message);

	if (rc != ERR_OK)
		return rc;
	rc = import_lines(&im, file, k);
	secret_wipe(&im, sizeof(im));
	if (rc == ERR_OK)
		return settings_commit(s, message);
	settings_abort(s);
	return rc;
}

int
settings_reset(struct settings *s, struct text *message)
{
	int rc = settings_begin(s, message);

	if (rc != ERR_OK)
		return rc;
	rc = remove_all(s, true);
	if (rc == ERR_OK)
		return settings_commit(s, message);
	text_str(message, err_text(rc));
	settings_abort(s);
	return rc;
}
