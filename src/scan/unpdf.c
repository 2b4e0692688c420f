/*
 * unpdf: the streams of a PDF, unpacked; files embedded in it are among them.
 *
 * A document that is encrypted, but opens without a password, gives what is
 * between its streams, with its strings decrypted, and each stream decrypted;
 * as it lies, too, where that may be meant, since what a viewer thinks of a
 * hidden /Encrypt is not known.
 */
#include "scan/pdflock.h"
#include "scan/pdfstream.h"
#include "scan/pdftoken.h"
#include "scan/unpack.h"

/*
 * In the frame: phase; from: behind the last stream; used: where the lock
 * lies in scratch; told: the object that the tokens read last are in.
 */
enum {
	UNSEEN,
	OPEN,
	OPEN_UNDONE,
	TEXT,
	DECRYPTED,
	DECRYPTED_UNDONE,
	AS_IT_LIES,
	UNDONE,
	END
};

static void
look_for_lock(struct scan *sc, struct scan_frame *f)
{
	struct pdflock lock;
	size_t room;
	uint8_t *to;
	bool sure;
	int err;

	f->phase = OPEN;
	if (!pdflock_is_told(f->bytes))
		return;
	err = pdflock_open(&lock, f->bytes, &sure);
	if (err || !sure)
		scan_flaw(sc, SCAN_ENCRYPTED);
	if (err)
		return;
	f->used = sc->scratch_len;
	to = scan_room(sc, sizeof(lock), &room);
	if (room < sizeof(lock))
		return;
	memcpy(to, &lock, sizeof(lock));
	(void)scan_take(sc, sizeof(lock));
	f->mark = sc->scratch_len;
	f->phase = TEXT;
}

/* ---- what is between streams ---- */

static void
note_object(struct scan_frame *f, struct span s, size_t end)
{
	uint32_t number, generation;

	if (!pdftoken_object(s, end, &number, &generation))
		f->told = (uint64_t)number << 32 | generation;
}

