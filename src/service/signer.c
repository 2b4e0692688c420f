/* signer: the key, and whether it is asked.  Hashing is codec/dkim's. */
#include "service/signer.h"

#include "codec/base64.h"
#include "core/log.h"
#include "service/keep.h"
#include "service/tls_identity.h"

/* ---- the key ---- */

static int
take(struct signer *s, struct span pem, struct text *why)
{
	static struct tls_key_work work;
	static struct key key;
	int err = tls_find_key(&key, SIGNER_FILE, pem, &work, why);

	if (!err && key.type != BR_KEYTYPE_RSA) {
		text_str(why, SIGNER_FILE ": is no RSA key, which DKIM needs; "
					  "`gatepost dkim keygen` makes one");
		err = ERR_UNSUPPORTED;
	}
	key_wipe(&key);
	/* a key points into itself: it is read into its place */
	return err ? err : tls_find_key(&s->key, SIGNER_FILE, pem, &work, why);
}

int
signer_load(struct signer *s, struct fs *fs, struct text *why)
{
	int h = fs->open(fs, SIGNER_FILE, FS_READ), err = h;
	struct span pem;

	if (h >= 0) {
		err = fs->map(fs, h, &pem);
		(void)fs->close(fs, h);
	}
	if (err < 0) {
		if (err == ERR_MISSING)
			key_wipe(&s->key);
		text_str(why, SIGNER_FILE ": ");
		text_str(why, err_text(err));
		return err;
	}
	err = take(s, pem, why);
	fs->unmap(fs, pem);
	return err;
}

int
signer_keep(struct signer *s, struct fs *fs, struct span pem, struct text *why)
{
	int err = take(s, pem, why);

	if (err)
		return err;
	err = keep_file(fs, ".", SIGNER_FILE, pem);
	if (err) {
		text_str(why, SIGNER_FILE ": ");
		text_str(why, err_text(err));
	}
	return err;
}

void
signer_configure(struct signer *s, struct span domains, struct span selector)
{
	struct text t;

	text_init(&t, s->domains, sizeof(s->domains));
	text_span(&t, domains);
	if (t.cut)
		log_event(LOG_WARN, "dkim.too_many_domains", NULL, NULL, 0);
	text_init(&t, s->selector, sizeof(s->selector));
	text_span(&t, selector);
}

bool
signer_is_ready(const struct signer *s)
{
	return s->domains[0] != '\0';
}

int
signer_record(const struct signer *s, struct text *out)
{
	uint8_t der[KEY_RSA_PUBLIC_DER], text[BASE64_LEN(48)];
	struct span rest;
	int len;

	if (s->key.type == 0)
		return ERR_MISSING;
	len = key_rsa_public(&s->key, der, sizeof(der));
	if (len < 0)
		return len;
	text_str(out, "v=DKIM1; k=rsa; p=");
	rest = span_of(der, (size_t)len);
	for (; rest.len > 0; rest = span_from(rest, 48))
		text_span(out,
		    span_of(text, base64_encode(span_first(rest, 48), text)));
	return out->cut ? ERR_RANGE : ERR_OK;
}

/* ---- signing ---- */

static bool
is_listed(const struct signer *s, struct span domain)
{
	struct span all = span_str(s->domains), one;

	while (span_next(&all, ',', &one))
		if (span_is_nocase(span_trim(one), domain))
			return true;
	return false;
}

static int
not_signed(enum log_level level, const char *why)
{
	log_event(level, "dkim.not_signed", "why", why, 0);
	return 0;
}

/* The first domain of ours; all must be right, or nothing is signed. */
static int
choose(const struct signer *s, const struct dkim *d, struct text *ours,
    const char **why)
{
	struct dkim_walk w;
	struct span domain;
	int got;

	dkim_walk(&w, d);
	while ((got = dkim_next(&w, &domain)) == 1)
		if (ours->len == 0 && is_listed(s, domain))
			text_span(ours, domain);
	*why = w.why;
	return got;
}

int
signer_sign(const struct signer *s, struct dkim *d, struct text *field)
{
	char mem[ADDR_DOMAIN_MAX + 1];
	struct span domain;
	struct text ours;
	const char *why;

	text_init(&ours, mem, sizeof(mem));
	if (choose(s, d, &ours, &why) < 0)
		return not_signed(LOG_INFO, why);
	domain = text_data(&ours);
	if (domain.len == 0)
		return not_signed(LOG_DEBUG,
		    "its From and Sender are of none of dkim.domains");
	if (s->key.type == 0)
		return not_signed(LOG_WARN,
		    "there is no key; `gatepost dkim keygen` makes one");
	if (dkim_sign(d, &s->key.u.rsa, domain, span_str(s->selector), field))
		return not_signed(LOG_ERROR, "the key does not sign");
	return 1;
}
