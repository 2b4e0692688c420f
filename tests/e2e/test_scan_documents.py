#!/usr/bin/python3
"""Documents that carry files: they are opened, or not called clean."""

import base64
import os
import struct
import subprocess
import unittest
import zipfile
import zlib

import documents
import gatepost
import test_scan
from documents import (FILTERS, native, object1, ole, onenote,
                       package, pdf, pdf_stream, rtf, vba)
from test_scan import EICAR, FOUND, multipart, tarred, zipped

setUpModule = gatepost.module_needs("ENABLE_SCAN_DOCUMENTS")

UNOPENED = "UNSCANNABLE not opened here"
DAMAGED = "UNSCANNABLE damaged"
LOCKED = "UNSCANNABLE behind a password"
FLATE = b"FlateDecode"
NOISE = bytes(range(256)) * 40
BIG = zipped(EICAR + NOISE) + NOISE


class Documents(unittest.TestCase):
    setUp = test_scan.Scan.setUp
    write = test_scan.Scan.write
    run_scan = test_scan.Scan.run_scan
    verdict = test_scan.Scan.verdict

    def all_are(self, said, cases):
        for name, data in cases.items():
            with self.subTest(name):
                self.assertEqual(self.verdict(data), said)

    # ---- PDF

    def test_pdf_in_every_packing(self):
        cases = {"plain": pdf(pdf_stream(EICAR))}
        for name in FILTERS:
            cases[name] = pdf(pdf_stream(EICAR, name))
            cases["zip, " + name.decode()] = pdf(pdf_stream(
                zipped(EICAR + NOISE), name))
        for pair in ((b"ASCII85Decode", FLATE), (b"ASCIIHexDecode", FLATE),
                     (FLATE, FLATE), (b"ASCIIHexDecode", b"LZWDecode"),
                     (b"RunLengthDecode", b"ASCII85Decode", FLATE)):
            cases[pair] = pdf(pdf_stream(EICAR, *pair))
        cases["short names"] = pdf(pdf_stream(
            EICAR, b"ASCII85Decode", FLATE, said=b"/Filter[/A85/Fl]"))
        cases["one without brackets"] = pdf(pdf_stream(
            EICAR, FLATE, said=b"/Filter/FlateDecode/DL 5"))
        cases["escaped"] = pdf(pdf_stream(
            EICAR, FLATE, said=b"/F#69lter /#46lateDecode"))
        cases["told elsewhere"] = pdf(pdf_stream(
            EICAR, FLATE, said=b"/Filter 9 0 R "))
        cases["late change"] = pdf(
            b"5 0 obj <</Filter/LZWDecode/DecodeParms<</EarlyChange 0>>>>\n"
            b"stream\n" + documents.lzw(BIG, 0) + b"\nendstream endobj\n")
        self.all_are(FOUND, cases)

    def test_pdf_with_predictors(self):
        """Viewers undo them in files, too."""
        data = zipped(EICAR) + bytes(64)

        def stream(params, rows, *, packer=zlib.compress, more=b""):
            return pdf(pdf_stream(
                packer(rows), said=b"/Filter/FlateDecode/DecodeParms "
                + params + more))

        def params(how, columns, colors=1, bits=8):
            return (b"<</Columns %d/Predictor %d/Colors %d"
                    b"/BitsPerComponent %d>>" % (columns, how, colors, bits))

        cases = {"alone": stream(params(12, len(EICAR)), b"\0" + EICAR)}
        for colors, bits in ((1, 8), (3, 8), (4, 16), (1, 1), (3, 2), (1, 4)):
            told = colors, bits
            for how in range(5):
                cases[how, told] = stream(
                    params(10 + how, 24, *told),
                    documents.png_rows(data, how, 24, *told))
            cases["tiff", told] = stream(
                params(2, 24, *told),
                documents.tiff_rows(data, 24, *told))
        rows = documents.png_rows(data, 4, 20, 1, 8)
        told = params(15, 20)
        cases["in brackets"] = stream(b"[null " + told + b"]", rows)
        cases["escaped"] = stream(told.replace(b"Pred", b"#50red"), rows)
        cases["beside other numbers"] = stream(
            told, rows, more=b"/Columns 3/BitsPerComponent 1/Predictor 1")
        cases["told of what has none"] = pdf(pdf_stream(
            zlib.compress(data), said=b"/Filter/FlateDecode /X <</DecodeParms"
            + told + b">>"))
        self.all_are(FOUND, cases)
        self.all_are(UNOPENED, {
            "elsewhere": stream(b"9 0 R", rows),
            "in brackets": stream(b"[9 0 R]", rows),
            "a number elsewhere": stream(told.replace(b"15", b"7 0 R"), rows),
            "twice": stream(b"[" + told + params(2, 7) + b"]", rows),
            "many times": pdf(pdf_stream(zlib.compress(rows), said=(
                b"/Filter/FlateDecode" + b"/DecodeParms[" * 80000))),
            "of two packings": pdf(pdf_stream(
                zlib.compress(zlib.compress(rows)),
                said=b"/Filter[/FlateDecode/FlateDecode]/DecodeParms[null"
                + told + b"]"))})
        self.all_are("OK", {
            "a picture": stream(b"9 0 R", rows,
                                more=b"/Subtype/Image/Width 9/Height 9"),
            "clean": stream(told, documents.png_rows(
                b"clean" * 99, 3, 20, 1, 8))})

    def test_pdf_whose_lengths_lie(self):
        self.all_are(FOUND, {
            "none": pdf(pdf_stream(EICAR, FLATE, length=b"")),
            "too short": pdf(pdf_stream(EICAR, FLATE, length=b"5")),
            "too long": pdf(pdf_stream(EICAR, FLATE, length=b"99999999")),
            "huge": pdf(pdf_stream(EICAR, FLATE, length=b"9" * 40)),
            "elsewhere": pdf(pdf_stream(EICAR, FLATE, length=b"7 0 R")),
            "the word in the data": pdf(pdf_stream(
                zipped(b"endstream endobj stream " * 9, zipfile.ZIP_STORED)
                + zipped(EICAR))),
            "an object in an unused one": pdf(
                b"8 0 obj <<>>\nstream\nx\n", pdf_stream(EICAR, FLATE)),
            "behind an unused length": pdf(
                b"8 0 obj <</Length 999>>\nstream\nx\n",
                pdf_stream(EICAR, FLATE)),
            "only LF": pdf(pdf_stream(EICAR, FLATE).replace(
                b"stream\r\n", b"stream\n")),
            "only CR": pdf(pdf_stream(EICAR, FLATE).replace(
                b"stream\r\n", b"stream\r")),
            "behind much": bytes(70000) + pdf(pdf_stream(EICAR, FLATE)),
            "without a header": pdf(pdf_stream(EICAR, FLATE)).replace(
                b"%PDF-", b"%QDF-"),
            "a picture": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(200)
                         + pdf(pdf_stream(EICAR, FLATE)),
            "before its header": b"\n" * 900 + pdf(pdf_stream(EICAR, FLATE)),
            "in a mail": multipart(test_scan.B64, base64.encodebytes(
                pdf(pdf_stream(zipped(EICAR), FLATE)))),
        })

    def test_pdf_that_is_clean_or_not(self):
        page = pdf_stream(b"BT (hello) Tj ET " * 99, FLATE, more=b"")
        row = pdf_stream(b"1 0 2 9 <</A 1>> <</B 2>>", FLATE,
                         more=b"/Type/ObjStm/N 2/First 8")
        self.all_are("OK", {
            "pages": pdf(page, page, row),
            "an empty stream": pdf(pdf_stream(b"", more=b""),
                                   b"5 0 obj<</Filter/FlateDecode/Length 0>>"
                                   b"stream\nendstream endobj\n"),
            "the word alone": pdf(page, b"% the stream is dry\n"),
            "a picture": pdf(pdf_stream(
                b"\xff\xd8\xff\xe0" + NOISE, said=b"/Filter/DCTDecode ")),
            "a damaged page": pdf(page[:200] + b"\0\1" + page[202:]),
        })
        whole = pdf_stream(NOISE, FLATE)
        self.all_are(DAMAGED, {
            "a damaged file": pdf(whole[:150] + b"\0\1" + whole[152:]),
            "cut off": pdf(page) + whole[:150],
            "no deflate at all": pdf(pdf_stream(
                b"\7" * 99, said=b"/Filter/FlateDecode ", more=b"")),
        })
        self.assertEqual(self.verdict(pdf(
            page, trailer=b"/Encrypt 9 0 R ")), LOCKED)
        self.assertEqual(self.verdict(pdf(pdf_stream(
            zipped(EICAR), FLATE), trailer=b"/Encrypt 9 0 R")), FOUND)

    def test_text_about_pdf_is_no_work(self):
        """Each "stream" was a member up to the end of the text."""
        text = (b"what stands behind startxref, /Encrypt, 1 0 object, and "
                b"\xc3\xbc stream " + b"words " * 300) * 1200
        began = os.times()
        self.assertEqual(self.verdict(text + b" of 2 obj"), "OK")
        now = os.times()
        self.assertLess(now.children_user - began.children_user, 3)

    def test_data_that_begins_in_other_data_is_bounded_work(self):
        """Each was read to the end of all: 52 s, 37 s."""
        for data in (b"%PDF-1.5\n" + b"1 0 obj<</Filter/ASCIIHexDecode>>"
                     b"stream\n41" * 100000,
                     b"{\\rtf" + b"{\\object{\\objdata 0105" * 100000):
            began = os.times()
            self.assertEqual(self.verdict(data),
                             "UNSCANNABLE over the limits")
            now = os.times()
            self.assertLess(now.children_user - began.children_user,
                            40 if gatepost.SANITIZED else 8)

    def test_pdf_bomb_is_over_the_limits(self):
        data = zlib.compress(zlib.compress(bytes(140 << 20)))
        said = b"/Filter[/FlateDecode/FlateDecode]"
        self.assertEqual(self.verdict(pdf(*[pdf_stream(
            data, said=said)] * 8)),
                         "UNSCANNABLE over the limits")

    # ---- OLE2

    def test_ole_streams_small_and_large_in_pieces_or_not(self):
        for scatter in (False, True):
            self.all_are(FOUND, {
                "small": ole({"a": b"x" * 100, "b": zipped(EICAR)}, scatter),
                "large": ole({"a": NOISE, "b": BIG}, scatter),
                "many": ole({"a%d" % i: b"%d" % i * 90 for i in range(90)}
                            | {"b": BIG, "c": zipped(EICAR)}, scatter),
                "larger than its first table": ole(
                    {"a": NOISE * 9, "b": BIG * 20}, scatter),
                "package": ole({"\1Ole10Native": native(EICAR)}, scatter),
                "large package": ole({"\1Ole10Native": native(BIG)},
                                     scatter),
                "attachment of a mail": ole(
                    {"__substg1.0_37010102": zipped(EICAR)}, scatter),
                "cab of an installer": ole(
                    {"\u4840\u3f3f": tarred(EICAR)}, scatter),
                "document in a document": ole(
                    {"Package": zipped(EICAR + NOISE)}, scatter),
                "old one in an old one": ole(
                    {"x": ole({"y": native(EICAR)}, scatter)}, scatter),
            })
            self.assertEqual(self.verdict(ole(
                {"a": NOISE, "b": b"", "c": b"x" * 70}, scatter)), "OK")

    def test_ole_that_is_broken(self):
        whole = ole({"a": NOISE, "b": b"x" * 200}, True)
        self.all_are(DAMAGED, {"cut": whole[:9000], "head": whole[:600],
                               "sign": whole[:8], "sign and more":
                               whole[:8] + b"\xff" * 3000})
        loop = bytearray(ole({"a": NOISE}))
        table = len(loop) - 512
        struct.pack_into("<I", loop, table + 4 * 3, 0)
        self.assertEqual(self.verdict(bytes(loop)), "OK")
        self.all_are(LOCKED, {
            "new": ole({"EncryptedPackage": NOISE, "EncryptionInfo": b"x"}),
            "word": ole({"WordDocument": b"\xec\xa5\xc1\0" + bytes(7)
                         + b"\1" + NOISE}),
            "sheets": ole({"Workbook": struct.pack("<HHIHH", 0x809, 4, 0,
                                                   0x2f, 2) + NOISE}),
        })

    def test_names_of_what_is_wrapped_up_are_judged(self):
        def judged(data):
            return self.verdict(data, "--rules", "programs")

        name = "RECHNUNG.pdf.exe".encode("utf-16-le")
        for what, data in (
                ("package", ole({"\1Ole10Native": native(b"x" * 50,
                                                         b"a.scr")})),
                ("mail", ole({"__substg1.0_3707001F": name,
                              "__substg1.0_37010102": b"x" * 99})),
                ("rtf", rtf(object1(package(b"x" * 50, b"a.scr"))))):
            self.assertRegex(judged(data), "INFECTED Name", what)
        self.assertEqual(judged(ole({"\1Ole10Native": native(b"x" * 50,
                                                             b"a.txt")})),
                         "OK")

    def test_text_of_macros_is_unpacked(self):
        text = (b'Attribute VB_Name = "M"\r\nSub AutoOpen()\r\n'
                b"' aaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb\r\n"
                b'Shell "powershell -enc AAAA"\r\n' * 3)
        sigs = self.write("s.ndb", b"Macro:0:*:" + (
            b'bbbbbbbb\r\nShell "powershell').hex().encode() + b"\n")
        compiled = os.path.join(self.folder, "c")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", sigs, "-o",
                        compiled], check=True, stdout=subprocess.DEVNULL)
        plain = ole({"M": vba(text), "VBA": b"x"}, storages=["VBA"])
        slides = ole({"PowerPoint Document": b"\0" * 8 + b"\x10\0\x11\x10"
                      + struct.pack("<II", 99, len(plain))
                      + zlib.compress(plain) + NOISE})
        for data in (plain, ole({"M": vba(text)}, True),
                     zipped(plain, name="word/vbaProject.bin"), slides):
            self.assertEqual(self.verdict(data, "--sigs", compiled),
                             "INFECTED Macro")
        self.assertEqual(self.verdict(ole({"M": vba(b"Attribute VB_Nam")}),
                                      "--sigs", compiled), "OK")

    # ---- RTF

    def test_rtf_however_its_digits_are_hidden(self):
        data = object1(package(EICAR))
        text = data.hex().encode()
        half = len(text) // 2
        self.all_are(FOUND, {
            "plain": rtf(data),
            "blanks": rtf(data, b"\r\n ".join(
                text[i:i + 1] for i in range(len(text)))),
            "words": rtf(data, text[:9] + b"\\par12 \\x{}" + text[9:]),
            "a group to leave out": rtf(data, text[:half] + b"{\\*\\x 0a0b}"
                                        + text[half:]),
            "a group not to leave out": rtf(
                data, b"{\\*\\x " + text[:half] + b"}" + text[half:]),
            "in a group": rtf(data, b"{{" + text[:half] + b"}}"
                              + text[half:]),
            "binary": rtf(data, b"\\bin%d " % len(data) + data),
            "upper case": rtf(data, text.upper()),
            "never closed": rtf(data)[:-3],
            "old document": rtf(object1(ole({"\1Ole10Native":
                                             native(EICAR)}), b"Word.8")),
            "zip": rtf(object1(zipped(EICAR), b"Word.12")),
            "sign cut short": rtf(data).replace(b"{\\rtf1", b"{\\rt"),
            "second": rtf(object1(b"x")) + rtf(data),
            "store": b"{\\rtf1{\\*\\datastore " + ole(
                {"b": zipped(EICAR)}).hex().encode() + b"}}",
        })
        self.assertEqual(self.verdict(rtf(object1(package(b"x" * 99)))),
                         "OK")
        self.assertEqual(self.verdict(b"{\\rtf1 \\objdata }"), "OK")
        self.assertEqual(self.verdict(b"{\\rtf1 \\objdata"), "OK")

    def test_macros_within_rtf(self):
        data = rtf(object1(ole({"_VBA_PROJECT": b"x" * 99}), b"Excel.8"))
        self.assertEqual(self.verdict(data, "--rules", "macros"),
                         "INFECTED Macro.VBA")

    # ---- others

    def test_mso_wherever_its_data_begins(self):
        inner = ole({"\1Ole10Native": native(EICAR)})
        for head in (50, 554, 90):
            self.assertEqual(self.verdict(documents.mso(inner, head)), FOUND)
        page = (b"MIME-Version: 1.0\nContent-Type: multipart/related; "
                b"boundary=zz\n\n--zz\nContent-Location: a/editdata.mso\n"
                b"Content-Transfer-Encoding: base64\n"
                b"Content-Type: application/x-mso\n\n"
                + base64.encodebytes(documents.mso(inner)) + b"--zz--\n")
        self.assertEqual(self.verdict(page), FOUND)
        fine = documents.mso(ole({"a": NOISE}))
        self.assertEqual(self.verdict(fine), "OK")
        self.assertEqual(self.verdict(fine[:300]), DAMAGED)

    def test_onenote_and_flash(self):
        film = b"WS\x08" + struct.pack("<I", 500)
        inner = b"\0" * 20 + zipped(EICAR)
        self.all_are(FOUND, {
            "note": onenote(b"clean", EICAR),
            "zip in a note": onenote(zipped(EICAR)),
            "film": b"C" + film + zlib.compress(inner),
        })
        self.assertEqual(self.verdict(onenote(b"clean", b"x" * 99)), "OK")
        self.assertEqual(self.verdict(b"C" + film + zlib.compress(NOISE)),
                         "OK")
        self.assertEqual(self.verdict(b"C" + film + zlib.compress(
            NOISE)[:90]), DAMAGED)
        self.assertEqual(self.verdict(onenote(NOISE)[:2000]), DAMAGED)

    def test_what_clamscan_finds_is_found(self):
        """The same documents, and both look for the same file."""
        cases = {
            "pdf": pdf(pdf_stream(EICAR, FLATE)),
            "pdf85": pdf(pdf_stream(EICAR, b"ASCII85Decode", FLATE)),
            "pdfzip": pdf(pdf_stream(zipped(EICAR), FLATE)),
            "ole": ole({"\1Ole10Native": native(zipped(EICAR))}),
            "scattered": ole({"\1Ole10Native": native(BIG)}, True),
            "rtf": rtf(object1(package(EICAR))),
            "note": onenote(zipped(EICAR)),
            "hex": pdf(pdf_stream(EICAR, b"ASCIIHexDecode",
                                  said=b"/Filter/ASCIIHexDecode ")),
            "uri": b"<html><a href='data:application/zip;base64,"
                   + base64.b64encode(zipped(EICAR)) + b"'>x</a></html>",
        }
        for name, data in cases.items():
            self.write("all/" + name, data)
        self.write("db/e.ndb", b"Eicar:0:0:" + EICAR.hex().encode() + b"\n")
        folder = os.path.join(self.folder, "all")
        theirs = subprocess.run(
            ["clamscan", "--no-summary", "-d",
             os.path.join(self.folder, "db"), "-r", folder],
            stdout=subprocess.PIPE, text=True).stdout
        ours = self.run_scan(folder).stdout
        found = {name for name in cases
                 if f"all/{name}: Eicar.UNOFFICIAL FOUND" in theirs}
        self.assertEqual(found, set(cases), theirs)
        self.assertEqual({name for name in cases
                          if f"all/{name}: {FOUND}" in ours}, set(cases))


if __name__ == "__main__":
    unittest.main()
