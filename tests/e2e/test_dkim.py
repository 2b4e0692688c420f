"""DKIM: what leaves is signed so that two other verifiers believe it."""

import os
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import unittest

import dkim

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import arrived, emptied, settings, submit  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_DKIM")

HEAD = (b"From: Ann <ann@home.example>\r\nTo: far@x.example\r\n"
        b"Subject: hello\r\nDate: Sun, 22 Nov 2026 16:00:00 +0000\r\n")
BODIES = {
    "empty": b"",
    "blank lines only": b"\r\n\r\n\r\n",
    "trailing blank lines": b"text\r\n\r\n \t\r\n\r\n",
    "dots": b".\r\n..\r\n.x\r\n",
    "tabs and blanks": b"\ta \t b\t\r\n  c  d  \r\n",
    "8-bit": "größer メール\r\n".encode() + b"\xff\xfe\r\n",
    "a long line": b"x" * 5000 + b" \t" + b"y" * 900 + b"\r\n",
    "long": b"".join(b"line %d  of many\r\n" % i for i in range(60000)),
}
HEADS = {
    "folded": b"References: <a@x.example>\r\n\t<b@x.example>\r\n  \r\n"
              b" <c@x.example>\r\nX-Other: a\r\n b\r\n",
    "upper case, blanks": b"CC  : A@x.example ,\r\n\tB@x.example  \t\r\n",
    "8-bit": b"In-Reply-To: gr\xfc\xdfe\r\n",
    "MIME": b"MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n"
            b"\tcharset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n",
    "long": b"".join(b"X-Line-%d: %s\r\n" % (i, b"v" * 900)
                     for i in range(30)),
    "empty": b"Reply-To:\r\n",
}


def key_of(server):
    """The DNS record as a resolver gives it: name, value."""
    shown = server.run("dkim", "show").stdout.decode()
    name = shown.split()[0]
    parts = re.findall(r'"([^"]*)"', shown)
    assert all(len(p) <= 255 for p in parts), shown
    return name, "".join(parts)


def by_python(message, key):
    name, value = key

    def ask(asked, timeout=5):
        return value.encode() if asked.decode() == name else None

    return dkim.verify(message, dnsfunc=ask)


def by_opendkim(messages, key):
    """Which of them does opendkim believe?"""
    name, value = key
    folder = tempfile.mkdtemp()
    try:
        keys, conf = os.path.join(folder, "keys"), os.path.join(folder, "conf")
        with open(keys, "w", encoding="ascii") as f:
            f.write(f"{name.rstrip('.')} {value}\n")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"TestPublicKeys {keys}\nMode v\nSyslog no\n")
        paths = []
        for i, message in enumerate(messages):
            paths.append(os.path.join(folder, f"{i}.eml"))
            with open(paths[-1], "wb") as f:
                f.write(message)
        got = subprocess.run(
            ["opendkim", "-x", conf, "-t", ",".join(paths)],
            capture_output=True, check=False)
        words = (got.stdout + got.stderr).decode()
        return [f"{p}: verification (s=gatepost, d=home.example, 2048-bit "
                "key) succeeded" in words for p in paths]
    finally:
        shutil.rmtree(folder)


