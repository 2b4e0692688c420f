#!/usr/bin/python3
"""Lines in ClamAV's text forms: found as clamscan finds them, or named.

Each line has bytes of its own, in a file of its own; both programs get all
lines at once and look at all files.
"""

import hashlib
import os
import re
import subprocess
import tempfile
import unittest

import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

# {h}: the eight bytes' hexadecimal, {a}, {b}: its halves; in the file they
# stand 100 octets from its start, 50 from its end, between zeros
TAKEN = """
ndb {n}:0:*:{h}
ndb {n}:0:100:{h}
ndb {n}:0:101:{h}
ndb {n}:0:90,10:{h}
ndb {n}:0:90,9:{h}
ndb {n}:0:EOF-58:{h}
ndb {n}:0:EOF-57:{h}
ndb {n}:0:EOF-60,2:{h}
ndb {n}:0:EOF-60,1:{h}
ndb {n}:0:EOF-0:{h}
ndb {n}:1:*:{h}
ndb {n}:0:*:{h}:51
ndb {n}:0:*:{h}:51:216
ndb {n}:0:*:{h}:216:255
ndb {n}:0:*:??{h}??
ndb {n}:0:*:{a}*{b}
ndb {n}:0:*:{b}*{a}
ndb {n}:0:*:{a}{{1}}{b}
ndb {n}:0:*:{a}{{-1}}{b}
ndb {n}:0:*:{a}{{0-}}{b}
ndb {n}:0:*:{a}({b}|{a})
ndb {n}:0:*:({b}|00000000){h}
ndb {n}{{HEX}}-/x:0:*:{h}
ndb "{n};x":0:*:{h}
ldb {n};Target:0;0;{h}
ldb {n};Engine:51-255,Target:0;0&1;{a};{b}
ldb {n};Engine:51-216,Target:0;(0|1);{a};ffeeddcc
ldb {n};Engine:51-255,Target:0;(0&1);{a};ffeeddcc
ldb {n};Target:0;0;100:{h}
ldb {n};Target:0;0;99:{h}
ldb {n};Target:0;0&1;EOF-60,2:{a};*:{b}
hdb {md5}:158:{n}
hdb {md5}:157:{n}
hdb {md5}:*:{n}:73
hdb {md5}:158:{n}:51:216
hsb {sha1}:158:{n}
hsb {sha256}:*:{n}:73:255
""".strip().splitlines()

# ClamAV's, and not ours: clamscan reads all of it
LEFT_OUT = """
ndb {n}:0:*:{h}:217
ndb {n}:0:*:{h}:51:215
ndb {n}:0:*:{h}:300:400
ndb {n}:14:*:{h}
ndb {n}:1:EP+0:{h}
ndb {n}:1:EP-5,3:{h}
ndb {n}:1:S0+4:{h}
ndb {n}:1:SL+4:{h}
ndb {n}:1:SE0:{h}
ndb {n}:1:VI:{h}
ndb {n}:0:*:{a}!(00|01){b}
ndb {n}:0:*:{h}[2-4]45
ndb {n}:0:*:(B){h}(B)
ndb {n}:0:*:(L){h}(L)
ndb {n}:0:*:(W){h}(W)
ndb {n}:0:*:{a}({b}|00)
ndb {n}:0:*:{a}(0?|11)
ndb {n}:0:*:{a}{{0}}{b}
ndb {n}:0:*:0102*0304
ldb {n};Engine:217-300,Target:0;0;{h}
ldb {n};Engine:51-215,Target:0;0;{h}
ldb {n};Engine:81-255,Target:0,FileSize:1-1000;0;{h}
ldb {n};Target:0;0>1;{h}
ldb {n};Target:0;0=0;{h}
ldb {n};Target:0;0&1|2;{h};{a};{b}
ldb {n};Target:0;1&0;{h};{a}
ldb {n};Target:0;0;{h}::i
ldb {n};Target:0;0;{h}::w
ldb {n};Target:0;0;{h}::a
ldb {n};Target:0;0;{h}::f
ldb {n};Target:0;0&1;{h};0/abcd/
hdb {md5}:158:{n}:217
hdb {md5}:158:{n}:51:215
""".strip().splitlines()

