#!/usr/bin/python3
"""Failing calls of the whole server (T15, T23): for every function and every
n, the n-th call fails while mail comes in and is fetched.  Nothing that was
promised is lost, torn or doubled, nobody waits for an answer that does not
come, and the next message gets through.

test-sanitizer: no
"""

import collections
import errno
import mmap
import os
import re
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import farend
import gatepost

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults.c")
PASSWORD = "open sesame"
PATIENCE = 8
FILES = ("openat64 close fsync read write pread64 pwritev64 renameat linkat "
         "unlinkat mkdirat fstat64 fstatvfs64 mmap64 io_submit io_event "
         "getdents64").split()
SOCKETS = "send recv sendmsg recvmsg accept4 select".split()
LASTING = "fsync pwritev64 renameat openat64 io_event linkat".split()


def post_far(server):
    """A message that is to go elsewhere."""
    with server.smtp(hello="me.example") as talk:
        talk.expect(250, "MAIL FROM:<ann@home.example>")
        talk.expect(250, "RCPT TO:<far@x.example>")
        talk.expect(354, "DATA")
        talk.expect(250, "Subject: x\r\n\r\nx\r\n.")


class FaultyServer(gatepost.Server):
    first_order = None

    def start(self):
        path = os.path.join(self.folder, "faults")
        with open(path, "wb") as f:
            f.write(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as f:
            self.order = mmap.mmap(f.fileno(), mmap.PAGESIZE)
        if self.first_order:
            self.arm(*self.first_order)
        os.environ.update(LD_PRELOAD=self.library, FAULTS=path)
        try:
            super().start()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["FAULTS"]

    def arm(self, name, nth, error, lasting):
        self.order[:56] = struct.pack("6i32s", 0, nth, lasting, error, 0, 0,
                                      name.encode())
        self.order[:4] = struct.pack("i", 1)

    def move_on(self, seconds):
        """So long has passed since the start, besides what has."""
        self.order[56:60] = struct.pack("i", seconds)
        self.run("status")  # it looks at its clock

    def set_clock(self, seconds):
        """The clock on the wall is ahead by this."""
        self.order[60:64] = struct.pack("i", seconds)
        self.run("status")

    def disarm(self):
        """How many calls have failed."""
        self.order[:4] = struct.pack("i", 0)
        return struct.unpack("i", self.order[20:24])[0]


def setUpModule():
    folder = tempfile.TemporaryDirectory(prefix="gatepost-")
    unittest.addModuleCleanup(folder.cleanup)
    FaultyServer.library = os.path.join(folder.name, "faults.so")
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC",
                    "-o", FaultyServer.library, SOURCE, "-ldl"], check=True)


@gatepost.needs("ENABLE_RELAY")
class LateClock(unittest.TestCase):
    """A router without a battery starts with the time of its last file, which
    reads like any other, until it hears the right one."""

    def test_what_came_before_is_not_old_when_the_clock_is_set(self):
        with farend.Server(faults={"RCPT": b"451 4.7.1 grey\r\n"}) as far, \
                FaultyServer(settings={
                    "route.smarthost": f"127.0.0.1:{far.port}",
                    "queue.retry_seconds": "1", "queue.retry_max_seconds": "1",
                    "permit.smtp": "network",
                    "relay.networks": "127.0.0.0/8"}) as server:
            post_far(server)
            for month in range(2):
                server.set_clock(month * 30 * 86400)
                done = len(far.lines)
                gatepost.wait_for(
                    lambda n=done: sum(line.startswith(b"RCPT")
                                       for line in far.lines[n:]) > 2,
                    "it is tried")
            self.assertEqual(server.stored("ann"), [])
            far.faults.clear()
            gatepost.wait_for(lambda: far.messages, "it is sent")


