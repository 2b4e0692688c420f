"""The POP3 server with real clients: R12, T3, T4, and what DESIGN promises.

test-seconds: 300
"""

import os
import poplib
import re
import shutil
import smtplib
import subprocess
import tempfile
import time
import unittest

import gatepost

setUpModule = gatepost.module_needs("ENABLE_POP3")

ANN = "ann@home.example"
PASSWORD = "open sesame"

# what is sent, byte for byte, after the header
BODIES = {
    "dots": b".\r\n..\r\n.x\r\n...\r\nmid.dle\r\n.\r\n\r\n.",
    "8-bit": bytes(range(128, 256)) + b"\r\n\xff\xfe",
    "long lines": (b"x" * 990 + b"\r\n") * 40,
    "empty": b"",
    "blank lines": b"\r\n\r\n\r\n",
    "no final newline": b"the end",
}


def submit(server, text, to=ANN, options=("body=8bitmime",)):
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=60) as smtp:
        smtp.sendmail("load@far.example", [to], text, mail_options=options)


def sent(body):
    """How a body must come back: with a line end at its end."""
    text = b"Subject: test\r\n\r\n" + body
    return text if text.endswith(b"\r\n") else text + b"\r\n"


class Case(unittest.TestCase):
    settings = {"auth.plaintext": "any"}
    legacy = False

    def setUp(self):
        self.server = gatepost.Server(
            settings={"listen.http": "off", "listen.https": "off",
                      **self.settings}, legacy=self.legacy)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)

    def put(self, name, text, folder="new"):
        """A message of another Maildir program."""
        path = os.path.join(self.server.mail_folder("ann"), folder, name)
        with open(path, "wb") as f:
            f.write(text)
        return path

    def pop(self):
        pop = poplib.POP3("127.0.0.1", self.server.port("pop3"), timeout=60)
        self.addCleanup(pop.close)
        return pop

    def talk(self, service="pop3"):
        talk = self.server.pop(service)
        self.addCleanup(talk.close)
        return talk

    def login(self):
        pop = self.pop()
        pop.user("ann")
        pop.pass_(PASSWORD)
        return pop

    def files(self):
        root = self.server.mail_folder("ann")
        return sorted(n for part in ("new", "cur")
                      for n in os.listdir(os.path.join(root, part)))

    @staticmethod
    def uids(pop):
        return [line.split()[1] for line in pop.uidl()[1]]


