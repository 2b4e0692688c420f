"""TLS as other people's programs see it: openssl s_client and sslscan."""

import os
import re
import socket
import subprocess
import unittest

import gatepost

VECTORS = os.path.join(gatepost.ROOT, "tests/vectors/tls/")
OLD = ["-cipher", "ALL:@SECLEVEL=0"]


def s_client(port, *options, starttls=False, stdin=b"QUIT\r\n"):
    """What openssl says of a connection; ends by itself."""
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    if starttls:
        words += ["-starttls", "smtp"]
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30)
    return done.stdout.decode(errors="replace")


def sslscan(port, *options):
    """(enabled versions, [(version, suite)]) as sslscan finds them.

    Listing groups is left out: sslscan waits 3 s for a time-out at each.
    """
    text = subprocess.run(
        ["sslscan", "--no-colour", "--no-groups", "--timeout=1", *options,
         f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE, timeout=120).stdout.decode()
    enabled = set(re.findall(r"^(\S+) +enabled", text, re.M))
    suites = re.findall(
        r"^(?:Preferred|Accepted) +(\S+) +\d+ bits +(\S+)", text, re.M)
    return enabled, suites


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = gatepost.Server(settings={
            "tls.cert": VECTORS + "chain.pem",
            "tls.key": VECTORS + "p256.key.pem",
            "tls.second_cert": VECTORS + "rsa2048.cert.pem",
            "tls.second_key": VECTORS + "rsa2048.key.pem",
            "tls.legacy": "pop3s"})
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.modern = cls.server.port("smtps")
        cls.starttls = cls.server.port("smtp")
        cls.legacy = cls.server.port("pop3s")

    def test_chain_is_verified_on_both_kinds_of_port(self):
        for port, starttls in (self.modern, False), (self.starttls, True):
            said = s_client(port, "-CAfile", VECTORS + "root.cert.pem",
                            "-verify_hostname", "mail.example",
                            starttls=starttls)
            self.assertIn("Verify return code: 0 (ok)", said)
            self.assertIn("Server Temp Key: X25519", said)

    def test_sessions_are_resumed(self):
        said = s_client(self.modern, "-reconnect")
        self.assertEqual(said.count("\nReused, TLSv1.2"), 5, said)

    def test_old_versions_get_the_right_alert(self):
        for version in "-tls1", "-tls1_1":
            said = s_client(self.modern, version, *OLD)
            self.assertIn("alert protocol version", said)

    def test_client_with_tls13_only_gets_an_alert_and_words_in_the_log(self):
        said = s_client(self.modern, "-tls1_3")
        self.assertIn("alert handshake failure", said)
        gatepost.wait_for(lambda: "only TLS 1.3" in self.server.log(),
                          "words in the log")

    def test_legacy_listener_takes_old_versions_and_suites(self):
        for version, name in ("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1"):
            said = s_client(self.legacy, version, "-cipher",
                            "AES128-SHA:@SECLEVEL=0")
            self.assertRegex(said, rf"Protocol +: {re.escape(name)}\n")
            self.assertRegex(said, r"Cipher +: AES128-SHA\n")

    def test_sslscan_finds_only_tls12_with_aead(self):
        for port, options in ((self.modern, []),
                              (self.starttls, ["--starttls-smtp"])):
            enabled, suites = sslscan(port, *options)
            self.assertEqual(enabled, {"TLSv1.2"})
            self.assertTrue(suites)
            for version, suite in suites:
                self.assertEqual(version, "TLSv1.2")
                self.assertRegex(suite, r"^ECDHE-.*(GCM|CHACHA20)")

    def test_sslscan_finds_old_suites_on_the_legacy_listener(self):
        enabled, suites = sslscan(self.legacy)
        self.assertEqual(enabled, {"TLSv1.0", "TLSv1.1", "TLSv1.2"})
        self.assertIn(("TLSv1.0", "AES128-SHA"), suites)
        self.assertIn(("TLSv1.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"), suites)

    def test_commands_sent_with_starttls_are_not_obeyed(self):
        with self.server.smtp(hello="me") as talk:
            talk.send(b"STARTTLS\r\nRSET\r\nMAIL FROM:<evil@x.example>\r\n")
            self.assertEqual(talk.reply()[0], 220)
            talk.secure()
            # What had been sent along is gone: the next reply is ours.
            self.assertEqual(talk.command("NOOP")[0], 250)
            code, _ = talk.command("RCPT TO:<ann@home.example>")
            self.assertEqual(code, 503)

    def test_garbage_and_half_handshakes_hurt_nobody(self):
        waiting = []
        for bytes_ in b"EHLO me\r\n", b"\x16\x03\x01\x02\x00\x01", b"\x00" * 99:
            s = socket.create_connection(("127.0.0.1", self.modern))
            s.sendall(bytes_)
            waiting.append(s)
        self.assertIn("220 gate.example",
                      s_client(self.modern, "-quiet", stdin=b"QUIT\r\n"))
        for s in waiting:
            s.close()


class Files(unittest.TestCase):
    def refusal(self, cert, key):
        """What serve says about a pair that it cannot use."""
        server = gatepost.Server(users={})
        try:
            server.init()
            keys = ["--set", f"tls.key={VECTORS}{key}"] if key else []
            done = server.run("serve", "--set", f"tls.cert={VECTORS}{cert}",
                              *keys, check=False)
            self.assertNotEqual(done.returncode, 0)
            return done.stderr.decode()
        finally:
            server.remove()

    def test_bad_pairs_stop_the_start_in_words(self):
        self.assertIn("does not belong to the key",
                      self.refusal("p256.cert.pem", "rsa2048.key.pem"))
        self.assertIn("more than 4096 bits",
                      self.refusal("rsa2048.cert.pem", "rsa5120.key.pem"))
        self.assertIn("without pass phrase",
                      self.refusal("p256.cert.pem", "locked8.key.pem"))
        self.assertIn("there is no certificate in it",
                      self.refusal("p256.key.pem", "p256.key.pem"))
        self.assertIn("this is a folder", self.refusal("", "p256.key.pem"))
        self.assertIn("tls.key names another file",
                      self.refusal("p256.cert.pem", ""))

    def test_pairs_are_tried_when_they_are_set(self):
        """Stored all the same: files may come later, or one by one."""
        cert, key = f"tls.cert={VECTORS}", f"tls.key={VECTORS}"
        cases = [
            (["tls.cert=/no/such"], "/no/such: not found"),
            ([cert + "p256.cert.pem"], "tls.key names another file"),
            ([key + "p256.key.pem"], None),
            ([key + "rsa2048.key.pem"], "does not belong to the key"),
            ([cert + "garbage.pem", key + "p256.key.pem"], "garbage.pem: "),
            ([cert + "p256.key.der"], "DER, not PEM"),
            ([cert + "both.pem", "tls.key="], None),
            ([f"tls.second_key={VECTORS}rsa2048.key.pem"],
             "tls.second_key: has no effect without tls.second_cert"),
            ([f"tls.second_cert={VECTORS}p256.cert.pem"],
             "does not belong to the key"),
            ([f"tls.second_cert={VECTORS}rsa2048.cert.pem"], None),
            (["net.idle_seconds=77"], None),
        ]

        def check(g):
            for words, why in cases:
                with self.subTest(words=words):
                    done = g.run("set", *words)
                    said = [x for x in done.stdout.decode().splitlines()
                            if x.startswith("warning: ")]
                    self.assertEqual(len(said), 0 if why is None else 1, said)
                    self.assertIn(why or "", "".join(said))
                    key, value = words[0].split("=")
                    self.assertEqual(g.run("get", key).stdout.decode(),
                                     value + "\n")
            said = g.run("unset", "tls.second_cert").stdout.decode()
            self.assertIn("warning: tls.second_key: has no effect", said)
            g.run("unset", "tls.second_key")

        with gatepost.Server() as g:
            check(g)
            g.restart()
            with gatepost.Talk(g.port("smtps"), tls=True) as t:
                self.assertEqual(t.reply()[0], 220)
            g.stop()
            check(g)
            said = g.run("init", "--set", "tls.cert=/no/such").stdout
            self.assertIn(b"\nwarning: /no/such: not found", said)
            g.start = lambda: None
            self.assertEqual(g.run("serve", check=False).returncode, 2)

    def test_an_expired_certificate_is_said_when_it_is_set(self):
        with gatepost.Server() as g:
            said = g.run("set", f"tls.cert={VECTORS}expired.cert.pem",
                         f"tls.key={VECTORS}p384.key.pem").stdout
            self.assertIn(b"expired.cert.pem: the certificate has expired",
                          said)

    def test_files_from_windows_are_taken(self):
        with gatepost.Server() as g:
            g.stop()
            for name in ("p256.cert.pem", "p256.key.pem"):
                with open(VECTORS + name, "rb") as f:
                    text = f.read().replace(b"\n", b"\r\n")
                with open(f"{g.folder}/{name}", "wb") as f:
                    f.write(b"\xef\xbb\xbf" + text)
            g.run("set", f"tls.cert={g.folder}/p256.cert.pem",
                  f"tls.key={g.folder}/p256.key.pem")
            g.start()
            with gatepost.Talk(g.port("smtps"), tls=True) as t:
                self.assertEqual(t.reply()[0], 220)

    def test_the_log_says_which_certificate_is_shown_and_how_long(self):
        with gatepost.Server() as g:
            g.stop()
            init = g.run("init").stdout.decode()
            g.start()
            line = [x for x in g.log().splitlines()
                    if " tls.certificate " in x]
            self.assertEqual(len(line), 2)
            self.assertIn(" info ", line[0])
            self.assertIn("sha256=" + re.search(
                "certificate sha256: ([0-9a-f]{64})", init).group(1), line[0])
            self.assertGreater(int(line[0].split("days=")[1]), 300)
            for part in ("key", "cert"):
                subprocess.run(
                    ["openssl"] + (["ecparam", "-name", "prime256v1",
                                    "-genkey", "-noout"] if part == "key"
                                   else ["req", "-x509", "-new", "-days", "5",
                                         "-subj", "/CN=x", "-key",
                                         f"{g.folder}/key"])
                    + ["-out", f"{g.folder}/{part}"], check=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            g.run("set", f"tls.cert={g.folder}/cert",
                  f"tls.key={g.folder}/key")
            g.restart()
            self.assertIn(f" warn tls.certificate file={g.folder}/cert",
                          g.log())


if __name__ == "__main__":
    unittest.main()
