"""A far end that misbehaves at random, at any step, in any way that is no
consent: each recipient has the message once, or its sender is told once.

SEED=n and ROUNDS=n for others and more than make test runs."""

import collections
import os
import random
import re
import smtplib
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import QUICK, TEXT, queued  # noqa: E402

LATER = b"450 4.2.0 later\r\n"
NEVER = b"550 5.1.1 nobody\r\n"
FAULTS = [LATER, b"451-4.3.0 not\r\n451 4.3.0 now\r\n", NEVER,
          (b"421 4.3.2 bye\r\n", farend.CLOSE), farend.CLOSE,
          (b"what is this?\r\n", farend.CLOSE)]
OFFERS = [farend.OFFERS, ("8BITMIME",), farend.OFFERS + ("CHUNKING",),
          ("CHUNKING",)]


class Chance(unittest.TestCase):
    def test_each_recipient_has_it_once_or_its_sender_is_told_once(self):
        first = int(os.environ.get("SEED", "1"))
        for seed in range(first, first + int(os.environ.get("ROUNDS", "5"))):
            with self.subTest(seed=seed):
                self.play(seed)

    def play(self, seed):
        dice = random.Random(seed)
        lmtp = seed % 5 == 4

        once = [NEVER]  # however the dice fall, somebody is refused

        def fault(step):
            if step == "RCPT" and once:
                return once.pop()
            if step == "QUIT" or dice.random() > 0.12:
                return None
            one = dice.choice(FAULTS)
            return LATER if one == NEVER and step in ("connect", "EHLO") \
                else one

        with farend.Server(offers=OFFERS[seed % 4], lmtp=lmtp,
                           faults=fault) as far, gatepost.Server(settings={
                **QUICK, "queue.per_destination": "3", "route.rule.far":
                f"to=x.example host=127.0.0.1:{far.port}"
                + " proto=lmtp" * lmtp}) as server:
            people = self.post(server, dice)
            gatepost.wait_for(lambda: not queued(server), "all is done", 90)
            told = collections.Counter(
                name.decode() for note in server.stored("ann")
                for name in re.findall(
                    rb"Final-Recipient: rfc822; (\S+)\nAction: failed", note))
        got = collections.Counter(
            name.decode()[9:].split(">")[0]
            for m in far.messages for name in m.recipients)
        self.assertEqual({p: 1 for p in people}, dict(got + told))
        self.assertTrue(got and told)
        self.assertTrue(all(m.data.endswith(TEXT) for m in far.messages))
        self.assertEqual(far.bare, [])

    def post(self, server, dice):
        people = []
        with smtplib.SMTP_SSL("127.0.0.1", server.port("smtps"),
                              context=gatepost.untrusting_tls()) as smtp:
            smtp.login("ann", server.users["ann"])
            for _ in range(20):
                some = [f"p{len(people) + i}@x.example"
                        for i in range(dice.choice((1, 1, 2, 3, 6, 20)))]
                people += some
                smtp.sendmail("ann@home.example", some, TEXT)
        return people


if __name__ == "__main__":
    unittest.main()
