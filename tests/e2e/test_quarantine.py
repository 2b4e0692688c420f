"""Stopped messages: kept, listed, released, deleted; who is told of them.

The held messages are written here by the format that src/store/README.md
describes, so that reader and description are checked against each other.
"""

import base64
import email
import email.policy
import hashlib
import os
import struct
import sys
import time
import unittest
import zlib

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_SCAN_WORKER", "ENABLE_CLAMD")

REASONS = ("malware", "encrypted", "deep", "damaged", "limits", "unopened",
           "failed", "scripts", "programs", "macros")
OURS, REFUSED, HASHED = 1, 2, 4
BODY = (b"Received: from x\nFrom: out@x.example\nTo: ann@home.example\n"
        b"Subject: offer\n\nHello\n")


def padded(data, to):
    return data + bytes(-len(data) % to)


def envelope(body_octets, sender, login, recipients, when):
    """What src/store/queue_file.h calls the envelope, with its foot."""
    fixed = struct.pack("<4sIQQqIB3xHHH2x", b"gpqh", 1, body_octets,
                        body_octets + 6, when, 0, 0, len(sender), 0,
                        len(login))
    strings = sender + login
    head = (fixed + struct.pack("<I", zlib.crc32(fixed + strings))
            ).ljust(512, b"\0")
    out = padded(head + strings, 256)
    for path in recipients:
        r = struct.pack("<2sHHHB3x", b"r1", len(path), 0, 0, 0)
        r += struct.pack("<I", zlib.crc32(r + path))
        out += padded((r.ljust(32, b"\0") + b"W").ljust(256, b"\0") + path,
                      256)
    return out


def record(reason, flags, name, where, client, way, digest):
    strings = name + where + client + way
    r = struct.pack("<4sBBHHHHH", b"gpqr", 1, REASONS.index(reason), flags,
                    len(name), len(where), len(client), len(way))
    r = (r + digest).ljust(64, b"\0") + strings
    r = r.ljust(1020, b"\0")
    return r + struct.pack("<I", zlib.crc32(r))


COUNT = iter(range(1, 1 << 30))


def hold(folder, reason="encrypted", body=BODY, sender=b"out@x.example",
         login=b"", recipients=(b"ann@home.example",), flags=0,
         name=b"", where=b"a.zip", when=None):
    """Write a held message as the server would; its id."""
    when = int(time.time()) if when is None else when
    digest = hashlib.sha256(body).digest()
    data = padded(body, 512) + record(
        reason, flags | HASHED, name, where, b"192.0.2.7", b"smtp", digest)
    at = len(data)
    data += envelope(len(body), sender, login, recipients, when)
    foot = struct.pack("<4s4xQI8x", b"gpqf", at, len(recipients))
    data += foot + struct.pack("<I", zlib.crc32(foot))
    message_id = f"{when}.M{next(COUNT)}P1Q1Rtest.x"
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, message_id), "wb") as f:
        f.write(data)
    return message_id


def quarantine_folder(server):
    return os.path.join(server.state, "quarantine")


def names(server):
    return sorted(n for n in os.listdir(quarantine_folder(server))
                  if n[0] != ".")


def rows(server):
    out = server.run("quarantine", "list").stdout.decode()
    return [line.split("\t") for line in out.splitlines()]


def shown(server, message_id):
    out = server.run("quarantine", "show", message_id).stdout.decode()
    return [tuple(line.split("\t", 1)) for line in out.splitlines()]


class Stopped(gatepost.Server):
    """A server that finds held messages when it starts."""

    def __init__(self, *held, alone=False, **more):
        super().__init__(**more)
        self.held = held
        self.alone = alone
        self.ids = []

    def start(self):
        if not self.ids:
            self.ids = [hold(quarantine_folder(self), **h)
                        for h in self.held]
        if not self.alone:
            super().start()
            gatepost.wait_for(lambda: len(rows(self)) >= len(names(self)),
                              "all held messages are known")


