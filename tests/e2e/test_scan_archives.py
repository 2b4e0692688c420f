#!/usr/bin/python3
"""Archives from outside: of real packers, in one another, cut and lying.

What has the test program in it is found or called unscannable for the right
reason; what has not is clean.
"""

import bz2
import gzip
import hashlib
import io
import itertools
import lzma
import os
import random
import struct
import subprocess
import tarfile
import unittest
import zipfile
import zlib

import documents
import gatepost
import test_scan
from test_scan import B64, EICAR, FOUND, mail, tarred, uuencoded, zipped
import test_scan_formats
from test_scan_formats import DAMAGED, LOCKED, UNOPENED

setUpModule = gatepost.module_needs("ENABLE_LIBARCHIVE")

VECTORS = os.path.join(gatepost.ROOT, "tests/vectors")


def rar4(data, flags=0, file_flags=0, name=b"a.com"):
    """A RAR 4 archive of one stored file, by the public description."""
    def block(body):
        return struct.pack("<H", zlib.crc32(body) & 0xffff) + body

    body = struct.pack("<BHHIIBIIBBHI", 0x74, 0x8000 | file_flags,
                       32 + len(name), len(data), len(data), 2,
                       zlib.crc32(data), 0x21, 20, 0x30, len(name), 0x20)
    return (b"Rar!\x1a\7\0" + block(struct.pack("<BHHHI", 0x73, flags, 13,
                                                0, 0))
            + block(body + name) + data
            + block(struct.pack("<BHH", 0x7b, 0x4000, 7)))


def vint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def rar5(data, flags=0, name=b"a.com"):
    """The same in RAR 5's form."""
    def block(body):
        body = vint(len(body)) + body
        return struct.pack("<I", zlib.crc32(body)) + body

    file = b"".join(map(vint, (2, 2, len(data), 4, len(data), 0x20)))
    file += struct.pack("<I", zlib.crc32(data)) + vint(0) + vint(1)
    return (b"Rar!\x1a\7\1\0" + block(vint(1) + vint(0) + vint(flags))
            + block(file + vint(len(name)) + name) + data
            + block(vint(5) + vint(0) + vint(0)))


def rpm(payload):
    """A package: a lead, two empty headers, a compressed archive."""
    header = b"\x8e\xad\xe8\1\0\0\0\0" + struct.pack(
        ">IIIIII", 1, 4, 62, 7, 0, 4) + bytes(4)
    header += bytes(-len(header) % 8)
    return (b"\xed\xab\xee\xdb\3\0" + bytes(90) + header + header
            + gzip.compress(payload))


def cpio(data, name=b"a.com\0"):
    """A newc archive of one file."""
    def entry(name, data, mode):
        head = b"070701" + b"".join(b"%08X" % n for n in (
            1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)) + name
        head += bytes(-len(head) % 4)
        return head + data + bytes(-len(data) % 4)

    return entry(name, data, 0o100644) + entry(b"TRAILER!!!\0", b"", 0)


def ar(data):
    return (b"!<arch>\n" + b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (
        b"a.com/", 0, 0, 0, b"100644", len(data)) + data
        + b"\n" * (len(data) & 1))


def pax(fields, data, **lie):
    """A tar with a pax header before the file."""
    told = b""
    for key, value in fields.items():
        line = b" %s=%s\n" % (key, value)
        n = len(line)
        while len(b"%d" % n) + len(line) != n:
            n = len(b"%d" % n) + len(line)
        told += b"%d%s" % (n, line)

    def block(kind, data, size=None):
        info = tarfile.TarInfo("a.com")
        info.type = kind
        info.size = len(data) if size is None else size
        return (info.tobuf(tarfile.USTAR_FORMAT) + data
                + bytes(-len(data) % 512))

    return block(b"x", told) + block(b"0", data, **lie) + bytes(1024)