BROKEN = """
ndb {n}
ndb {n}:0
ndb {n}:0:*
ndb {n}:0:*:
ndb :0:*:{h}
ndb {n}:x:*:{h}
ndb {n}:32:*:{h}
ndb {n}:0::{h}
ndb {n}:0:EOF-:{h}
ndb {n}:0:99999999999:{h}
ndb {n}:0:*:{h}4
ndb {n}:0:*:{h}zz
ndb {n}:0:*:{h}:x
ndb {n}:0:*:{h}:51:255:9
ndb {n}:0:*:{a}{{}}{b}
ndb {n}:0:*:{a}{{5-2}}{b}
ndb {n}:0:*:{a}({b}|{a}
ndb {n};Target:0;0;{h}
ldb {n}
ldb {n};Target:0
ldb {n};Target:0;0
ldb {n};Target:0;0&1;{h}
ldb {n};Target:0;0;{h};{h}
ldb {n};Engine:x,Target:0;0;{h}
ldb ;Target:0;0;{h}
hdb {md5}
hdb {md5}:158
hdb {md5}:158:
hdb {md5}::{n}
hdb {md5}:-1:{n}
hdb {md5}:4294967296:{n}
hdb {md5}0:158:{n}
hdb zz{h}{h}{h}:158:{n}
hsb {sha256}:158:{n}:1:2:3
""".strip().splitlines()


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300)