@gatepost.needs("ENABLE_RELAY")
class LateAnswers(unittest.TestCase):
    """Ten minutes for the reply to a message's end (RFC 5321, 4.5.3.2.6):
    whoever gives up earlier sends it a second time."""

    def setUp(self):
        self.far = self.enterContext(farend.Server())
        self.asked, self.answer = threading.Event(), threading.Event()
        self.addCleanup(self.answer.set)
        self.far.faults = self.wait_at_end
        self.server = self.enterContext(FaultyServer(settings={
            "route.smarthost": f"127.0.0.1:{self.far.port}",
            "permit.smtp": "network", "relay.networks": "127.0.0.0/8"}))
        with self.server.smtp(hello="me.example") as talk:
            talk.expect(250, "MAIL FROM:<ann@home.example>")
            talk.expect(250, "RCPT TO:<far@x.example>")
            talk.expect(354, "DATA")
            talk.expect(250, "Subject: x\r\n\r\nx\r\n.")
        self.assertTrue(self.asked.wait(gatepost.SECONDS))
        self.server.move_on(1)  # a turn, in which the server begins to wait

    def wait_at_end(self, step):
        if step == "end":
            self.asked.set()
            self.answer.wait(gatepost.SECONDS)

    def queued(self):
        return self.server.run("queue", "list").stdout

    def test_an_answer_after_nine_minutes_is_waited_for(self):
        self.server.move_on(540)
        self.assertIn(b"far@x.example", self.queued())
        self.answer.set()
        gatepost.wait_for(lambda: not self.queued(), "it is sent")
        self.assertEqual(len(self.far.messages), 1)
        self.assertEqual(self.far.connections, 1)

    def test_none_after_ten_minutes_is_given_up(self):
        self.server.move_on(660)
        gatepost.wait_for(lambda: b"timed out" in self.queued(), "given up")


class Wants(unittest.TestCase):
    """What the machine may not have."""

    @gatepost.needs("ENABLE_RELAY")
    def test_without_descriptors_mail_waits_for_the_first_retry(self):
        with farend.Server() as far, FaultyServer(settings={
                "route.smarthost": f"127.0.0.1:{far.port}",
                "queue.retry_seconds": "1", "queue.retry_max_seconds": "3600",
                "queue.hold": "on", "permit.smtp": "network",
                "relay.networks": "127.0.0.0/8"}) as server:
            post_far(server)
            server.arm("openat64", 1, errno.EMFILE, 1)
            server.run("set", "queue.hold=off")
            gatepost.wait_for(lambda: "queue.unreadable" in server.log(),
                              "it is looked at")
            self.assertGreater(server.disarm(), 0)
            gatepost.wait_for(lambda: far.messages, "it is sent")

    def test_every_address_without_ipv6_is_every_ipv4_address(self):
        server = FaultyServer()
        server.settings["listen.smtp"] = f"*:{server.port('smtp')}"
        server.first_order = "socket", 1, errno.EAFNOSUPPORT, 0
        with server:
            self.assertEqual(server.disarm(), 1)
            self.assertIn("listener=smtp address=0.0.0.0", server.log())

    def test_the_socket_is_found_where_there_are_no_links(self):
        server = FaultyServer()
        socket = os.path.join(server.folder, "socket")
        server.settings["control.socket"] = socket
        server.first_order = "symlinkat", 1, errno.EPERM, 0
        with server:
            self.assertEqual(server.disarm(), 1)
            with open(os.path.join(server.state, "control"), "rb") as f:
                self.assertEqual(f.read(), socket.encode())
            self.assertIn(b"uptime", server.run("status").stdout)
            server.run("set", "net.idle_seconds=77")

    def test_without_descriptors_clients_wait_and_nothing_spins(self):
        server = FaultyServer()
        with server:
            turns = self.turns(server)
            server.arm("accept4", 1, errno.EMFILE, 1)
            with gatepost.Talk(server.port("smtp")) as talk:
                time.sleep(1)
                self.assertGreater(server.disarm(), 1)
                self.assertEqual(talk.reply()[0], 220)
            self.assertLess(self.turns(server) - turns, 200)

    def test_without_descriptors_mail_waits_and_the_log_says_why(self):
        server = FaultyServer(users={"ann": PASSWORD})
        with server, server.smtp(hello="me") as talk:
            server.arm("openat64", 1, errno.EMFILE, 1)
            talk.expect(451, "MAIL FROM:<x@far.example>")
            with server.pop("pop3s") as pop:
                pop.pop("USER ann")
                self.assertIn(b"[SYS/TEMP]", pop.pop(f"PASS {PASSWORD}"))
            self.assertGreater(server.disarm(), 1)
            said = server.log()
            talk.expect(250, "MAIL FROM:<x@far.example>")
            talk.expect(250, "RCPT TO:<ann@home.example>")
            talk.expect(354, "DATA")
            talk.expect(250, ".")
        for event in "smtp.no_storage", "pop3.maildrop":
            self.assertRegex(said, event + ".*no file descriptors left")
        self.assertNotIn("no space left", said)

    @staticmethod
    def turns(server):
        status = server.run("status").stdout
        return int(re.search(rb"loop.turns: (\d+)", status).group(1))


