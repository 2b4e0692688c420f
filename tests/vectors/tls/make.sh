#!/bin/sh
# Make the keys and certificates that the TLS tests load, with openssl.
# They are committed, so the tests need this only when a kind is added.
#   usage: tests/vectors/tls/make.sh [FILE...]     (from the top folder)
set -eu
cd "$(dirname "$0")"
umask 022
DAYS="-days 9000"

key() { # FILE OPTIONS...
	f=$1; shift
	[ -f "$f" ] || openssl genpkey "$@" -out "$f" 2>/dev/null
}
self() { # KEY CERT NAME
	[ -f "$2" ] || openssl req -x509 -new -key "$1" -out "$2" $DAYS \
		-subj "/CN=$3" -addext "subjectAltName=DNS:$3"
}
issue() { # CA KEY CERT NAME EXTENSIONS DAYS
	[ -f "$3" ] && return
	openssl req -new -key "$2" -subj "/CN=$4" -out tmp.csr
	printf '%b\n' "$5" >tmp.ext
	openssl x509 -req -in tmp.csr -CA "$1.cert.pem" -CAkey "$1.key.pem" \
		-CAcreateserial -days "$6" -extfile tmp.ext -out "$3" 2>/dev/null
	rm -f tmp.csr tmp.ext ./*.srl
}

key p256.key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key p384.key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-384
key p521.key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-521
key k256.key.pem -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
key explicit.key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	-pkeyopt ec_param_enc:explicit
key ed25519.key.pem -algorithm ED25519
key ed448.key.pem -algorithm ED448
key pss.key.pem -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
for n in 1024 2048 3072 4096 5120 8192; do
	key rsa$n.key.pem -algorithm RSA -pkeyopt rsa_keygen_bits:$n
done
key prime3.key.pem -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
	-pkeyopt rsa_keygen_primes:3
# The same keys in the older forms, and encrypted in both ways.
[ -f p256.sec1.pem ] || openssl ec -in p256.key.pem -param_out -out tmp.a 2>/dev/null
[ -f p256.sec1.pem ] || { openssl ec -in p256.key.pem -out tmp.b 2>/dev/null
	cat tmp.a tmp.b >p256.sec1.pem; rm tmp.a tmp.b; }
[ -f rsa2048.pkcs1.pem ] || openssl rsa -in rsa2048.key.pem -traditional -out rsa2048.pkcs1.pem 2>/dev/null
[ -f rsa5120.pkcs1.pem ] || openssl rsa -in rsa5120.key.pem -traditional -out rsa5120.pkcs1.pem 2>/dev/null
[ -f locked8.key.pem ] || openssl pkcs8 -topk8 -in p256.key.pem -passout pass:x -out locked8.key.pem
[ -f locked1.key.pem ] || openssl rsa -in rsa2048.key.pem -traditional -aes128 -passout pass:x -out locked1.key.pem 2>/dev/null
[ -f p256.key.der ] || openssl pkey -in p256.key.pem -outform DER -out p256.key.der

self p256.key.pem p256.cert.pem box.example
self p384.key.pem p384.cert.pem box.example
self rsa2048.key.pem rsa2048.cert.pem box.example
self rsa3072.key.pem rsa3072.cert.pem box.example
self rsa4096.key.pem rsa4096.cert.pem box.example
self ed25519.key.pem ed25519.cert.pem box.example

# A small authority: root, intermediate, leaves of several kinds.
key root.key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-384
self root.key.pem root.cert.pem "Test Root"
key inter.key.pem -algorithm RSA -pkeyopt rsa_keygen_bits:2048
issue root inter.key.pem inter.cert.pem "Test Intermediate" \
	"basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign" 9000
issue inter p256.key.pem leaf.cert.pem mail.example \
	"subjectAltName=DNS:mail.example,DNS:*.wild.example\nbasicConstraints=CA:FALSE" 9000
[ -f chain.pem ] || cat leaf.cert.pem inter.cert.pem >chain.pem
issue root p384.key.pem expired.cert.pem mail.example "subjectAltName=DNS:mail.example" 1
[ -f both.pem ] || cat p256.key.pem p256.cert.pem >both.pem
[ -f garbage.pem ] || printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n!!!!\n-----END CERTIFICATE-----\n' >garbage.pem
