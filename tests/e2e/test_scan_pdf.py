#!/usr/bin/python3
"""PDFs that qpdf has encrypted: those that no reader asks a password for."""

import os
import re
import subprocess
import unittest

import documents
import gatepost
import test_scan
from documents import pdf_stream
from test_scan import EICAR, FOUND, zipped

setUpModule = gatepost.module_needs("ENABLE_SCAN_DOCUMENTS")

LOCKED = "UNSCANNABLE behind a password"
WEAK = "--allow-weak-crypto"
# qpdf's words before and behind the two passwords
KINDS = {
    "RC4 40": ((WEAK,), ("40",)),
    "RC4 128": ((WEAK,), ("128",)),
    "RC4 128 by a crypt filter": ((WEAK,), ("128", "--force-V4")),
    "RC4, metadata plain": ((WEAK,), ("128", "--cleartext-metadata")),
    "AES 128": ((WEAK,), ("128", "--use-aes=y")),
    "AES 128, metadata plain": (
        (WEAK,), ("128", "--use-aes=y", "--cleartext-metadata")),
    "AES 256": ((), ("256",)),
    "AES 256, metadata plain": ((), ("256", "--cleartext-metadata")),
    "AES 256, revision 5": ((WEAK,), ("256", "--force-R5")),
}
WRITTEN = {
    "plainly": (),
    "in rows of objects": ("--object-streams=generate",),
    "for the web": ("--linearize",),
    "not packed": ("--stream-data=uncompress",),
}


def page(script=b""):
    """A document with metadata in which "stream" stands."""
    meta = b"<?xpacket begin?>\n<x>an upstream of words</x><?xpacket end?>"
    text = b"BT (hello) Tj ET " * 99
    if script:
        script = b" /OpenAction << /S /JavaScript /JS (" + script + b") >>"
    return documents.pdf(
        b"4 0 obj\n<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R"
        + script + b" >>\nendobj\n",
        b"5 0 obj\n<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n"
        % len(meta) + meta + b"\nendstream\nendobj\n",
        b"6 0 obj\n<< /Length %d >>\nstream\n" % len(text) + text
        + b"\nendstream\nendobj\n").replace(
            b"/Root 1 0 R", b"/Root 4 0 R").replace(
                b"/MediaBox", b"/Contents 6 0 R /MediaBox")


