"""Real servers as far ends: Debian's Postfix, Exim and Dovecot (peers.py).

test-sanitizer: no (test_relay does the same steps under sanitizers)
"""

import email
import imaplib
import os
import poplib
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import gatepost  # noqa: E402
import peers  # noqa: E402
from test_relay import QUICK, emptied, settings, submit  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_RELAY")

COMPLETE = b"Date: Sun, 22 Nov 2026 20:00:00 +0000\r\n" \
    b"Message-Id: <1@home.example>\r\n"
HEAD = b"From: ann@home.example\r\nTo: far@x.example\r\nSubject: hello\r\n" \
    + COMPLETE + b"\r\n"
# what breaks easily: dots, trailing blanks, empty lines, long ones, eight bits
BODY = b".\r\n..\r\n.dot\r\n \r\ntrailing  \r\n\ttab\r\nFrom here\r\n\r\n\r\n" \
    + b"x" * 990 + b"\r\n" + "Grüße, 日本\r\n".encode() + b"\r\nend\r\n"



class Far(unittest.TestCase):
    """What must hold with every one of them."""

    def verified(self, mta, **more):
        return settings(mta, route__tls="verified",
                        tls__roots=mta.path("ca.pem"), **more)

    def check_bytes(self, mta, **more):
        with mta, gatepost.Server(
                settings=self.verified(mta, **more)) as server:
            self.log_in(server)
            submit(server, "ann@home.example", ["far@x.example"], HEAD + BODY)
            text, = mta.arrived()
            emptied(server)
        self.assertTrue(text.endswith(
            (HEAD + BODY).replace(b"\r\n", b"\n")), text)
        trace = email.message_from_bytes(text).get_all("Received")
        self.assertEqual(len(trace), 2)
        self.assertRegex(trace[0], r"from (\[127.0.0.1\] \(helo=)?gate.example")
        self.assertRegex(trace[0], r"(?i)tls.?1.?2")
        self.assertIn("by gate.example", trace[1])

    def log_in(self, server):
        pass

    def check_size(self, mta, **more):
        with mta, gatepost.Server(
                settings=self.verified(mta, **more)) as server:
            self.log_in(server)
            submit(server, "ann@home.example", ["far@x.example"],
                   HEAD + BODY * 30)
            emptied(server)
            note, = server.stored("ann")
        self.assertIn(b"5.3.4", note)

    def check_many(self, mta, **more):
        with mta, gatepost.Server(settings=self.verified(
                mta, queue__per_destination="1", queue__hold="on",
                **more)) as server:
            self.log_in(server)
            for _ in range(100):
                submit(server, "ann@home.example", ["far@x.example"])
            before = mta.connections()
            server.run("set", "queue.hold=off")
            mta.arrived(100)
            emptied(server)
            self.assertLessEqual(mta.connections() - before, 2)


class Postfix(Far):
    def test_every_byte_arrives_under_verified_tls(self):
        self.check_bytes(peers.Postfix())

    def test_what_is_too_long_there_is_refused_at_once(self):
        self.check_size(peers.Postfix(most=20000))

    def test_a_hundred_messages_go_over_one_connection(self):
        self.check_many(peers.Postfix())

    def test_an_unknown_authority_is_not_believed(self):
        with peers.Postfix() as mta, peers.Postfix() as other, \
                gatepost.Server(settings=settings(
                    mta, route__tls="verified",
                    tls__roots=other.path("ca.pem"))) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: "certificate" in
                server.run("queue", "list").stdout.decode(), "the reason")
            self.assertFalse(os.path.isdir(mta.path("mail", "new")))

    def test_its_success_notice_comes_back(self):
        server = gatepost.Server()
        with peers.Postfix(back_to=server.port("smtp")) as mta:
            server.settings.update(self.verified(mta))
            with server:
                submit(server, "ann@home.example", ["far@x.example"],
                       options=["RET=HDRS", "ENVID=id+2B1"],
                       rcpt_options=["NOTIFY=SUCCESS",
                                     "ORCPT=rfc822;o+2Bx@x.example"])
                mta.arrived()
                gatepost.wait_for(lambda: server.stored("ann"), "a notice")
                note, = server.stored("ann")
        self.assertIn(b"Original-Envelope-Id: id+1\n", note)
        self.assertIn(b"Action: delivered", note)
        self.assertIn(b"Reporting-MTA: dns; far.example", note)

    def test_addresses_and_headers_in_utf8(self):
        text = "From: ann@home.example\r\nTo: grün@x.example\r\n"\
            "Subject: Grüße\r\n".encode() + COMPLETE + b"\r\nhello\r\n"
        with peers.Postfix() as mta, gatepost.Server(
                settings=self.verified(mta)) as server, \
                server.smtp("smtps", hello="me") as talk:
            talk.expect(235, "AUTH PLAIN " + gatepost.plain(
                "ann", server.users["ann"]))
            talk.expect(250, "MAIL FROM:<ann@home.example> SMTPUTF8")
            talk.expect(250, "RCPT TO:<grün@x.example>")
            talk.expect(354, "DATA")
            talk.send(text)
            talk.expect(250, ".")
            got, = mta.arrived()
        self.assertTrue(got.endswith(text.replace(b"\r\n", b"\n")))


