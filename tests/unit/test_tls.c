/*
 * test_tls: a server and a client in memory, bytes carried between them in
 * pieces of every size.
 */
#include "support/test.h"
#include "support/tls_pairs.h"

#include <stdlib.h>

#include "service/tls.h"
#include "service/tls_peer.h"

static struct tls_pairs pairs;
static struct tls_config old_client;
static struct tls server, client;
static struct tls_peer peer;

static int
setup(void **state)
{
	(void)state;
	tls_pairs_open(&pairs);
	tls_pairs_fresh(&pairs);
	tls_config_init(&old_client, true);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(pairs.ec.users, 0);
	assert_int_equal(pairs.rsa.users, 0);
	files_close(&pairs.files);
	return 0;
}

static void
start(const struct tls_config *serving, const struct tls_config *calling)
{
	assert_int_equal(
	    tls_peer_init(&peer, TLS_ANY, SPAN("box.example"), NULL, 0),
	    ERR_OK);
	assert_int_equal(tls_serve(&server, serving, 1000), ERR_OK);
	assert_int_equal(tls_connect(&client, calling, &peer), ERR_OK);
}

static void
end(void)
{
	tls_end(&server);
	tls_end(&client);
}

/* Carry at most `most` bytes from `a` to `b`; how many there were. */
static size_t
carry(struct tls *a, struct tls *b, size_t most)
{
	size_t room;
	uint8_t *to = tls_room(b, &room);
	struct span data = span_first(tls_data(a), most);

	if (to == NULL)
		return 0;
	data = span_first(data, room);
	if (data.len == 0)
		return 0;
	memcpy(to, data.p, data.len);
	tls_drop(a, data.len);
	tls_commit(b, data.len);
	return data.len;
}

/* Carry in pieces until nothing moves any more. */
static void
settle(size_t piece)
{
	while (
	    carry(&client, &server, piece) + carry(&server, &client, piece) > 0)
		;
}

static void
assert_up(void)
{
	if (tls_state(&server) != TLS_UP || tls_state(&client) != TLS_UP)
		fail_msg("server: %s; client: %s", tls_error_text(&server),
		    tls_error_text(&client));
}

static size_t
say(struct tls *t, const void *bytes, size_t len)
{
	size_t room;
	uint8_t *to = tls_app_room(t, &room);

	if (room < len)
		len = room;
	if (len > 0)
		memcpy(to, bytes, len);
	tls_app_commit(t, len);
	tls_flush(t);
	return len;
}

static void
assert_heard(struct tls *t, struct span expected)
{
	size_t len;
	const uint8_t *p = tls_app_data(t, &len);

	assert_int_equal(len, expected.len);
	assert_memory_equal(p, expected.p, len);
	tls_app_drop(t, len);
}

static void
handshake_and_talk_work_at_every_piece_size(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 6, 7, 11, 16, 29, 64,
		100, 255, 256, 597, 1000, 4096, 16384, 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		start(&pairs.modern, &pairs.modern);
		settle(sizes[i]);
		assert_up();
		say(&client, "EHLO x\r\n", 8);
		settle(sizes[i]);
		assert_heard(&server, SPAN("EHLO x\r\n"));
		say(&server, "250 OK\r\n", 8);
		settle(sizes[i]);
		assert_heard(&client, SPAN("250 OK\r\n"));
		end();
	}
}

static void
handshake_works_split_once_at_every_byte(void **state)
{
	static uint8_t hello[2048];
	size_t len, room;

	(void)state;
	start(&pairs.modern, &pairs.modern);
	len = tls_data(&client).len;
	end();
	for (size_t at = 1; at < len; at++) {
		start(&pairs.modern, &pairs.modern);
		struct span all = tls_data(&client);
		memcpy(hello, all.p, all.len);
		tls_drop(&client, all.len);
		memcpy(tls_room(&server, &room), hello, at);
		tls_commit(&server, at);
		memcpy(tls_room(&server, &room), hello + at, all.len - at);
		tls_commit(&server, all.len - at);
		settle(20000);
		assert_up();
		end();
	}
}