class Forms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.makedirs(self.path("sigs"))
        os.makedirs(self.path("files"))
        self.lines = {}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def add(self, rows, end=b"\n"):
        """Lines into sigs/all.FORM, and a file for each; their names."""
        names = []
        for row in rows:
            n = f"Line{len(self.lines)}"
            names.append(n)
            self.lines[n] = row
            h = hashlib.sha512(n.encode()).digest()[:8]
            data = bytes(100) + h + bytes(50)
            form, line = row.split(" ", 1)
            line = line.format(
                n=n, h=h.hex(), a=h[:4].hex(), b=h[4:].hex(),
                **{k: hashlib.new(k, data).hexdigest()
                   for k in ("md5", "sha1", "sha256")})
            with open(self.path("sigs", "all." + form), "ab") as f:
                f.write(line.encode() + end)
            with open(self.path("files", n), "wb") as f:
                f.write(data)
        return names

    def compile(self):
        paths = [self.path("sigs", n)
                 for n in sorted(os.listdir(self.path("sigs")))]
        done = run(gatepost.PROGRAM, "sig", "compile", *paths, "-o",
                   self.path("all.gps"))
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def ours(self):
        done = run(gatepost.PROGRAM, "scan", "--sigs", self.path("all.gps"),
                   self.path("files"))
        self.assertEqual(done.stderr, b"")
        return self.found(r"(?m)/(Line\d+): INFECTED ", done)

    def clamscan(self):
        done = run("clamscan", "--no-summary", "-d", self.path("sigs"), "-r",
                   self.path("files"))
        self.assertEqual(done.stderr, b"")
        return self.found(r"(?m)/(Line\d+): .* FOUND$", done)

    @staticmethod
    def found(what, done):
        return set(re.findall(what, done.stdout.decode()))

    def rows(self, names):
        return [self.lines[n] for n in sorted(names)]

    def test_what_is_taken_is_found_as_clamscan_finds_it(self):
        for end in (b"\n", b"\r\n"):
            self.add(TAKEN, end + b"# " + b"x" * 5000 + end)
        status, out, err = self.compile()
        self.assertEqual((status, err), (0, ""))
        self.assertIn(f" {2 * len(TAKEN)}, lines not supported 0,", out)
        ours, theirs = self.ours(), self.clamscan()
        self.assertEqual(self.rows(ours - theirs), [])
        self.assertEqual(self.rows(theirs - ours), [])
        self.assertGreater(len(ours), len(TAKEN))
        self.assertLess(len(ours), 2 * len(TAKEN))

    def check_named(self, rows):
        good = self.add(TAKEN[:1])
        names = self.add(rows)
        status, out, err = self.compile()
        self.assertEqual(status, 0)
        self.assertIn(f" 1, lines not supported {len(rows)},", out)
        said = {tuple(line.split(": ")[0].rsplit("/", 1)[1].split(":"))
                for line in err.splitlines()}
        numbers = {}
        for n in good + names:
            form = self.lines[n].split(" ")[0]
            numbers.setdefault(form, []).append(n)
        meant = {(f"all.{form}", f"{i}")
                 for form, all_of in numbers.items()
                 for i, n in enumerate(all_of, 1) if n in names}
        self.assertEqual(said, meant)
        self.assertEqual(self.ours(), set(good))

    def test_what_is_not_ours_is_named(self):
        self.check_named(LEFT_OUT)
        # it is no nonsense: clamscan takes all of it
        self.assertGreater(len(self.clamscan()), 5)

    def test_what_is_broken_is_named(self):
        self.check_named(BROKEN)

    def test_what_holds_no_signature_at_all_leaves_the_old_result(self):
        self.add(TAKEN)
        self.assertEqual(self.compile()[0], 0)
        with open(self.path("all.gps"), "rb") as f:
            old = f.read()
        for form in ("ndb", "ldb", "hdb", "hsb"):
            with open(self.path("sigs", "all." + form), "w") as f:
                f.write("<html>\n<title>404 Not Found</title>\n")
        status, out, err = self.compile()
        self.assertEqual((status, out), (2, ""))
        self.assertIn("no signature", err.splitlines()[-1])
        with open(self.path("all.gps"), "rb") as f:
            self.assertEqual(f.read(), old)

    def test_lines_of_any_length_and_octets(self):
        """Long, empty, without an end, no text: named, never torn.

        ClamAV takes no empty lines.
        """
        long = hashlib.shake_256(b"x").digest(60000)
        with open(self.path("sigs", "all.ndb"), "wb") as f:
            f.write(b"Wide:0:*:" + b"6162??" * 100000 + b"\n"
                    b"Zero:0:*:4142\x00434445\n\n \r\n"
                    b"\x1b[31m\xff:0:*:zz\n"
                    b"Long:0:*:" + long.hex().encode() + b"\n"
                    b"Last:0:*:4142434445464748")
        status, out, err = self.compile()
        self.assertEqual(status, 0)
        self.assertIn(" 2, lines not supported 3,", out)
        lines = err.splitlines()
        self.assertEqual([line.split(":")[1] for line in lines],
                         ["1", "2", "5"])
        self.assertTrue(all(len(line) < 320 and line.isprintable()
                            for line in lines), lines)
        for n, data in (("Line1", long), ("Line2", long[:-1] + b"\0"),
                        ("Line3", b"..ABCDEFGH")):
            with open(self.path("files", n), "wb") as f:
                f.write(data)
        self.assertEqual(self.ours(), {"Line1", "Line3"})

    def test_a_name_can_not_drive_the_terminal(self):
        with open(self.path("sigs", "all.ndb"), "wb") as f:
            f.write(b"a\x1b[31mb\rc\x07\xff d:0:*:4142434445464748\n")
        with open(self.path("files", "Line1"), "wb") as f:
            f.write(b"ABCDEFGH")
        self.assertEqual(self.compile()[0], 0)
        done = run(gatepost.PROGRAM, "scan", "--sigs", self.path("all.gps"),
                   self.path("files"))
        self.assertEqual(done.stdout.decode(), self.path("files", "Line1")
                         + ": INFECTED a\\x1b[31mb\\x0dc\\x07\\xff d\n")


if __name__ == "__main__":
    unittest.main()
