#!/usr/bin/python3
"""Messages handed to a clamd: Debian's own, and false ones that misbehave.

Debian's runs here in the foreground with a signature of ours, on a socket and
a port of its own.  Where it is not installed its tests are skipped.
"""

import os
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import gatepost  # noqa: E402
from test_scan import EICAR, zipped  # noqa: E402
from test_scanner import Case, attached, plain  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_CLAMD")

CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
MARKER = b"only clamd knows this marker"


class Clamd:
    """Debian's clamd with one signature; .path and .port."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="clamd-")
        self.path = os.path.join(self.folder, "socket")
        [self.port] = gatepost.free_ports(1)
        with open(os.path.join(self.folder, "own.ndb"), "w",
                  encoding="ascii") as f:
            f.write("Own.Marker:0:*:" + MARKER.hex() + "\n")
        conf = os.path.join(self.folder, "conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"""DatabaseDirectory {self.folder}
LocalSocket {self.path}
TCPSocket {self.port}
TCPAddr 127.0.0.1
Foreground yes
StreamMaxLength 1M
""")
        self.process = subprocess.Popen(
            [CLAMD, "-c", conf], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        gatepost.wait_for(self.answers, "clamd answers", 60)
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("clamd ended")
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionError:
            return False
        return os.path.exists(self.path)

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


@unittest.skipUnless(CLAMD, "Debian's clamav-daemon is not installed")
class Real(Case):
    def test_finds_what_it_knows_by_port_and_by_socket(self):
        with Clamd() as clamd:
            server = self.server()
            big = b"\r\n".join([b"x" * 70] * 10000) + b"\r\n"
            for where in (f"127.0.0.1:{clamd.port}",
                          f"localhost:{clamd.port}", clamd.path):
                server.run("set", f"scan.clamd={where}")
                for text, code in (
                        (plain(MARKER), 554), (plain(b"fine"), 250),
                        (plain(big + MARKER), 554), (plain(big), 250),
                        (attached(zipped(MARKER)), 554), (plain(EICAR), 554)):
                    self.assertEqual(self.stranger(server, text)[0], code)
            self.assertEqual({name for _, name in self.held(server)},
                             {"Own.Marker.UNOFFICIAL", "Eicar-Test-Signature"})
            self.assertEqual(self.counters(server)["clamd.found"], 9)
            self.assertEqual(self.counters(server)["clamd.failed"], 0)

    def test_what_it_does_not_want_is_not_clean(self):
        with Clamd() as clamd:
            server = self.server(scan__clamd=clamd.path,
                                 scan__failed="deliver")
            text = plain(b"\r\n".join([b"y" * 900] * 3000))
            self.assertEqual(self.stranger(server, text)[0], 250)
            self.assertIn(b"X-Gatepost-Scan: failed", server.stored("ann")[0])
            self.assertIn("clamd.failed", server.log())

    def test_many_at_once(self):
        with Clamd() as clamd:
            server = self.server(scan__clamd=clamd.path)
            talks = [self.open(server) for _ in range(24)]
            for i, talk in enumerate(talks):
                self.begin(talk, plain(MARKER if i % 2 else b"fine"))
            for i, talk in enumerate(talks):
                self.assertEqual(talk.reply()[0], 554 if i % 2 else 250)


class False_(socketserver.ThreadingTCPServer):
    """Something that listens where a clamd should, and does `act(socket)`."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, act):
        super().__init__(("127.0.0.1", 0), None)
        self.act = act
        threading.Thread(target=self.serve_forever, args=(0.05,),
                         daemon=True).start()

    def finish_request(self, request, client_address):
        self.act(request)

    def handle_error(self, request, client_address):
        pass

    def __exit__(self, *unused):
        self.shutdown()
        super().__exit__()


def whole(sock):
    """The message of one INSTREAM command."""
    f = sock.makefile("rb")
    assert f.read(10) == b"zINSTREAM\0"
    parts = []
    while True:
        (n,) = struct.unpack(">I", f.read(4))
        if n == 0:
            return b"".join(parts)
        parts.append(f.read(n))


