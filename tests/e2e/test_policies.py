#!/usr/bin/python3
"""What cannot be inspected, from the wire to the end: each cause, each rule.

Answer, mark, quarantine, who is told and in which words, release and delete.
Malware is test_scanner's and test_quarantine's.
"""

import base64
import email
import email.policy
import os
import re
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import gatepost  # noqa: E402
import test_scanworker  # noqa: E402
from test_scan import EICAR, zipped  # noqa: E402
from test_scanner import (  # noqa: E402
    Case, attached, bomb, damaged, deep, encrypted, plain, unknown)

setUpModule = gatepost.module_needs("ENABLE_SCAN_WORKER")

CASES = {
    "encrypted": (attached(encrypted()), "locked with a password"),
    "deep": (attached(deep(9)), "nested too deep"),
    "damaged": (attached(damaged()), "a damaged archive"),
    "limits": (attached(bomb(3, 1)), "too much work"),
    "unopened": (attached(unknown()), "not opened here"),
    "scripts": (plain(b"<script>x()</script>",
                      b"Content-Type: text/html\r\n"), "active content"),
    "programs": (attached(b"MZ" + bytes(100), "a.exe"), "a program"),
    "macros": (attached(zipped(b"x", name="word/vbaProject.bin")),
               "a document with macros"),
    "failed": (plain(b"hello"), "the scanner failed"),
}
TO_ANN = "A message to you was stopped"
OF_BOB = "Your message was stopped"


