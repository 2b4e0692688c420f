#!/usr/bin/python3
"""`gatepost sig install`: only what is sound, meant and newer comes in force.

Keys and signatures are made by OpenSSL, as the manual tells the owner.
"""

import base64
import hashlib
import os
import resource
import signal
import subprocess
import threading
import time
import unittest
import zlib

import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE
                          ).stdout


class Install(unittest.TestCase):
    def setUp(self):
        self.server = gatepost.Server(users={})
        self.addCleanup(self.server.remove)
        self.server.init()
        self.folder = self.server.folder
        self.target = os.path.join(self.server.state, "signatures")

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, name, rows=1, made=None):
        """A compiled file with so many signatures; `made` puts its date."""
        text = self.path("text.ndb")
        with open(text, "w") as f:
            for i in range(rows):
                f.write(f"{name}.{i}:0:*:"
                        f"{hashlib.sha256(b'%d' % i).hexdigest()}\n")
        out = self.path(name)
        subprocess.run([gatepost.PROGRAM, "sig", "compile", text, "-o", out],
                       check=True, stdout=subprocess.PIPE)
        if made is not None:
            with open(out, "r+b") as f:
                head = bytearray(f.read(252))
                head[240:248] = made.to_bytes(8, "little")
                f.seek(0)
                f.write(head + zlib.crc32(head).to_bytes(4, "little"))
        return out

    def install(self, *words, ok=True):
        done = self.server.run("sig", "install", *words, check=False)
        self.assertEqual(done.returncode, 0 if ok else 2,
                         done.stderr + done.stdout)
        if not ok:
            self.assertEqual(done.stderr.count(b"\n"), 1)
            self.assertEqual(done.stdout, b"")
        self.assertEqual([n for n in os.listdir(self.server.state)
                          if n.startswith("signatures.")], [])
        return (done.stdout if ok else done.stderr).decode()

    def in_force(self):
        if not os.path.exists(self.target):
            return None
        with open(self.target, "rb") as f:
            return f.read()

    def content(self, path):
        with open(path, "rb") as f:
            return f.read()

    def make_key(self, name="key.pem", form="der"):
        key = self.path(name)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                "-out", key)
        der = openssl("ec", "-in", key, "-pubout", "-outform", "DER")
        return key, (der if form == "der" else der[-65:]).hex()

    def sign(self, key, path, out=None):
        openssl("dgst", "-sha256", "-sign", key, "-out",
                out or path + ".sig", path)

    def test_by_hand_without_a_key(self):
        one = self.compile("one")
        self.assertEqual(self.install(one), f"{self.target}: installed\n")
        self.assertEqual(self.in_force(), self.content(one))
        self.assertEqual(self.install(one), f"{self.target}: unchanged\n")

    def test_where_the_setting_says(self):
        elsewhere = self.path("elsewhere.gps")
        self.server.run("set", f"scan.signatures={elsewhere}")
        one = self.compile("one")
        self.install(one)
        self.assertEqual(self.content(elsewhere), self.content(one))
        self.assertIsNone(self.in_force())

    def test_what_is_damaged_or_cut_leaves_the_old(self):
        old = self.compile("old", rows=50)
        self.install(old)
        whole = self.content(self.compile("new", rows=60))
        bad = self.path("bad")
        for at in (0, 9, 20, 70, 210, 300, len(whole) // 2, len(whole) - 1):
            torn = bytearray(whole)
            torn[at] ^= 1
            with open(bad, "wb") as f:
                f.write(torn)
            self.install(bad, ok=False)
        for size in (0, 1, 255, 256, 4096, len(whole) - 1):
            with open(bad, "wb") as f:
                f.write(whole[:size])
            self.install(bad, ok=False)
        self.install(self.path("none"), ok=False)
        self.install(self.folder, ok=False)
        self.assertEqual(self.in_force(), self.content(old))

    def test_signatures_are_asked_for_where_there_is_a_key(self):
        old = self.compile("old")
        self.install(old)
        for form in ("der", "point"):
            key, public = self.make_key(form=form)
            self.server.run("set", f"sig.key={public}")
            new = self.compile("new", rows=5 + len(form))
            self.assertIn(".sig", self.install(new, ok=False))
            self.sign(self.make_key("other.pem")[0], new)
            self.assertIn("not the signature", self.install(new, ok=False))
            self.sign(key, old, new + ".sig")
            self.assertIn("not the signature", self.install(new, ok=False))
            with open(new + ".sig", "wb") as f:
                f.write(b"")
            self.assertIn("not the signature", self.install(new, ok=False))
            self.assertEqual(self.in_force(), self.content(old))
            self.sign(key, new)
            self.install(new)
            self.assertEqual(self.in_force(), self.content(new))
            # signed, but not sound
            with open(new, "ab") as f:
                f.write(b"x")
            self.sign(key, new)
            self.assertIn("damaged", self.install(new, ok=False))
            # the signature in a file of another name
            newer = self.compile("newer", rows=9)
            self.sign(key, newer, self.path("x.sig"))
            self.install(newer, "--signature", self.path("x.sig"))
            old = newer
        self.server.run("set", "sig.key=0400")
        self.assertIn("sig.key", self.install(new, ok=False))

    def test_a_hash_pins_it_with_or_without_a_key(self):
        old = self.compile("old")
        self.install(old)
        new = self.compile("new", rows=3)
        pin = hashlib.sha256(self.content(new)).hexdigest()
        wrong = hashlib.sha256(self.content(old)).hexdigest()
        for bad in (wrong, pin[:-1], pin + "0"):
            self.assertIn("SHA-256", self.install(new, "--sha256", bad,
                                                  ok=False))
        self.assertEqual(self.in_force(), self.content(old))
        self.server.run("set", f"sig.key={self.make_key()[1]}")
        self.install(new, "--sha256", pin.upper())
        self.assertEqual(self.in_force(), self.content(new))

    def test_an_older_one_is_not_taken_for_a_newer(self):
        self.install(self.compile("old", made=1_700_000_000))
        new = self.compile("new", rows=2, made=1_800_000_000)
        self.install(new)
        old = self.compile("old", made=1_700_000_000)
        self.assertIn("--force", self.install(old, ok=False))
        unknown = self.compile("unknown", rows=3, made=0)
        self.assertIn("--force", self.install(unknown, ok=False))
        self.assertEqual(self.in_force(), self.content(new))
        self.install(old, "--force")
        self.assertEqual(self.in_force(), self.content(old))
        done = self.server.run("sig", "info", self.target)
        self.assertIn(b"made: Tue, 14 Nov 2023 22:13:20 +0000\n", done.stdout)

    def test_what_is_broken_in_force_does_not_stand_in_the_way(self):
        with open(self.target, "wb") as f:
            f.write(b"rubbish")
        one = self.compile("one")
        self.install(one)
        self.assertEqual(self.in_force(), self.content(one))

    def test_a_full_disk_leaves_the_old(self):
        old = self.compile("old")
        self.install(old)
        new = self.compile("new", rows=2000)
        # no file may grow beyond that; the copy fails as on a full disk
        done = subprocess.run(
            [gatepost.PROGRAM, "sig", "install", new, "--state",
             self.server.state], stderr=subprocess.PIPE,
            preexec_fn=lambda: (
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(self.in_force(), self.content(old))
        self.assertEqual([n for n in os.listdir(self.server.state)
                          if n.endswith(".new")], [])

    def test_killed_at_any_moment_the_old_or_the_new_is_whole(self):
        wholes = [self.content(self.compile(f"{i}", rows=3000 + i))
                  for i in range(2)]
        with open(self.target, "wb") as f:
            f.write(wholes[0])
        words = [gatepost.PROGRAM, "sig", "install", "--force", "--state",
                 self.server.state]
        begin = time.monotonic()
        subprocess.run([*words, self.path("1")], check=True,
                       stdout=subprocess.PIPE)
        took = time.monotonic() - begin
        for i in range(24):
            p = subprocess.Popen([*words, self.path(str(i % 2))],
                                 stdout=subprocess.PIPE)
            time.sleep(took * (i + 1) / 24)
            p.kill()
            p.communicate()
            self.assertIn(self.in_force(), wholes)
        # what was left behind does not stay for ever
        for name in os.listdir(self.server.state):
            if name.endswith(".new"):
                os.utime(os.path.join(self.server.state, name), (1, 1))
        self.install(self.compile("last"))

    def send(self, text):
        with self.server.smtp(hello="me") as talk:
            talk.expect(250, "MAIL FROM:<a@example.org>")
            talk.expect(250, f"RCPT TO:<ann@{gatepost.DOMAIN}>")
            talk.expect(354, "DATA")
            talk.send(b"Subject: x\r\n\r\n" + text + b"\r\n.\r\n")
            return talk.reply()[0]

    @gatepost.needs("ENABLE_SCAN_WORKER")
    def test_a_running_server_uses_it_without_a_restart(self):
        self.server.add_user("ann", "open sesame")
        self.server.start()
        self.addCleanup(lambda: self.server.process and self.server.stop())
        first = hashlib.sha256(b"0").digest()
        body = base64.b64encode(first)
        mail = (b"see\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + body + b"\r\n--x--")
        self.assertEqual(self.send(mail), 250)
        self.install(self.compile("one"))
        gatepost.wait_for(lambda: self.send(mail) == 554,
                          "the new signatures are in force")
        # a broken one changes nothing
        with open(self.path("bad"), "wb") as f:
            f.write(self.content(self.path("one"))[:-1])
        self.install(self.path("bad"), ok=False)
        self.assertEqual(self.send(mail), 554)
        self.assertEqual(self.install(self.path("one")),
                         f"{self.target}: unchanged\n")
        # nor is it lost by a restart
        self.server.restart()
        self.assertEqual(self.send(mail), 554)

    @gatepost.needs("ENABLE_SCAN_WORKER")
    def test_no_message_slips_through_while_sets_are_changed(self):
        """Each set knows it: so it is found by whichever is in force."""
        self.server.add_user("ann", "open sesame")
        sets = [self.compile(f"set{i}", rows=1 + 2000 * i) for i in range(2)]
        self.install(sets[0])
        self.server.start()
        self.addCleanup(lambda: self.server.process and self.server.stop())
        body = base64.b64encode(hashlib.sha256(b"0").digest())
        mail = (b"see\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + body + b"\r\n--x--")
        codes, failed, done = [], [], threading.Event()

        def send():
            try:
                while not done.is_set():
                    codes.append(self.send(mail))
            except Exception as e:  # pylint: disable=broad-except
                failed.append(e)

        threads = [threading.Thread(target=send) for _ in range(3)]
        for t in threads:
            t.start()
        seen = []
        try:
            for i in range(16):
                before = len(codes)
                self.install("--force", sets[(i + 1) % 2])
                gatepost.wait_for(lambda n=before: failed
                                  or len(codes) > n + 3, "mails go on")
                seen.append(len(codes) - before)
        finally:
            done.set()
            for t in threads:
                t.join()
        self.assertEqual(failed, [])
        self.assertEqual(set(codes), {554})
        self.assertGreater(min(seen), 3)


if __name__ == "__main__":
    unittest.main()