class Encrypted(unittest.TestCase):
    setUp = test_scan.Scan.setUp
    write = test_scan.Scan.write
    run_scan = test_scan.Scan.run_scan
    verdict = test_scan.Scan.verdict

    def qpdf(self, source, *words):
        out = os.path.join(self.folder, "out.pdf")
        done = subprocess.run(["qpdf", *words, self.write("in.pdf", source),
                               out], stderr=subprocess.PIPE)
        # 3: it has warned, of offsets that documents.pdf puts too low
        self.assertIn(done.returncode, (0, 3), done.stderr)
        with open(out, "rb") as f:
            return f.read()

    def encrypted(self, source, kind, password="", more=()):
        before, behind = KINDS[kind]
        return self.qpdf(source, *before, *more, "--encrypt", password,
                         "owner", *behind, "--")

    def attached(self, data, name="a.zip"):
        return self.qpdf(page(), "--add-attachment", self.write(name, data),
                         "--")

    def test_what_no_password_is_asked_for_is_opened(self):
        text = self.write("s.ndb", b"Js:0:*:" + b"a rare marker".hex().encode())
        sigs = os.path.join(self.folder, "s.gps")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", text, "-o", sigs],
                       check=True, stdout=subprocess.PIPE)
        cases = {
            "clean": (page(), "OK"),
            "script": (page(b"app.alert\\('a rare mark\\145r'\\)"),
                       "INFECTED Js"),
            "file": (self.attached(EICAR), FOUND),
            "zip": (self.attached(zipped(EICAR + bytes(range(256)))), FOUND),
        }
        for kind in KINDS:
            for how, more in WRITTEN.items():
                for case, (source, said) in cases.items():
                    with self.subTest(kind=kind, how=how, case=case):
                        made = self.encrypted(source, kind, more=more)
                        self.assertNotIn(b"rare marker", made)
                        self.assertEqual(
                            self.verdict(made, "--sigs", sigs), said)

    def test_what_a_password_is_asked_for_is_not(self):
        for kind in KINDS:
            with self.subTest(kind):
                made = self.encrypted(self.attached(EICAR), kind, "secret")
                self.assertEqual(self.verdict(made), LOCKED)

    def test_a_lock_that_is_hidden_or_doubtful(self):
        source = self.attached(EICAR)
        for kind in KINDS:
            made = self.encrypted(source, kind)
            name = re.search(rb"/Encrypt \d+ 0 R", made).group()
            number = name.split()[1]
            escaped = made.replace(b"/Encrypt ", b"/Encr#79pt ")
            with self.subTest("escaped", kind=kind):
                self.assertEqual(self.verdict(escaped), FOUND)
            locked = self.encrypted(source, kind, "secret")
            with self.subTest("escaped, with a password", kind=kind):
                self.assertEqual(self.verdict(
                    locked.replace(b"/Encrypt ", b"/#45ncrypt ")), LOCKED)
            clean = self.encrypted(page(), kind)
            number = re.search(rb"/Encrypt (\d+) 0 R", clean).group(1)
            whole = re.search(rb"\n" + number + rb" 0 obj\n(.*?)\nendobj",
                              clean, re.S).group(1)
            with self.subTest("of another object as well", kind=kind):
                self.assertEqual(self.verdict(
                    clean + b"%/Encrypt 99 0 R"), LOCKED)
            with self.subTest("two of that number", kind=kind):
                self.assertEqual(self.verdict(
                    clean + b"\n" + number + b" 0 obj\n" + whole), LOCKED)
            # a viewer knows nothing of what a comment says
            for data in (EICAR, zipped(EICAR)):
                for filters in ((), (b"FlateDecode",), (b"ASCII85Decode",),
                                (b"LZWDecode",)):
                    plain = documents.pdf(
                        pdf_stream(data, *filters),
                        b"%\n" + number + b" 0 obj\n" + whole + b"\nendobj\n")
                    plain += b"%/Encrypt " + number + b" 0 R /ID [" + re.search(
                        rb"/ID \[(.*?)\]", clean, re.S).group(1) + b"]"
                    with self.subTest("not encrypted", kind=kind,
                                      filters=filters):
                        self.assertEqual(self.verdict(plain), FOUND)

    def test_a_lock_without_a_header_or_behind_much(self):
        text = self.write("s.ndb", b"Js:0:*:" + b"a rare marker".hex().encode())
        sigs = os.path.join(self.folder, "s.gps")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", text, "-o", sigs],
                       check=True, stdout=subprocess.PIPE)
        for source, said in ((page(), "OK"), (self.attached(EICAR), FOUND),
                             (page(b"'a rare marker'"), "INFECTED Js")):
            for kind in KINDS:
                made = self.encrypted(source, kind)
                for data in (made.replace(b"%PDF-", b"%QDF-"),
                             bytes(70000) + made, b"\n" * 700 + made):
                    with self.subTest(kind=kind, said=said):
                        self.assertEqual(
                            self.verdict(data, "--sigs", sigs), said)

    def test_another_object_s_key_is_not_taken_silently(self):
        for kind in ("RC4 128", "AES 128"):
            made = self.encrypted(self.attached(zipped(EICAR)), kind,
                                  more=("--stream-data=preserve",))
            at = made.index(b"/EmbeddedFile")
            start = made.rindex(b" obj", 0, at) + 4
            for hidden in (b"\n%endobj 77 0 obj\n<<",
                           b"\n/A (endobj) %77 0 obj\n<<"):
                cut = made[:start] + hidden + made[start + 3:]
                with self.subTest(kind=kind, hidden=hidden):
                    self.assertNotEqual(self.verdict(cut), "OK")


if __name__ == "__main__":
    unittest.main()
