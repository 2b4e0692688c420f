"""kill -9 while mail is taken in and sent on: nothing lost, and nothing twice
but what was on its way at that very moment.

ROUNDS=n kills, after the far end was down until QUEUED=n messages waited
("make killnine": 100 and 3,000)."""

import collections
import os
import random
import re
import smtplib
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import QUICK, queued, settings, submit  # noqa: E402

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


class Stalling(threading.Thread):
    """A far end that stops reading in the middle of the first message, until
    it is told to go on, and wants no other connection."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self.accepted = None  # did it get the message's end?
        self.start()

    def run(self):
        first = self.listener.accept()[0]
        threading.Thread(target=self.refuse, daemon=True).start()
        with first, first.makefile("rb") as lines:
            first.sendall(b"220 far.example\r\n")
            for line in lines:
                if line == b"DATA\r\n":
                    break
                first.sendall(b"250 far.example\r\n")
            first.sendall(b"354 go\r\n")
            self.stalled.set()
            self.go_on.wait(60)
            try:
                self.accepted = any(line == b".\r\n" for line in lines)
            except ConnectionError:
                self.accepted = False

    def refuse(self):
        while True:
            try:
                with self.listener.accept()[0] as s:
                    s.sendall(b"421 4.3.2 down\r\n")
            except OSError:
                return

    def end(self):
        self.go_on.set()
        self.join(30)
        self.listener.close()
        return self.accepted


class Deleted(unittest.TestCase):
    """What `queue delete` has said is gone must not go out after all."""

    def test_the_rest_of_a_message_does_not_outlive_the_server(self):
        far = Stalling()
        with gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"],
                   b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 3000)
            self.assertTrue(far.stalled.wait(20))
            message, = queued(server)
            time.sleep(0.3)  # the kernel takes all the rest
            done = server.run("queue", "delete", message, check=False)
            self.assertIn(b"is being sent at this moment", done.stderr)
            server.kill()
            server.start()
            gatepost.wait_for(
                lambda: server.run("queue", "delete", message,
                                   check=False).returncode == 0, "deleted")
            self.assertEqual(queued(server), [])
            self.assertFalse(far.end(), "went out after it was deleted")

    def test_a_file_that_is_not_there_is_not_called_deleted(self):
        with farend.Server(faults={"connect": farend.CLOSE}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            message, = queued(server)
            server.run("set", "queue.hold=on")
            path = os.path.join(server.state, "queue")
            os.rename(path, path + ".away")  # as if its disk were unmounted
            os.mkdir(path)
            gatepost.wait_for(
                lambda: b"at this moment" not in self.refused(server, message),
                "its delivery ends")
            self.assertIn(b"is not in", self.refused(server, message))
            os.rmdir(path)
            os.rename(path + ".away", path)
            server.run("queue", "delete", message)
            self.assertEqual(queued(server), [])

    def test_what_is_not_read_yet_is_not_called_missing(self):
        with gatepost.Server(settings={
                **QUICK, "route.smarthost": "127.0.0.1:9",
                "queue.hold": "on"}) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            message, = queued(server)
            server.stop()
            path = os.path.join(server.state, "queue", message)
            for i in range(30000):
                os.link(path, f"{path}{i}")
            server.start()
            said = self.refused(server, "nosuch")
            self.assertIn(b"still being read", said)
            gatepost.wait_for(lambda: b"no such message" in self.refused(
                server, "nosuch"), "all is read")

    def refused(self, server, message):
        done = server.run("queue", "delete", message, check=False)
        self.assertEqual(done.returncode, 2, "called deleted")
        return done.stderr


if __name__ == "__main__":
    unittest.main()