class Moments(unittest.TestCase):
    """A socket that is full at one call and has room at the next: its reader
    may be quicker than the server's next look.  Nobody waits for ever then."""

    def setUp(self):
        self.server = FaultyServer(users={"ann": PASSWORD},
                                   settings={"auth.plaintext": "any"})
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None)

    def try_all(self, scene):
        for nth in range(1, 40):
            with self.subTest(nth=nth):
                self.server.arm("send", nth, errno.EAGAIN, 0)
                scene()
            if not self.server.disarm():
                break
        self.assertGreater(nth, 3)

    def login(self, service="pop3"):
        pop = self.server.pop(service)
        pop.sock.settimeout(PATIENCE)
        pop.pop("USER ann")
        self.assertTrue(pop.pop(f"PASS {PASSWORD}").startswith(b"+OK"))
        return pop

    def fetch(self, service):
        with self.login(service) as pop:
            self.assertTrue(pop.pop("RETR 1").startswith(b"+OK"))
            self.assertEqual(len(pop.listing()), 20001)
            self.assertTrue(pop.pop("QUIT").startswith(b"+OK"))

    def put_message(self):
        folder = os.path.join(self.server.mail_folder("ann"), "new")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "1.a"), "wb") as f:
            f.write(b"x\n" + (b"y" * 75 + b"\n") * 20000)

    def test_fetching(self):
        self.put_message()
        self.try_all(lambda: self.fetch("pop3"))

    def test_fetching_under_tls(self):
        self.put_message()
        self.try_all(lambda: self.fetch("pop3s"))

    def talk(self):
        with gatepost.Talk(self.server.port("smtp")) as talk:
            talk.sock.settimeout(PATIENCE)
            talk.reply()
            talk.expect(250, "EHLO me")
            talk.expect(220, "STARTTLS")
            talk.secure()
            talk.expect(250, "EHLO me")
            talk.expect(221, "QUIT")

    def test_starting_tls(self):
        self.try_all(self.talk)

    def test_long_answers_of_the_api(self):
        whole = self.server.run("settings", "list", "--json").stdout
        self.assertGreater(len(whole), 10000)

        def ask():
            self.assertEqual(self.server.run(
                "settings", "list", "--json").stdout, whole)
        self.try_all(ask)


class MomentsOnTheWay(unittest.TestCase):
    """The same of the sockets on which mail leaves."""

    def send_on(self, offers, **settings):
        far = self.enterContext(farend.Server(offers=offers))
        server = self.enterContext(FaultyServer(settings={
            "route.smarthost": f"127.0.0.1:{far.port}",
            "permit.smtp": "network", "relay.networks": "127.0.0.0/8",
            **settings}))
        body = b"x" * 76 + b"\r\n"
        for nth in range(1, 40):
            with self.subTest(nth=nth):
                with server.smtp(hello="me.example") as talk:
                    server.arm("send", nth, errno.EAGAIN, 0)
                    talk.expect(250, "MAIL FROM:<ann@home.example>")
                    for i in range(20):
                        talk.expect(250, f"RCPT TO:<far{i}@x.example>")
                    talk.expect(354, "DATA")
                    talk.expect(250, b"Subject: x\r\n\r\n" + body * 20000
                                + b".")
                    talk.expect(221, "QUIT")
                gatepost.wait_for(
                    lambda: len(far.messages) == nth, "it is sent", PATIENCE)
                self.assertTrue(far.messages[-1].data.endswith(body * 20000))
            if not server.disarm():
                break
        self.assertGreater(nth, 25)  # of which our answers are 24

    def test_sending_on(self):
        self.send_on(farend.OFFERS)

    def test_sending_on_in_chunks(self):
        self.send_on(farend.OFFERS + ("CHUNKING",))


