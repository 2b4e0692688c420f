"""kill -9 while mail is taken in and sent on: nothing lost, and nothing twice
but what was on its way at that very moment.

ROUNDS=n kills, after the far end was down until QUEUED=n messages waited
("make killnine": 100 and 3,000)."""

import collections
import os
import random
import re
import smtplib
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import QUICK, queued, settings  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_RELAY")

ROUNDS = int(os.environ.get("ROUNDS", "6"))
QUEUED = int(os.environ.get("QUEUED", "100"))
SLOTS = 16  # deliveries at once: RELAY_SLOTS


class Sender(threading.Thread):
    """Sends numbered messages and notes those that were promised."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.promised, self.n = [], 0
        self.stopping = False

    def run(self):
        while not self.stopping:
            try:
                self.talk()
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)

    def talk(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port("smtps"),
                              context=gatepost.untrusting_tls(),
                              timeout=10) as smtp:
            smtp.login("ann", self.server.users["ann"])
            while not self.stopping:
                self.n += 1
                token = f"T{self.number}-{self.n}."
                smtp.sendmail("ann@home.example", ["far@x.example"],
                              f"Subject: x\r\n\r\n{token}\r\n" + "x" * 500)
                self.promised.append(token)


class RelayKill(unittest.TestCase):
    def test_nothing_is_lost_when_killed_under_load(self):
        dice = random.Random(int(os.environ.get("SEED", "1")))
        down = (b"421 4.3.2 down\r\n", farend.CLOSE)
        with farend.Server() as far, gatepost.Server(settings={
                **settings(far), **QUICK,
                "net.max_per_address": "100"}) as server:
            longest = 0
            senders = [Sender(server, i) for i in range(4)]
            for sender in senders:
                sender.start()
            far.faults = {"connect": down}
            gatepost.wait_for(
                lambda: sum(len(s.promised) for s in senders) >= QUEUED,
                "a queue", 120)
            for _ in range(ROUNDS):
                # now and then the far end is down and the queue grows
                far.faults = {"connect": down} if dice.random() < 0.3 else {}
                longest = max(longest, len(queued(server)))
                time.sleep(dice.uniform(0.3, 1.5))
                server.kill()
                server.start()
            for sender in senders:
                sender.stopping = True
            for sender in senders:
                sender.join(20)
            far.faults = {}
            server.run("queue", "retry")
            gatepost.wait_for(lambda: not queued(server),
                              "the queue is empty", 20 + QUEUED // 20)
        promised = {t for s in senders for t in s.promised}
        got = collections.Counter(
            re.search(rb"\r\n\r\n(T[0-9-]+\.)\r\n", m.data).group(1).decode()
            for m in far.messages)
        twice = sum(n - 1 for n in got.values())
        print(f"{len(promised)} promised, {len(got)} arrived, {twice} twice, "
              f"{ROUNDS} kills, up to {longest} in the queue",
              file=sys.stderr)
        self.assertGreater(len(promised), 20)
        self.assertEqual(promised - set(got), set())
        self.assertLessEqual(twice, ROUNDS * SLOTS)


if __name__ == "__main__":
    unittest.main()
