/* fuzz_dns: any packet as the answer to one of three queries. */
#include <stdlib.h>

#include "service/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct dns_answer a;
	static uint8_t packet[4096], query[DNS_QUERY_MAX];
	enum dns_type type;
	int n;

	if (len < 4 || len > sizeof(packet))
		return 0;
	type = (enum dns_type)(data[0] % 3);
	n = dns_ask("x.example", type, 0x1234, query);
	if (n < 0)
		abort();
	memcpy(packet, data, len);
	packet[0] = 0x12;
	packet[1] = 0x34;
	if (dns_read(span_of(query, (size_t)n), type, span_of(packet, len), &a))
		return 0;
	for (unsigned i = 0; i < a.mx_n; i++)
		if (strlen(dns_mx_name(&a, i)) >= DNS_NAME_MAX)
			abort();
	return 0;
}
