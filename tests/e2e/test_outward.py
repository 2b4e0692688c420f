"""What never goes on: bare CR and LF, whatever is asked for before TLS, and
what a far end says before it was asked."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import TEXT, arrived, emptied, queue_folder, queued, \
    settings, submit  # noqa: E402
from test_route import STARTTLS, Certificate  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_RELAY")


class LineEnds(unittest.TestCase):
    def test_a_body_with_bare_cr_on_the_disk_leaves_without_it(self):
        """As an older version, another program or a bad disk may leave it."""
        for offers in (farend.OFFERS, farend.OFFERS + ("CHUNKING",)):
            with farend.Server(offers=offers) as far, \
                    gatepost.Server(settings=settings(
                        far, queue__hold="on")) as server:
                submit(server, "ann@home.example", ["far@x.example"],
                       TEXT + b"aaQ.Qbb\r\nQQ\r\nccQQ\r\n")
                path = os.path.join(queue_folder(server), queued(server)[0])
                with open(path, "r+b") as f:
                    body = f.read().partition(b"gpqh")[0]
                    f.seek(0)
                    f.write(body.replace(b"Q", b"\r"))
                server.run("set", "queue.hold=off")
                data = arrived(far)[0].data
                emptied(server)
            self.assertEqual(far.bare, [])
            self.assertNotIn(b"\r", data.replace(b"\r\n", b""))
            self.assertNotIn(b"\n", data.replace(b"\r\n", b""))
            self.assertTrue(data.endswith(b"\r\naa.bb\r\n\r\ncc\r\n"), data)

    def test_a_notice_holds_no_line_of_the_far_ends(self):
        words = b"550 5.1.1 no\rRCPT TO:<x@y.example>\r\n"
        with farend.Server(faults={"RCPT": [words]}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "other@y.example", ["far@x.example"])
            notice, = arrived(far)
            emptied(server)
        self.assertEqual(far.bare, [])
        self.assertNotIn(b"\nRCPT", notice.data)
        self.assertEqual(notice.recipients, [b"RCPT TO:<other@y.example>"])

    def test_a_forwarded_message_and_a_posting_have_right_line_ends(self):
        with farend.Server() as far, gatepost.Server(settings=settings(
                far, forward__ann="far@x.example")) as server:
            submit(server, "ann@home.example", ["ann@home.example"])
            data = arrived(far)[0].data
            emptied(server)
        self.assertEqual(far.bare, [])
        self.assertEqual(data.count(b"\n"), data.count(b"\r\n"))


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cert = Certificate("127.0.0.1")
        cls.addClassCleanup(cls.cert.remove)

    def test_what_was_said_before_tls_is_forgotten(self):
        injected = b"220 go\r\n250-far.example\r\n250 AUTH PLAIN LOGIN\r\n" \
            b"250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken\r\n"
        with farend.Server(offers=STARTTLS, context=self.cert.context,
                           faults={"STARTTLS": [injected]}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            message, = arrived(far)
            emptied(server)
        self.assertTrue(message.tls)
        self.assertEqual(len([x for x in far.lines
                              if x.startswith(b"EHLO")]) % 2, 0)
        self.assertFalse(any(b"AUTH" in x for x in far.lines))

    def test_replies_that_nobody_asked_for_end_the_connection(self):
        for step in ("EHLO", "MAIL", "RCPT"):
            early = b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n" \
                b"250 2.0.0 taken\r\n"
            with self.subTest(step), farend.Server(
                    faults={step: [early]}) as far, \
                    gatepost.Server(settings=settings(far)) as server:
                submit(server, "ann@home.example", ["far@x.example"])
                self.assertTrue(arrived(far)[0].data.endswith(TEXT))
                emptied(server)
                self.assertGreater(far.connections, 1)
                self.assertEqual(server.stored("ann"), [])


if __name__ == "__main__":
    unittest.main()
