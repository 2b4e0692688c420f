"""A full disk (T15): 452, nothing acknowledged is lost, POP3 still works.

The state folder lies on a small tmpfs of its own: needs root, else skipped.
"""

import os
import re
import shutil
import subprocess
import unittest

import gatepost

ANN = "ann@home.example"
TEXT = "x" * 70 + "\r\n"


class SmallDisk(gatepost.Server):
    """A server whose state folder is a file system of a few megabytes."""

    def __init__(self, options, reserve=1):
        super().__init__(settings={
            "listen.http": "off", "listen.https": "off",
            "mail.free_mib": str(reserve)})
        os.mkdir(self.state, 0o700)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs",
             self.state], stderr=subprocess.PIPE)
        if done.returncode != 0:
            shutil.rmtree(self.folder)
            raise unittest.SkipTest("cannot mount: " + done.stderr.decode())

    def remove(self):
        if self.process:
            self.kill()
        subprocess.run(["umount", self.state], check=True)
        super().remove()

    def fill(self):
        """Take away the last free block."""
        with open(os.path.join(self.state, "filler"), "ab", 0) as filler:
            try:
                while True:
                    filler.write(b"f" * 4096)
            except OSError:
                pass

    def drain(self):
        os.unlink(os.path.join(self.state, "filler"))


def send(talk, number, octets):
    """One message; the reply's code, and at which word it came."""
    code, _ = talk.command("MAIL FROM:<me@elsewhere.example>")
    if code != 250:
        return code, "MAIL"
    talk.expect(250, f"RCPT TO:<{ANN}>")
    code, _ = talk.command("DATA")
    if code != 354:
        return code, "DATA"
    talk.send((f"X-Number: {number}\r\n\r\n" + TEXT * (octets // len(TEXT))
               ).encode())
    return talk.command(".")[0], "."


class FullDisk(unittest.TestCase):
    def send_until_full(self, server, octets):
        """Which numbers were promised before the first refusal, and that."""
        promised = []
        with server.smtp(hello="me.example") as talk:
            for number in range(1, 2000):
                code, word = send(talk, number, octets)
                if code != 250:
                    self.assertEqual(code, 452, f"at {word}")
                    return promised, word
                promised.append(number)
        self.fail("never full")

    def check(self, server, promised, octets):
        """All promised are there, whole, and nothing else is."""
        found = []
        for text in server.stored("ann"):
            match = re.search(rb"^X-Number: (\d+)\n\n", text, re.M)
            self.assertTrue(match, "torn")
            body = text[match.end():].replace(b"\n", b"\r\n")
            self.assertEqual(len(body), octets // len(TEXT) * len(TEXT))
            found.append(int(match.group(1)))
        self.assertEqual(sorted(found), promised)
        self.assertEqual(os.listdir(os.path.join(server.state, "tmp")), [])

    def still_works(self, server, promised):
        """Log in, read and delete while full; then mail fits again."""
        fetched = server.fetch("ann", delete=True)
        self.assertEqual(len(fetched), len(promised))
        self.assertEqual(server.stored("ann"), [])
        with server.smtp(hello="me.example") as talk:
            self.assertEqual(send(talk, 1, 200), (250, "."))
        self.check(server, [1], 200)

    def test_no_blocks_left(self):
        with SmallDisk("size=4m") as server:
            promised, _ = self.send_until_full(server, 40000)
            self.assertGreater(len(promised), 10)
            server.fill()
            self.check(server, promised, 40000)
            with server.smtp(hello="me.example") as talk:
                for number in range(5000, 5005):
                    code, _ = send(talk, number, 40000)
                    self.assertEqual(code, 452)
            self.check(server, promised, 40000)
            self.still_works(server, promised)

    def test_the_disk_fills_up_within_a_message(self):
        with SmallDisk("size=4m") as server:
            with server.smtp(hello="me.example") as talk:
                self.assertEqual(send(talk, 1, 40000), (250, "."))
                talk.expect(250, "MAIL FROM:<me@elsewhere.example>")
                talk.expect(250, f"RCPT TO:<{ANN}>")
                talk.expect(354, "DATA")
                talk.send(b"X-Number: 2\r\n\r\n" + TEXT.encode() * 1000)
                server.fill()
                talk.send(TEXT.encode() * 1000)
                self.assertEqual(talk.command(".")[0], 452)
                server.drain()
                self.assertEqual(send(talk, 3, 40000), (250, "."))
            self.check(server, [1, 3], 40000)

    def test_no_inodes_left(self):
        with SmallDisk("size=8m,nr_inodes=150") as server:
            promised, word = self.send_until_full(server, 100)
            self.assertEqual(word, "MAIL")
            self.assertGreater(len(promised), 10)
            self.check(server, promised, 100)
            self.still_works(server, promised)

    def test_the_reserve_is_kept_and_size_is_looked_at(self):
        with SmallDisk("size=8m", reserve=2) as server:
            with server.smtp(hello="me.example") as talk:
                code, _ = talk.command("MAIL FROM:<a@b.example> SIZE=7000000")
                self.assertEqual(code, 452)
                talk.expect(250, "MAIL FROM:<a@b.example> SIZE=1000000")
            promised, word = self.send_until_full(server, 100000)
            self.assertEqual(word, "MAIL")
            free = os.statvfs(server.state)
            self.assertGreater(free.f_bavail * free.f_frsize, 1 << 20)
            self.check(server, promised, 100000)
            self.still_works(server, promised)

    def test_a_restart_on_a_full_disk(self):
        with SmallDisk("size=4m") as server:
            promised, _ = self.send_until_full(server, 40000)
            server.fill()
            server.restart()
            self.check(server, promised, 40000)
            self.still_works(server, promised)


if __name__ == "__main__":
    unittest.main()
