#!/usr/bin/python3
"""`gatepost scan`: what is found where, and what is not called clean."""

import base64
import binascii
import bz2
import gzip
import io
import lzma
import os
import quopri
import struct
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

import documents
import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

# in two pieces, so that no scanner takes this file for a find
EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
         b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
FOUND = "INFECTED Eicar-Test-Signature"


def zipped(data, method=zipfile.ZIP_DEFLATED, name="a.com"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        z.writestr("before.txt", b"nothing " * 50)
        z.writestr(name, data)
    return out.getvalue()


def tarred(data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, content in (("x", b"y" * 700), ("a.com", data)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def uuencoded(data):
    lines = [binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45)]
    return b"begin 644 a.com\n" + b"".join(lines) + b"`\nend\n"


def mail(head, body):
    return (b"From: a@example.org\nSubject: x\nMIME-Version: 1.0\n" + head
            + b"\n\n" + body)


def multipart(head, body, boundary=b"zz"):
    return mail(b"Content-Type: multipart/mixed; boundary=zz",
                b"preamble\n--" + boundary + b"\n"
                b"Content-Type: text/plain\n\nhello\n--" + boundary + b"\n"
                + head + b"\n\n" + body + b"\n--" + boundary + b"--\n")


B64 = b"Content-Transfer-Encoding: base64"


class Scan(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def run_scan(self, *words):
        return subprocess.run(
            [gatepost.PROGRAM, "scan", *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def verdict(self, data, *words):
        path = self.write("it", data)
        done = self.run_scan(*words, path)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.count("\n"), 1)
        start = path + ": "
        self.assertTrue(done.stdout.startswith(start), done.stdout)
        said = done.stdout[len(start):-1]
        want = {"O": 0, "I": 1, "U": 2}[said[0]]
        self.assertEqual(done.returncode, want, said)
        return said

    def test_finds_it_plainly_and_at_the_start_only(self):
        self.assertEqual(self.verdict(EICAR), FOUND)
        self.assertEqual(self.verdict(EICAR + b"\r\n"), FOUND)
        self.assertEqual(self.verdict(b"say: " + EICAR), "OK")
        self.assertEqual(self.verdict(b""), "OK")

    def test_finds_it_in_each_container(self):
        for name, data in (
                ("stored", zipped(EICAR, zipfile.ZIP_STORED)),
                ("deflated", zipped(EICAR)),
                ("gzip", gzip.compress(EICAR)),
                ("tar", tarred(EICAR)),
                ("uu", b"see below\n\n" + uuencoded(EICAR))):
            self.assertEqual(self.verdict(data), FOUND, name)

    def test_a_zip_is_read_both_ways(self):
        whole = zipped(EICAR)
        directory = whole.index(b"PK\1\2")
        self.assertEqual(self.verdict(whole[:directory]), FOUND)
        self.assertEqual(self.verdict(zipped(b"clean") + whole), FOUND)
        self.assertEqual(self.verdict(b"\x00junk" * 9 + whole), FOUND)
        # the local header says stored, only the directory tells the truth
        lying = bytearray(whole)
        local = whole.index(b"PK\3\4", 4)
        struct.pack_into("<H", lying, local + 8, 0)
        self.assertEqual(self.verdict(bytes(lying)), FOUND)
        # the directory says stored, only the local header tells the truth
        lying = bytearray(whole)
        entry = whole.index(b"PK\1\2", directory + 4)
        struct.pack_into("<H", lying, entry + 10, 0)
        self.assertEqual(self.verdict(bytes(lying)), FOUND)

    def test_a_program_with_an_archive_behind_it(self):
        program = b"MZ" + bytes(range(256)) * 40
        self.assertEqual(self.verdict(program), "OK")
        self.assertEqual(self.verdict(program + zipped(EICAR)), FOUND)

    def test_goes_on_behind_the_first_gzip_member(self):
        data = gzip.compress(b"clean") + gzip.compress(EICAR)
        self.assertEqual(self.verdict(data), FOUND)
        data = gzip.compress(EICAR[:9]) + gzip.compress(EICAR[9:])
        self.assertEqual(self.verdict(data), FOUND)
        self.assertEqual(self.verdict(gzip.compress(b"clean") + b"\0" * 99),
                         "OK")

    def test_eight_levels_are_opened_and_more_are_not_clean(self):
        data = EICAR
        for level in range(1, 12):
            data = (zipped, gzip.compress, tarred)[level % 3](data)
            self.assertEqual(
                self.verdict(data),
                FOUND if level <= 8 else "UNSCANNABLE nested too deep")

    def test_mail_in_all_its_tricks(self):
        coded = base64.encodebytes(EICAR)
        garbage = b"!".join(coded[i:i + 1] for i in range(len(coded)))
        for name, data in (
                ("base64", multipart(B64, coded)),
                ("whole body", mail(B64, coded)),
                ("quoted-printable", multipart(
                    b"Content-Transfer-Encoding: quoted-printable",
                    quopri.encodestring(EICAR))),
                ("upper case, spaces", multipart(
                    b"CONTENT-TRANSFER-ENCODING :   BASE64", coded)),
                ("folded", multipart(
                    b"Content-Transfer-Encoding:\n base64", coded)),
                ("crlf", multipart(B64, coded).replace(b"\n", b"\r\n")),
                ("garbage within", multipart(B64, garbage)),
                ("padding within", multipart(B64, base64.b64encode(EICAR[:16])
                                             + base64.b64encode(EICAR[16:]))),
                ("doubled, base64 first", multipart(
                    B64 + b"\nContent-Transfer-Encoding: 7bit", coded)),
                ("doubled, base64 last", multipart(
                    b"Content-Transfer-Encoding: 7bit\n" + B64, coded)),
                ("doubled, really 7bit", multipart(
                    B64 + b"\nContent-Transfer-Encoding: 7bit", EICAR)),
                ("another boundary", multipart(B64, coded, b"other")),
                ("no boundary", mail(b"Content-Type: multipart/mixed",
                                     b"text\n" + B64 + b"\n\n" + coded)),
                ("uuencoded", mail(b"X-A: b", b"hi\n\n" + uuencoded(EICAR))),
                ("zip within", multipart(
                    B64, base64.encodebytes(zipped(EICAR)))),
                ("mail within mail", multipart(
                    b"Content-Type: message/rfc822", multipart(B64, coded))),
                ("mail in base64 in mail", multipart(
                    B64, base64.encodebytes(multipart(B64, coded))))):
            self.assertEqual(self.verdict(data), FOUND, name)
        self.assertEqual(self.verdict(multipart(B64, b"aGVsbG8=")), "OK")

    def test_parts_nested_a_thousand_deep_are_seen(self):
        data = B64 + b"\n\n" + base64.encodebytes(EICAR)
        for i in range(1000):
            data = (b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
                    % (i, i) + data + b"\n--b%d--\n" % i)
        self.assertEqual(self.verdict(b"From: a@b\n" + data), FOUND)

    def test_what_can_not_be_opened_is_not_clean(self):
        locked = bytearray(zipped(b"clean"))
        at = -1
        while (at := locked.find(b"PK\3\4", at + 1)) >= 0:
            locked[at + 6] |= 1
        at = -1
        while (at := locked.find(b"PK\1\2", at + 1)) >= 0:
            locked[at + 8] |= 1
        self.assertEqual(self.verdict(bytes(locked)),
                         "UNSCANNABLE behind a password")
        self.assertEqual(self.verdict(zipped(b"x").replace(
            struct.pack("<H", 8), struct.pack("<H", 6))),
            "UNSCANNABLE not opened here")
        whole = gzip.compress(os.urandom(5000))
        self.assertEqual(self.verdict(whole[:2000]), "UNSCANNABLE damaged")
        self.assertEqual(self.verdict(zipped(os.urandom(5000))[:3000]),
                         "UNSCANNABLE damaged")

    def test_a_find_before_the_damage_is_a_find(self):
        self.assertEqual(self.verdict(
            gzip.compress(EICAR + os.urandom(9000))[:6000]), FOUND)

    def test_a_bomb_is_over_the_limits(self):
        data = bytes(16 << 20)
        for _ in range(2):
            data = gzip.compress(data)
        many = io.BytesIO()
        with zipfile.ZipFile(many, "w", zipfile.ZIP_STORED) as z:
            for i in range(100):
                z.writestr(f"{i}", data)
        self.assertEqual(self.verdict(many.getvalue()),
                         "UNSCANNABLE over the limits")

    @gatepost.needs("ENABLE_LIBARCHIVE")
    def test_opens_what_libarchive_knows(self):
        self.write("pack/a.com", EICAR)
        self.write("pack/b.txt", b"nothing")
        for name in ("7zip", "iso9660", "cpio", "newc"):
            data = subprocess.run(
                ["bsdtar", "--format", name, "-cf", "-", "-C",
                 os.path.join(self.folder, "pack"), "b.txt", "a.com"],
                check=True, stdout=subprocess.PIPE).stdout
            self.assertEqual(self.verdict(data), FOUND, name)
            self.assertEqual(self.verdict(multipart(
                B64, base64.encodebytes(gzip.compress(data)))), FOUND, name)
        for name, pack in (("bzip2", bz2.compress), ("xz", lzma.compress)):
            self.assertEqual(self.verdict(pack(EICAR)), FOUND, name)
            self.assertEqual(self.verdict(pack(tarred(EICAR))), FOUND, name)
            self.assertEqual(self.verdict(pack(EICAR[:9]) + pack(EICAR[9:])),
                             FOUND, name)
            self.assertEqual(self.verdict(pack(os.urandom(9000))[:5000]),
                             "UNSCANNABLE damaged", name)
            self.assertEqual(self.verdict(pack(pack(bytes(1 << 20)))), "OK")

    def test_walks_folders_and_finds_win(self):
        self.write("f/a/b/c/d/e/g/bad", EICAR)
        self.write("f/a/clean", b"x")
        self.write("f/a/y/clean", b"x")
        self.write("f/other.gz", gzip.compress(b"x" * 500)[:-12])
        top = os.path.join(self.folder, "f")
        done = self.run_scan(top)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sorted(done.stdout.splitlines()), [
            f"{top}/a/b/c/d/e/g/bad: {FOUND}", f"{top}/a/clean: OK",
            f"{top}/a/y/clean: OK",
            f"{top}/other.gz: UNSCANNABLE damaged"])

    def test_rules_are_off_until_wanted(self):
        page = b"<html><body onload=x()>hello</body></html>"
        self.assertEqual(self.verdict(page), "OK")
        self.assertEqual(self.verdict(page, "--rules", "programs,macros"),
                         "OK")
        self.assertEqual(self.verdict(page, "--rules", "macros,scripts"),
                         "INFECTED Script.Handler")
        self.assertEqual(self.verdict(zipped(EICAR) + page, "--rules",
                                      "scripts"), FOUND)
        done = self.run_scan("--rules", "everything", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--rules takes", done.stderr)

    def test_scripts_in_mail(self):
        html = b"Content-Type: text/html"
        script = b"see<script>x</script>"
        encoded = base64.encodebytes(b"x" * 600 + script)
        for name, data, want in (
                ("plain", mail(html, script), "Script.Element"),
                ("base64", multipart(html + b"\n" + B64, encoded),
                 "Script.Element"),
                ("no type, but begins so", multipart(
                    B64, base64.encodebytes(b"<html>" + script)),
                 "Script.Element"),
                ("by its name", multipart(
                    b"Content-Type: a/b; name=x.htm\n" + B64, encoded),
                 "Script.Element"),
                ("utf-16", multipart(html + b"\n" + B64, base64.encodebytes(
                    script.decode().encode("utf-16"))), "Script.Element"),
                ("quoted-printable", multipart(
                    html + b"\nContent-Transfer-Encoding: quoted-printable",
                    b'<a href=3D"java=\nscript=3A1">'), "Script.URL"),
                ("in a zip", multipart(B64, base64.encodebytes(
                    zipped(b"x" * 600 + script, name="a.html"))),
                 "Script.Element"),
                ("utf-7", multipart(html + b"; charset=utf-7",
                                    b"+ADw-script+AD4-"), "Script.UTF7"),
                ("mail in mail", multipart(
                    b"Content-Type: message/rfc822", mail(html, script)),
                 "Script.Element")):
            self.assertEqual(self.verdict(data, "--rules", "scripts"),
                             "INFECTED " + want, name)
        for name, data in (
                ("text", mail(b"Content-Type: text/plain",
                              b"x" * 600 + script)),
                ("subject", mail(b"Content-Type: text/plain\n"
                                 b"Subject: html <script>", b"hello")),
                ("html", multipart(html, b"<html><b>javascript:</b>"))):
            self.assertEqual(self.verdict(data, "--rules", "scripts"), "OK",
                             name)

    def test_programs_by_name_and_content(self):
        elf = b"\x7fELF" + bytes(60)
        named = b"Content-Disposition: attachment; filename"
        for name, data, want in (
                ("content", elf, "Program.ELF"),
                ("in base64", multipart(B64, base64.encodebytes(elf)),
                 "Program.ELF"),
                ("in a zip", zipped(elf, name="a.txt"), "Program.ELF"),
                ("named in a zip", zipped(b"x", name="d/a.scr"),
                 "Name.Program"),
                ("package for Windows", zipped(b"x", name="a.msixbundle"),
                 "Name.Program"),
                ("query", multipart(named + b'="a.iqy"', b"x"),
                 "Name.Program"),
                ("image in a zip", zipped(b"x", name="a.iso"), "Name.Image"),
                ("attached", multipart(named + b'="a.pdf.js"', b"x"),
                 "Name.DoubleEnding"),
                ("encoded word", multipart(
                    named + b'="=?utf-8?B?YS5leGU=?="', b"x"),
                 "Name.Program"),
                ("pieces", multipart(
                    named + b"*0=a.; filename*1*=%65xe", b"x"),
                 "Name.Program"),
                ("the other way round", multipart(
                    named + b"*=utf-8''a%E2%80%AEgpj.x", b"x"),
                 "Name.RightToLeft"),
                ("uuencoded", b"hi\n\nbegin 644 a.vbs\n"
                 b"#86)C\n`\nend\n", "Name.Program")):
            self.assertEqual(self.verdict(data, "--rules", "programs"),
                             "INFECTED " + want, name)
        path = self.write("x.hta", b"nothing")
        self.assertIn("INFECTED Name.Program", self.run_scan(
            "--rules", "programs", path).stdout)
        for name, data in (
                ("text", multipart(named + b"=a.txt", b"x")),
                ("zip", zipped(b"x", name="a.exe/a.txt"))):
            self.assertEqual(self.verdict(data, "--rules", "programs"), "OK",
                             name)

    @gatepost.needs("ENABLE_LIBARCHIVE")
    def test_names_in_other_archives(self):
        self.write("pack/a.js", b"nothing")
        for form in ("7zip", "iso9660", "newc", "ustar"):
            data = subprocess.run(
                ["bsdtar", "--format", form, "-cf", "-", "-C",
                 os.path.join(self.folder, "pack"), "a.js"],
                check=True, stdout=subprocess.PIPE).stdout
            self.assertEqual(self.verdict(data, "--rules", "programs"),
                             "INFECTED Name.Program", form)

    @gatepost.needs("ENABLE_SCAN_DOCUMENTS")
    def test_macros_in_documents(self):
        name = "VBA\0".encode("utf-16le")
        slot = (name + bytes(64 - len(name)) + struct.pack("<H", len(name))
                + b"\1\1" + bytes(60))
        old = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504 + 512) + slot
        types = (b'<Types><Override PartName="/x.y" ContentType="'
                 b'application/vnd.ms-office.vbaProject"/></Types>')
        for what, data, want in (
                ("doc", old, "Macro.VBA"),
                ("docm", zipped(b"x", name="word/vbaProject.bin"),
                 "Macro.VBA"),
                ("renamed", zipped(old, name="word/x.y"), "Macro.VBA"),
                ("by its type", zipped(types, name="[Content_Types].xml"),
                 "Macro.VBA"),
                ("Excel 4", zipped(b"x", name="xl/macrosheets/sheet1.xml"),
                 "Macro.Excel4"),
                ("attached", multipart(B64, base64.encodebytes(old)),
                 "Macro.VBA")):
            self.assertEqual(self.verdict(data, "--rules", "macros"),
                             "INFECTED " + want, what)
        for what, data in (
                ("doc", documents.ole({"1Table": b"x"}, storages=["VBB"])),
                ("docx", zipped(b"x", name="word/document.xml"))):
            self.assertEqual(self.verdict(data, "--rules", "macros"), "OK",
                             what)

    def test_says_where_inside_it_was(self):
        def where(data):
            done = self.run_scan("--where", self.write("it", data))
            first, *more = done.stdout.splitlines()
            self.assertTrue(first.endswith(": " + FOUND), done.stdout)
            return more

        self.assertEqual(where(EICAR), [])
        self.assertEqual(where(zipped(EICAR, name="x/y.com")),
                         ["  in x/y.com"])
        self.assertEqual(where(gzip.compress(tarred(EICAR))),
                         ["  in #1 > a.com"])
        coded = base64.encodebytes(zipped(EICAR, name="a > b\x1b[2J\u202e"))
        self.assertEqual(
            where(multipart(B64 + b"\nContent-Disposition: attachment;"
                            b" filename*0*=utf-8''rechn%C3%BC;\n"
                            b" filename*1=\"ng.zip\"", coded)),
            ["  in rechn\u00fcng.zip > a \\x3e b\\x1b[2J"
             + "\\xe2\\x80\\xae"])
        self.assertEqual(where(mail(b"X-A: b", b"\n" + uuencoded(EICAR))),
                         ["  in #1 > a.com"])
        self.assertEqual(where(multipart(B64, base64.encodebytes(EICAR))),
                         ["  in #4"])
        deep = EICAR
        for _ in range(8):
            deep = zipped(deep, name="\u3042" * 200)
        line, = where(deep)
        self.assertLess(len(line.encode()), 520)
        self.assertGreater(line.count(" > ..."), 3)
        self.assertTrue(line.startswith("  in ...\u3042"))

    def test_what_is_not_there_is_an_error(self):
        clean = self.write("clean", b"x")
        done = self.run_scan(os.path.join(self.folder, "none"), clean)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, f"{clean}: OK\n")
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_signatures_of_the_owner(self):
        text = self.write("own.ndb", b"Own.Text:0:*:6f776e2d7468696e67\n"
                          b"Own.Mail:4:*:6f6e6c792d696e2d6d61696c\n")
        sigs = os.path.join(self.folder, "own.gps")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", text, "-o", sigs],
                       check=True, stdout=subprocess.PIPE)
        data = zipped(b"... own-thing ...")
        self.assertEqual(self.verdict(data), "OK")
        self.assertEqual(self.verdict(data, "--sigs", sigs),
                         "INFECTED Own.Text")
        self.assertEqual(self.verdict(EICAR, "--sigs", sigs), FOUND)
        self.assertEqual(self.verdict(b"only-in-mail", "--sigs", sigs), "OK")
        self.assertEqual(
            self.verdict(mail(b"X-A: b", b"only-in-mail"), "--sigs", sigs),
            "INFECTED Own.Mail")
        self.assertEqual(self.run_scan("--sigs", text, sigs).returncode, 2)


if __name__ == "__main__":
    unittest.main()
