/*
 * plainhead_words: unstructured text.  From its first word that is not ASCII
 * on it becomes encoded words, up to one that the sender had encoded himself.
 */
#include "codec/plainhead.h"

#include "core/chr.h"

static bool
is_blank(uint8_t c)
{
	return chr_is(c, CHR_SPACE) || c == '\n';
}

static void
put_word(struct plainhead *h)
{
	struct span word = span_of(h->mem, h->len);

	plainhead_put(h, word);
	if (h->len > 0)
		h->was_encoded = span_starts(word, SPAN("=?"));
	h->len = 0;
}

static void
encode(struct plainhead *h, uint8_t c)
{
	if (h->out != NULL)
		encword_put(&h->enc, c, h->out);
}

/*
 * The word that is being read is not ASCII.  Between two encoded words blanks
 * are nothing: one is encoded then.
 */
static void
start(struct plainhead *h)
{
	h->running = true;
	encword_begin(&h->enc, plainhead_set(h));
	if (h->raw || !h->blank)
		plainhead_put(h, h->raw ? SPAN("\n ") : SPAN(" "));
	if (h->was_encoded)
		encode(h, ' ');
	for (size_t i = 0; i < h->len; i++)
		encode(h, (uint8_t)h->mem[i]);
	h->len = 0;
}

static void
stop(struct plainhead *h)
{
	h->running = false;
	if (h->out != NULL)
		encword_end(&h->enc, h->out);
}

/* The sender's own encoded word ends ours. */
static void
run(struct plainhead *h, uint8_t c)
{
	bool begins = h->first;

	h->first = is_blank(c);
	if (h->maybe && c == '?') {
		stop(h);
		h->maybe = h->raw = false;
		h->was_encoded = h->blank = true;
		plainhead_put(h, SPAN(" "));
		h->mem[0] = '=';
		h->mem[1] = '?';
		h->len = 2;
		return;
	}
	if (h->maybe)
		encode(h, '=');
	h->maybe = begins && c == '=';
	if (!h->maybe && c != '\n')
		encode(h, c);
}

void
plainhead_word(struct plainhead *h, uint8_t c)
{
	if (h->running) {
		run(h, c);
		return;
	}
	if (is_blank(c)) {
		put_word(h);
		plainhead_put(h, span_of(&c, 1));
		h->blank = true;
		h->raw = false;
		return;
	}
	if (h->len == sizeof(h->mem)) {
		plainhead_put(h, span_of(h->mem, h->len));
		h->len = 0;
		h->raw = true;
	}
	h->mem[h->len++] = (char)c;
	if (c < 0x80)
		return;
	h->first = false;
	start(h);
}

void
plainhead_words_end(struct plainhead *h)
{
	if (h->running && h->maybe)
		encode(h, '=');
	if (h->running)
		stop(h);
	else
		put_word(h);
	h->maybe = false;
}
