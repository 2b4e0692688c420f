#!/usr/bin/python3
"""Every message is looked into before it is taken: verdicts, and the workers."""

import unittest

import gatepost
from test_scan import EICAR, zipped

CLEAN = b"X-Gatepost-Scan: clean"


def message(body, head=b""):
    return (b"From: a@example.org\r\nSubject: x\r\n" + head + b"\r\n" + body)


class Scanner(unittest.TestCase):
    def send(self, server, text, to="ann", service="smtp"):
        with server.smtp(service, hello="me") as talk:
            talk.expect(250, "MAIL FROM:<a@example.org>")
            talk.expect(250, f"RCPT TO:<{to}@{gatepost.DOMAIN}>")
            talk.expect(354, "DATA")
            talk.send(text + b"\r\n.\r\n")
            return talk.reply()

    def test_clean_mail_arrives_and_says_so(self):
        with gatepost.Server() as server:
            self.assertEqual(self.send(server, message(b"hello"))[0], 250)
            [stored] = server.stored("ann")
            self.assertEqual(stored.count(CLEAN), 1, stored)

    def test_malware_of_a_stranger_is_refused(self):
        with gatepost.Server() as server:
            code, words = self.send(server, message(EICAR))
            self.assertEqual((code, server.stored("ann")), (554, []), words)


if __name__ == "__main__":
    unittest.main()
