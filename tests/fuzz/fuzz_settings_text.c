/*
 * fuzz_settings_text: any file as settings to be imported, with the passphrase
 * "fuzz".
 *
 * Refused: one printable line says why, and nothing has changed.  Taken: every
 * rule, device and route is in use, and what is exported then comes in again
 * and out as the same text, secrets too.
 */
#include "fuzz/box.h"

#define MOST   8192
#define ROUNDS 40 /* more takes long and shows nothing new */

static struct box box, other;
static uint8_t fresh[sizeof(box.octets)];
static char before[65536], after[65536], again[65536];
static const struct passkey none;

static void
prepare(void)
{
	memset(box.octets, 0xff, sizeof(box.octets));
	box_start(&box, 1);
	box_set(&box, "host.name", "mail.example.org");
	box_set(&box, "alias.info", "anna");
	box_set(&box, "route.rule.a", "to=example.net host=mx");
	box_set(&box, "route.password", "open sesame");
	memcpy(fresh, box.octets, sizeof(fresh));
}

static int
import(struct box *b, struct span file, const struct passkey *k)
{
	char mem[SETTINGS_MESSAGE_MAX];
	struct text message;
	int rc;

	text_init(&message, mem, sizeof(mem));
	rc = settings_import(&b->set, file, k, &message);
	if (rc != ERR_OK)
		box_check_message(&message);
	return rc;
}

/* A secret that is left out is named, where there is one. */
static bool
next_line(struct span *text, struct span *line)
{
	do
		if (!span_next(text, '\n', line))
			return false;
	while (span_starts(*line, SPAN("# left out: ")));
	return true;
}

static void
check_same(struct span a, struct span b)
{
	struct span x, y;

	while (next_line(&a, &x)) {
		assert(next_line(&b, &y));
		assert(span_is(x, y));
	}
	assert(!next_line(&b, &y));
}

/* The export comes in on another device, and out of there, all the same. */
static void
check_round(struct span text, const struct passkey *k, bool secrets)
{
	size_t len;

	memset(other.octets, 0xff, sizeof(other.octets));
	box_start(&other, 2);
	assert(import(&other, text, k) == ERR_OK);
	len = box_export(&other, &none, again, sizeof(again));
	if (!secrets)
		check_same(text, span_of(again, len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct passkey k, mine;
	struct span file = span_of(data, size);
	size_t was, is;
	int rc;

	if (size > MOST)
		return 0;
	if (fresh[0] == 0)
		prepare();
	memcpy(box.octets, fresh, sizeof(fresh));
	box_start(&box, 1);
	settings_import_key(&k, file, SPAN("fuzz"));
	if (k.rounds > ROUNDS)
		return 0;
	passkey_finish(&k);
	was = box_export(&box, &none, before, sizeof(before));
	rc = import(&box, file, &k);
	if (rc != ERR_OK) {
		is = box_export(&box, &none, after, sizeof(after));
		assert(is == was && memcmp(before, after, was) == 0);
		box_start(&box, 1);
	}
	is = box_export(&box, &none, after, sizeof(after));
	if (rc != ERR_OK) {
		assert(is == was && memcmp(before, after, was) == 0);
		return 0;
	}
	box_check_use(&box);
	check_round(span_of(after, is), &none, false);
	passkey_begin(
	    &mine, SPAN("fuzz"), (const uint8_t *)"0123456789abcdef", 1);
	passkey_finish(&mine);
	is = box_export(&box, &mine, after, sizeof(after));
	check_round(span_of(after, is), &mine, true);
	return 0;
}