class Archives(unittest.TestCase):
    setUp = test_scan.Scan.setUp
    write = test_scan.Scan.write
    run_scan = test_scan.Scan.run_scan
    verdict = test_scan.Scan.verdict
    pack = test_scan_formats.Formats.pack
    image = test_scan_formats.Formats.image

    def vector(self, name):
        with open(os.path.join(VECTORS, name), "rb") as f:
            return f.read()

    def knows(self, digest):
        """A signature file of one hash."""
        text = self.write("it.hsb", f"{digest}:Hit\n".encode())
        sigs = os.path.join(self.folder, "it.sigs")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", text, "-o", sigs],
                       check=True, stdout=subprocess.DEVNULL)
        return sigs

    def test_every_member_of_real_archives_is_searched(self):
        with open(os.path.join(VECTORS, "rar/members")) as f:
            for line in f:
                name, digest = line.split()
                data = self.vector(name)
                if "lzh" in name and not gatepost.config("ENABLE_SCAN_LZ"):
                    continue
                self.assertEqual(
                    self.verdict(data, "--sigs", self.knows(digest)),
                    "INFECTED Hit", line)
                self.assertEqual(self.verdict(data), "OK", name)

    def test_real_archives_behind_a_password_or_in_pieces(self):
        for name, want in (
                ("encryption_data", LOCKED), ("encryption_header", LOCKED),
                ("encryption_partially", LOCKED),
                ("multivolume_multiple_files.part1", DAMAGED),
                ("multivolume_multiple_files.part6", DAMAGED)):
            data = self.vector(f"rar/rar_{name}.rar")
            self.assertEqual(self.verdict(data), want, name)

    def test_real_archives_cut_anywhere_or_changed_are_not_clean(self):
        for name in ("rar/rar5_solid.rar", "rar/rar_compress_best.rar",
                     "lzh/lh6.lzh"):
            data = self.vector(name)
            for part in (1, 3, 5, 7):
                at = len(data) * part // 8
                self.assertNotEqual(self.verdict(data[:at]), "OK", (name, at))
                if "lzh" in name:
                    continue  # a name has no checksum
                changed = bytearray(data)
                changed[at] ^= 0x55
                self.assertNotEqual(self.verdict(bytes(changed)), "OK",
                                    (name, at))

    def test_rar_by_hand(self):
        for make in (rar4, rar5):
            self.assertEqual(self.verdict(make(EICAR)), FOUND)
            self.assertEqual(self.verdict(make(b"fine")), "OK")
            self.assertEqual(self.verdict(make(b"fine", flags=1)), DAMAGED)
            self.assertEqual(self.verdict(self.image(b"", make(EICAR))), FOUND)
            self.assertEqual(self.verdict(make(make(EICAR))), FOUND)
            for data in (make(EICAR)[:-30], make(EICAR)[:40]):
                self.assertNotEqual(self.verdict(data), "OK")
        self.assertEqual(self.verdict(rar4(b"fine", file_flags=4)), LOCKED)

    def test_rar_whose_stored_file_is_not_what_its_sum_says(self):
        for make in (rar4, rar5):
            changed = make(b"fine words").replace(b"fine", b"fins")
            self.assertEqual(self.verdict(changed), DAMAGED)
            self.assertEqual(self.verdict(changed + make(EICAR)), FOUND)
            self.assertEqual(self.verdict(
                make(zipped(EICAR)).replace(b"before", b"behind")), FOUND)

    def test_packings_without_an_archive(self):
        packed = lzma.compress(EICAR, lzma.FORMAT_ALONE)
        told = (packed[:5] + struct.pack("<Q", len(EICAR)) + packed[13:])
        for what, data in (
                ("lzma", packed), ("lzma, size told", told),
                ("lzma, small window", lzma.compress(
                    EICAR, lzma.FORMAT_ALONE, filters=[
                        {"id": lzma.FILTER_LZMA1, "dict_size": 4096}])),
                ("lzip", self.pack("bsdtar", "--lzip", "-cf",
                                   "{} a.com b.txt")),
                ("lz4", self.pack("bsdtar", "--lz4", "-cf",
                                  "{} a.com b.txt")),
                ("zstd", self.pack("bsdtar", "--zstd", "-cf",
                                   "{} a.com b.txt")),
                ("ar", ar(EICAR)), ("rpm", rpm(cpio(EICAR))),
                ("xar", self.pack("bsdtar", "--format=xar", "-cf",
                                  "{} a.com b.txt"))):
            self.assertEqual(self.verdict(data), FOUND, what)
            self.assertNotEqual(self.verdict(data[:len(data) // 2]), "OK",
                                what)
            if what == "zstd":
                skipped = b"\x50\x2a\x4d\x18" + struct.pack("<I", 3) + b"abc"
                self.assertEqual(self.verdict(skipped + data), FOUND)

    def test_what_is_known_and_not_opened(self):
        for sign in (b"\x89LZO\0\r\n\x1a\n", b"LRZI\0\6", b"MSWIM\0\0\0",
                     b"vhdxfile", b"conectix", b"ALZ\1", b"EGGA\0",
                     b"ITSF\3\0\0\0", b"KWAJ\x88\xf0\x27\xd1",
                     b"1234567**ACE**"):
            self.assertEqual(self.verdict(sign + b"what follows" * 9),
                             UNOPENED, sign)

    def test_a_disk_with_a_second_tree_is_not_clean(self):
        data = self.pack("genisoimage", "-quiet", "-udf", "-o", "{} .",
                         files={"a.txt": b"fine"})
        self.assertEqual(self.verdict(data), UNOPENED)
        data = self.pack("genisoimage", "-quiet", "-udf", "-o", "{} .")
        self.assertEqual(self.verdict(data), FOUND)
        self.assertEqual(self.verdict(self.pack(
            "genisoimage", "-quiet", "-J", "-r", "-o", "{} a.txt",
            files={"a.txt": b"fine"})), "OK")

    def test_each_tree_of_a_disk_is_read(self):
        """Windows shows one, others the other."""
        for hide in ("-hide", "-hide-joliet"):
            for more in ((), ("-r",)):
                self.assertEqual(self.verdict(self.pack(
                    "genisoimage", "-quiet", "-J", *more, hide, "a.com",
                    "-o", "{} a.com b.txt")), FOUND, (hide, more))

    def test_a_7z_that_was_not_finished_is_damaged(self):
        data = bytearray(self.pack("7zz", "a", "-ms=off", "{} a.com b.txt",
                                   name="o.7z"))
        data[8:32] = struct.pack("<IQQI", zlib.crc32(bytes(20)), 0, 0, 0)
        self.assertEqual(self.verdict(bytes(data)), DAMAGED)
        self.assertEqual(self.verdict(bytes(data[:32])), "OK")

    def test_signs_of_archives_in_a_row_are_little_work(self):
        """Each was looked at to the end of all; each octet beside them, too:
        up to 12 s; 3.5 s where each line of a text was cut off."""
        size = 100 << 20
        for sign in (b"BZh91AY&SY", b"7z\xbc\xaf\x27\x1c\0\4", b"\n", b"07",
                     b"ustar", lzma.compress(b"")[:12]):
            data = gzip.compress(
                (b"" if sign == b"\n" else b"\0\x80" * 20)
                + sign * (size // len(sign)), 1)
            began = os.times()
            self.verdict(data)
            now = os.times()
            self.assertLess(now.children_user - began.children_user,
                            40 if gatepost.SANITIZED else 2.5, sign)

    # ---- tar

    def test_tar_whose_readers_disagree(self):
        size = b"%d" % len(EICAR)
        self.assertEqual(self.verdict(pax({b"size": size}, EICAR, size=0)),
                         FOUND)
        self.assertEqual(self.verdict(pax({b"path": b"b.com"}, EICAR)), FOUND)
        self.assertEqual(self.verdict(pax({b"path": b"b.com"}, b"fine")), "OK")
        # a header that is none may hide what it holds
        whole = bytearray(tarred(EICAR))
        whole[whole.index(EICAR) - 512 + 148] ^= 1
        self.assertEqual(self.verdict(gzip.compress(whole)), DAMAGED)
        # but what follows it is seen
        self.assertEqual(self.verdict(
            tarred(b"x")[:512] + bytes(whole[:512]) + b"junk" * 128
            + tarred(EICAR)), FOUND)

    def test_a_tar_whose_first_header_is_none(self):
        whole = bytearray(tarred(EICAR))
        whole[3] ^= 1
        self.assertEqual(self.verdict(bytes(whole)), FOUND)
        self.assertEqual(self.verdict(b"\1junk\0" * 256 + tarred(EICAR)),
                         FOUND)
        whole = bytearray(tarred(b"fine"))
        whole[3] ^= 1
        self.assertEqual(self.verdict(bytes(whole)), DAMAGED)

    def test_links_in_tar_do_not_hide_the_next_file(self):
        for kind in "1234567":
            link = tarfile.TarInfo("link")
            link.type, link.size = kind.encode(), 4096
            data = link.tobuf(tarfile.USTAR_FORMAT) + tarred(EICAR)
            want = "OK" if kind == "7" else FOUND
            self.assertIn(self.verdict(data), (FOUND, want), kind)
        link = tarfile.TarInfo("link")
        link.type, link.size = b"1", 321
        self.assertEqual(self.verdict(
            tarred(b"x")[:-1024] + link.tobuf() + bytes(1024)), "OK")

    def test_files_with_holes_are_not_clean(self):
        holes = self.write("pack/holes", b"")
        with open(holes, "r+b") as f:
            f.truncate(1 << 20)
            f.write(EICAR)
        for form in ("gnu", "pax"):
            for version in ("0.0", "0.1", "1.0"):
                path = os.path.join(self.folder, "o.tar")
                subprocess.run(["tar", "-S", "--format", form,
                                "--sparse-version=" + version, "-cf", path,
                                "-C", os.path.dirname(holes), "holes"],
                               check=True)
                with open(path, "rb") as f:
                    said = self.verdict(f.read())
                self.assertIn(said, (UNOPENED, FOUND), (form, version))

    def test_long_names_in_tar_are_names(self):
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=form) as t:
                t.addfile(tarfile.TarInfo("x" * 200 + ".exe"))
            done = self.run_scan("--rules", "programs",
                                 self.write("it", out.getvalue()))
            self.assertIn("INFECTED Name.Program", done.stdout)

    # ---- in one another

    def containers(self):
        how = self.every_container()
        if not gatepost.config("ENABLE_SCAN_LZ"):
            del how["arj"], how["lzh"]
        return how

    def every_container(self):
        return {
            "zip": zipped, "stored": lambda d: zipped(d, 0),
            "gzip": gzip.compress, "bzip2": bz2.compress,
            "xz": lzma.compress,
            "lzma": lambda d: lzma.compress(d, lzma.FORMAT_ALONE),
            "tar": tarred, "cpio": cpio, "ar": ar, "rpm":
            lambda d: rpm(cpio(d)), "rar4": rar4, "rar5": rar5,
            "mail": lambda d: mail(
                B64, __import__("base64").encodebytes(d)),
            "uu": uuencoded,
            "sfx": lambda d: self.image(b"", zipped(d)),
            "7z": lambda d: self.pack("7zz", "a", "{} a.com", name="o.7z",
                                      files={"a.com": d}),
            "arj": lambda d: self.pack("arj", "a", "{} a.com", name="o.arj",
                                       files={"a.com": d}),
            "lzh": lambda d: self.pack("jlha", "a", "{} a.com", name="o.lzh",
                                       files={"a.com": d}),
            "cab": lambda d: self.pack("gcab", "-cz", "{} a.com",
                                       name="o.cab", files={"a.com": d}),
            "iso": lambda d: self.pack(
                "genisoimage", "-quiet", "-J", "-r", "-o", "{} a.com",
                name="o.iso", files={"a.com": d}),
        }

    def all_found(self, made):
        """Each of these bytes by name: found, and clean without it."""
        for name, data in made.items():
            self.write("many/" + name, data)
        done = self.run_scan(os.path.join(self.folder, "many"))
        said = dict(line.rsplit(": ", 1) for line in done.stdout.splitlines())
        self.assertEqual(len(said), len(made))
        self.assertEqual({k: v for k, v in said.items() if v != FOUND}, {})

    def test_all_pairs_of_containers(self):
        how = self.containers()
        inner = {k: make(EICAR) for k, make in how.items()}
        self.all_found({f"{a} in {b}": how[b](inner[a])
                        for a, b in itertools.product(how, how)})

    def test_random_mixtures_eight_deep(self):
        how = self.containers()
        dice = random.Random(8)
        made, clean = {}, {}
        for i in range(12):
            ways = dice.choices(sorted(how), k=7 if "rpm" in how else 8)
            ways = [w for w in ways if w not in ("rpm", "sfx")] + ["zip"]
            bad, good = EICAR, b"nothing at all"
            for way in ways:
                bad, good = how[way](bad), how[way](good)
            made[f"{i} " + " ".join(ways)] = bad
            clean[" ".join(ways)] = good
        self.all_found(made)
        for name, data in clean.items():
            self.assertEqual(self.verdict(data), "OK", name)

    def test_joined_or_behind_junk(self):
        how = self.containers()
        ways = [w for w in how if w not in ("mail", "uu")]
        bad = {w: how[w](EICAR) for w in ways}
        clean = {w: how[w](b"fine stuff") for w in ways}
        signed = [w for w in ("zip", "stored", "rar4", "rar5", "7z", "arj",
                              "lzh", "cab") if w in how]
        made = {f"{a} + {b}": clean[a] + bad[b]
                for a, b in itertools.product(ways, ways)}
        made.update({f"{a} + junk + {b}": clean[a] + b"junk\0" * 99 + bad[b]
                     for a, b in itertools.product(ways, signed)})
        made.update({"junk + " + w: bytes(700) + b"x" + bad[w]
                     for w in signed})
        for name, data in made.items():
            self.write("many/" + name, data)
        done = self.run_scan(os.path.join(self.folder, "many"))
        said = dict(line.rsplit(": ", 1) for line in done.stdout.splitlines())
        self.assertEqual([k for k, v in said.items() if v == "OK"], [])
        for name in ("zip", "stored", "gzip", "bzip2", "tar", "lzh"):
            for b in ways if name in how else ():
                path = os.path.join(self.folder, f"many/{name} + {b}")
                self.assertEqual(said[path], FOUND, path)
            if name in how:
                self.assertEqual(self.verdict(clean[name] + bytes(99)), "OK")

    def test_between_the_entries_of_a_zip(self):
        z = zipped(b"fine")
        second, end = z.index(b"PK\3\4", 4), z.index(b"PK\1\2")
        how = self.containers()
        for name in ("rar4", "rar5", "7z", "arj", "lzh", "cab"):
            if name not in how:
                continue
            bad = how[name](EICAR)
            comment = bytearray(z)
            struct.pack_into("<H", comment, len(z) - 2, len(bad))
            for what, data in (
                    ("between", z[:second] + bad + z[second:]),
                    ("before the directory", z[:end] + bad + z[end:]),
                    ("as a comment", bytes(comment) + bad)):
                self.assertEqual(self.verdict(data), FOUND, (name, what))

    def by_bsdtar(self, *words):
        def pack(data):
            return self.pack("bsdtar", *words, "-cf", "{} a.com",
                             name="o", files={"a.com": data})
        return pack

    def test_behind_any_bytes(self):
        """7-Zip finds these wherever they begin."""
        how = self.containers()
        # the last one is ASCII where its member is
        for w in ("mail", "uu", "sfx", "lzma", "ar"):
            del how[w]
        for w in ("zstd", "lz4", "lzip"):
            how[w] = self.by_bsdtar("--" + w)
        for w in ("xar", "odc"):
            how[w] = self.by_bsdtar("--format", w)
        fronts = {"zeros": bytes(700), "one zero": b"\0",
                  "noise": b"junk\xff" * 99, "text": b"words\n" * 200,
                  "uuencode": b"begin 644 a\n#86)C\n`\nend\n"}
        self.all_found({f"{front} + {w}": junk + make(EICAR)
                        for w, make in how.items()
                        for front, junk in fronts.items()})
        clean = {f"{front} + {w}": junk + make(b"fine stuff")
                 for w, make in how.items()
                 for front, junk in fronts.items()}
        for name, data in clean.items():
            self.assertEqual(self.verdict(data), "OK", name)

    def test_behind_what_tells_its_end_late(self):
        zipless = self.by_bsdtar("--format", "xar")(EICAR)
        for front in ("lz4", "zstd", "lzip", "bzip2", "xz", "compress"):
            data = self.by_bsdtar("--" + front)(b"fine")
            self.assertNotEqual(self.verdict(data + zipless), "OK", front)
        for front in ("xar", "ar", "odc", "newc", "bin", "cpio"):
            data = self.by_bsdtar("--format", front)(b"fine")
            self.assertEqual(self.verdict(data + zipless), FOUND, front)
            self.assertEqual(self.verdict(data), "OK", front)

    def test_many_files_behind_any_bytes_are_one_archive(self):
        names = " ".join(f"n{i}" for i in range(400))
        files = {f"n{i}": b"fine" for i in range(399)}
        for form in ("ustar", "newc"):
            for last, said in ((b"fine", "OK"), (EICAR, FOUND)):
                data = self.pack("bsdtar", "--format", form, "-cf",
                                 "{} " + names, name="o",
                                 files={**files, "n399": last})
                self.assertEqual(
                    self.verdict(b"junk\xff\0" * 9 + data), said, form)

    @gatepost.needs("ENABLE_SCAN_DOCUMENTS")
    def test_behind_documents(self):
        how = self.containers()
        for front in (documents.rtf(documents.package(b"fine")),
                      documents.pdf(documents.pdf_stream(b"fine"))):
            for w in ("7z", "zip", "rar5", "xz", "tar"):
                self.assertEqual(self.verdict(front + how[w](EICAR)), FOUND, w)

    @gatepost.needs("ENABLE_SCAN_DOCUMENTS")
    def test_in_and_behind_ole(self):
        how = self.containers()
        whole = documents.ole({"WordDocument": bytes(range(256)) * 40})
        self.assertEqual(self.verdict(whole), "OK")
        for w in ("7z", "zip", "rar5", "xz", "tar", "lzh"):
            bad = how[w](EICAR)
            self.assertEqual(self.verdict(whole + bad), FOUND, w)
            # in sectors of no stream: the table calls those behind it free
            room = bad + bytes(-len(bad) % 512)
            last = whole + room + bytes(512)
            self.assertEqual(self.verdict(last), FOUND, w)
            holes = documents.ole(
                {"WordDocument": b"text" * 3000}, scatter=True)
            at = holes.index(b"\xaa" * 512)
            if len(bad) <= 512:
                data = (holes[:at] + bad + bytes(512 - len(bad))
                        + holes[at + 512:])
                self.assertEqual(self.verdict(data), FOUND, w)
        self.assertEqual(self.verdict(whole + bytes(3000)), "OK")
        self.assertEqual(self.verdict(whole + how["7z"](b"fine")), "OK")

    def test_a_constant_is_no_disk(self):
        code = bytes(range(255, 0, -1)) * 200 + b"\1CD001\1"
        self.assertEqual(self.verdict(code + code), "OK")

    def test_zeros_before_names_are_no_lzma(self):
        head = struct.pack(">IIII", 3, 1, 0, 7)
        self.assertEqual(self.verdict(
            head + b"\n\xc8\2\n\6kotlin\n\5OptIn\n\nAnnotation\n\xa1" * 9),
            "OK")
        plain = [{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 0, "pb": 0,
                  "dict_size": 196608}]
        for data in (EICAR, EICAR + bytes(70000), EICAR + b"AB" * 40000):
            self.assertNotEqual(self.verdict(lzma.compress(
                data, format=lzma.FORMAT_ALONE, filters=plain)), "OK")

    def test_xz_with_anything_behind_it(self):
        one = lzma.compress(EICAR[:30])
        for name, data in {
                "one": lzma.compress(EICAR),
                "two": one + bytes(8) + lzma.compress(EICAR[30:])}.items():
            for more in (b"junk" * 20, bytes(333), b"\xfd7zXZ\0junk"):
                self.assertEqual(self.verdict(data + more), FOUND, name)
                self.assertEqual(
                    self.verdict(b"\xff\0" * 40 + data + more), FOUND, name)

    def test_in_unused_sectors_of_a_disk(self):
        disk = self.containers()["iso"](b"fine")
        how = self.containers()
        self.assertEqual(self.verdict(disk), "OK")
        for w in ("7z", "zip", "rar5", "xz", "tar", "lzh"):
            bad = how[w](EICAR)
            # the first 16 sectors are nobody's
            self.assertEqual(
                self.verdict(disk[:512] + bad + disk[512 + len(bad):]),
                FOUND, w)
            self.assertEqual(
                self.verdict(disk + bytes(2048) + bad), FOUND, w)

    def test_a_header_of_cpio_that_is_none_is_damage(self):
        for form in ("odc", "newc"):
            data = bytearray(self.by_bsdtar("--format", form)(b"fine"))
            data[20:21] = b"G"
            self.assertEqual(self.verdict(bytes(data)), DAMAGED, form)

    def test_each_stream_for_itself(self):
        for pack in (bz2.compress, lzma.compress):
            for streams in ((b"fine", EICAR), (b"a", EICAR, b"b"),
                            (b"a", b"b", EICAR), (EICAR[:9], EICAR[9:])):
                data = b"".join(map(pack, streams))
                self.assertEqual(self.verdict(data), FOUND, streams)
            # what cannot be packed stands in XZ as it is
            inner = pack(os.urandom(500)) + pack(os.urandom(500))
            self.assertEqual(self.verdict(pack(b"x" + inner)), "OK")
        # each packing in another one is a member
        digest = hashlib.sha256(lzma.compress(b"fine")).hexdigest()
        self.assertEqual(self.verdict(
            bz2.compress(lzma.compress(b"fine")), "--sigs",
            self.knows(digest + ":*")), "INFECTED Hit")

    def test_a_zip_whose_checksums_disagree_is_damaged(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            with z.open("a", "w") as f:
                f.write(b"fine " * 9)
        plain = out.getvalue()
        for streamed in (False, True):
            data = bytearray(plain)
            if streamed:
                data[6] |= 8
                data[14:26] = bytes(12)
                at = data.index(b"PK\1\2")
                data[at:at] = b"PK\7\10" + plain[14:26]
                struct.pack_into("<I", data, len(data) - 6, at + 16)
            self.assertEqual(self.verdict(bytes(data)), "OK")
            data[data.index(b"PK\1\2") + 16] ^= 1
            self.assertEqual(self.verdict(bytes(data)), DAMAGED)

    def test_cut_off_is_never_clean(self):
        for name, make in self.containers().items():
            if name in ("mail", "uu", "iso", "ar"):
                continue  # of text a part is a text
            data = make(b"".join(hashlib.sha256(b"%d" % i).digest()
                                 for i in range(200))).rstrip(b"\0")
            for part in (3, 5, 6, 7):
                cut = data[:len(data) * part // 8]
                self.assertNotEqual(self.verdict(cut), "OK", (name, part))


if __name__ == "__main__":
    unittest.main()