static void
several_records_in_one_receive_are_all_served(void **state)
{
	static uint8_t wire[4096];
	size_t len = 0, room;

	(void)state;
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	for (int i = 0; i < 10; i++) {
		char c = (char)('a' + i);

		say(&client, &c, 1);
		struct span s = tls_data(&client);
		memcpy(wire + len, s.p, s.len);
		len += s.len;
		tls_drop(&client, s.len);
	}
	/* Ten records and half of an eleventh arrive at once. */
	say(&client, "0123456789", 10);
	struct span s = tls_data(&client);
	memcpy(wire + len, s.p, 17);
	memcpy(tls_room(&server, &room), wire, len + 17);
	tls_commit(&server, len + 17);
	for (int i = 0; i < 10; i++) {
		assert_null(tls_room(&server, &room));
		assert_heard(&server, span_of(&"abcdefghij"[i], 1));
	}
	memcpy(tls_room(&server, &room), s.p + 17, s.len - 17);
	tls_commit(&server, s.len - 17);
	assert_heard(&server, SPAN("0123456789"));
	end();
}

static void
bulk_data_survives_back_pressure_in_both_directions(void **state)
{
	static uint8_t sent[2][300000], got[2][300000];
	struct tls *side[2] = { &client, &server };
	size_t out[2] = { 0, 0 }, in[2] = { 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(sent[0]); i++) {
		sent[0][i] = (uint8_t)(i * 31 >> 3);
		sent[1][i] = (uint8_t)(i * 17 >> 2);
	}
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	srand(1);
	for (long round = 0;
	     round < 3000000
	     && (in[0] < sizeof(got[0]) || in[1] < sizeof(got[1]));
	     round++) {
		int s = rand() & 1;
		size_t len, n = 1 + (size_t)rand() % 3000;
		uint8_t *p;

		switch (rand() % 4) {
		case 0: /* the application writes when it may */
			len = sizeof(sent[0]) - out[s];
			out[s] +=
			    say(side[s], sent[s] + out[s], n < len ? n : len);
			break;
		case 1: /* and reads a little */
			p = tls_app_data(side[s], &len);
			len = n < len ? n : len;
			if (p != NULL)
				memcpy(got[!s] + in[!s], p, len);
			in[!s] += len;
			tls_app_drop(side[s], len);
			break;
		default:
			carry(side[s], side[!s], n);
		}
	}
	assert_memory_equal(got[0], sent[0], sizeof(sent[0]));
	assert_memory_equal(got[1], sent[1], sizeof(sent[1]));
	end();
}

static void
largest_record_of_the_standard_is_taken(void **state)
{
	/* BearSSL sends records of the sizes of RFC 6066 that fit the buffer */
	static const size_t sizes[] = { 512, 1024, 2048, 4096, 16384 };
	static uint8_t big[16384];
	size_t len, n = 0, most = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i] <= TLS_RECORD_OCTETS)
			most = sizes[i];
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	memset(big, 'x', sizeof(big));
	assert_int_equal(say(&client, big, sizeof(big)), most);
	settle(20000);
	tls_app_data(&server, &len);
	n += len;
	assert_int_equal(n, most);
	end();
}

static void
close_ends_both_sides(void **state)
{
	(void)state;
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	say(&server, "bye", 3);
	tls_close(&server);
	while (carry(&server, &client, 20000) > 0)
		;
	assert_heard(&client, SPAN("bye"));
	settle(20000);
	assert_int_equal(tls_state(&client), TLS_CLOSED);
	assert_int_equal(tls_state(&server), TLS_CLOSED);
	end();
}