class Exim(Far):
    """Over BDAT, since it offers CHUNKING, and with a login."""

    LOGIN = {"route__user": peers.Exim.USER}

    def log_in(self, server):
        server.run("set", f"route.password={peers.Exim.PASSWORD}")

    def test_every_byte_arrives_under_verified_tls(self):
        self.check_bytes(peers.Exim(), **self.LOGIN)

    def test_what_is_too_long_there_is_refused_at_once(self):
        self.check_size(peers.Exim(most=20000), **self.LOGIN)

    def test_a_hundred_messages_go_over_one_connection(self):
        self.check_many(peers.Exim(), **self.LOGIN)

    def test_a_wrong_password_leaves_it_in_the_queue_with_the_words(self):
        with peers.Exim() as mta, gatepost.Server(
                settings=self.verified(mta, **self.LOGIN)) as server:
            server.run("set", "route.password=wrong")
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: "Incorrect authentication data" in
                server.run("queue", "list").stdout.decode(), "the words")


class Dovecot(unittest.TestCase):
    def fetch(self, store, user):
        pop = poplib.POP3("127.0.0.1", store.pop3, timeout=20)
        pop.user(user)
        pop.pass_("pw")
        texts = [b"\r\n".join(pop.retr(i + 1)[1]) + b"\r\n"
                 for i in range(pop.stat()[0])]
        pop.quit()
        return texts

    def fetch_imap(self, store, user):
        with imaplib.IMAP4("127.0.0.1", store.imap, timeout=20) as imap:
            imap.login(user, "pw")
            imap.select(readonly=True)
            _, found = imap.search(None, "ALL")
            return [imap.fetch(n, "(RFC822)")[1][0][1]
                    for n in found[0].split()]

    def test_a_remote_store_takes_the_mail_of_all_accounts(self):
        with peers.Dovecot() as store, gatepost.Server(
                users={"ann": "a", "ben": "b"},
                settings={"mail.lmtp": f"127.0.0.1:{store.port}",
                          **QUICK}) as server:
            submit(server, "ann@home.example",
                   ["ann@home.example", "ben@home.example"], HEAD + BODY)
            emptied(server)
            for user in ("ann", "ben"):
                text, = self.fetch(store, user)
                self.assertTrue(text.endswith(HEAD + BODY), text)
                self.assertEqual(self.fetch_imap(store, user), [text])
            self.assertEqual(server.stored("ann"), [])

    def test_our_mailboxes_can_be_served_as_they_lie(self):
        with gatepost.Server(settings=QUICK) as server:
            for i in range(3):
                submit(server, "ann@home.example", ["ann@home.example"],
                       HEAD + BODY + b"%d\r\n" % i)
            ours = server.fetch("ann")
            with peers.Dovecot() as store:
                # its own copy: it may not look into root's folders
                box = store.path("home", "ann", "Maildir")
                shutil.copytree(server.mail_folder("ann"), box)
                for folder, _, names in os.walk(store.path("home")):
                    for name in [folder] + [os.path.join(folder, n)
                                            for n in names]:
                        os.chown(name, peers.uid("vmail"), peers.uid("vmail"))
                self.assertEqual(sorted(self.fetch(store, "ann")),
                                 sorted(ours))
                self.assertEqual(sorted(self.fetch_imap(store, "ann")),
                                 sorted(ours))


if __name__ == "__main__":
    unittest.main()
