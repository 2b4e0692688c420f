#!/usr/bin/python3
"""Signature files on the command line: compiled, checked, looked into."""

import os
import subprocess
import tempfile
import unittest

import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")


def run(*words):
    return subprocess.run([gatepost.PROGRAM, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=gatepost.SECONDS)


class Signatures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        return self.path(name)

    def compile(self, name, text):
        done = run("sig", "compile", self.write(name, text), "-o",
                   self.path("out.gps"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_compiles_and_names_the_lines_it_left_out(self):
        done = self.compile("a.ndb", "# c\nGood:0:*:6162636465\n\n"
                            "Bad.Entry:1:EP+0:6162636465\n")
        out = self.path("out.gps")
        self.assertRegex(done.stdout, rf"^{out}: signatures 1, lines not "
                         r"supported 1, octets \d+\n$")
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("a.ndb:4: Bad.Entry", done.stderr)
        self.assertEqual(run("sig", "verify", out).stdout, f"{out}: OK\n")
        self.assertIn("signatures: 1\n", run("sig", "info", out).stdout)

    def test_what_is_damaged_is_refused(self):
        self.compile("a.hdb", "900150983cd24fb0d6963f7d28e17f72:3:x\n")
        out = self.path("out.gps")
        with open(out, "rb") as f:
            whole = f.read()
        for at in (0, 20, 70, len(whole) // 2, len(whole) - 1):
            torn = bytearray(whole)
            torn[at] ^= 1
            with open(out, "wb") as f:
                f.write(torn)
            done = run("sig", "verify", out)
            self.assertEqual(done.returncode, 2, at)
            self.assertTrue(done.stderr.startswith("gatepost: " + out))
            done = run("scan", "--sigs", out, gatepost.PROGRAM)
            self.assertEqual((done.returncode, done.stdout), (2, ""), at)
            self.assertIn("damaged" if at else "not a compiled", done.stderr)
        with open(out, "wb") as f:
            f.write(whole[:-1])
        self.assertEqual(run("sig", "verify", out).returncode, 2)

    def test_the_built_in_set_is_always_there(self):
        self.assertIn("signatures: 2\n", run("sig", "info").stdout)

    def test_a_file_that_can_not_be_read_leaves_the_old_result(self):
        self.compile("a.ndb", "Good:0:*:6162636465\n")
        out = self.path("out.gps")
        done = run("sig", "compile", self.path("none.ndb"), "-o", out)
        self.assertEqual(done.returncode, 2)
        self.assertIn("none.ndb", done.stderr)
        self.assertEqual(run("sig", "verify", out).returncode, 0)
        self.assertEqual(run("sig", "compile", self.write("x.txt", ""), "-o",
                             out).returncode, 2)
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["a.ndb", "out.gps", "x.txt"])

    def test_signatures_in_text_are_not_written_over(self):
        """As `sig compile -o *.ndb` would."""
        text = self.write("a.ndb", "Good:0:*:6162636465\n")
        other = self.write("b.ndb", "Other:0:*:6162636465\n")
        for out in (text, other, self.path("new.HDB")):
            done = run("sig", "compile", text, "-o", out)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr.count("\n"), 1)
        for path, name in ((text, "Good"), (other, "Other")):
            with open(path, encoding="ascii") as f:
                self.assertEqual(f.read(), name + ":0:*:6162636465\n")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.ndb", "b.ndb"])


if __name__ == "__main__":
    unittest.main()