class Misbehaving(Case):
    def verdict_with(self, act, text=plain(b"hello"), **settings):
        """What becomes of a message: the mark, or the code."""
        with False_(act) as false:
            server = self.server(
                scan__clamd=f"127.0.0.1:{false.server_address[1]}",
                **{"scan__failed": "deliver", "scan__max_seconds": "1",
                   **settings})
            code, _ = self.stranger(server, text)
            if code != 250:
                return code
            [stored] = server.stored("ann")
            return stored.split(b"X-Gatepost-Scan: ")[1].split()[0]

    def test_the_stream_is_the_message(self):
        seen = []

        def act(sock):
            seen.append(whole(sock))
            sock.sendall(b"stream: OK\0")

        text = plain(bytes(range(1, 10)) + b"abc" * 30000)
        self.assertEqual(self.verdict_with(act, text), b"clean")
        self.assertTrue(seen[0].endswith(b"abc" * 30000 + b"\n"))

    def test_a_reply_may_come_in_pieces(self):
        def act(sock):
            whole(sock)
            for part in (b"stre", b"am: A b-c\x07", b" FOU", b"ND\0"):
                sock.sendall(part)
                time.sleep(0.02)

        self.assertEqual(self.verdict_with(act), 554)

    def test_odd_replies_are_no_verdict(self):
        for reply in (b"", b"stream: ", b"stream: OK", b"OK\0", b"\0" * 300,
                      b"x" * 1000, b"stream: OK FOUN\0", b"\xff\xfe\0",
                      b"INSTREAM size limit exceeded. ERROR\0"):
            def act(sock, say=reply):
                whole(sock)
                sock.sendall(say)

            # "stream: OK" is whole once it has hung up
            want = b"clean" if reply == b"stream: OK" else b"failed"
            self.assertEqual(self.verdict_with(act), want, reply)

    def test_one_that_hangs_up_at_once_has_said_nothing(self):
        self.assertEqual(
            self.verdict_with(lambda sock: sock.close(),
                              plain(b"long\r\n" * 100000)), b"failed")

    def test_one_that_is_silent_is_given_up(self):
        began = time.monotonic()
        self.assertEqual(
            self.verdict_with(lambda sock: time.sleep(8)), b"failed")
        self.assertLess(time.monotonic() - began, 6)

    def test_one_that_does_not_read_holds_up_nobody(self):
        with False_(lambda sock: time.sleep(3)) as false:
            server = self.server(
                scan__clamd=f"127.0.0.1:{false.server_address[1]}",
                scan__failed="refuse", scan__max_seconds="2")
            talks = [self.open(server) for _ in range(12)]
            for talk in talks:
                self.begin(talk, plain(b"much\r\n" * 200000))
            began = time.monotonic()
            self.assertEqual(server.fetch("bob"), [])
            self.assertLess(time.monotonic() - began, 1)
            for talk in talks:
                self.assertEqual(talk.reply()[0], 554)

    def test_nobody_there_is_what_the_setting_says(self):
        [port] = gatepost.free_ports(1)
        server = self.server(scan__failed="refuse")
        for where in (f"127.0.0.1:{port}", "/nowhere/socket"):
            server.run("set", f"scan.clamd={where}")
            self.assertEqual(self.stranger(server, plain(b"x"))[0], 554)
        server.run("set", "scan.failed=quarantine")
        self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)
        self.assertEqual(self.held(server),
                         [("failed", "clamd: nobody answers there")])
        # malware is malware, whether clamd is there or not
        self.assertEqual(self.stranger(server, plain(EICAR))[0], 554)
        server.run("unset", "scan.clamd")
        self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)

    def test_wrong_addresses_are_refused_when_set(self):
        server = self.server()
        for where in ("clamd.example:3310", "127.0.0.1", "x", "/" + "x" * 120):
            done = server.run("set", f"scan.clamd={where}", check=False)
            self.assertEqual(done.returncode, 2, where)

    def test_a_client_that_leaves_is_forgotten(self):
        seen = threading.Event()

        def act(sock):
            whole(sock)
            seen.set()
            sock.sendall(b"stream: OK\0")

        with False_(act) as false:
            server = self.server(
                scan__clamd=f"127.0.0.1:{false.server_address[1]}")
            talk = self.open(server)
            self.begin(talk, plain(b"x"))
            talk.close()
            self.assertTrue(seen.wait(10))
            self.assertEqual(self.stranger(server, plain(b"y"))[0], 250)


if __name__ == "__main__":
    unittest.main()