class Commands(unittest.TestCase):
    alone = False

    def test_lists_and_shows_what_was_found_where(self):
        with Stopped(
                {"reason": "malware", "name": b"Eicar-Test",
                 "where": b"a.zip/b.exe", "login": b"ann",
                 "recipients": (b"ann@home.example", b"far@y.example"),
                 "sender": b"\xffe\n@x.example"},
                {"reason": "deep"}, alone=self.alone) as server:
            bad, deep = server.ids
            listed = {r[0]: r for r in rows(server)}
            self.assertEqual(set(listed), {bad, deep})
            self.assertEqual(listed[deep][2:], [
                "<out@x.example>", "<ann@home.example>", str(len(BODY)),
                "deep", ""])
            self.assertEqual(listed[bad][5:], ["malware", "Eicar-Test"])
            self.assertNotIn("\n", listed[bad][2])
            lines = shown(server, bad)
            for pair in (("reason", "malware"), ("found", "Eicar-Test"),
                         ("inside", "a.zip/b.exe"),
                         ("sha256", hashlib.sha256(BODY).hexdigest()),
                         ("submitted by", "ann"), ("client", "192.0.2.7"),
                         ("listener", "smtp"), ("to", "ann@home.example"),
                         ("to", "far@y.example")):
                self.assertIn(pair, lines)

    def test_releases_to_the_mailbox_and_takes_it_out(self):
        big = BODY + b"x" * 70 + b"\n"
        big += b"line of a long message\n" * 40000  # many pieces
        with Stopped({"reason": "encrypted", "body": big},
                     alone=self.alone) as server:
            server.run("quarantine", "release", server.ids[0])
            held = [m for m in server.stored("ann") if m == big]
            self.assertEqual(len(held), 1)
            self.assertEqual(names(server), [])
            self.assertEqual(rows(server), [])
            again = server.run("quarantine", "release", server.ids[0],
                               check=False)
            self.assertEqual(again.returncode, 2)
            self.assertIn(b"no such message", again.stderr)

    def test_never_releases_malware(self):
        with Stopped({"reason": "malware", "name": b"Eicar-Test"},
                     alone=self.alone) as server:
            done = server.run("quarantine", "release", server.ids[0],
                              check=False)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, rb"malware and is never released")
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertEqual(names(server), server.ids)
            self.assertNotIn(BODY, server.stored("ann"))

    def test_deletes_one_and_only_that(self):
        with Stopped({}, {}, {}, alone=self.alone) as server:
            server.run("quarantine", "delete", server.ids[1])
            self.assertEqual(names(server),
                             sorted([server.ids[0], server.ids[2]]))
            self.assertEqual(len(rows(server)), 2)

    def test_a_file_that_is_not_there_is_not_called_deleted(self):
        with Stopped({}, alone=self.alone) as server:
            path = os.path.join(server.state, "quarantine")
            os.rename(path, path + ".away")  # as if its disk were unmounted
            os.mkdir(path)
            done = server.run("quarantine", "delete", server.ids[0],
                              check=False)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, b"no such message" if self.alone
                             else b"is its disk mounted")
            os.rmdir(path)
            os.rename(path + ".away", path)
            self.assertEqual(len(rows(server)), 1)

    def test_says_what_is_wrong_in_one_line(self):
        with Stopped(
                {"recipients": (b"gone@home.example",)},
                alone=self.alone) as server:
            for words, told in ((("show", "nobody"), b"no such message"),
                                (("delete", "x.y"), b"no such message"),
                                (("release", server.ids[0]),
                                 b"none of its recipients exists")):
                done = server.run("quarantine", *words, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(told, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertEqual(names(server), server.ids)


class CommandsAlone(Commands):
    """The same without a running server."""

    alone = True

    def test_what_was_released_to_the_queue_goes_out_later(self):
        with farend.Server() as far, Stopped(
                {"recipients": (b"far@y.example", b"ann@home.example"),
                 "flags": OURS},
                alone=True, settings={
                    "route.smarthost": f"127.0.0.1:{far.port}"}) as server:
            server.run("quarantine", "release", server.ids[0])
            self.assertEqual(server.stored("ann"), [BODY])
            server.alone = False
            server.start()
            gatepost.wait_for(lambda: far.messages, "it arrives")
            self.assertEqual(far.messages[0].recipients,
                             [b"RCPT TO:<far@y.example>"])


class Limits(unittest.TestCase):
    def test_old_and_too_many_messages_go(self):
        now = int(time.time())
        old = [{"when": now - 31 * 86400 - i} for i in range(40)]
        large = [{"body": BODY + b"x\n" * 150000, "when": now - i}
                 for i in range(10)]
        with Stopped(*old, *large, settings={"quarantine.max_mib": "1"}
                     ) as server:
            gatepost.wait_for(lambda: len(names(server)) == 3,
                              "three are left")
            self.assertEqual(names(server), sorted(server.ids[40:43]))
            self.assertEqual({r[0] for r in rows(server)},
                             set(server.ids[40:43]))

    def test_a_damaged_file_is_left_and_reported(self):
        with Stopped({}, {}) as server:
            server.stop()
            path = os.path.join(quarantine_folder(server), server.ids[0])
            with open(path, "r+b") as f:
                f.seek(len(BODY) + 600)
                f.write(b"???")
            gatepost.Server.start(server)
            gatepost.wait_for(lambda: "quarantine.damaged" in server.log(),
                              "it is reported")
            self.assertEqual([r[0] for r in rows(server)], server.ids[1:])
            self.assertEqual(names(server), sorted(server.ids))


def warnings(server, user):
    """The letters of our own in a mailbox, parsed."""
    found = [email.message_from_bytes(m, policy=email.policy.default)
             for m in server.stored(user)]
    return [m for m in found if "MAILER-DAEMON" in str(m["From"])]


def told(server):
    """Wait until everybody who is to be told has been."""
    def all_told():
        return all(dict(shown(server, i)).get("told") == "yes"
                   for i in names(server))
    gatepost.wait_for(all_told, "all are told")


PEOPLE = {n: "secret" for n in ("ann", "ben", "cat", "dan")}


class Warnings(unittest.TestCase):
    def test_recipients_here_are_told_and_nobody_outside(self):
        with farend.Server() as far, Stopped(
                {"reason": "malware", "name": b"Eicar-Test",
                 "recipients": (b"ann@home.example", b"info@home.example",
                                b"far@y.example")},
                users=PEOPLE, settings={
                    "alias.info": "ben,other@z.example",
                    "route.smarthost": f"127.0.0.1:{far.port}"}) as server:
            told(server)
            for user in ("ann", "ben"):
                letter, = warnings(server, user)
                self.assertEqual(letter["Subject"],
                                 "A message to you was stopped")
                self.assertEqual(letter["Auto-Submitted"], "auto-replied")
                self.assertNotIn("@", str(letter["To"]))
                text = letter.get_content()
                for part in ("it contains malware", "Eicar-Test", "a.zip",
                             "out@x.example", "offer", server.ids[0],
                             "will not be delivered"):
                    self.assertIn(part, text)
            self.assertEqual(warnings(server, "cat"), [])
            self.assertEqual(far.messages, [])
            self.assertEqual(os.listdir(os.path.join(
                server.state, "queue")), [])

    def test_a_sender_of_ours_is_told_by_his_login(self):
        with Stopped(
                {"reason": "malware", "flags": OURS, "login": b"ann",
                 "sender": b"ann@elsewhere.example",
                 "recipients": (b"far@y.example",)},
                {"reason": "macros", "flags": OURS,
                 "sender": b"ben@home.example",
                 "recipients": (b"far@y.example",)},
                # forged, or told already, or from nobody
                {"sender": b"cat@home.example",
                 "recipients": (b"far@y.example",)},
                {"flags": OURS | REFUSED, "login": b"dan",
                 "recipients": (b"far@y.example",)},
                {"flags": OURS, "sender": b"", "login": b"dan",
                 "recipients": (b"far@y.example",)},
                users=PEOPLE) as server:
            told(server)
            letter, = warnings(server, "ann")
            self.assertEqual(letter["Subject"], "Your message was stopped")
            self.assertIn("change the password", letter.get_content())
            letter, = warnings(server, "ben")
            self.assertIn("a document with macros", letter.get_content())
            self.assertNotIn("password", letter.get_content())
            self.assertEqual(warnings(server, "cat"), [])
            self.assertEqual(warnings(server, "dan"), [])

    def test_both_are_told_where_both_are_ours(self):
        with Stopped(
                {"flags": OURS, "login": b"ann", "sender": b"ann@home.example",
                 "recipients": (b"ben@home.example",)},
                users=PEOPLE) as server:
            told(server)
            self.assertEqual(len(warnings(server, "ann")), 1)
            self.assertEqual(len(warnings(server, "ben")), 1)

    def test_switches_count_but_for_members_of_a_list(self):
        held = {"recipients": (b"ann@home.example", b"club@home.example")}
        with Stopped(held, users=PEOPLE, settings={
                "list.club": "owner=ann posting=anyone "
                             "members=ben,cat@home.example,out@y.example"},
                alone=True) as server:
            for user in ("ann", "ben"):
                said = server.run("user", "warn", user, "off").stdout
                self.assertIn(b"no longer be told", said)
                self.assertIn(b"mailing list", said)
            server.alone = False
            server.start()
            told(server)
            self.assertEqual(warnings(server, "ann"), [])
            self.assertEqual(len(warnings(server, "ben")), 1)
            self.assertEqual(len(warnings(server, "cat")), 1)
            listed = server.run("user", "list").stdout.decode()
            self.assertIn("ann\tno warnings", listed)
            server.stop()
            server.run("user", "warn", "ann", "on")
            said = server.run("set", "scan.warn=off").stdout
            self.assertIn(b"Nobody is told any more", said)
            hold(quarantine_folder(server), **held)
            server.start()
            told(server)
            self.assertEqual(len(warnings(server, "cat")), 1)
            self.assertEqual(warnings(server, "ann"), [])

    def test_not_too_often_about_the_same_thing(self):
        same = [{"reason": "malware", "name": b"Eicar-Test"}] * 5
        with Stopped(*same, {"reason": "malware", "name": b"Other"},
                     {"reason": "deep"}, users=PEOPLE,
                     settings={"scan.warn_per_hour": "2"}) as server:
            told(server)
            letters = [m.get_content() for m in warnings(server, "ann")]
            self.assertEqual(len([t for t in letters if "Eicar" in t]), 2)
            self.assertEqual(len(letters), 4)
            status = server.run("status", "--json").stdout
            self.assertIn(b'"warning.suppressed":3', status)

    def test_nobody_is_told_twice_after_a_restart(self):
        with Stopped({}, {"reason": "deep"}, users=PEOPLE) as server:
            told(server)
            self.assertEqual(len(warnings(server, "ann")), 2)
            server.restart()
            hold(quarantine_folder(server), reason="limits")
            server.restart()
            told(server)
            self.assertEqual(len(warnings(server, "ann")), 3)

    def test_foreign_text_cannot_leave_its_line(self):
        subject = ("=?utf-8?B?" + base64.b64encode(
            "ok\r\nBcc: x@y\r\n\r\n\u202egnp.exe \x1b[2J\x00".encode()
        ).decode() + "?= =?utf-8?q?caf=C3=A9_=0D=0A.=0D=0A?=\n"
            " =?iso-8859-1?q?=E9t=E9?= \xff")
        body = (f"Subject: {subject}\n\nx\n").encode("latin-1")
        with Stopped(
                {"body": body, "sender": b"a\r\nBcc:b@x.example",
                 "name": b"N\r\n.\r\n\xe2\x80\xae",
                 "where": "メール.zip\n\n/\x1b]0;x".encode()},
                users=PEOPLE) as server:
            told(server)
            raw, = [m for m in server.stored("ann")
                    if b"MAILER-DAEMON" in m]
            letter, = warnings(server, "ann")
            head, text = raw.split(b"\n\n", 1)
            self.assertNotIn(b"Bcc", head)
            self.assertEqual(letter.defects, [])
            self.assertEqual(letter["Subject"],
                             "A message to you was stopped")
            lines = text.decode().splitlines()
            self.assertEqual(
                len([x for x in lines if x.startswith("  ")]), 6)
            self.assertNotIn(".", lines)
            self.assertIn("  Inside:  メール.zip??/?]0;x", lines)
            self.assertTrue(any("café" in x and "été" in x for x in lines))
            self.assertFalse(set(text.decode()) & set(
                "\r\x1b\0\u202e\u202d"))

    @gatepost.needs("ENABLE_JAPANESE")
    def test_subjects_in_japanese_character_sets_can_be_read(self):
        text = "見積書の件、カタカナ①㈱髙﨑"
        plain = text.rstrip("①㈱髙﨑")
        want, held = [], []

        def add(word, said):
            want.append("  Subject: " + said)
            held.append({"body": b"Subject: Re: " + word + b"\n\nx\n",
                         "reason": REASONS[len(held)]})
        for charset, codec, said in (
                ("Shift_JIS", "cp932", text), ("cp932", "cp932", text),
                ("EUC-JP", "euc_jp", plain),
                ("ISO-2022-JP", "iso2022_jp", plain)):
            coded = base64.b64encode(said.encode(codec)).decode()
            add(f"=?{charset}?B?{coded}?=".encode(), "Re: " + said)
        add(plain.encode("iso2022_jp"), "Re: " + plain)
        add(b"=?iso-2022-jp?b?" + base64.b64encode(
            b"a\r\nBcc: b@x.example\r\n\x1b[2J\x1b$B$\"\n.\n$\"")
            + b"?=", "Re: a??Bcc: b@x.example???[2Jあ???あ")
        add(b"=?Big5?b?pOk=?=", "Re: [Big5]")
        with Stopped(*held, users=PEOPLE) as server:
            told(server)
            got = "\n".join(m.get_content() for m in warnings(server, "ann"))
            said = [x for x in got.splitlines() if x.startswith("  Subject:")]
            self.assertEqual(sorted(said), sorted(want))

    def test_in_japanese(self):
        with Stopped(
                *({"reason": r, "flags": OURS, "login": b"ben",
                   "sender": b"ben@home.example"} for r in REASONS),
                users=PEOPLE,
                settings={"notices.language": "ja"}) as server:
            told(server)
            got = warnings(server, "ann")
            self.assertEqual(len(got), len(REASONS))
            for letter in got:
                self.assertEqual(letter["Subject"],
                                 "あなた宛てのメールを止めました")
                self.assertIn("件名:   offer", letter.get_content())
                self.assertNotIn(" it ", letter.get_content())
            sent = warnings(server, "ben")
            self.assertEqual(len({m.get_content().split("\n")[3]
                                  for m in sent}), len(REASONS))
            self.assertEqual(sent[0]["Subject"], "送信されたメールを止めました")


EICAR = (rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTI"
         rb"VIRUS-TEST-FILE!$H+H*")


@gatepost.needs("ENABLE_SCAN_WORKER")
class Live(unittest.TestCase):
    """From the wire to the warning, with the scanner that is built in."""

    def send(self, server, sender, recipients, login=None):
        talk = server.smtp("smtps", hello="me.example")
        with talk:
            if login:
                words = gatepost.plain(login, PEOPLE[login])
                talk.expect(235, f"AUTH PLAIN {words}")
            talk.expect(250, f"MAIL FROM:<{sender}>")
            for path in recipients:
                talk.expect(250, f"RCPT TO:<{path}>")
            talk.expect(354, "DATA")
            talk.send(b"Subject: gift\r\n\r\n" + EICAR + b"\r\n.\r\n")
            return talk.reply()[0]

    def settled(self, server, n):
        gatepost.wait_for(lambda: len(names(server)) == n, f"{n} are held")
        told(server)

    def test_a_stranger_is_refused_and_the_recipient_told(self):
        with gatepost.Server(users=PEOPLE) as server:
            talk = server.smtp(hello="me.example")
            with talk:
                talk.expect(250, "MAIL FROM:<bad@x.example>")
                talk.expect(250, "RCPT TO:<ann@home.example>")
                talk.expect(354, "DATA")
                talk.send(b"Subject: gift\r\n\r\n" + EICAR
                          + b"\r\n.\r\n")
                self.assertEqual(talk.reply()[0], 554)
            self.settled(server, 1)
            letter, = warnings(server, "ann")
            self.assertIn("bad@x.example", letter.get_content())
            self.assertNotIn(EICAR, server.stored("ann")[0])

    def test_a_user_is_told_of_what_he_sent_and_nothing_leaves(self):
        with farend.Server() as far, gatepost.Server(
                users=PEOPLE, settings={
                    "route.smarthost": f"127.0.0.1:{far.port}"}) as server:
            self.assertEqual(
                self.send(server, "ben@home.example", ["far@y.example"],
                          "ben"), 250)
            self.settled(server, 1)
            letter, = warnings(server, "ben")
            self.assertEqual(letter["Subject"], "Your message was stopped")
            self.assertEqual(far.messages, [])
            row, = rows(server)
            lines = dict(shown(server, row[0]))
            self.assertEqual(lines["submitted by"], "ben")
            self.assertEqual(len(lines["sha256"]), 64)
            done = server.run("quarantine", "release", row[0], check=False)
            self.assertIn(b"never released", done.stderr)


if __name__ == "__main__":
    unittest.main()