/* What is given is no document of its own, cut off at the first stream. */
static void
hide_header(uint8_t *p, size_t len)
{
	static const char *const signs[] = { "%PDF-", "startxref" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		for (size_t at = 0;
		     (at = scan_find(span_of(p, len), at, span_str(signs[i])))
		     < len;)
			p[at] = ' ';
}

/*
 * All up to the next stream, its strings decrypted in their places; notes
 * which object they are in.
 */
static struct span
read_text(struct scan *sc, struct scan_frame *f, const struct pdflock *lock,
    struct span s)
{
	size_t room, len = 0, done = 0, n;
	uint8_t *to = scan_room(sc, 2 * s.len, &room);
	uint8_t *string = to + s.len;
	struct span rest = s, text;
	enum pdftoken kind;

	if (room / 2 < s.len)
		return s;
	while ((kind = pdftoken_next(&rest, &text)) != PDFTOKEN_END) {
		size_t at = (size_t)(text.p - s.p);

		if (kind == PDFTOKEN_WORD && span_is(text, SPAN("obj")))
			note_object(f, s, at + text.len);
		else if (kind == PDFTOKEN_WORD && span_is(text, SPAN("endobj")))
			f->told = 0;
		if (kind != PDFTOKEN_TEXT && kind != PDFTOKEN_HEX)
			continue;
		memcpy(to + len, s.p + done, at - done);
		len += at - done;
		n = pdftoken_string(kind, text, string);
		len += pdfcrypt_read(&lock->crypt, lock->strings,
		    (uint32_t)(f->told >> 32), (uint32_t)f->told,
		    span_of(string, n), to + len);
		done = at + text.len;
	}
	memcpy(to + len, s.p + done, s.len - done);
	len += s.len - done;
	hide_header(to, len);
	return scan_take(sc, len);
}

/* ---- streams ---- */

static uint8_t
method(const struct pdflock *lock, const struct pdfstream *t)
{
	if (t->is_table || (t->is_meta && lock->is_meta_plain))
		return PDFCRYPT_NOT;
	if (t->is_named)
		return t->is_plain ? PDFCRYPT_NOT : lock->named;
	return t->is_embedded ? lock->files : lock->streams;
}

/*
 * Is it beyond doubt which object the stream is in?  The tokens before it say
 * so, and the last "obj" wherever it stands; the key depends on it.
 */
static bool
is_object_sure(const struct scan_frame *f, const struct pdfstream *t)
{
	uint64_t seen = (uint64_t)t->number << 32 | t->generation;

	return f->told != 0 && (seen == 0 || seen == f->told);
}

/* Decrypted and unpacked; false: it is not encrypted. */
static bool
read_stream(struct scan *sc, const struct scan_frame *f,
    const struct pdflock *lock, struct pdfstream *t, struct span *member)
{
	uint8_t how = method(lock, t);
	uint64_t object = f->told;
	size_t room;
	uint8_t *to;

	if (how == PDFCRYPT_NOT)
		return false;
	if (lock->crypt.by_object && !is_object_sure(f, t)) {
		if (t->is_behind)
			scan_flaw(sc, SCAN_DAMAGED);
		if (object == 0)
			object = (uint64_t)t->number << 32 | t->generation;
	}
	to = scan_room(sc, t->data.len, &room);
	if (room < t->data.len)
		return false;
	t->data = scan_take(
	    sc, pdfcrypt_read(&lock->crypt, how, (uint32_t)(object >> 32),
		    (uint32_t)object, t->data, to));
	*member = pdfstream_unpack(sc, t);
	return true;
}

/* Can it be plain, all the same?  By what its first packing begins with. */
static bool
may_be_plain(const struct pdfstream *t)
{
	struct span head = span_first(t->data, 16);
	unsigned first = t->n > 0 ? t->filters[0] : PDFSTREAM_NONE;

	if (first == PDFSTREAM_FLATE)
		return pdfstream_is_zlib(pdftoken_skip_white(head));
	if (first == PDFSTREAM_HEX || first == PDFSTREAM_A85)
		for (size_t i = 0; i < head.len; i++)
			if (head.p[i] > '~')
				return false;
	return true;
}

/* ---- all of a document, one after the other ---- */

static bool
give_text(struct scan *sc, struct scan_frame *f, const struct pdflock *lock,
    size_t end, struct span *member)
{
	struct span text = span_from(span_first(f->bytes, end), f->from);

	if (lock->strings == PDFCRYPT_NOT && !lock->crypt.by_object)
		return false;
	*member = read_text(sc, f, lock, text);
	return member->len > 0;
}

/* The next member, or none at this step. */
static bool
step_locked(struct scan *sc, struct scan_frame *f, const struct pdflock *lock,
    struct span *member)
{
	unsigned flaws = sc->flaws;
	size_t before = f->at, begin = f->bytes.len;
	struct pdfstream t;
	bool given = true, is_doubtful;

	if (!pdfstream_next(sc, f, &t)) {
		f->phase = END;
		return give_text(sc, f, lock, begin, member);
	}
	begin = (size_t)(t.data.p - f->bytes.p);
	is_doubtful = !t.is_behind;
	t.undo = f->phase == DECRYPTED_UNDONE || f->phase == UNDONE;
	if (f->phase != UNDONE)
		f->at = before;
	switch (f->phase++) {
	case TEXT:
		return give_text(sc, f, lock, begin, member);
	case DECRYPTED:
	case DECRYPTED_UNDONE:
		if (t.undo && !pdfstream_is_predicted(&t))
			return false;
		given = read_stream(sc, f, lock, &t, member);
		break;
	default:
		if (t.undo) {
			f->phase = TEXT;
			f->from = begin + (t.is_behind ? t.data.len : 0);
		}
		if (!may_be_plain(&t)
		    || (t.undo && !pdfstream_is_predicted(&t)))
			return false;
		*member = pdfstream_unpack(sc, &t);
		is_doubtful |= method(lock, &t) != PDFCRYPT_NOT;
	}
	/* what does not unpack for this reason is not damaged */
	if (is_doubtful)
		sc->flaws = flaws | (sc->flaws & ~(unsigned)SCAN_DAMAGED);
	return given;
}

static int
next_locked(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct pdflock lock;

	memcpy(&lock, sc->scratch + f->used, sizeof(lock));
	while (f->phase != END)
		if (step_locked(sc, f, &lock, member))
			return 1;
	return 0;
}

int
scan_next_pdf(struct scan *sc, struct scan_frame *f, struct span *member)
{
	struct pdfstream t;
	size_t before;

	if (f->phase == UNSEEN)
		look_for_lock(sc, f);
	if (f->phase > OPEN_UNDONE)
		return next_locked(sc, f, member);
	before = f->at;
	if (!pdfstream_next(sc, f, &t))
		return 0;
	t.undo = f->phase == OPEN_UNDONE;
	*member = pdfstream_unpack(sc, &t);
	f->phase = OPEN;
	if (!t.undo && pdfstream_is_predicted(&t)) {
		f->at = before;
		f->phase = OPEN_UNDONE;
	}
	return 1;
}
