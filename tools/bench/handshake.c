/*
 * handshake: what TLS costs on one core, in memory, without sockets.
 *
 *	build/host/bench/handshake [SECONDS]
 *
 * The client's share is measured apart from the server's: only the time spent
 * inside the server's calls counts as the server's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "platform/files.h"
#include "service/tls.h"
#include "service/tls_identity.h"
#include "service/tls_peer.h"

#define V "tests/vectors/tls/"

static struct files files;
static struct tls_identity identity;
static struct tls_config config;
static struct tls_cache cache;
static uint8_t cache_mem[TLS_CACHE_OCTETS(256)];
static struct tls_peer peer;
static struct tls server;
static br_ssl_client_context client;
static uint8_t client_in[BR_SSL_BUFSIZE_INPUT];
static uint8_t client_out[BR_SSL_BUFSIZE_OUTPUT];
static int64_t server_us;

/* CPU time, so that other programs do not count. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
load(const char *name)
{
	char cert[64], key[64], mem[256];
	struct text why;

	snprintf(cert, sizeof(cert), V "%s.cert.pem", name);
	snprintf(key, sizeof(key), V "%s.key.pem", name);
	text_init(&why, mem, sizeof(mem));
	if (tls_identity_load(&identity, &files.fs, cert, key, &why) < 0) {
		fprintf(stderr, "%s\n", mem);
		exit(2);
	}
}

static void
client_start(const uint16_t *suite, bool resume)
{
	static const br_x509_class *x509;
	br_ssl_session_parameters s;
	uint8_t seed[32] = { 1 };

	memset(&s, 0, sizeof(s));
	if (resume)
		br_ssl_engine_get_session_parameters(&client.eng, &s);
	if (tls_peer_init(&peer, TLS_ANY, SPAN("b"), NULL, 0) < 0)
		exit(2);
	peer.kit = &config.kit;
	x509 = peer.vtable;
	(void)x509;
	br_ssl_client_init_full(&client, &peer.x509.full, NULL, 0);
	br_ssl_engine_set_x509(&client.eng, &peer.vtable);
	br_ssl_engine_set_versions(&client.eng, BR_TLS12, BR_TLS12);
	if (suite != NULL)
		br_ssl_engine_set_suites(&client.eng, suite, 1);
	br_ssl_engine_inject_entropy(&client.eng, seed, sizeof(seed));
	br_ssl_engine_set_buffers_bidi(&client.eng, client_in,
	    sizeof(client_in), client_out, sizeof(client_out));
	br_ssl_engine_set_session_parameters(&client.eng, &s);
	br_ssl_client_reset(&client, "b", resume);
}

static size_t
to_server(void)
{
	size_t len, room;
	uint8_t *from = br_ssl_engine_sendrec_buf(&client.eng, &len);
	int64_t begun = cpu_us();
	uint8_t *to = tls_room(&server, &room);

	if (from == NULL || to == NULL)
		return 0;
	if (len > room)
		len = room;
	memcpy(to, from, len);
	tls_commit(&server, len);
	server_us += cpu_us() - begun;
	br_ssl_engine_sendrec_ack(&client.eng, len);
	return len;
}

static size_t
to_client(void)
{
	size_t room;
	uint8_t *to = br_ssl_engine_recvrec_buf(&client.eng, &room);
	struct span data = span_first(tls_data(&server), room);
	int64_t begun;

	if (to == NULL || data.len == 0)
		return 0;
	memcpy(to, data.p, data.len);
	begun = cpu_us();
	tls_drop(&server, data.len);
	server_us += cpu_us() - begun;
	br_ssl_engine_recvrec_ack(&client.eng, data.len);
	return data.len;
}

static void
handshake(const uint16_t *suite, bool resume)
{
	int64_t begun;

	client_start(suite, resume);
	begun = cpu_us();
	if (tls_serve(&server, &config, begun / 1000) < 0)
		exit(2);
	server_us += cpu_us() - begun;
	while (to_server() + to_client() > 0)
		;
	if (tls_state(&server) != TLS_UP) {
		fprintf(stderr, "server: %s; client: %d\n",
		    tls_error_text(&server),
		    br_ssl_engine_last_error(&client.eng));
		exit(1);
	}
}

static void
measure(const char *what, bool resume, double seconds)
{
	struct tls_info info;
	int64_t begun = cpu_us();
	unsigned n = 0;

	handshake(NULL, false);
	server_us = 0;
	do {
		handshake(NULL, resume);
		tls_info(&server, &info);
		if (info.resumed != resume)
			exit(1);
		tls_end(&server);
		n++;
	} while (cpu_us() - begun < (int64_t)(seconds * 1e6));
	printf("%-34s %8.0f /s  (%.0f us each)\n", what,
	    n * 1e6 / (double)server_us, (double)server_us / n);
}

static void
bulk(const char *what, uint16_t suite, double seconds)
{
	static uint8_t mail[TLS_RECORD_OCTETS];
	int64_t begun = cpu_us();
	uint64_t octets = 0;
	size_t len, room;

	handshake(&suite, false);
	server_us = 0;
	do {
		int64_t now = cpu_us();
		uint8_t *to = tls_app_room(&server, &room);
		memcpy(to, mail, room);
		tls_app_commit(&server, room);
		tls_flush(&server);
		octets += room;
		server_us += cpu_us() - now;
		while (to_client() > 0) {
			if (br_ssl_engine_recvapp_buf(&client.eng, &len))
				br_ssl_engine_recvapp_ack(&client.eng, len);
		}
	} while (cpu_us() - begun < (int64_t)(seconds * 1e6));
	printf("%-34s %8.0f MB/s\n", what, (double)octets / (double)server_us);
	tls_end(&server);
}

/* How many bytes of RAM an idle session holds after its handshake. */
static void
touched(void)
{
	enum { N = 64 };
	const size_t size = (sizeof(struct tls) + 15) / 16 * 16;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t all = (N * size + page - 1) / page * page;
	uint8_t *mem = mmap(NULL, all, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static unsigned char in_core[N * sizeof(struct tls) / 4096 + 64];
	size_t pages = 0;

	for (int i = 0; i < N; i++) {
		struct tls *t = (struct tls *)(void *)(mem + (size_t)i * size);
		size_t room;

		client_start(NULL, false);
		if (tls_serve(t, &config, 0) < 0)
			exit(2);
		for (;;) {
			size_t len, moved = 0;
			uint8_t *p =
			    br_ssl_engine_sendrec_buf(&client.eng, &len);
			if (p != NULL) {
				memcpy(tls_room(t, &room), p, len);
				tls_commit(t, len);
				br_ssl_engine_sendrec_ack(&client.eng, len);
				moved = len;
			}
			p = br_ssl_engine_recvrec_buf(&client.eng, &room);
			struct span d = span_first(tls_data(t), room);
			if (p != NULL && d.len > 0) {
				memcpy(p, d.p, d.len);
				tls_drop(t, d.len);
				br_ssl_engine_recvrec_ack(&client.eng, d.len);
				moved += d.len;
			}
			if (moved == 0)
				break;
		}
		if (tls_state(t) != TLS_UP)
			exit(1);
	}
	if (mincore(mem, all, in_core) < 0)
		exit(2);
	for (size_t i = 0; i < all / page; i++)
		pages += in_core[i] & 1;
	printf("struct tls %zu bytes; an idle session has touched %zu\n", size,
	    pages * page / N);
}

int
main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;

	if (files_open(&files, ".") < 0)
		return 2;
	tls_config_init(&config, false);
	tls_cache_init(&cache, cache_mem, sizeof(cache_mem));
	config.main = &identity;
	config.cache = &cache;
	load("p256");
	measure("P-256 full handshakes", false, seconds);
	measure("P-256 resumed handshakes", true, seconds);
	touched();
	bulk("sending, AES-128-GCM", BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	    seconds);
	bulk("sending, AES-256-GCM", BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	    seconds);
	bulk("sending, ChaCha20-Poly1305",
	    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, seconds);
	identity.users = 0;
	load("rsa2048");
	measure("RSA-2048 full handshakes", false, seconds);
	return 0;
}
