#!/usr/bin/python3
"""`gatepost scan`: every kind of container, sound, broken and lying.

Archives are made here by Debian's archivers, or by hand where no archiver
makes such a thing.
"""

import base64
import gzip
import io
import os
import re
import struct
import subprocess
import tarfile
import unittest
import zipfile
import zlib

import gatepost
import test_scan
from test_scan import EICAR, FOUND, tarred, zipped

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

DAMAGED = "UNSCANNABLE damaged"
LOCKED = "UNSCANNABLE behind a password"
UNOPENED = "UNSCANNABLE not opened here"
LIMITS = "UNSCANNABLE over the limits"


def zip_entry(name, data, **lie):
    """A local header with its data, and the directory's entry, offset 0."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    told = {"method": 8, "crc": zlib.crc32(data), "size": len(packed),
            "octets": len(data), "flags": 0, **lie}
    fields = struct.pack("<HHHHIIIHH", told["flags"], told["method"], 0, 0x21,
                         told["crc"], told["size"], told["octets"],
                         len(name), 0)
    return (b"PK\3\4" + struct.pack("<H", 20) + fields + name + packed,
            b"PK\1\2" + struct.pack("<HH", 20, 20) + fields
            + struct.pack("<HHHI", 0, 0, 0, 0))


def zip_of(*entries, ends=True):
    """A zip file of such entries, each (local, directory entry, name)."""
    out, directory = b"", b""
    for local, central, name in entries:
        directory += central + struct.pack("<I", len(out)) + name
        out += local
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(entries),
                      len(entries), len(directory), len(out), 0)
    return out + directory + end if ends else out


class Formats(unittest.TestCase):
    setUp = test_scan.Scan.setUp
    write = test_scan.Scan.write
    run_scan = test_scan.Scan.run_scan
    verdict = test_scan.Scan.verdict

    def pack(self, *command, name="out", files=None):
        """What an archiver makes of a.com and b.txt in an empty folder."""
        top = os.path.join(self.folder, "pack")
        self.write("pack/b.txt", b"nothing " * 300)
        for inner, data in (files or {"a.com": EICAR}).items():
            self.write("pack/" + inner, data)
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.unlink(path)
        subprocess.run([*command[:-1], *command[-1].format(path).split()],
                       cwd=top, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        with open(path, "rb") as f:
            return f.read()

    def finds_and_tells_damage(self, data, what):
        self.assertEqual(self.verdict(data), FOUND, what)
        for cut in (len(data) // 2, len(data) - 20):
            self.assertNotEqual(self.verdict(data[:cut]), "OK", (what, cut))

    # ---- programs

    def image(self, inside=b"", behind=b""):
        """A PE program of one section, with something behind it."""
        body = bytes(range(256)) * 4 + inside
        body += bytes(-len(body) % 512)
        return (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
                + struct.pack("<HHIIIHH", 0x14c, 1, 0, 0, 0, 0, 0)
                + b".text\0\0\0" + struct.pack("<IIII", 0, 0, len(body), 512)
                + bytes(16) + bytes(512 - 128) + body + behind)

    def elf(self, behind=b""):
        with open("/bin/true", "rb") as f:
            return f.read() + behind

    @gatepost.needs("ENABLE_SCAN_LZ")
    def test_signs_among_a_programs_constants_are_no_archives(self):
        signs = (b"PK\3\4\0PK\5\6\0PK\1\2\0Rar!\x1a\7\0\0Rar!\x1a\7\1\0x"
                 b"7z\xbc\xaf\x27\x1c\0MSCF\0\0\0\0\x60\xea\0\0-lh5-\0-lzs-\0"
                 b"\n\x1f\x8b\x08" + bytes(20) + b"BZh\0" + bytes(100))
        for data in (self.image(signs), self.image(b"", b"\1" + signs),
                     b"MZ" + signs, self.elf(b"\1" + signs), b"\1\2\3" + signs):
            self.assertEqual(self.verdict(data), "OK")
        for name in ("/usr/bin/bsdtar", "/usr/bin/7zz", "/usr/bin/zip",
                     "/usr/bin/unzip", "/usr/bin/arj", "/usr/bin/lhasa",
                     "/usr/lib/x86_64-linux-gnu/libarchive.so.13",
                     gatepost.PROGRAM):
            if os.path.exists(name):
                done = self.run_scan(name)
                self.assertEqual(done.stdout, f"{name}: OK\n")

    @gatepost.needs("ENABLE_LIBARCHIVE")
    @gatepost.needs("ENABLE_SCAN_LZ")
    def test_an_archive_in_or_behind_a_program_is_opened(self):
        noise = os.urandom(4000)
        packed = {
            "zip": zipped(EICAR),
            "7z": self.pack("7zz", "a", "{} a.com b.txt", name="o.7z"),
            "cab": self.pack("gcab", "-cz", "{} a.com b.txt"),
            "lzh": self.pack("jlha", "a", "{} a.com b.txt", name="o.lzh"),
            "arj": self.pack("arj", "a", "{} a.com b.txt", name="o.arj"),
        }
        cut = {
            "zip": zipped(noise),
            "7z": self.pack("7zz", "a", "{} a.com", name="c.7z",
                            files={"a.com": noise}),
            "cab": self.pack("gcab", "-cz", "{} a.com", name="c.cab",
                             files={"a.com": noise}),
            "lzh": self.pack("jlha", "a", "{} a.com", name="c.lzh",
                             files={"a.com": noise}),
            "arj": self.pack("arj", "a", "{} a.com", name="c.arj",
                             files={"a.com": noise}),
        }
        for what, data in packed.items():
            short = cut[what][:3000]
            for form in (lambda d: self.image(b"", d), self.image, self.elf,
                         lambda d: b"MZ" + b"\x90" * 90 + d,
                         lambda d: b"\x0c\1\2" + b"\x90" * 90 + d):
                self.assertEqual(self.verdict(form(data)), FOUND, what)
                self.assertEqual(self.verdict(form(short)), DAMAGED, what)
        for what, data in (("tar", tarred(EICAR)),
                           ("bzip2", self.pack("tar", "-cjf", "{} a.com")),
                           ("xz", self.pack("tar", "-cJf", "{} a.com")),
                           ("gzip", self.pack("tar", "-czf", "{} a.com"))):
            self.assertEqual(self.verdict(self.image(b"", data)), FOUND, what)
            self.assertEqual(self.verdict(self.elf(data)), FOUND, what)
        script = b"#!/bin/sh\nexec x\n" + b"# more\n" * 99
        self.assertEqual(self.verdict(script + self.pack(
            "tar", "-czf", "{} a.com")), FOUND)

    @gatepost.needs("ENABLE_LIBARCHIVE")
    def test_a_sound_decoy_does_not_hide_the_archive_behind_it(self):
        decoy = self.pack("7zz", "a", "{} b.txt", name="d.7z")
        real = self.pack("7zz", "a", "{} a.com", name="r.7z")
        self.assertEqual(self.verdict(self.image(decoy + real)), FOUND)
        many = self.image(self.pack("gcab", "-cz", "{} b.txt") * 300)
        self.assertEqual(self.verdict(many), LIMITS)

    # ---- zip

    @gatepost.needs("ENABLE_LIBARCHIVE")
    @gatepost.needs("ENABLE_SCAN_DEFLATE64")
    def test_zip_in_every_packing(self):
        noise = os.urandom(70000)
        text = b"".join(b"%d " % i for i in range(70000))
        for method in ("Copy", "Deflate", "Deflate64", "BZip2", "LZMA",
                       "PPMd"):
            data = self.pack("7zz", "a", "-tzip", "-mm=" + method,
                             "{} a.com b.txt", name="o.zip")
            self.assertEqual(self.verdict(data), FOUND, method)
            for content in (noise, text):
                data = self.pack("7zz", "a", "-tzip", "-mm=" + method,
                                 "{} a.com b.txt", name="c.zip",
                                 files={"a.com": content})
                self.assertEqual(self.verdict(data), "OK", method)
                wrong = bytearray(data)
                wrong[2000] ^= 4
                self.assertEqual(self.verdict(bytes(wrong)), DAMAGED, method)
                self.assertEqual(self.verdict(data[:5000]), DAMAGED, method)
        # written to a pipe: sizes and checksums follow
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED,
                       zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            class Pipe(io.BytesIO):
                def seekable(self):
                    return False

                def seek(self, *_):
                    raise io.UnsupportedOperation

                tell = seek
            out = Pipe()
            with zipfile.ZipFile(out, "w", method) as z:
                z.writestr("b.txt", b"nothing " * 99)
                z.writestr("a.com", EICAR)
            self.assertEqual(self.verdict(out.getvalue()), FOUND, method)

    def test_old_packings_of_zip_are_not_called_clean(self):
        for method in (1, 2, 5, 6, 10, 18, 97):
            local, central = zip_entry(b"a", b"x" * 50, method=method)
            self.assertEqual(self.verdict(zip_of((local, central, b"a"))),
                             UNOPENED, method)

    def test_zip_behind_a_password(self):
        data = self.pack("zip", "-q", "-P", "x", "{} a.com", name="o.zip")
        self.assertEqual(self.verdict(data), LOCKED)
        data = self.pack("7zz", "a", "-tzip", "-mem=AES256", "-px",
                         "{} a.com", name="o.zip")
        self.assertEqual(self.verdict(data), LOCKED)

    def test_a_wrong_checksum_does_not_hide_a_find(self):
        local, central = zip_entry(b"a", EICAR, crc=1)
        self.assertEqual(self.verdict(zip_of((local, central, b"a"))), FOUND)
        local, central = zip_entry(b"a", b"clean", crc=1)
        self.assertEqual(self.verdict(zip_of((local, central, b"a"))),
                         DAMAGED)

    @gatepost.needs("ENABLE_LIBARCHIVE")
    def test_a_local_header_that_lies_does_not_hide_what_others_unpack(self):
        for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            for at in (14, 22):  # the checksum, the length
                out = io.BytesIO()
                with zipfile.ZipFile(out, "w", method) as z:
                    z.writestr("a.com", EICAR)
                data = bytearray(out.getvalue())
                data[at] ^= 1
                with zipfile.ZipFile(io.BytesIO(data)) as z:
                    self.assertEqual(z.read("a.com"), EICAR)
                self.assertEqual(self.verdict(bytes(data)), FOUND, at)

    def test_zip64_and_joined_zips(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, data in (("b.txt", b"nothing"), ("a.com", EICAR)):
                with z.open(zipfile.ZipInfo(name), "w",
                            force_zip64=True) as f:
                    f.write(data)
        self.assertEqual(self.verdict(out.getvalue()), FOUND)
        # some Pythons leave the sizes in the old fields, too
        stored = bytearray(out.getvalue())
        for place in re.finditer(b"PK\x03\x04", bytes(stored)):
            stored[place.start() + 18:place.start() + 26] = b"\xff" * 8
        self.assertEqual(self.verdict(bytes(stored)), FOUND)
        # everything in zip64's own records, offsets too
        local, _ = zip_entry(b"a", EICAR)
        extra = struct.pack("<HHQQQ", 1, 24, len(EICAR),
                            len(local) - 31, 0)
        directory = (b"PK\1\2" + struct.pack(
            "<HHHHHHIIIHHHHHII", 45, 45, 0, 8, 0, 0x21, zlib.crc32(EICAR),
            0xffffffff, 0xffffffff, 1, len(extra), 0, 0, 0, 0, 0xffffffff)
            + b"a" + extra)
        hidden = bytearray(local)
        struct.pack_into("<H", hidden, 8, 0)  # only the directory is true
        record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1,
                             1, len(directory), len(local))
        locator = struct.pack("<4sIQI", b"PK\6\7", 0,
                              len(local) + len(directory), 1)
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xffff, 0xffff,
                          0xffffffff, 0xffffffff, 0)
        self.assertEqual(self.verdict(
            bytes(hidden) + directory + record + locator + end), FOUND)
        clean, bad = zipped(b"clean"), zipped(EICAR)
        for data in (clean + bad, bad + clean, clean + b"\0" * 700 + bad,
                     clean[:-22] + bad, bad[:-22] + clean[:-22],
                     clean + bad + b"\0" * 60000):
            self.assertEqual(self.verdict(data), FOUND)
        self.assertEqual(self.verdict(clean + clean), "OK")
        self.assertEqual(self.verdict(zipped(
            zipped(zipped(b"x" * 99, zipfile.ZIP_STORED),
                   zipfile.ZIP_STORED), zipfile.ZIP_STORED)), "OK")

    def test_a_zip_entry_within_another_one_is_seen(self):
        inner, central = zip_entry(b"b", EICAR)
        # a stored entry whose data are another local header and its data
        outer = (b"PK\3\4" + struct.pack(
            "<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(inner), len(inner),
            len(inner), 1, 0) + b"a" + inner)
        directory = central + struct.pack("<I", 31) + b"b"
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1,
                          len(directory), len(outer), 0)
        self.assertEqual(self.verdict(outer + directory + end), FOUND)
        # the same where what covers it is deflated, in a block that is stored
        block = (b"\1" + struct.pack("<HH", len(inner), ~len(inner) & 0xffff)
                 + inner)
        outer = (b"PK\3\4" + struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 0x21, zlib.crc32(inner), len(block),
            len(inner), 1, 0) + b"a" + block)
        directory = central + struct.pack("<I", 36) + b"b"
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1,
                          len(directory), len(outer), 0)
        self.assertEqual(self.verdict(outer + directory + end), FOUND)

    def test_a_zip_behind_anything_else_is_seen(self):
        whole = zipped(EICAR)
        for before in (b"GIF89a" + bytes(99), b"%PDF-1.4\n", tarred(b"x"),
                       b"From: a@b\nSubject: c\n\nhello\n", b"\xff\xd8\xff\xe0",
                       b"Rar!\x1a\7\0" + bytes(50), b"<html>hello</html>"):
            self.assertEqual(self.verdict(before + whole), FOUND, before[:9])

    def test_bombs_of_every_build_are_over_the_limits(self):
        zeros = bytes(32 << 20)
        # entries that all mean the same data
        local, central = zip_entry(b"a", zeros)
        one = struct.pack("<I", 0)
        overlap = local + b"".join(
            central[:20] + struct.pack("<II", len(local) - 31 - i % 2,
                                       len(zeros)) + central[28:] + one + b"a"
            for i in range(200))
        directory = len(overlap) - len(local)
        overlap += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 200, 200,
                               directory, len(local), 0)
        self.assertEqual(self.verdict(overlap), LIMITS)
        # each entry's stored block quotes the header of the next one
        data, offsets = zip_entry(b"z", zeros)[0], [0]
        entries = [zip_entry(b"z", zeros)[1]]
        for i in range(60):
            head = data[:31]
            block = struct.pack("<BHH", 0, len(head), ~len(head) & 0xffff)
            packed = block + data[:31] + data[31:]
            size = len(packed)
            fields = struct.pack("<HHHHIIIHH", 0, 8, 0, 0x21, 0, size,
                                 31 + (32 << 20), 1, 0)
            data = (b"PK\3\4" + struct.pack("<H", 20) + fields + b"q"
                    + packed)
            entries.append(b"PK\1\2" + struct.pack("<HH", 20, 20) + fields
                           + struct.pack("<HHHI", 0, 0, 0, 0))
            offsets = [0] + [o + 36 for o in offsets]
        directory = b"".join(
            e + struct.pack("<I", o) + b"q"
            for e, o in zip(entries, reversed(offsets)))
        bomb = data + directory + struct.pack(
            "<4sHHHHIIH", b"PK\5\6", 0, 0, len(entries), len(entries),
            len(directory), len(data), 0)
        self.assertIn(self.verdict(bomb), (LIMITS, DAMAGED))
        # many members with nothing in them
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as t:
            for i in range(100):
                t.addfile(tarfile.TarInfo(f"{i}"))
        empty = out.getvalue()[:51200]
        self.assertEqual(self.verdict(zipped(empty * 1100)), LIMITS)

    # ---- ARJ

    @gatepost.needs("ENABLE_SCAN_LZ")
    def test_arj_in_every_method_and_form(self):
        noise = os.urandom(70000)
        text = b"".join(b"%d " % i for i in range(70000))
        for method in range(5):
            data = self.pack("arj", "a", f"-m{method}", "{} a.com b.txt",
                             name="o.arj")
            self.assertEqual(self.verdict(data), FOUND, method)
            # none is damaged: the checksums of what we unpack are right
            for content in (noise, text, bytes(300000)):
                data = self.pack("arj", "a", f"-m{method}", "{} a.com b.txt",
                                 name="c.arj", files={"a.com": content})
                self.assertEqual(self.verdict(data), "OK", method)
            data = self.pack("arj", "a", f"-m{method}", "{} a.com b.txt",
                             name="c.arj", files={"a.com": noise})
            wrong = bytearray(data)
            wrong[20000] ^= 4
            for broken in (bytes(wrong), data[:-20], data[:9000]):
                self.assertEqual(self.verdict(broken), DAMAGED, method)
        data = self.pack("arj", "a", "{} a.com b.txt", name="o.arj")
        self.assertEqual(self.verdict(self.elf(data)), FOUND)
        # a broken header is passed over
        wrong = bytearray(data)
        wrong[10] ^= 1
        self.assertEqual(self.verdict(bytes(wrong)), FOUND)
        done = self.run_scan("--where", self.write("it", data))
        self.assertEqual(done.stdout.splitlines()[1], "  in a.com")

    @gatepost.needs("ENABLE_SCAN_LZ")
    def test_arj_that_begins_with_what_is_before_its_begin(self):
        # method 4: a match of 3 octets at distance 1, then literals
        body = zipped(EICAR)
        bits = "1000" + "0" * 9 + "".join(f"0{c:08b}" for c in body)
        bits += "0" * (-len(bits) % 8)
        packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
        data = bytearray(self.pack("arj", "a", "-m4", "{} a.com",
                                   name="o.arj"))
        at = data.index(b"\x60\xea", 2)
        size = struct.unpack_from("<H", data, at + 2)[0]
        head = data[at + 4:at + 4 + size]
        head[5] = 4
        struct.pack_into("<III", head, 12, len(packed), 3 + len(body),
                         zlib.crc32(bytes(3) + body))
        made = (bytes(data[:at + 4]) + head
                + struct.pack("<IH", zlib.crc32(head), 0) + packed
                + b"\x60\xea\0\0")
        unpacked = subprocess.run(
            ["arj", "p", "-y", self.write("o.arj", made)], check=False,
            stdout=subprocess.PIPE).stdout
        self.assertTrue(body in unpacked)
        self.assertEqual(self.verdict(made), FOUND)

    @gatepost.needs("ENABLE_SCAN_LZ")
    def test_arj_locked_split_and_self_extracting(self):
        data = self.pack("arj", "a", "-gsecret", "{} a.com b.txt",
                         name="o.arj")
        self.assertEqual(self.verdict(data), LOCKED)
        data = self.pack("arj", "a", "-je", "{} a.com b.txt", name="o.exe")
        self.assertNotEqual(data[:2], b"\x60\xea")
        self.assertEqual(self.verdict(data), FOUND)
        data = self.pack("arj", "a", "-v20000", "-y", "{} a.com",
                         name="v.arj", files={"a.com": os.urandom(50000)})
        self.assertEqual(self.verdict(data), DAMAGED)

    # ---- others' formats

    @gatepost.needs("ENABLE_SCAN_LZ")
    def test_lzh_in_every_method_and_level(self):
        text = b"".join(b"%d " % i for i in range(7000))
        for level in "012":
            for method in "05":
                words = "a" + (level if level != "2" else "2")
                words += "o" + method if method != "0" else "z"
                data = self.pack("jlha", words, "{} a.com b.txt",
                                 name="o.lzh")
                self.assertEqual(self.verdict(data), FOUND, words)
            data = self.pack("jlha", "a" + level, "{} a.com b.txt",
                             name="c.lzh", files={"a.com": text})
            self.assertEqual(self.verdict(data), "OK", level)
            self.assertEqual(self.verdict(data[:3000]), DAMAGED, level)

    @gatepost.needs("ENABLE_LIBARCHIVE")
    def test_cab_7z_and_iso(self):
        for what, data in (
                ("cab", self.pack("gcab", "-c", "{} a.com b.txt")),
                ("cab, packed", self.pack("gcab", "-cz", "{} a.com b.txt")),
                ("iso", self.pack("genisoimage", "-quiet", "-J", "-r", "-o",
                                  "{} .")),
                ("7z sfx", self.pack("7zz", "a", "-sfx/bin/true",
                                     "{} a.com b.txt", name="o.exe"))):
            self.assertEqual(self.verdict(data), FOUND, what)
        for method in ("Copy", "LZMA", "LZMA2", "BZip2", "PPMd", "Deflate"):
            data = self.pack("7zz", "a", "-m0=" + method, "{} a.com b.txt",
                             name="o.7z")
            self.assertEqual(self.verdict(data), FOUND, method)
            self.assertEqual(self.verdict(data[:-30]), DAMAGED, method)
        for words in (("-px",), ("-px", "-mhe=on")):
            data = self.pack("7zz", "a", *words, "{} a.com", name="l.7z")
            self.assertEqual(self.verdict(data), LOCKED, words)

    # ---- mail's own

    def test_tnef(self):
        def attribute(level, ident, data):
            return (struct.pack("<BHHI", level, ident, 6, len(data)) + data
                    + struct.pack("<H", sum(data) & 0xffff))

        def tnef(*attributes):
            return b"\x78\x9f\x3e\x22\1\0" + b"".join(attributes)

        def props(*values):
            return struct.pack("<I", len(values)) + b"".join(values)

        def value(tag, data, name=b""):
            return (struct.pack("<I", tag) + name
                    + struct.pack("<II", 1, len(data)) + data
                    + bytes(-len(data) % 4))

        long = struct.pack("<II", 0x0e200003, 5)
        named = (bytes(16) + struct.pack("<II", 1, 6) + b"a\0b\0\0\0\0\0")
        begin = attribute(2, 0x9002, bytes(14))
        title = attribute(2, 0x8010, b"a.com\0")
        data = attribute(2, 0x800f, EICAR)
        plain = tnef(attribute(1, 0x9006, bytes(4)), begin, title, data)
        self.assertEqual(self.verdict(plain), FOUND)
        done = self.run_scan("--where", self.write("it", plain))
        self.assertIn("  in a.com\n", done.stdout)
        inner = tnef(begin, data)
        for name, whole in (
                ("second", tnef(begin, attribute(2, 0x800f, b"clean"),
                                begin, title, data)),
                ("zip", tnef(begin, attribute(2, 0x800f, zipped(EICAR)))),
                ("binary value", tnef(begin, attribute(2, 0x9005, props(
                    long, value(0x37010102, EICAR))))),
                ("behind a named one", tnef(begin, attribute(2, 0x9005, props(
                    value(0x8000001e, b"abc", named),
                    value(0x37010102, EICAR))))),
                ("a message within", tnef(begin, attribute(2, 0x9005, props(
                    value(0x3701000d, bytes(16) + inner))))),
                ("html", tnef(attribute(1, 0x9003, props(
                    value(0x10130102, EICAR))))),
                ("in a mail", test_scan.multipart(
                    test_scan.B64, base64.encodebytes(plain)))):
            self.assertEqual(self.verdict(whole), FOUND, name)
            self.assertEqual(self.verdict(whole + b"\1\2\3"), FOUND, name)
        # where readers look for no file
        packed = gzip.compress(EICAR)
        for name, whole in (
                ("behind it", tnef(begin) + packed),
                ("in an unknown attribute", tnef(
                    attribute(1, 0x8123, b"junk\xff" + packed))),
                ("in an unknown property", tnef(attribute(1, 0x9003, props(
                    long, value(0x66660102, packed)))))):
            self.assertEqual(self.verdict(whole), FOUND, name)
        clean = tnef(begin, title, attribute(2, 0x800f, b"x" * 300),
                     attribute(2, 0x9005, props(long)))
        self.assertEqual(self.verdict(clean), "OK")
        for cut in (100, len(clean) - 1, 60):
            self.assertEqual(self.verdict(clean[:cut]), DAMAGED)

    def test_yenc(self):
        def yenc(data, head=b"", name=b"a b.com", size=None):
            out = bytearray()
            for i, c in enumerate(data):
                c = (c + 42) & 255
                if c in (0, 10, 13, 61):
                    out += bytes((61, (c + 64) & 255))
                else:
                    out.append(c)
                if i % 128 == 127:
                    out += b"\r\n"
            size = len(data) if size is None else size
            return (b"=ybegin line=128 size=%d name=%s\r\n" % (size, name)
                    + head + bytes(out) + b"\r\n=yend size=%d\r\n" % size)

        every = bytes(range(256)) * 9
        for name, data in (
                ("alone", yenc(EICAR)),
                ("in a mail", test_scan.mail(b"X-A: b", b"hi\n" + yenc(EICAR))),
                ("in a part", test_scan.multipart(
                    b"Content-Type: text/plain", yenc(EICAR))),
                ("second", b"hi\n" + yenc(b"clean") + yenc(EICAR)),
                ("behind uuencode", b"hi\n" + test_scan.uuencoded(b"x")
                 + yenc(EICAR)),
                ("zip", b"hi\n" + yenc(zipped(EICAR + every)))):
            self.assertEqual(self.verdict(data), FOUND, name)
        done = self.run_scan("--where", self.write("it", yenc(EICAR)))
        self.assertIn("  in a b.com\n", done.stdout)
        self.assertEqual(self.verdict(b"hi\n" + yenc(zipped(every))), "OK")
        self.assertEqual(self.verdict(yenc(b"x" * 99, size=500)), DAMAGED)
        self.assertEqual(self.verdict(yenc(
            b"x" * 99, b"=ypart begin=1 end=99\r\n", size=198)), DAMAGED)

    def test_uuencode_that_is_filled_up_with_zeros(self):
        self.assertEqual(self.verdict(
            test_scan.uuencoded(EICAR) + bytes(600)), FOUND)

    def test_constants_that_begin_like_gzip_are_none(self):
        noise = bytes(range(1, 256)) * 3
        for head in (b"\x1f\x8b\x08\0\0\0\0\0\0\3",
                     b"\x1f\x8b\x08\0\0\0\0\0\2\xff"):
            for behind in (b"error", b"gzip header", noise, b"\x28\xb5"):
                self.assertEqual(self.verdict(
                    noise + b"\0" + head + behind + noise), "OK")
        for level in (0, 1, 9):
            self.assertEqual(self.verdict(
                noise + gzip.compress(EICAR, level) + noise), FOUND)

    def test_xxencode(self):
        signs = (b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                 b"abcdefghijklmnopqrstuvwxyz")

        def xxencoded(data, width=45):
            out = b"begin 644 a.com\n"
            for i in range(0, len(data), width):
                piece = data[i:i + width]
                out += signs[len(piece):len(piece) + 1]
                for k in range(0, len(piece), 3):
                    n = int.from_bytes(piece[k:k + 3].ljust(3, b"\0"), "big")
                    out += bytes(signs[n >> shift & 63]
                                 for shift in (18, 12, 6, 0))
                out += b"\n"
            return out + b"+\nend\n"

        for width in (45, 30, 63, 1):
            for name, data in (
                    ("alone", xxencoded(EICAR, width)),
                    ("in a mail", test_scan.mail(
                        b"X-A: b", b"hi\n\n" + xxencoded(EICAR, width))),
                    ("zip", b"hi\r\n" + xxencoded(
                        zipped(EICAR), width).replace(b"\n", b"\r\n")),
                    ("second", xxencoded(b"clean", width)
                     + test_scan.uuencoded(b"x") + xxencoded(EICAR, width)),
                    ("before uuencode", xxencoded(b"clean", width)
                     + test_scan.uuencoded(EICAR))):
                self.assertEqual(self.verdict(data), FOUND, (name, width))
        self.assertEqual(self.verdict(xxencoded(zipped(b"fine"))), "OK")

    def test_bodies_in_web_archives(self):
        def record(block, length=None, more=b"response"):
            length = len(block) if length is None else length
            return (b"WARC/1.0\r\nWARC-Type: " + more
                    + b"\r\nContent-Length: %d\r\n\r\n" % length
                    + block + b"\r\n\r\n")

        def answer(body):
            return (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body) + body)

        first = record(b"software: x\r\n", more=b"warcinfo")
        packed = gzip.compress(EICAR)
        for data in (first + record(answer(packed)),
                     first + record(packed, more=b"resource"),
                     first + record(answer(zipped(EICAR))),
                     gzip.compress(first) + gzip.compress(
                         record(answer(packed))),
                     first + record(answer(packed), length=3),
                     first + record(answer(packed), length=99999)):
            self.assertEqual(self.verdict(data), FOUND)
        for pieces, said in (((packed,), FOUND), ((packed[:3], packed[3:]),
                             FOUND), ((gzip.compress(b"x"),), "OK")):
            chunks = b"".join(b"%x;a=b\r\n" % len(p) + p + b"\r\n"
                              for p in pieces) + b"0\r\n\r\n"
            for name in (b"Transfer-Encoding: chunked",
                         b"transfer-encoding:\tgzip, CHUNKED "):
                data = first + record(
                    b"HTTP/1.1 200 OK\r\n" + name + b"\r\n\r\n" + chunks)
                self.assertEqual(self.verdict(data), said, (name, pieces))
            cut = record(b"HTTP/1.1 200 OK\r\n" + name + b"\r\n\r\n"
                         + chunks[:-8])
            self.assertNotEqual(self.verdict(first + cut), "OK")
        self.assertEqual(self.verdict(
            first + record(answer(gzip.compress(b"x")))), "OK")
        self.assertEqual(self.verdict(
            first + record(b"cut off", length=99999)), DAMAGED)

    def test_short_lines_of_uuencode_do_not_push_the_rest_out(self):
        whole = test_scan.uuencoded(tarred(EICAR)).split(b"\n")
        # trailing zeros may have been stripped with the spaces
        short = b"\n".join(line.rstrip(b" `") for line in whole)
        self.assertLess(len(short), 4000)
        self.assertEqual(self.verdict(b"hi\n" + short), FOUND)

    def test_lines_that_are_none_do_not_end_uuencode(self):
        lines = test_scan.uuencoded(tarred(EICAR)).split(b"\n")
        for between in (b"", b"`", b"\xff" + lines[2], b"\n\n"):
            self.assertEqual(self.verdict(b"hi\n" + b"\n".join(
                [*lines[:2], between, *lines[2:]])), FOUND, between)

    def test_a_mail_with_a_control_sign_in_its_head_is_a_mail(self):
        for sign in (b"\0", b"\1", b"\x1b"):
            data = test_scan.multipart(
                test_scan.B64, base64.encodebytes(EICAR))
            self.assertEqual(self.verdict(b"X-A: " + sign + b"\n" + data),
                             FOUND)

    @gatepost.needs("ENABLE_LIBARCHIVE")
    @gatepost.needs("ENABLE_SCAN_LZ")
    @gatepost.needs("ENABLE_SCAN_DOCUMENTS")
    @gatepost.needs("ENABLE_SCAN_DEFLATE64")
    def test_the_collection_of_test_files(self):
        # what is not a container here: packed programs, installers' own
        # packings (src/scan/README.md)
        not_found = {
            "clam-aspack.exe", "clam-fsg.exe", "clam-mew.exe",
            "clam-nsis.exe", "clam-pespin.exe", "clam-petite.exe",
            "clam-upack.exe", "clam-upx.exe", "clam-wwpack.exe",
            "clam-yc.exe", "clam.chm", "clam.ea05.exe", "clam.ea06.exe",
            "clam.exe.szdd", "clam.impl.zip", "clam.sis",
            "clam_IScab_ext.exe",
            "clam_IScab_int.exe", "clam_ISmsi_ext.exe", "clam_ISmsi_int.exe",
            "clam_cache_emax.tgz"}
        folder = "/usr/share/clamav-testfiles"
        done = self.run_scan(folder)
        found = {os.path.basename(line.split(": ")[0])
                 for line in done.stdout.splitlines()
                 if line.endswith(": INFECTED ClamAV-Test-File")}
        self.assertEqual(set(os.listdir(folder)) - found, not_found)

    def test_shows_progress_to_a_person_only(self):
        ours, theirs = os.openpty()
        self.write("f/a", b"x")
        self.write("f/b", b"x")
        done = subprocess.run(
            [gatepost.PROGRAM, "scan", os.path.join(self.folder, "f")],
            stdout=subprocess.PIPE, stderr=theirs, timeout=60)
        os.close(theirs)
        self.assertEqual(done.stdout.count(b": OK\n"), 2)
        self.assertIn(b"\r2 files looked at", os.read(ours, 4096))
        os.close(ours)

    def test_a_quine_ends(self):
        same = quine()
        self.assertEqual(gzip.decompress(same), same)
        self.assertEqual(self.verdict(same), "UNSCANNABLE nested too deep")

    def test_names_that_climb_write_nothing(self):
        away = os.path.join(self.folder, "away")
        for name in ("../../../../.." + away, away, "..\\..\\away", "a/../b",
                     "C:\\away", "\\\\host\\away"):
            done = self.run_scan("--where", self.write("it", zipped(
                EICAR, name=name)))
            self.assertIn(FOUND, done.stdout)
            self.assertEqual(done.stdout.count("\n"), 2)
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w") as t:
                info = tarfile.TarInfo(name)
                info.size = len(EICAR)
                t.addfile(info, io.BytesIO(EICAR))
            self.assertEqual(self.verdict(out.getvalue()), FOUND)
        self.assertEqual(os.listdir(self.folder), ["it"])


def quine():
    """A gzip file that unpacks to itself, as R. Cox has described it ("Zip
    files all the way down").  All of it is units of five octets: "the next n
    units literally", and "the last four units again"."""
    def literal(n):
        return struct.pack("<BHH", 0, 5 * n, 0xffff - 5 * n)

    def again():
        # a fixed block: twice length 10 (code 264), distance 20 (code 8 + 3)
        bits = "010" + "0001000" "01000" "110"
        bits += "0001000" "01000" "110" + "0000000"
        assert len(bits) == 40
        return bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, 40, 8))

    def build(crc, octets):
        head = b"\x1f\x8b\x08\x08\0\0\0\0\0\3same\0"
        tail = literal(0) + b"\3\0" + struct.pack("<II", crc, octets)
        lit1, lit4, rep, nop = literal(1), literal(4), again(), literal(0)
        return b"".join([
            head, lit4, head, lit4, rep, lit1, rep, lit1, lit1,
            lit4, rep, lit1, lit1, lit4, rep, lit4, rep, lit4, rep, lit4,
            rep, lit4, rep, nop, nop, lit4, rep, nop, nop, lit4, rep, tail,
            rep, tail])

    octets = len(build(0, 0))
    # the checksum is a linear function of its own bits: solve it
    base = zlib.crc32(build(0, octets))
    rows = []
    for i in range(32):
        rows.append(zlib.crc32(build(1 << i, octets)) ^ base ^ 1 << i)
    want, crc, pivots = base, 0, {}
    for i, row in enumerate(rows):
        used = 1 << i
        for bit, (r, u) in pivots.items():
            if row >> bit & 1:
                row, used = row ^ r, used ^ u
        if row:
            bit = row.bit_length() - 1
            for k, (r, u) in pivots.items():
                if r >> bit & 1:
                    pivots[k] = (r ^ row, u ^ used)
            pivots[bit] = (row, used)
    for bit, (r, u) in pivots.items():
        if want >> bit & 1:
            want, crc = want ^ r, crc ^ u
    assert want == 0
    return build(crc, octets)


if __name__ == "__main__":
    unittest.main()
