#!/usr/bin/env python3
"""codec/nfkc against Python's own tables: every character, random texts."""
import ctypes
import os
import random
import subprocess
import tempfile
import unicodedata
import unittest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
FILES = ("nfkc", "nfkc_pairs", "nfkc_maps")
UCD = unicodedata.ucd_3_2_0

# As in tools/nfkc-tables.
COVERED = [
    (0x20, 0x24f), (0x300, 0x36f), (0x370, 0x3ff), (0x400, 0x52f),
    (0x1e00, 0x1fff), (0x2000, 0x218f), (0x2190, 0x22ff), (0x2460, 0x24ff),
    (0x3000, 0x30ff), (0x3131, 0x318e), (0x3200, 0x33ff), (0x4e00, 0x9fa5),
    (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfb00, 0xfb06), (0xfe30, 0xfe6f),
    (0xff00, 0xffef), (0x1100, 0x1112), (0x1161, 0x1175), (0x11a8, 0x11c2),
]


class Span(ctypes.Structure):
    _fields_ = [("p", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Nfkc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        library = os.path.join(cls.folder.name, "nfkc.so")
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE",
             f"-I{ROOT}/src", "-o", library,
             *(f"{ROOT}/src/codec/{name}.c" for name in FILES),
             f"{ROOT}/src/core/span.c", f"{ROOT}/src/core/chr.c"],
            check=True)
        cls.library = ctypes.CDLL(library)
        cls.library.nfkc.argtypes = [Span, ctypes.c_char_p, ctypes.c_size_t]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def ours(self, data):
        out = ctypes.create_string_buffer(1024)
        n = self.library.nfkc(Span(data, len(data)), out, len(out))
        return out.raw[:n] if n >= 0 else n

    def assert_same(self, text):
        if any(UCD.category(c) == "Cn" for c in text):
            return  # not in Unicode 3.2
        self.assertEqual(self.ours(text.encode()).decode(),
                         UCD.normalize("NFKC", text), ascii(text))

    def test_every_covered_character(self):
        for low, high in COVERED:
            for c in range(low, high + 1):
                self.assert_same(chr(c))
                self.assert_same(UCD.normalize("NFD", chr(c)))

    def test_every_covered_character_with_each_mark(self):
        for mark in (0x301, 0x308, 0x323, 0x327, 0x338, 0x345, 0x3099, 0x309a):
            for low, high in COVERED[:9]:
                for c in range(low, high + 1):
                    self.assert_same(chr(c) + chr(mark) + "\u0302")

    def test_random_texts(self):
        rng = random.Random(4013)
        for _ in range(20000):
            text = ""
            for _ in range(rng.randrange(1, 9)):
                low, high = rng.choice(COVERED)
                text += chr(rng.randint(low, high))
                while rng.random() < 0.4:
                    text += chr(rng.randint(0x300, 0x34e))
            self.assert_same(text)

    def test_what_is_not_covered_stays_as_it_is(self):
        inside = {c for low, high in COVERED for c in range(low, high + 1)}
        for c in range(0x80, 0x20000):
            if c in inside or 0xd800 <= c < 0xe000:
                continue
            self.assertEqual(self.ours(chr(c).encode()), chr(c).encode())

    def test_bytes_that_are_no_utf8_stay(self):
        rng = random.Random(1999)
        for _ in range(5000):
            data = bytes(rng.randrange(0x80, 0x100)
                         for _ in range(rng.randrange(1, 12)))
            try:
                data.decode()
            except UnicodeDecodeError:
                if all(b < 0xc2 or b > 0xf4 for b in data):
                    self.assertEqual(self.ours(data), data)
                self.assertEqual(self.ours(self.ours(data)), self.ours(data))
        sjis = "パスワード".encode("shift-jis")
        self.assertEqual(self.ours(sjis), sjis)

    def test_too_long_is_refused(self):
        self.assertEqual(len(self.ours(b"a" * 192)), 192)
        self.assertLess(self.ours(b"a" * 193), 0)
        self.assertLess(self.ours("\u3316".encode() * 64), 0)

    def test_tables_are_what_the_tool_makes(self):
        script = os.path.join(ROOT, "tools", "nfkc-tables")
        os.makedirs(os.path.join(self.folder.name, "src", "codec"))
        subprocess.run([os.path.abspath(script)], check=True,
                       cwd=self.folder.name)
        for name in FILES[1:]:
            with open(f"{self.folder.name}/src/codec/{name}.c") as made, \
                    open(f"{ROOT}/src/codec/{name}.c") as kept:
                self.assertEqual(made.read(), kept.read())


if __name__ == "__main__":
    unittest.main()
