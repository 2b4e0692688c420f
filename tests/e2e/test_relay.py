"""Mail that goes on: queue, smarthost, a far end that misbehaves."""

import email
import os
import smtplib
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402

QUICK = {"queue.retry_seconds": "1", "queue.retry_max_seconds": "1",
         "listen.http": "off", "listen.https": "off"}
TEXT = (b"From: ann@home.example\r\nTo: far@x.example\r\nSubject: hello\r\n"
        b"\r\nOne.\r\n.two\r\n..\r\nfour\r\n")


def settings(far, **more):
    return {"route.smarthost": f"127.0.0.1:{far.port}", **QUICK,
            **{k.replace("__", "."): v for k, v in more.items()}}


def submit(server, sender, recipients, text=TEXT, options=(), rcpt_options=()):
    """Send as ann over port 465."""
    with smtplib.SMTP_SSL("127.0.0.1", server.port("smtps"),
                          context=gatepost.untrusting_tls()) as smtp:
        smtp.login("ann", server.users["ann"])
        return smtp.sendmail(sender, recipients, text, options, rcpt_options)


def arrived(far, n=1):
    gatepost.wait_for(lambda: len(far.messages) >= n, f"{n} messages arrive")
    return far.messages


def queue_folder(server):
    return os.path.join(server.state, "queue")


def queued(server):
    return [n for n in os.listdir(queue_folder(server)) if n[0] != "."]


def emptied(server):
    gatepost.wait_for(lambda: not queued(server), "the queue is empty")


class Relay(unittest.TestCase):
    def test_passes_a_message_on_as_it_was(self):
        with farend.Server() as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            message = arrived(far)[0]
            emptied(server)
        self.assertEqual(message.sender.split()[1], b"FROM:<ann@home.example>")
        self.assertEqual(message.recipients, [b"RCPT TO:<far@x.example>"])
        self.assertTrue(message.data.endswith(TEXT))
        self.assertTrue(message.data.startswith(b"Received: from"))
        self.assertNotIn(b"Return-Path:", message.data)
        self.assertEqual(far.bare, [])


if __name__ == "__main__":
    unittest.main()
