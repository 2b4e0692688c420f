"""kill -9 under load, at random moments (T18).

Every message that was answered with 250 is in each of its mailboxes once and
whole; no other is there torn or twice; tmp is empty after the next start.
ROUNDS=n says how often (`make killnine`: 200).

test-seconds: 600
"""

import os
import random
import re
import smtplib
import threading
import time
import unittest

import gatepost

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SENDERS = 8
SETTINGS = {"listen.http": "off", "listen.https": "off"}
USERS = {"ann": "a1", "bob": "b2", "eve": "c3"}
NUMBER = re.compile(rb"^X-Number: (\d+) (\d+)\n", re.M)


def text_of(number, lines):
    """A message whose every line says where it belongs."""
    head = f"X-Number: {number} {lines}\r\nSubject: {number}\r\n\r\n"
    return head + "".join(f"{number} {i}\r\n" for i in range(lines))


class Sender(threading.Thread):
    """Sends until the server is gone, and remembers what was promised."""

    def __init__(self, port, number, dice):
        super().__init__(daemon=True)
        self.port = port
        self.number = number
        self.dice = dice
        self.sent = {}  # number: recipients
        self.promised = {}

    def run(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, "me.example",
                              timeout=gatepost.SECONDS) as client:
                client.ehlo()
                while True:
                    self.send_one(client)
        except (OSError, smtplib.SMTPException):
            pass

    def send_one(self, client):
        self.number += 1
        users = self.dice.sample(sorted(USERS), self.dice.choice((1, 1, 2)))
        lines = self.dice.choice((0, 5, 100, 100, 3000))
        client.mail("sender@elsewhere.example")
        for user in users:
            client.rcpt(f"{user}@{gatepost.DOMAIN}")
        self.sent[self.number] = users
        code, words = client.data(text_of(self.number, lines))
        if code != 250:
            raise AssertionError(f"{code} {words}")
        self.promised[self.number] = users


class KillNine(unittest.TestCase):
    def setUp(self):
        self.dice = random.Random(20261122)

    def load(self, server, first, seconds):
        """Senders at work until the server is killed; them."""
        senders = [Sender(server.port("smtp"), first + k * 100000,
                          random.Random(self.dice.random()))
                   for k in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(seconds)
        server.kill()
        for sender in senders:
            sender.join()
        return senders

    def numbers_in(self, server, user):
        """Which messages a mailbox holds; all must be whole."""
        numbers = []
        for text in server.stored(user):
            match = NUMBER.search(text)
            self.assertTrue(match, f"torn: {text[:200]!r}")
            number, lines = int(match.group(1)), int(match.group(2))
            whole = text_of(number, lines).replace("\r\n", "\n").encode()
            self.assertTrue(text.endswith(whole), f"torn: {number}")
            numbers.append(number)
        return numbers

    def check(self, server, senders):
        tmp = os.path.join(server.state, "tmp")
        self.assertEqual(os.listdir(tmp), [])
        sent = {n: u for s in senders for n, u in s.sent.items()}
        promised = {n: u for s in senders for n, u in s.promised.items()}
        for user in USERS:
            numbers = self.numbers_in(server, user)
            self.assertEqual(len(numbers), len(set(numbers)), "twice")
            for number in numbers:
                self.assertIn(user, sent[number])
            self.assertEqual(
                {n for n, u in promised.items() if user in u}
                - set(numbers), set(), "lost")
        return len(promised)

    def empty(self, server):
        """Move the mail away, so that each round is looked at by itself."""
        for user in USERS:
            folder = os.path.join(server.mail_folder(user), "new")
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))

    def test_every_promise_outlives_kill_nine(self):
        promises = 0
        with gatepost.Server(users=USERS, settings=SETTINGS) as server:
            for i in range(ROUNDS):
                senders = self.load(server, i * 1000000 + 1,
                                    self.dice.uniform(0.03, 0.4))
                server.start()
                with server.smtp() as talk:  # so it is past recovering
                    talk.command("QUIT")
                promises += self.check(server, senders)
                self.empty(server)
            self.assertGreater(promises, ROUNDS)
        print(f"{ROUNDS} kills, {promises} promises kept")


if __name__ == "__main__":
    unittest.main()