class Policies(Case):
    def letters(self, server, user):
        """The warnings in a mailbox, oldest first."""
        got = [email.message_from_bytes(m, policy=email.policy.default)
               for m in server.stored(user) if b"MAILER-DAEMON" in m]
        return [(m["Subject"], m.get_content()) for m in got]

    def mails(self, server, user="ann"):
        return [m for m in server.stored(user) if b"MAILER-DAEMON" not in m]

    def told(self, server, counts):
        def all_there():
            return all(len(self.letters(server, u)) == n
                       for u, n in counts.items())
        gatepost.wait_for(all_there, f"warnings: {counts}")

    def take_out(self, server):
        """The one message in ann's mailbox that is no warning."""
        folder = os.path.join(server.mail_folder("ann"), "new")
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                is_warning = b"MAILER-DAEMON" in f.read()
            if not is_warning:
                os.unlink(path)

    def log_lines(self, server, event):
        """How often the log tells of an event."""
        return len(re.findall(rf" {re.escape(event)} ", server.log()))

    def lose_the_scanner(self, server):
        keeper, heir = test_scanworker.Workers.heir(self, server)
        os.kill(keeper, signal.SIGSTOP)
        os.kill(heir, signal.SIGKILL)
        os.kill(keeper, signal.SIGKILL)
        gatepost.wait_for(lambda: "scanner.keeper_lost" in server.log(),
                          "the scanner is lost")

    def each_cause(self, server):
        for cause, (text, words) in CASES.items():
            if cause == "failed":
                self.lose_the_scanner(server)
            yield cause, text, words

    def test_delivered_with_a_mark_and_nobody_is_told(self):
        server = self.server(scan__max_mib=1)
        for cause, text, _ in self.each_cause(server):
            server.run("set", f"scan.{cause}=deliver")
            for send in (self.stranger, self.friend):
                self.assertEqual(send(server, text)[0], 250)
                self.assertRegex(
                    self.mails(server)[-1],
                    rb"(?m)^X-Gatepost-Scan: (\w+, )*%s" % cause.encode())
        self.assertEqual(self.listed(server), [])
        self.told(server, {"ann": 0, "bob": 0})
        self.assertEqual(self.log_lines(server, "scan.marked"),
                         2 * len(CASES))

    def test_refused_and_nothing_is_kept_and_nobody_is_told(self):
        server = self.server(scan__max_mib=1)
        for cause, text, _ in self.each_cause(server):
            server.run("set", f"scan.{cause}=refuse")
            for send in (self.stranger, self.friend):
                self.assertEqual(send(server, text), (
                    554, "5.7.1 message refused: cannot be inspected"))
        self.assertEqual(self.mails(server), [])
        self.assertEqual(self.listed(server), [])
        self.told(server, {"ann": 0, "bob": 0})
        self.assertEqual(self.log_lines(server, "scan.refused"),
                         2 * len(CASES))

    def test_held_and_both_are_told_and_it_is_released_or_deleted(self):
        server = self.server(scan__max_mib=1, scan__warn_per_hour=100)
        ann = bob = 0
        for cause, text, words in self.each_cause(server):
            server.run("set", f"scan.{cause}=quarantine")
            code, answer = self.friend(server, text)
            self.assertEqual((code, self.mails(server)), (250, []))
            self.assertIn(f"held: {cause}", answer)
            ann, bob = ann + 1, bob + 1
            self.told(server, {"ann": ann, "bob": bob})
            code, answer = self.stranger(server, text)
            self.assertEqual((code, self.mails(server)), (250, []))
            ann += 1
            self.told(server, {"ann": ann, "bob": bob})
            rows = self.listed(server)
            self.assertEqual([r[5] for r in rows], [cause] * 2)
            self.says(self.letters(server, "ann")[-2:], TO_ANN, words, rows)
            self.says(self.letters(server, "bob")[-1:], OF_BOB, words, rows)
            kept, gone = (r[0] for r in rows)
            server.run("quarantine", "release", kept)
            gatepost.wait_for(lambda: self.mails(server), "it is released")
            mail = self.mails(server)[0]
            self.assertTrue(mail.endswith(
                text.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n")
                + b"\n"))
            self.assertEqual(mail.count(b"\nX-Gatepost-Scan: "), 1)
            self.assertIn(cause.encode(), re.search(
                rb"\nX-Gatepost-Scan: (.*)", mail)[1])
            server.run("quarantine", "delete", gone)
            gatepost.wait_for(lambda: not self.listed(server), "both are gone")
            self.take_out(server)

    def says(self, letters, subject, words, rows):
        for said, text in letters:
            self.assertEqual(said, subject)
            self.assertIn(words, text)
            self.assertIn("  Subject: x\n", text)
            self.assertTrue(any(r[0] in text for r in rows))
            self.assertIn("ask the administrator", text)
            self.assertNotIn("malware and", text)

    def test_the_gravest_rule_of_several_counts_and_malware_over_all(self):
        both = zipped(b"x", name="word/vbaProject.bin") + encrypted()
        server = self.server(scan__encrypted="deliver", scan__macros="refuse")
        self.assertEqual(self.stranger(server, attached(both))[0], 554)
        server.run("set", "scan.macros=quarantine")
        self.assertEqual(self.stranger(server, attached(both))[0], 250)
        self.assertEqual([r[5] for r in self.listed(server)], ["macros"])
        server.run("set", "scan.macros=deliver")
        self.assertEqual(self.stranger(server, attached(both))[0], 250)
        mark = re.search(rb"\nX-Gatepost-Scan: ([^\r\n]*)",
                         self.mails(server)[-1])[1]
        self.assertEqual(sorted(mark.strip().split(b", ")),
                         [b"encrypted", b"macros"])
        coded = base64.encodebytes(EICAR).replace(b"\n", b"\r\n")
        found = attached(both).replace(
            b"--zz--", b"--zz\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + coded + b"--zz--")
        self.assertEqual(self.stranger(server, found)[0], 554)
        self.assertEqual([r[5] for r in self.listed(server)],
                         ["macros", "malware"])

    def test_warnings_of_one_cause_stop_at_the_limit(self):
        server = self.server(scan__encrypted="quarantine",
                             scan__macros="quarantine",
                             scan__warn_per_hour=2)
        for _ in range(4):
            self.stranger(server, CASES["encrypted"][0])
        gatepost.wait_for(lambda: self.counters(server)["warning.suppressed"]
                          == 2, "two are not sent")
        self.told(server, {"ann": 2})
        self.assertEqual(len(self.listed(server)), 4)

    def test_in_japanese_and_made_safe(self):
        server = self.server(scan__encrypted="quarantine",
                             notices__language="ja")
        subject = "=?iso-2022-jp?B?" + base64.b64encode(
            "請求書".encode("iso2022_jp") + b"\r\nBcc: x@y.example"
        ).decode() + "?="
        text = CASES["encrypted"][0].replace(
            b"Subject: x", b"Subject: " + subject.encode())
        self.friend(server, text)
        self.told(server, {"ann": 1, "bob": 1})
        for user, want in (("ann", "あなた宛てのメールを止めました"),
                           ("bob", "送信されたメールを止めました")):
            [(said, body)] = self.letters(server, user)
            self.assertEqual(said, want)
            self.assertIn("件名:   請求書??Bcc: x@y.example\n", body)


if __name__ == "__main__":
    unittest.main()
