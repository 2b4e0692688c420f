"""What Kconfig leaves out says so in one line; what is left goes on working.

Runs on any build: tools/check-configs gives it many.
"""

import http.client
import json
import smtplib
import socket
import unittest

import gatepost

# by the name of the part: what needs it, commands and API paths
NEEDS = {
    "POP3": (["set listen.pop3=127.0.0.1:9",
              "set pop3.login_delay_seconds=9"], []),
    "sending on to other servers": (
        ["queue list", "set route.smarthost=a.example:25", "set queue.hold=on",
         "set forward.ann=b@c.example", "set mail.lmtp=127.0.0.1:24"],
        ["/queue"]),
    "signing with DKIM": (["dkim show", "set dkim.domains=a.example"],
                          ["/dkim"]),
    "support for mailing lists": (["set list.club=owner=ann"], []),
    "support for quotas": (["set mail.quota_mib=5", "set quota.ann=5"], []),
    "support for device profiles": (["set device.x=client=192.0.2.7"], []),
    "support for old TLS": (["set tls.legacy=smtp"], []),
    "the scanner": (["scan /etc/passwd", "sig info", "set sig.key=00"], []),
    "scanning of mail": (["set scan.depth=3"], []),
    "asking a clamd": (["set scan.clamd=/run/x"], []),
    "looking into mail": (["quarantine list", "set scan.failed=deliver",
                           "set quarantine.days=3"], ["/quarantine"]),
    "Japanese": (["set notices.language=ja"], []),
    "the self-test": (["selftest relay"], []),
}
VERDICTS = gatepost.PARTS["looking into mail"]


class ControlConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=gatepost.SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Parts(unittest.TestCase):
    def has(self, symbols):
        return gatepost.missing(symbols) is None

    def test_every_part_is_tried(self):
        self.assertEqual(set(NEEDS), set(gatepost.PARTS))

    def ask(self, server, path):
        c = ControlConnection(server.state + "/control")
        try:
            c.request("GET", "/api/v1" + path)
            answer = c.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            c.close()  # the smallest build has few places

    def test_each_absent_part_says_so_and_each_present_one_does_not(self):
        with gatepost.Server() as server:
            for part, (commands, paths) in NEEDS.items():
                symbols = gatepost.PARTS[part]
                says = f"{part} is not built into this program"
                for words in commands:
                    with self.subTest(words=words):
                        done = server.run(*words.split(), check=False,
                                          refusals=True)
                        said = done.stderr.decode()
                        if self.has(symbols):
                            self.assertNotIn("not built in", said)
                            continue
                        self.assertEqual(done.returncode, 2)
                        self.assertIn(says, said)
                        self.assertEqual(said.count("\n"), 1)
                for path in paths:
                    with self.subTest(path=path):
                        status, answer = self.ask(server, path)
                        if self.has(symbols):
                            self.assertNotIn("not built", str(answer))
                        else:
                            self.assertEqual((status, answer),
                                             (404, {"error": says}))

    def test_help_lists_no_command_that_is_not_there(self):
        with gatepost.Server() as server:
            said = server.run("help").stdout.decode()
        for word, symbols in (("queue list", ("ENABLE_RELAY",)),
                              ("scan", ("ENABLE_SCANNER",)),
                              ("dkim show", ("ENABLE_DKIM",)),
                              ("quarantine list", VERDICTS)):
            self.assertEqual(f"  {word}" in said, self.has(symbols), word)

    def test_a_message_goes_in_and_is_kept(self):
        body = "Subject: hello\r\n\r\n.dots\r\nand \u00e9\r\n".encode()
        with gatepost.Server() as server:
            with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as c:
                c.starttls(context=gatepost.untrusting_tls())
                c.login("ann", "open sesame")
                c.sendmail("ann@" + gatepost.DOMAIN,
                           ["ann@" + gatepost.DOMAIN], body)
            stored = server.stored("ann")
            self.assertEqual(len(stored), 1)
            self.assertTrue(stored[0].endswith(
                b"\n\n.dots\nand \xc3\xa9\n"))

    def test_mail_for_elsewhere_waits_only_where_it_can_be_sent_on(self):
        with gatepost.Server(settings={"permit.smtp": "auth"}) as server:
            with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as c:
                c.starttls(context=gatepost.untrusting_tls())
                c.login("ann", "open sesame")
                self.assertEqual(c.mail("ann@" + gatepost.DOMAIN)[0], 250)
                code, text = c.rcpt("x@nowhere.invalid")
            if self.has(("ENABLE_RELAY",)):
                self.assertEqual(code, 250)
            else:
                self.assertEqual((code, text[:6]), (553, b"5.7.1 "))


if __name__ == "__main__":
    unittest.main()