class Dkim(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.far = farend.Server()
        cls.far.__enter__()
        cls.server = gatepost.Server(
            settings=settings(cls.far, dkim__domains="home.example",
                              smtp__max_octets="8000000"),
            users={"ann": "a", "zoe": "z"})
        cls.server.__enter__()
        made = cls.server.run("dkim", "keygen")
        assert made.returncode == 0, made
        cls.key = key_of(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.far.__exit__(None, None, None)

    def setUp(self):
        self.far.messages.clear()

    def send(self, text, sender="ann@home.example"):
        submit(self.server, sender, ["far@x.example"], text)

    def signed(self, n=1):
        arrived(self.far, n)
        emptied(self.server)
        return [b"DKIM-Signature:" in m.data for m in self.far.messages]

    def test_bodies_and_headers_of_every_kind_verify(self):
        texts = [HEAD + b"\r\n" + body for body in BODIES.values()]
        texts += [HEAD + more + b"\r\nbody\r\n" for more in HEADS.values()]
        texts += [HEAD]  # no body, and no empty line before it
        for text in texts:
            self.send(text)
        self.assertEqual(self.signed(len(texts)), [True] * len(texts))
        for message in self.far.messages:
            if b"CC  :" in message.data:
                continue  # a form that dkimpy does not read
            self.assertTrue(by_python(message.data, self.key),
                            message.data[-300:])
        self.assertEqual(
            by_opendkim([m.data for m in self.far.messages], self.key),
            [True] * len(texts))

    def test_a_change_on_the_way_is_seen(self):
        self.send(HEAD + b"\r\nbody\r\n")
        self.signed()
        data = self.far.messages[0].data
        for a, b in ((b"body", b"bodi"), (b"hello", b"Hello"),
                     (b"From: Ann", b"From: Eve <e@x>\r\nFrom: Ann"),
                     (b"Subject:", b"Subject: you\r\nSubject:"),
                     (b"To: far", b"Reply-To: e@x\r\nTo: far")):
            self.assertIn(a, data)
            try:
                self.assertFalse(by_python(data.replace(a, b), self.key), b)
            except dkim.DKIMException:
                pass
        self.assertEqual(
            by_opendkim([data, data.replace(b"hello", b"Hello")], self.key),
            [True, False])

    def test_only_our_own_peoples_mail_of_the_listed_domain(self):
        other = HEAD.replace(b"home.example", b"other.example")
        within = HEAD.replace(b"home.example", b"sub.home.example")
        twice = HEAD + b"From: bob@home.example\r\n"
        for head in (other, within, twice):
            self.send(head + b"\r\nbody\r\n")
        self.assertEqual(self.signed(3), [False] * 3)
        self.assertIn('dkim.not_signed why="a field stands there twice"',
                      self.server.log())

    def test_of_several_senders_the_one_of_ours_is_signed_for(self):
        froms = [b"From: Eve <e@x.example>,\r\n\tann@home.example\r\n",
                 b"From: us: ann@home.example, bob@home.example;\r\n",
                 b"From: e@x.example, f@y.example\r\n"
                 b"Sender: Ann <ann@home.example>\r\n"]
        rest = HEAD.split(b"\r\n", 1)[1]
        for head in froms:
            self.send(head + rest + b"\r\nbody\r\n")
        self.send(b"From: ann@home.example, nobody\r\n" + rest + b"\r\nx\r\n")
        self.assertEqual(sorted(self.signed(4)), [False, True, True, True])
        signed = [m.data for m in self.far.messages if b"DKIM-S" in m.data]
        self.assertEqual(by_opendkim(signed, self.key), [True] * 3)

    def test_mail_that_is_only_forwarded_is_not_signed(self):
        self.server.run("set", "forward.zoe=zoe@far.example")
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            smtp.sendmail("eve@evil.example", ["zoe@home.example"],
                          HEAD + b"\r\nforged\r\n")
        self.assertEqual(self.signed(), [False])
        self.send(HEAD + b"\r\nours\r\n")
        self.assertEqual(self.signed(2), [False, True])

    def test_notices_are_signed_too(self):
        """Their From is the host's; here that domain is not listed."""
        self.server.run("set", "dkim.domains=home.example,gate.example")
        self.addCleanup(self.server.run, "set", "dkim.domains=home.example")
        self.far.faults["RCPT"] = [b"550 5.1.1 nobody\r\n"]
        self.send(HEAD + b"\r\nbody\r\n", sender="away@y.example")
        arrived(self.far)
        emptied(self.server)
        note = self.far.messages[0].data
        self.assertIn(b"d=gate.example", note)
        name = "gatepost._domainkey.gate.example."
        self.assertTrue(by_python(note, (name, self.key[1])))


    def test_signs_what_the_smarthost_wants_to_see(self):
        """The new From is signed, not the old one."""
        self.server.run("set", "route.send_as=box@isp.example",
                        "dkim.domains=isp.example")
        self.addCleanup(self.server.run, "set",
                        "dkim.domains=home.example", "route.send_as=")
        self.send(HEAD + b"\r\nbody\r\n")
        self.assertEqual(self.signed(), [True])
        data = self.far.messages[0].data
        self.assertIn(b"Reply-To: Ann <ann@home.example>", data)
        name = "gatepost._domainkey.isp.example."
        self.assertTrue(by_python(data, (name, self.key[1])))

    def test_a_server_that_hangs_up_while_we_sign_is_asked_again(self):
        for words in (b"", b"421 4.3.2 bye\r\n"):
            self.far.messages.clear()
            # a connection from before may be left; both end like this
            self.far.faults["EHLO"] = [
                (b"250-far.example\r\n250 SIZE\r\n" + words, farend.CLOSE)]
            self.send(HEAD + b"\r\n" + BODIES["long"] * 3)
            self.assertEqual(self.signed(), [True])
            self.assertTrue(by_python(self.far.messages[0].data, self.key))


class Keys(unittest.TestCase):
    def test_a_key_is_made_once_and_replaced_only_when_asked(self):
        with farend.Server() as far, \
                gatepost.Server(settings=settings(far)) as server:
            self.assertIn(b"there is no key yet",
                          server.run("dkim", "show", check=False).stderr)
            server.run("dkim", "keygen")
            path = os.path.join(server.state, "dkim.pem")
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            with open(path, "rb") as f:
                first = f.read()
            again = server.run("dkim", "keygen", check=False)
            self.assertEqual(again.returncode, 2)
            self.assertIn(b"--replace", again.stderr)
            server.run("dkim", "keygen", "--replace")
            with open(path, "rb") as f:
                self.assertNotEqual(first, f.read())
            self.assertEqual(os.listdir(server.state).count("dkim.pem.new"),
                             0)
            self.assertIn(b"name the domains",
                          server.run("dkim", "show", check=False).stderr)
            # two domains, another selector, all at once
            server.run("set", "dkim.domains=home.example,b.example",
                       "dkim.selector=s2")
            shown = server.run("dkim", "show").stdout.decode()
            self.assertIn("s2._domainkey.home.example. IN TXT (", shown)
            self.assertIn("s2._domainkey.b.example. IN TXT (", shown)
            submit(server, "ann@home.example", ["far@x.example"],
                   HEAD + b"\r\nx\r\n")
            self.assertIn(b"s=s2;", arrived(far)[0].data)
            emptied(server)
            server.stop()
            server.start()  # it finds its key again
            submit(server, "ann@home.example", ["far@x.example"],
                   HEAD + b"\r\nx\r\n")
            self.assertIn(b"s=s2;", arrived(far, 2)[1].data)
            emptied(server)

    def test_without_a_key_mail_leaves_and_the_log_says_so(self):
        with farend.Server() as far, gatepost.Server(settings=settings(
                far, dkim__domains="home.example")) as server:
            submit(server, "ann@home.example", ["far@x.example"],
                   HEAD + b"\r\nx\r\n")
            self.assertNotIn(b"DKIM-Signature", arrived(far)[0].data)
            emptied(server)
            self.assertIn("there is no key; `gatepost dkim keygen`",
                          server.log())


if __name__ == "__main__":
    unittest.main()