static void
close_with_unread_data_does_not_hang(void **state)
{
	(void)state;
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	for (int i = 0; i < 5; i++) {
		say(&client, "unread", 6);
		while (carry(&client, &server, 20000) > 0)
			;
	}
	tls_close(&server);
	assert_true(tls_data(&server).len > 0);
	settle(20000);
	assert_int_equal(tls_state(&client), TLS_CLOSED);
	assert_int_equal(tls_state(&server), TLS_CLOSED);
	end();
}

static void
close_sends_what_was_not_flushed(void **state)
{
	size_t len;

	(void)state;
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	memcpy(tls_app_room(&server, &len), "last words", 10);
	tls_app_commit(&server, 10);
	tls_close(&server);
	while (carry(&server, &client, 3) > 0)
		;
	assert_heard(&client, SPAN("last words"));
	end();
}

static void
close_during_the_handshake_is_quiet(void **state)
{
	(void)state;
	start(&pairs.modern, &pairs.modern);
	carry(&client, &server, 20000);
	assert_true(pairs.ec.users == 1);
	tls_close(&server);
	settle(20000);
	assert_int_not_equal(tls_state(&client), TLS_UP);
	end();
}

static void
garbage_fails_in_words_and_stays_failed(void **state)
{
	size_t room;

	(void)state;
	assert_int_equal(tls_serve(&server, &pairs.modern, 0), ERR_OK);
	memcpy(tls_room(&server, &room), "EHLO there\r\n", 12);
	tls_commit(&server, 12);
	assert_int_equal(tls_state(&server), TLS_FAILED);
	assert_string_equal(tls_error_text(&server),
	    "the other side does not speak TLS on this port");
	assert_null(tls_room(&server, &room));
	tls_close(&server);
	assert_int_equal(tls_data(&server).len, 0);
	tls_end(&server);
}

static void
flipped_bit_fails_the_connection(void **state)
{
	static uint8_t wire[256];
	size_t room;

	(void)state;
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	say(&client, "hello", 5);
	struct span s = tls_data(&client);
	memcpy(wire, s.p, s.len);
	wire[s.len - 1] ^= 1;
	memcpy(tls_room(&server, &room), wire, s.len);
	tls_commit(&server, s.len);
	assert_int_equal(tls_state(&server), TLS_FAILED);
	assert_null(tls_app_data(&server, &room));
	end();
}

static void
info_names_version_suite_and_server(void **state)
{
	struct tls_info info;

	(void)state;
	start(&pairs.modern, &pairs.modern);
	settle(20000);
	tls_info(&server, &info);
	assert_string_equal(info.version, "TLS1.2");
	assert_non_null(strstr(info.suite, "TLS_ECDHE_ECDSA_WITH_"));
	assert_true(info.bits >= 128);
	assert_false(info.resumed);
	assert_string_equal(info.name, "box.example");
	assert_null(info.fingerprint);
	tls_info(&client, &info);
	assert_memory_equal(info.fingerprint, pairs.ec.fingerprint, 32);
	assert_false(info.verified);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_and_talk_work_at_every_piece_size),
		cmocka_unit_test(handshake_works_split_once_at_every_byte),
		cmocka_unit_test(several_records_in_one_receive_are_all_served),
		cmocka_unit_test(
		    bulk_data_survives_back_pressure_in_both_directions),
		cmocka_unit_test(largest_record_of_the_standard_is_taken),
		cmocka_unit_test(close_ends_both_sides),
		cmocka_unit_test(close_with_unread_data_does_not_hang),
		cmocka_unit_test(close_sends_what_was_not_flushed),
		cmocka_unit_test(close_during_the_handshake_is_quiet),
		cmocka_unit_test(garbage_fails_in_words_and_stays_failed),
		cmocka_unit_test(flipped_bit_fails_the_connection),
		cmocka_unit_test(info_names_version_suite_and_server),
	};

	return cmocka_run_group_tests_name("tls", tests, setup, teardown);
}