class Faults(unittest.TestCase):
    def setUp(self):
        self.server = FaultyServer(
            users={"ann": PASSWORD, "bob": PASSWORD},
            settings={"auth.plaintext": "any", "scan.enabled": "on"})
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None)
        self.serial = 0
        self.promised = set()  # (account, message)
        self.deleted = set()   # messages of ann, surely or perhaps

    def tell(self, talk, people, mark):
        """One message; those who are to have it, as far as we were told."""
        talk.send(b"EHLO me\r\nMAIL FROM:<x@far.example>\r\n" + b"".join(
            b"RCPT TO:<%s@home.example>\r\n" % p.encode() for p in people)
                  + b"DATA\r\n")
        talk.reply()  # the greeting
        talk.reply()
        talk.reply()
        taken = [p for p in people if talk.reply()[0] == 250]
        if talk.reply()[0] != 354:
            return []
        talk.send(b"Subject: " + mark + b"\r\n\r\n" + (b"x" * 70 + b"\r\n")
                  * 300 + mark + b"\r\n.\r\n")
        return taken if talk.reply()[0] == 250 else []

    def send(self, *people):
        self.serial += 1
        mark = b"message %06d" % self.serial
        try:
            with gatepost.Talk(self.server.port("smtp")) as talk:
                talk.sock.settimeout(PATIENCE)
                told = self.tell(talk, people, mark)
        except TimeoutError:
            raise
        except (OSError, AssertionError):  # cut off
            told = []
        self.promised |= {(p, mark) for p in told}
        return bool(told)

    def fetch_one(self):
        """Fetch and delete the first message of ann, as far as it goes."""
        with gatepost.Talk(self.server.port("pop3")) as talk:
            talk.sock.settimeout(PATIENCE)
            talk.line()
            talk.pop("USER ann")
            welcome = talk.pop(f"PASS {PASSWORD}")
            if not welcome or not welcome.startswith(b"+OK") \
                    or welcome.startswith(b"+OK 0 ") \
                    or not talk.pop("RETR 1").startswith(b"+OK"):
                return
            try:
                lines = talk.listing()
            except AssertionError:  # no reply could undo the "+OK"
                return
            self.assertIn(b"Subject: " + lines[-1], lines)
            if talk.pop("DELE 1").startswith(b"+OK"):
                self.deleted.add(lines[-1])
                talk.pop("QUIT")

    def scene(self):
        sent = [self.send("ann"), self.send("ann", "bob"), self.send("bob")]
        try:
            self.fetch_one()
        except TimeoutError:
            raise
        except (OSError, AttributeError):  # cut off
            pass
        return all(sent)

    def look(self):
        """Each promised message is there once and whole."""
        found = collections.Counter()
        for person in ("ann", "bob"):
            for text in self.server.stored(person):
                mark = re.search(rb"\nSubject: (message \d+)\n", text).group(1)
                self.assertTrue(text.endswith(mark + b"\n"))
                found[person, mark] += 1
        self.assertLessEqual(set(found.values()), {1})
        lost = {(p, m) for p, m in self.promised - set(found)
                if p != "ann" or m not in self.deleted}
        self.assertEqual(lost, set())

    def empty(self):
        for person in ("ann", "bob"):
            folder = os.path.join(self.server.mail_folder(person), "new")
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
        self.promised.clear()
        self.deleted.clear()

    def try_one(self, name, nth, error, lasting):
        """Did a call fail at all?"""
        self.server.arm(name, nth, error, lasting)
        self.scene()
        failed = self.server.disarm()
        self.assertIsNone(self.server.process.poll(), self.server.log())
        self.look()
        self.assertTrue(self.scene(), "no recovery\n" + self.server.log())
        self.look()
        self.empty()
        return failed > 0

    def try_all(self, names, error, lasting):
        self.scene()  # folders are made, workers are there
        points = 0
        for name in names:
            nth = 1
            while self.try_one(name, nth, error, lasting):
                nth += 1
                points += 1
                self.assertLess(nth, 100, name)
        self.assertGreater(points, len(names))
        left = os.listdir(os.path.join(self.server.state, "tmp"))
        self.assertEqual(left, [])

    def test_every_call_for_files_may_fail_once(self):
        self.try_all(FILES, errno.EIO, 0)

    def test_every_call_for_files_may_fail_for_want_of_room(self):
        self.try_all(FILES, errno.ENOSPC, 0)

    def test_every_call_for_sockets_may_fail_once(self):
        self.try_all(SOCKETS, errno.ENOMEM, 0)

    def test_calls_for_files_may_fail_for_a_while(self):
        self.try_all(LASTING, errno.EIO, 1)


if __name__ == "__main__":
    unittest.main()
