#!/usr/bin/python3
"""A setting that counts at once does so in the running server."""

import json
import os
import re
import unittest

import gatepost

SRC = os.path.join(gatepost.ROOT, "src")
NOT_YET = {"WEB_HOSTS", "WEB_NETWORKS", "WEB_SESSION_MINUTES"}
# asked for by its key over the API
OTHERWISE = {"SIG_KEY"}


class Live(unittest.TestCase):
    def rcpt(self, g, address):
        with g.smtp(hello="me.example") as t:
            t.expect(250, "MAIL FROM:<x@y.example>")
            return t.command(f"RCPT TO:<{address}>")[0]

    def ehlo(self, g):
        with g.smtp() as t:
            return t.expect(250, "EHLO me.example")

    def test_the_host_s_name(self):
        with gatepost.Server() as g:
            g.run("set", "host.name=other.example")
            with gatepost.Talk(g.port("smtp")) as t:
                self.assertIn("other.example", t.reply()[1][0])
            self.assertEqual(self.ehlo(g)[0], "other.example")
            self.assertEqual(self.rcpt(g, "ann@other.example"), 250)
            self.assertEqual(self.rcpt(g, "ann@gate.example"), 553)

    def test_smtputf8(self):
        with gatepost.Server() as g:
            self.assertIn("SMTPUTF8", self.ehlo(g))
            g.run("set", "smtp.utf8=off")
            self.assertNotIn("SMTPUTF8", self.ehlo(g))
            with g.smtp(hello="me.example") as t:
                t.expect(555, "MAIL FROM:<x@y.example> SMTPUTF8")
            g.run("unset", "smtp.utf8")
            self.assertIn("SMTPUTF8", self.ehlo(g))

    def test_room_to_be_left_free(self):
        with gatepost.Server() as g:
            g.run("set", "mail.free_mib=1048576")
            with g.smtp(hello="me.example") as t:
                t.expect(452, "MAIL FROM:<x@y.example>")
            g.run("unset", "mail.free_mib")
            self.assertEqual(self.rcpt(g, "ann@home.example"), 250)

    def test_what_leads_to_nobody_is_refused_at_rcpt(self):
        with gatepost.Server(users={"ann": "open"}) as g:
            g.run("set", "mail.catch_all=ghost", "alias.info=ghost,ghost2",
                  "alias.both=ann,ghost", "alias.loop=loop")
            for name in ("nobody", "info", "loop"):
                self.assertEqual(self.rcpt(g, f"{name}@home.example"), 550)
            # "admin" is no account: the first one stands in
            self.assertEqual(self.rcpt(g, "postmaster@home.example"), 250)
            self.assertNotIn("postmaster.nobody", g.log())
            g.run("set", "host.postmaster=ghost@home.example")
            self.assertEqual(self.rcpt(g, "postmaster@home.example"), 550)
            self.assertIn("postmaster.nobody", g.log())
            g.run("unset", "mail.catch_all")
            with g.smtp(hello="me.example") as t:
                t.expect(250, "MAIL FROM:<x@y.example>")
                t.expect(250, "RCPT TO:<both@home.example>")
                t.expect(354, "DATA")
                t.expect(250, "Subject: x\r\n\r\nhello\r\n.")
            self.assertEqual(len(g.stored("ann")), 1)
            self.assertEqual(
                re.findall("directory.nobody (.*)", g.log()),
                ["name=ghost for=both"])
            g.add_user("ghost", "open")
            g.run("set", "host.postmaster=ann", "mail.catch_all=ghost")
            for name in ("nobody", "info", "postmaster"):
                self.assertEqual(self.rcpt(g, f"{name}@home.example"), 250)

    @gatepost.needs("ENABLE_SCAN_WORKER")
    def test_a_message_that_nobody_looked_into_is_not_called_clean(self):
        with gatepost.Server() as g, g.smtp(hello="me.example") as t:
            t.expect(250, "MAIL FROM:<x@y.example>")
            t.expect(250, "RCPT TO:<ann@home.example>")
            t.send(b"BDAT 12\r\nSubject: x\r\n")
            self.assertEqual(t.reply()[0], 250)  # our own header stands
            g.run("set", "scan.enabled=off")
            t.send(b"BDAT 2 LAST\r\n\r\n")
            self.assertEqual(t.reply()[0], 250)
            self.assertRegex(g.stored("ann")[0],
                             rb"(?m)^X-Gatepost-Scan: +$")

    def test_no_setting_does_nothing(self):
        with gatepost.Server() as g:
            listed = json.loads(
                g.run("settings", "list", "--json").stdout)["settings"]
        text = ""
        for folder, _, names in os.walk(SRC):
            for name in names:
                # the table, and what is said of parts left out
                if not name.startswith(("settings_schema", "parts.")):
                    with open(os.path.join(folder, name),
                              encoding="utf-8") as f:
                        text += f.read()
        names = {s["key"].removesuffix(".*").upper().replace(".", "_")
                 for s in listed if s.get("family") or "default" in s}
        used = set(re.findall(r"\bSETTING_([A-Z0-9_]+)\b", text))
        self.assertEqual(names - used, NOT_YET | OTHERWISE)


if __name__ == "__main__":
    unittest.main()
