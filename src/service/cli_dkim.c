/*
 * cli_dkim: `gatepost dkim keygen|show`.
 *
 * The key is made in this process, as that takes a while; the server, or the
 * state folder, gets it when it is there.
 */
#include "codec/key.h"
#include "codec/pem.h"
#include "core/secret.h"
#include "platform/entropy.h"
#include "service/cli_all.h"

#define STRING_MAX 250 /* of the 255 octets that a string in DNS can have */

/* ---- show ---- */

/* As a line of a zone; a TXT record's strings are joined by their readers. */
static int
print_record(struct cli *cli, const struct json *j)
{
	char name[512], *value = cli->line_mem;
	struct span rest;

	cli_member(j, "name", name, sizeof(name));
	cli_member(j, "value", value, sizeof(cli->line_mem));
	term_str(&cli->out, name);
	term_str(&cli->out, ". IN TXT (");
	for (rest = span_str(value); rest.len > 0;
	     rest = span_from(rest, STRING_MAX)) {
		term_str(&cli->out, "\n\t\"");
		term_span(&cli->out, span_first(rest, STRING_MAX));
		term_str(&cli->out, "\"");
	}
	term_str(&cli->out, " )\n");
	return CLI_OK;
}

static int
show(struct cli *cli)
{
	return cli_list(cli, "/api/v1/dkim", print_record);
}

/* ---- keygen ---- */

struct made {
	struct key key;
	uint8_t der[KEY_RSA_DER];
	char pem[PEM_LEN(KEY_RSA_DER)];
};

/* Make a key as PEM; its length, or an error. */
static int
make_key(struct made *m)
{
	br_hmac_drbg_context rng;
	uint8_t seed[48];
	int n = entropy_fill(seed, sizeof(seed));

	if (n < 0)
		return n;
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, sizeof(seed));
	n = key_make_rsa(&m->key, &rng.vtable);
	if (n >= 0)
		n = key_rsa_private(&m->key, m->der, sizeof(m->der));
	if (n >= 0)
		n = pem_write(span_of(m->der, (size_t)n), "PRIVATE KEY", m->pem,
		    sizeof(m->pem));
	secret_wipe(seed, sizeof(seed));
	secret_wipe(&rng, sizeof(rng));
	return n;
}

static int
send_key(struct cli *cli, struct span pem)
{
	struct text t;
	struct json_out o = cli_body(cli, &t);
	int status;

	json_object(&o, NULL);
	json_str(&o, "pem", pem);
	json_bool(&o, "replace", cli_option(cli, "--replace", 0) != NULL);
	json_end(&o);
	status =
	    cli_call(cli, HTTP_POST, "/api/v1/dkim/key", text_data(&t), NULL);
	secret_wipe(cli->body_mem, t.len);
	return status;
}

static int
keygen(struct cli *cli)
{
	static struct made made;
	int n = make_key(&made), status;

	if (n < 0)
		status = cli_error(cli, "no key could be made: no entropy");
	else
		status = send_key(cli, span_of(made.pem, (size_t)n));
	secret_wipe(&made, sizeof(made));
	if (status)
		return status;
	term_str(&cli->out,
	    "dkim.pem: made; `gatepost dkim show` prints what belongs into "
	    "DNS\n");
	return CLI_OK;
}

static const struct cli_command rows[] = {
	{ "dkim keygen", "--replace", "[--replace]", 0, 0, keygen,
	    "make the key that signs mail of dkim.domains" },
	{ "dkim show", "", "", 0, 0, show,
	    "print the DNS records that belong to the key" },
};

const struct cli_table cli_dkim_table = CLI_TABLE(rows);
