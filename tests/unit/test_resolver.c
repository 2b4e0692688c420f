/* test_resolver: resolv.conf as glibc reads it, and lists of the settings. */
#include "core/text.h"
#include "service/resolver.h"
#include "support/test.h"

static struct resolver r;

/* The servers, with blanks between. */
static void
check(const char *conf, const char *wanted)
{
	char mem[256], one[NET_ADDR_TEXT];
	struct text t;

	resolver_conf(&r, span_str(conf));
	text_init(&t, mem, sizeof(mem));
	for (unsigned i = 0; i < r.server_n; i++) {
		net_addr_text(&r.server[i], one);
		text_str(&t, i > 0 ? " " : "");
		text_str(&t, one);
		if (r.server[i].scope > 0) {
			text_chr(&t, '%');
			text_u64(&t, r.server[i].scope);
		}
		assert_int_equal(r.server[i].port, 53);
	}
	assert_string_equal(text_cstr(&t), wanted);
}

static void
takes_blanks_and_tabs(void **state)
{
	(void)state;
	check("nameserver 192.0.2.1\n", "192.0.2.1");
	check("nameserver\t192.0.2.1\nnameserver \t 192.0.2.2 \t\n"
	      "nameserver 2001:db8::1\r\n",
	    "192.0.2.1 192.0.2.2 2001:db8::1");
	check("nameserver 192.0.2.1", "192.0.2.1");
}

static void
leaves_comments_and_other_lines(void **state)
{
	(void)state;
	check("# nameserver 192.0.2.9\n;nameserver 192.0.2.9\n"
	      "nameservers 192.0.2.9\nnameserver\n nameserver 192.0.2.9\n"
	      "nameserver 192.0.2.1# the box\nnameserver 192.0.2.2;x\n"
	      "search a.example\nnameserver 192.0.2.3 and words\n",
	    "192.0.2.1 192.0.2.2 192.0.2.3");
	check("nameserver 192.0.2.300\nnameserver here\nnameserver 192.0.2.1\n",
	    "192.0.2.1");
}

static void
without_any_this_machine_is_asked(void **state)
{
	(void)state;
	check("", "127.0.0.1");
	check("options edns0\n", "127.0.0.1");
}

static void
takes_scopes_of_link_local_addresses(void **state)
{
	(void)state;
	check("nameserver fe80::1%3\nnameserver fe80::2%lo\n"
	      "nameserver 2001:db8::1%3\nnameserver fe80::3%nosuch0\n"
	      "nameserver fe80::4\n",
	    "fe80::1%3 fe80::2%1 2001:db8::1 fe80::4");
}

static void
takes_the_options_that_matter(void **state)
{
	(void)state;
	check("nameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.1 "
							      "192.0.2.2");
	assert_int_equal(r.wait_ms, RESOLVER_WAIT_MS);
	assert_int_equal(r.tries, RESOLVER_TRIES);
	check("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
	      "options ndots:1 timeout:1\tattempts:3 rotate\n",
	    "192.0.2.1 192.0.2.2");
	assert_int_equal(r.wait_ms, 1000);
	assert_int_equal(r.tries, 6);
	check(
	    "options timeout:99 attempts:99999999999999999999\n", "127.0.0.1");
	assert_int_equal(r.wait_ms, 30000);
	assert_int_equal(r.tries, 5);
	check("options timeout:0 attempts:x attempts:\n", "127.0.0.1");
	assert_int_equal(r.wait_ms, 1000);
	assert_int_equal(r.tries, RESOLVER_TRIES);
}

static void
servers_of_the_settings_have_ports(void **state)
{
	(void)state;
	resolver_servers(&r, SPAN("192.0.2.1, [2001:db8::1]:5353"));
	assert_int_equal(r.server_n, 2);
	assert_int_equal(r.server[0].port, 53);
	assert_int_equal(r.server[1].port, 5353);
	assert_int_equal(r.wait_ms, RESOLVER_WAIT_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_blanks_and_tabs),
		cmocka_unit_test(leaves_comments_and_other_lines),
		cmocka_unit_test(without_any_this_machine_is_asked),
		cmocka_unit_test(takes_scopes_of_link_local_addresses),
		cmocka_unit_test(takes_the_options_that_matter),
		cmocka_unit_test(servers_of_the_settings_have_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
