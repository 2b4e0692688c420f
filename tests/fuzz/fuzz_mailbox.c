/*
 * fuzz_mailbox: any name of a file in a Maildir.  What is read lies within it;
 * the name we give a message of that id and these sizes reads back the same,
 * also with flags behind it.
 */
#include <assert.h>
#include <string.h>

#include "core/text.h"
#include "store/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_within(struct span part, struct span whole)
{
	return part.len == 0
	       || (part.p >= whole.p
		   && part.p + part.len <= whole.p + whole.len);
}

static void
comes_back(const struct mailbox_entry *e)
{
	char id[MAILBOX_ID_MAX], name[MAILBOX_NAME_MAX], flagged[300];
	struct mailbox_entry again;
	struct text t;

	text_init(&t, id, sizeof(id));
	text_span(&t, e->id);
	if (t.cut || span_find(e->id, 0) < e->id.len)
		return;
	mailbox_name(name, id, e->octets, e->wire_octets);
	text_init(&t, flagged, sizeof(flagged));
	text_str(&t, name);
	text_str(&t, ":2,RS");
	assert(mailbox_parse(span_str(flagged), &again) == ERR_OK);
	assert(span_is(again.base, span_str(name)));
	assert(span_is(again.flags, SPAN("RS")));
	assert(again.has_octets && again.octets == e->octets);
	assert(again.has_wire && again.wire_octets == e->wire_octets);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span name = span_of(data, size);
	static char path[FS_PATH_MAX];
	struct mailbox_entry e;
	int err;

	if (mailbox_parse(name, &e))
		return 0;
	assert(is_within(e.base, name) && is_within(e.id, e.base));
	assert(is_within(e.flags, name));
	assert(e.id.len > 0 && e.id.p[0] != '.');
	assert(span_find(e.id, ',') == e.id.len);
	err = mailbox_path(path, "mail/ann/Maildir", "new", e.base);
	assert(err == ERR_OK || e.base.len > FS_PATH_MAX - 32);
	comes_back(&e);
	return 0;
}
