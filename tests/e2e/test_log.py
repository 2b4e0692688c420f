#!/usr/bin/python3
"""The log answers an owner: what happened to the mail from X to Y?"""

import base64
import fcntl
import os
import re
import shlex
import smtplib
import subprocess
import unittest

import farend
import gatepost

EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
         b"!$H+H*")


def events(server, name=None):
    """The log's lines as (event, {key: value}), one for each line."""
    found = []
    for line in server.log().splitlines():
        match = re.fullmatch(r"\S+Z (?:error|warn|info|debug) ([a-z0-9_.]+)"
                             r"((?: [a-z0-9_]+=(?:[^\s\"]+|\"[^\"]*\"))*)",
                             line)
        if not match:
            raise AssertionError(f"no event: {line!r}")
        pairs = dict(p.split("=", 1) for p in shlex.split(match.group(2)))
        if name is None or match.group(1) == name:
            found.append((match.group(1), pairs))
    return found


class Log(unittest.TestCase):
    def test_each_recipient_can_be_followed_to_its_end(self):
        users = {u: "open" for u in ("ann", "bob")}
        with farend.Server() as far, gatepost.Server(users, settings={
                "route.smarthost": f"127.0.0.1:{far.port}",
                "alias.info": "bob,eve@far.example"}) as g:
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("x@y.example",
                           [f"{u}@home.example" for u in ("ann", "bob",
                                                          "info")],
                           b"Subject: hi\r\n\r\nhello\r\n")
            gatepost.wait_for(lambda: events(g, "relay.sent"), "it is sent")
            [(_, taken)] = events(g, "smtp.accepted")
            self.assertEqual(
                (taken["from"], taken["to"], taken["recipients"],
                 taken["boxes"], taken["queued"]),
                ("x@y.example", "ann@home.example", "3", "ann,bob", "yes"))
            self.assertEqual(
                events(g, "smtp.recipient"),
                [("smtp.recipient", {"id": taken["id"],
                                     "to": f"{u}@home.example"})
                 for u in ("bob", "info")])
            [(_, sent)] = events(g, "relay.sent")
            self.assertEqual((sent["id"], sent["to"]),
                             (taken["id"], "eve@far.example"))
            self.assertTrue(g.stored("bob"))

    def test_one_box_is_one_line(self):
        with gatepost.Server({"ann": "open"}) as g:
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("x@y.example", ["ann@home.example"], b"hello\r\n")
            [(_, taken)] = events(g, "smtp.accepted")
            self.assertEqual(taken["boxes"], "ann")
            self.assertNotIn("queued", taken)
            self.assertEqual(events(g, "smtp.recipient"), [])

    def refused(self, g):
        return [(e.get("from"), e.get("to"), e["reply"].split()[0])
                for _, e in events(g, "smtp.refused")]

    @gatepost.needs(*gatepost.PARTS["looking into mail"])
    def test_every_refusal_is_there_with_its_reply(self):
        with gatepost.Server({"ann": "open"}, settings={
                "smtp.max_octets": 65536, "queue.hold": "on",
                "list.club": "owner=ann posting=members members=ann"}) as g:
            t = g.smtp(hello="me.example")
            t.expect(552, "MAIL FROM:<big@y.example> SIZE=70000")
            t.expect(250, "MAIL FROM:<x@y.example>")
            t.expect(550, "RCPT TO:<nobody@home.example>")
            t.expect(550, "RCPT TO:<club@home.example>")
            t.expect(250, "RCPT TO:<ann@home.example>")
            t.expect(354, "DATA")
            t.send(b"Subject: x\r\n\r\nbare\nlf\r\n.\r\n")
            self.assertEqual(t.reply()[0], 550)
            t.expect(250, "MAIL FROM:<x@y.example>")
            t.expect(250, "RCPT TO:<ann@home.example>")
            t.expect(354, "DATA")
            t.send(b"x" * 998 + b"\r\n" + (b"y" * 998 + b"\r\n") * 70
                   + b".\r\n")
            self.assertEqual(t.reply()[0], 552)
            t.expect(250, "MAIL FROM:<v@y.example>")
            t.expect(250, "RCPT TO:<ann@home.example>")
            t.expect(354, "DATA")
            t.send(b"\r\n" + EICAR + b"\r\n.\r\n")
            self.assertEqual(t.reply()[0], 554)
            t.expect(250, "MAIL FROM:<x@y.example>")
            t.expect(250, "RSET")
            t.close()
            t = g.smtp("submission", hello="me.example")
            t.expect(530, "MAIL FROM:<p@home.example>")
            t.close()
            ann = "ann@home.example"
            self.assertEqual(self.refused(g), [
                ("big@y.example", None, "552"),
                ("x@y.example", "nobody@home.example", "550"),
                ("x@y.example", "club@home.example", "550"),
                ("x@y.example", ann, "550"),
                ("x@y.example", ann, "552"),
                ("v@y.example", ann, "554"),
                ("p@home.example", None, "530")])
            for _, e in events(g, "smtp.refused"):
                self.assertEqual(e["peer"], "127.0.0.1")
                self.assertGreater(len(e["reply"]), 20)

    def test_strangers_words_stay_one_line(self):
        with gatepost.Server({"ann": "open"}) as g:
            t = g.smtp(hello="me.example")
            t.expect(250, 'MAIL FROM:<"a b\\" = c"@y.example>')
            t.expect(550, "RCPT TO:<nobody@home.example>")
            t.close()
            [(_, e)] = events(g, "smtp.refused")
            self.assertEqual(set(e), {"peer", "listener", "from", "to",
                                      "reply"})

    def test_a_password_in_the_place_of_the_name_is_not_written(self):
        secret = "s3cr3tP4ss"
        b64 = base64.b64encode(secret.encode())
        with gatepost.Server({"ann": secret}, legacy=True, settings={
                "auth.plaintext": "any"}) as g:
            for words in ([b"AUTH LOGIN " + b64, base64.b64encode(b"ann")],
                          [b"AUTH LOGIN", b64, b64],
                          [b"AUTH PLAIN " + gatepost.plain(
                              secret, "ann").encode()],
                          [b"AUTH CRAM-MD5", base64.b64encode(
                              secret.encode() + b" " + b"0" * 32)],
                          [b"AUTH " + b64], [b64], [secret.encode()],
                          [b"AUTH PLAIN " + gatepost.plain(
                              "ann", secret + "x").encode()]):
                t = g.smtp("submission", hello="me.example")
                for line in words:
                    t.command(line)
                t.close()
            for words in ([f"USER {secret}", "PASS ann"],
                          [f"USER ann {secret}"], [f"PASS {secret}"],
                          [f"APOP {secret} {'0' * 32}"]):
                t = g.pop()
                for line in words:
                    t.pop(line)
                t.close()
            users = [e["user"] for _, e in events(g, "auth.failed")]
            self.assertEqual(set(users), {"?", "ann"})
            self.assertNotIn(secret, g.log())
            self.assertNotIn(b64.decode().rstrip("="), g.log())

    def test_a_reader_that_stands_still_stops_nothing(self):
        with gatepost.Server({"ann": "open"}) as g:
            g.stop()
            out, end = os.pipe()
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
            server = subprocess.Popen(
                [gatepost.PROGRAM, "serve", "--state", g.state], stderr=end)
            os.close(end)
            try:
                gatepost.wait_for(g.has_control, "it serves")
                for _ in range(60):
                    with smtplib.SMTP("127.0.0.1", g.port("smtp"),
                                      timeout=10) as c:
                        c.sendmail("x@y.example", ["ann@home.example"],
                                   b"Subject: hi\r\n\r\nhello\r\n")
                self.assertEqual(len(g.stored("ann")), 60)
                first = os.read(out, 65536)
                with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                    c.sendmail("x@y.example", ["ann@home.example"], b"hi\r\n")
                told = os.read(out, 65536).decode()
                self.assertTrue(first.endswith(b"\n"))
                self.assertRegex(
                    told, r"^\S+Z warn log\.lost lines=[1-9]\d+\n\S+Z info ")
                gatepost.wait_for(
                    lambda: len(g.stored("ann")) == 61, "the last one")
            finally:
                server.terminate()
                status = server.wait(gatepost.SECONDS)
                os.close(out)
            self.assertEqual(status, 0)

    def test_less_is_written_where_less_is_wanted(self):
        with gatepost.Server({"ann": "open"},
                             settings={"log.level": "warn"}) as g:
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("x@y.example", ["ann@home.example"], b"hello\r\n")
            self.assertEqual(events(g, "smtp.accepted"), [])
            g.run("set", "log.level=info")
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("x@y.example", ["ann@home.example"], b"hello\r\n")
            self.assertEqual(len(events(g, "smtp.accepted")), 1)


if __name__ == "__main__":
    unittest.main()