class RoundTrips(Case):
    def test_every_body_comes_back_byte_for_byte(self):
        for body in BODIES.values():
            submit(self.server, b"Subject: test\r\n\r\n" + body)
        pop = self.login()
        sizes = {int(a): int(b) for a, b in
                 (line.split() for line in pop.list()[1])}
        self.assertEqual(pop.stat(), (len(BODIES), sum(sizes.values())))
        for number, (name, body) in enumerate(BODIES.items(), 1):
            with self.subTest(name):
                text = b"\r\n".join(pop.retr(number)[1]) + b"\r\n"
                self.assertTrue(text.endswith(sent(body)), text[-200:])
                self.assertEqual(sizes[number], len(text))
        pop.quit()

    def test_a_last_line_that_came_without_its_end_is_counted_with_it(self):
        text = b"Subject: chunk\r\n\r\nno end"
        with self.server.smtp(hello="me.example") as talk:
            talk.expect(250, "MAIL FROM:<x@far.example>")
            talk.expect(250, "RCPT TO:<ann@home.example>")
            talk.send(b"BDAT %d LAST\r\n" % len(text) + text)
            self.assertEqual(talk.reply()[0], 250)
        pop = self.login()
        size = pop.stat()[1]
        got = b"\r\n".join(pop.retr(1)[1]) + b"\r\n"
        self.assertTrue(got.endswith(text + b"\r\n"), got)
        self.assertEqual(size, len(got))
        pop.quit()

    def test_20_mb_come_back_byte_for_byte(self):
        body = os.urandom(1 << 20).hex().encode()
        lines = b"\r\n".join(body[i:i + 76] for i in range(0, len(body), 76))
        text = b"Subject: big\r\n\r\n" + (lines + b"\r\n") * 10
        submit(self.server, text)
        pop = self.login()
        size = pop.stat()[1]
        got = b"\r\n".join(pop.retr(1)[1]) + b"\r\n"
        self.assertTrue(got.endswith(text))
        self.assertEqual(len(got), size)
        pop.quit()

    def test_a_client_that_does_not_read_holds_nobody_up(self):
        submit(self.server, b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n")
        self.put("1.big", b"z" * 60 + b"\n" + (b"q" * 79 + b"\n") * 200000)
        stuck = self.talk()
        stuck.pop("USER ann")
        stuck.pop("PASS " + PASSWORD)
        stuck.send(b"RETR 1\r\nRETR 1\r\nQUIT\r\n")
        other = self.talk()
        began = time.monotonic()
        self.assertEqual(other.pop("QUIT"), b"+OK bye")
        self.assertLess(time.monotonic() - began, 2)
        self.assertTrue(stuck.line().startswith(b"+OK"))
        self.assertEqual(len(stuck.listing()), 200001)
        self.assertTrue(stuck.line().startswith(b"+OK"))
        self.assertEqual(len(stuck.listing()), 200001)
        self.assertEqual(stuck.line(), b"+OK bye")

    def test_files_of_other_programs_are_served_as_they_lie(self):
        self.put("1.crlf", b"Subject: a\r\n\r\nx\r\n")
        self.put("2.nothing", b"")
        self.put("3.bare", b"no end")
        self.put("4.flags,S=3:2,FS", b"a\nb", "cur")
        pop = self.login()
        self.assertEqual([line.split()[1] for line in pop.list()[1]],
                         [b"17", b"0", b"8", b"6"])
        self.assertEqual(pop.retr(1)[1], [b"Subject: a", b"", b"x"])
        self.assertEqual(pop.retr(2)[1], [])
        self.assertEqual(pop.retr(3)[1], [b"no end"])
        self.assertEqual(pop.retr(4)[1], [b"a", b"b"])
        self.assertEqual(pop.top(1, 0)[1], [b"Subject: a", b""])

    def test_what_is_no_file_is_no_message(self):
        """A pipe would hold up everybody, a link show what is not mail."""
        new = os.path.join(self.server.mail_folder("ann"), "new")
        self.put("2.real", b"Subject: a\n\nx\n")
        os.mkfifo(os.path.join(new, "1.pipe"))
        os.symlink(os.path.join(self.server.state, "tls.pem"),
                   os.path.join(new, "3.link"))
        os.mkdir(os.path.join(new, "4.folder"))
        pop = self.login()
        self.assertEqual([line.split()[1] for line in pop.uidl()[1]],
                         [b"2.real"])
        os.unlink(os.path.join(new, "2.real"))
        os.symlink(os.path.join(self.server.state, "tls.pem"),
                   os.path.join(new, "2.real"))
        with self.assertRaises(poplib.error_proto):
            pop.retr(1)


class Maildrop(Case):
    def test_unique_ids_outlive_restarts_moves_and_flags(self):
        for i in range(5):
            submit(self.server, b"Subject: %d\r\n\r\nx\r\n" % i)
        pop = self.login()
        before = self.uids(pop)
        pop.quit()
        self.assertEqual(len(set(before)), 5)
        root = self.server.mail_folder("ann")
        for i, name in enumerate(self.files()):
            os.rename(f"{root}/new/{name}", f"{root}/cur/{name}:2,"
                      + "FRS"[:i % 3])
        self.server.stop()
        moved = os.path.join(self.server.folder, "elsewhere")
        shutil.move(self.server.state, moved)
        self.server.state = moved
        self.server.start()
        pop = self.login()
        self.assertEqual(self.uids(pop), before)
        pop.dele(2)
        pop.quit()
        submit(self.server, b"Subject: new\r\n\r\nx\r\n")
        pop = self.login()
        now = self.uids(pop)
        self.assertEqual(now[:4], before[:1] + before[2:])
        self.assertNotIn(now[4], before)

    def test_deletes_at_quit_and_not_before(self):
        for i in range(3):
            submit(self.server, b"Subject: %d\r\n\r\nx\r\n" % i)
        pop = self.login()
        pop.dele(1)
        pop.dele(3)
        pop.rset()
        pop.dele(2)
        self.assertEqual(pop.stat()[0], 2)
        self.assertEqual(len(self.files()), 3)
        pop.close()
        self.assertEqual(len(self.files()), 3)
        pop = self.login()
        self.assertEqual(pop.stat()[0], 3)
        pop.dele(1)
        pop.dele(2)
        pop.quit()
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(self.login().stat()[0], 1)

    def test_a_lock_lasts_as_long_as_its_connection(self):
        first = self.login()
        second = self.pop()
        second.user("ann")
        with self.assertRaisesRegex(poplib.error_proto, r"\[IN-USE\]"):
            second.pass_(PASSWORD)
        first.close()
        gatepost.wait_for(self.can_login, "the lock is gone")
        self.login().quit()
        self.login().quit()

    def can_login(self):
        pop = poplib.POP3("127.0.0.1", self.server.port("pop3"), timeout=60)
        try:
            pop.user("ann")
            pop.pass_(PASSWORD)
            pop.quit()
        except poplib.error_proto:
            return False
        finally:
            pop.close()
        return True

    def test_a_message_moved_under_a_session_is_found_again(self):
        path = self.put("1.a", b"hello\n")
        self.put("2.b", b"gone\n")
        pop = self.login()
        os.rename(path, path.replace("/new/", "/cur/") + ":2,RS")
        os.unlink(path.replace("1.a", "2.b"))
        self.assertEqual(pop.retr(1)[1], [b"hello"])
        with self.assertRaisesRegex(poplib.error_proto, "gone"):
            pop.retr(2)
        pop.dele(1)
        pop.dele(2)
        pop.quit()
        self.assertEqual(self.files(), [])

    def test_a_folder_that_cannot_be_written_keeps_its_messages(self):
        self.put("1.a", b"hello\n")
        folder = os.path.join(self.server.mail_folder("ann"), "new")
        pop = self.login()
        pop.dele(1)
        if subprocess.run(["chattr", "+i", folder], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("needs chattr and the right to use it")
        try:
            with self.assertRaisesRegex(poplib.error_proto, "SYS/TEMP"):
                pop.quit()
        finally:
            subprocess.run(["chattr", "-i", folder], check=True)
        self.assertEqual(self.files(), ["1.a"])
        self.assertIn("error pop3.not_removed account=ann messages=1 "
                      'error="permission denied"', self.server.log())

    def test_10000_messages_list_through_back_pressure(self):
        for i in range(10000):
            self.put(f"{1700000000 + i // 7}.M{i}P1.h,S=2,W=3", b"x\n",
                     "cur" if i % 3 else "new")
        pop = self.login()
        self.assertEqual(pop.stat(), (10000, 30000))
        self.assertEqual(len(pop.list()[1]), 10000)
        uids = self.uids(pop)
        self.assertEqual(len(set(uids)), 10000)
        self.assertEqual(uids[7], b"1700000001.M7P1.h")
        for i in range(1, 10001, 2):
            pop.dele(i)
        pop.quit()
        self.assertEqual(len(self.files()), 5000)

    def test_login_delay_is_announced_and_kept(self):
        self.server.run("set", "pop3.login_delay_seconds=3600")
        self.login().quit()
        pop = self.pop()
        self.assertEqual(pop.capa()["LOGIN-DELAY"], ["3600"])
        pop.user("ann")
        with self.assertRaisesRegex(poplib.error_proto, r"\[LOGIN-DELAY\]"):
            pop.pass_(PASSWORD)

    def test_networks_that_may_not_fetch_are_turned_away(self):
        self.server.run("set", "permit.pop3_networks=10.0.0.0/8")
        with self.assertRaisesRegex(poplib.error_proto, r"\[SYS/PERM\]"):
            self.pop()
        for service in ("pop3", "pop3s"):
            with gatepost.Talk(self.server.port(service),
                               tls=service == "pop3s") as talk:
                self.assertIn(b"[SYS/PERM]", talk.line())
                self.assertTrue(talk.at_end(), service)


class Protection(Case):
    settings = {}

    def test_passwords_need_tls(self):
        pop = self.pop()
        self.assertNotIn("USER", pop.capa())
        with self.assertRaisesRegex(poplib.error_proto, "TLS"):
            pop.user("ann")
        with self.assertRaisesRegex(poplib.error_proto, "TLS"):
            pop._shortcmd("AUTH PLAIN")
        pop.stls(gatepost.untrusting_tls())
        self.assertIn("USER", pop.capa())
        self.assertNotIn("STLS", pop.capa())
        pop.user("ann")
        pop.pass_(PASSWORD)
        self.assertEqual(pop.stat(), (0, 0))
        pop.quit()

    def test_nothing_said_before_tls_counts_after_it(self):
        talk = self.talk()
        talk.send(b"STLS\r\nUSER ann\r\nCAPA\r\n")
        self.assertTrue(talk.line().startswith(b"+OK"))
        time.sleep(0.2)
        self.assertEqual(talk.buffer, b"")
        talk.secure()
        self.assertEqual(talk.pop(f"PASS {PASSWORD}"), b"-ERR USER first")
        self.assertTrue(talk.pop("STLS").startswith(b"-ERR"))

    def test_wrong_names_and_passwords_look_alike(self):
        answers = set()
        for user, password in (("ann", "wrong"), ("nobody", PASSWORD)):
            talk = self.talk("pop3s")
            talk.pop("USER " + user)
            answers.add(talk.pop("PASS " + password))
            self.assertEqual(len(answers), 1, answers)
        self.assertIn(b"[AUTH]", answers.pop())

    def test_every_offered_mechanism_lets_the_right_one_in(self):
        talk = self.talk("pop3s")
        talk.send(b"AUTH\r\n")
        talk.line()
        self.assertLessEqual({b"PLAIN", b"LOGIN"}, set(talk.listing()))
        self.assertTrue(talk.pop(
            "AUTH PLAIN " + gatepost.plain("ann", PASSWORD)
        ).startswith(b"+OK"))
        self.assertTrue(talk.pop("QUIT").startswith(b"+OK"))
        talk = self.talk("pop3s")
        self.assertEqual(talk.pop("AUTH LOGIN"), b"+ VXNlcm5hbWU6")
        self.assertEqual(talk.pop("YW5u"), b"+ UGFzc3dvcmQ6")
        self.assertTrue(talk.pop("b3BlbiBzZXNhbWU=").startswith(b"+OK"))


class Apop(Case):
    legacy = True

    def test_apop_with_a_fresh_challenge_each_time(self):
        banners = set()
        for _ in range(3):
            pop = self.pop()
            banners.add(re.search(rb"<.*@.*>", pop.getwelcome()).group())
            pop.apop("ann", PASSWORD)
            pop.quit()
        self.assertEqual(len(banners), 3)
        pop = self.pop()
        with self.assertRaisesRegex(poplib.error_proto, "AUTH"):
            pop.apop("ann", "wrong")


class Clients(Case):
    """curl, mpop and fetchmail from Debian, over STLS and POP3S."""

    settings = {}

    def setUp(self):
        super().setUp()
        self.text = b"From: <a@far.example>\r\nSubject: hello\r\n\r\n" \
                    b".dot\r\nbody\r\n"
        submit(self.server, self.text)
        self.home = tempfile.mkdtemp(prefix="client-")
        self.addCleanup(shutil.rmtree, self.home)

    def run_client(self, *words, stdin=b""):
        if not shutil.which(words[0]):
            self.skipTest(words[0] + " is not installed")
        return subprocess.run(
            words, input=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60, check=False,
            env={**os.environ, "HOME": self.home})

    def config(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def test_curl(self):
        for url, more in ((f"pop3://127.0.0.1:{self.server.port('pop3')}/1",
                           ["--ssl-reqd"]),
                          (f"pop3s://127.0.0.1:{self.server.port('pop3s')}/1",
                           [])):
            done = self.run_client("curl", "-sSk", *more, "-u",
                                   f"ann:{PASSWORD}", url)
            self.assertTrue(done.stdout.endswith(self.text), done.stdout)

    def test_mpop(self):
        box = os.path.join(self.home, "box")
        path = self.config("mpoprc", f"""
            account default
            host 127.0.0.1
            port {self.server.port('pop3')}
            user ann
            password "{PASSWORD}"
            tls on
            tls_starttls on
            tls_certcheck off
            keep off
            delivery mbox {box}
            uidls_file {self.home}/uidls
            """)
        done = self.run_client("mpop", "-C", path)
        self.assertEqual(done.returncode, 0, done.stdout)
        with open(box, "rb") as f:
            self.assertIn(b"\n.dot\nbody\n", f.read())
        self.assertEqual(self.files(), [])

    def test_fetchmail(self):
        box = os.path.join(self.home, "box")
        path = self.config("fetchmailrc", f"""
poll 127.0.0.1 service {self.server.port('pop3s')} protocol pop3 uidl
  user "ann" password "{PASSWORD}" ssl no sslcertck fetchall
  mda "cat >>{box}"
""")
        done = self.run_client(
            "fetchmail", "-f", path, "--pidfile", f"{self.home}/pid",
            "-i", f"{self.home}/ids", "--nosyslog")
        self.assertEqual(done.returncode, 0, done.stdout)
        with open(box, "rb") as f:
            self.assertIn(b"\n.dot\nbody\n", f.read())
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()
