#!/usr/bin/python3
"""A table of what people and attackers send: opened, or told as not opened.

Each line is a file with EICAR's test file in it, or the beginning of one of a
kind that nobody here opens.  None may be called clean; and what clamscan
finds, we find.
"""

import base64
import bz2
import gzip
import lzma
import os
import struct
import subprocess
import unittest
import zlib

import documents
import gatepost
import test_scan
import test_scan_archives
import test_scan_mime
from test_scan import B64, EICAR, FOUND, mail, multipart, tarred, zipped
from test_scan_archives import ar, cpio, rpm

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

UNOPENED = "UNSCANNABLE not opened here"
# what a build without one of these parts says of what only it opens
ALLOWED = {FOUND} if all(not gatepost.missing((part,)) for part in (
    "ENABLE_LIBARCHIVE", "ENABLE_SCAN_DOCUMENTS", "ENABLE_SCAN_LZ",
    "ENABLE_SCAN_DEFLATE64")) else {FOUND, UNOPENED}
CODED = base64.b64encode(zipped(EICAR))
FOLDED = b"\r\n ".join(CODED[i:i + 74] for i in range(0, len(CODED), 74))
FILL = bytes(range(256)) * 40


def lines(n, joint=b"\r\n "):
    """The zip in base64, in pieces of so many characters."""
    return joint.join(CODED[i:i + n] for i in range(0, len(CODED), n))




def at(place, sign, size=4096):
    """Bytes that mean nothing, with a sign in its place."""
    out = bytearray(b"\5\6\7\5" * (size // 4))
    place = place if place >= 0 else size + place
    out[place:place + len(sign)] = sign
    return bytes(out)


def image(behind):
    """A PE program of one section, with something behind it."""
    return (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
            + struct.pack("<HHIIIHH", 0x14c, 1, 0, 0, 0, 0, 0)
            + b".text\0\0\0" + struct.pack("<IIII", 0, 0, 512, 512)
            + bytes(16) + bytes(512 - 128) + bytes(512) + behind)


OPENED = {
    "xz": lzma.compress(EICAR),
    "lzma": lzma.compress(EICAR, lzma.FORMAT_ALONE),
    "bz2": bz2.compress(EICAR),
    "gz": gzip.compress(EICAR),
    "deb": ar(EICAR), "cpio": cpio(EICAR), "rpm": rpm(cpio(EICAR)),
    "tar": tarred(EICAR),
    "jar": zipped(b"Manifest-Version: 1.0\n", name="META-INF/MANIFEST.MF")
    + zipped(EICAR),
    "docx": zipped(documents.ole({"\1Ole10Native": documents.native(EICAR)}),
                   name="word/embeddings/oleObject1.bin"),
    "one": documents.onenote(EICAR),
    "msg": documents.ole({"__substg1.0_37010102": zipped(EICAR)}),
    "swf": b"CWS\x08" + struct.pack("<I", 999) + zlib.compress(
        bytes(20) + zipped(EICAR)),
    "swf, lzma": b"ZWS\x08" + struct.pack("<II", 999, 99) + (
        lambda packed: packed[:5] + packed[13:])(lzma.compress(
            zipped(EICAR), lzma.FORMAT_ALONE)),
    "mhtml": mail(b"Content-Type: multipart/related; boundary=zz",
                  b"--zz\n" + B64 + b"\nContent-Location: http://a/b\n\n"
                  + base64.encodebytes(EICAR) + b"--zz--\n"),
    "mbox": b"From a@b Thu Jan  1 00:00:00 1970\n" + mail(b"X: y", b"hi\n")
    + b"\nFrom a@b Thu Jan  1 00:00:00 1970\n"
    + multipart(B64, base64.encodebytes(EICAR)),
    "eml in eml": multipart(b"Content-Type: message/rfc822", multipart(
        B64, base64.encodebytes(EICAR))),
    "eml, packed, in eml": multipart(B64, base64.encodebytes(zipped(
        multipart(B64, base64.encodebytes(EICAR)), name="a.eml"))),
    "ics": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH;ENCODING=BASE64;"
           b"VALUE=BINARY;X-NAME=a.zip:" + FOLDED + b"\r\nEND:VEVENT\r\n",
    "ics, short lines": b"BEGIN:VCALENDAR\r\nATTACH;ENCODING=Base64;X-NAME="
    b"\"a:b,c\":" + lines(7) + b"\r\nEND:VEVENT\r\n",
    "vcf, short lines": b"BEGIN:VCARD\r\nPHOTO;ENCODING=b;TYPE=JPEG:\r\n "
    + lines(20) + b"\r\nEND:VCARD\r\n",
    "page, short lines": b"<html><a href='data:application/zip;base64,"
    + lines(5, b"\n") + b"'>x</a>",
    "page, per cent": b"<html><a href='data:application/zip;base64,"
    + lines(9, b"%0a").replace(b"U", b"%55") + b"'>x</a>",
    "page, references": b"<html><a href='data:application/zip;base64,"
    + b"&NewLine;".join(b"&#x%x;&#%d;" % (a, b) for a, b in zip(
        CODED[::2], CODED[1::2])) + b"'>x</a>",
    "page, short pieces": b'<script>var a="data:application/zip;base64,'
    + lines(65, b'" +\n "') + b'"</script>',
    "xml, short lines": b"<?xml version='1.0'?><pkg:binaryData>\n"
    + lines(16, b"\n") + b"</pkg:binaryData>",
    "vcf": b"BEGIN:VCARD\r\nVERSION:3.0\r\nPHOTO;ENCODING=b;TYPE=JPEG:\r\n "
           + FOLDED + b"\r\nEND:VCARD\r\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='data:"
           b"image/png;base64," + CODED + b"'/></svg>",
    "pieces in a page": b"<script>var a = '" + b"' +\n  '".join(
        CODED[i:i + 64] for i in range(0, len(CODED), 64)) + b"';</script>",
    "pieces, odd": b'<script>var a="' + b'"+"'.join(
        CODED[i:i + 67] for i in range(0, len(CODED), 67)) + b'"</script>',
    "another text": b'<script>var a=["' + b"QUJD" * 20 + b'","' + CODED
    + b'"]</script>',
    "html": b"<html><a href='data:application/zip;base64," + CODED
            + b"'>x</a></html>",
    "smuggled": b"<html><script>var f = \"" + CODED + b"\"; save(atob(f));"
                b"</script></html>",
    "flat xml": b"<?xml version='1.0'?><pkg:binaryData>\r\n" + b"\r\n".join(
        CODED[i:i + 76] for i in range(0, len(CODED), 76))
        + b"</pkg:binaryData>",
    "html in a mail": multipart(
        b"Content-Type: text/html\n" + B64, base64.encodebytes(
            b"<html><script>x='" + CODED + b"'</script></html>")),
    "ics in a mail": multipart(
        b"Content-Type: text/calendar",
        b"BEGIN:VCALENDAR\nATTACH;ENCODING=BASE64:" + FOLDED.replace(
            b"\r", b"") + b"\nEND:VCALENDAR\n"),
    "tnef": test_scan_mime.tnef_of(EICAR),
    "binhex": test_scan_mime.binhex(EICAR),
}

# The beginning or end of each; what follows would be a file's content.
NOT_OPENED = {
    "sit": b"SIT!" + FILL, "sitx": b"StuffIt (c)1997" + FILL,
    "ace": at(7, b"**ACE**"), "zoo": at(20, b"\xdc\xa7\xc4\xfd"),
    "arc": b"\x1a\x02A.COM\0" + bytes(7) + struct.pack("<I", 99) + FILL,
    "chm": b"ITSF\3\0\0\0" + FILL, "wim": b"MSWIM\0\0\0" + FILL,
    "szdd": b"SZDD\x88\xf0\x27\x33" + FILL,
    "lzo": b"\x89LZO\0\r\n\x1a\n" + FILL,
    "vhd": FILL + b"conectix" + bytes(504), "vhdx": b"vhdxfile" + FILL,
    "vmdk": b"KDMV\1\0\0\0" + FILL, "qcow": b"QFI\xfb\0\0\0\2" + FILL,
    "dmg": at(-512, b"koly\0\0\0\4"),
    "hfs+": at(1024, b"H+\0\4"), "hfsx": at(1024, b"HX\0\5"),
    "hfs": at(1024, b"BD" + bytes(18) + b"\0\0\2\0" + bytes(12) + b"\4Disk"),
    "installshield": b"ISc(\0\x95\0\1" + FILL,
    "nsis": image(b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst" + FILL),
    "inno": image(b"idska32\x1a" + FILL),
    "inno, newer": image(b"x" * 90 + b"Inno Setup Setup Data (6.2.0)" + FILL),
    "installshield's": image(b"ISSetupStream" + FILL),
    "rar, oldest": b"RE~^\x07\0\0" + FILL, "sz": b"SZ \x88\xf0\x27\x33\xd1"
    + FILL, "chm, older": b"ITSF\2\0\0\0" + FILL,
    "hxs": b"ITOLITLS\1\0\0\0\x28" + FILL, "ppmd": b"\x8f\xaf\xac\x84" + FILL,
    "freearc": b"ArC\1" + FILL, "sit, older": at(0, b"ST46\0\1\0\0\1\0rLau"),
    "squashfs": b"hsqs".ljust(28, b"\7") + b"\4\0\0\0" + FILL, "cramfs": at(16, b"Compressed ROMFS"),
    "apfs": at(32, b"NXSB"), "vdi": at(64, b"\x7f\x10\xda\xbe"),
    "sparse": b"\x3a\xff\x26\xed\1\0" + FILL, "gpt": at(512, b"EFI PART"),
    "apm": at(512, b"PM\0\0\0\0"),
    "ntfs": b"\xeb\x52\x90NTFS    ".ljust(510, b"\0") + b"\x55\xaa" + FILL,
    "exfat": b"\xeb\x52\x90EXFAT   ".ljust(510, b"\0") + b"\x55\xaa" + FILL,
    "partitions": bytes(450) + struct.pack("<IIII", 7, 63, 99, 0).ljust(
        60, b"\0") + b"\x55\xaa" + FILL,
    "fat": b"\xeb\x3c\x90mkfs.fat" + struct.pack(
        "<HBHBHHB", 512, 1, 1, 2, 224, 2880, 0xf0).ljust(499, b"\0")
    + b"\x55\xaa" + FILL,
    "ext": bytes(1048) + struct.pack("<I28xHHH14xI", 1, 0xef53, 1, 1, 1)
    + FILL,
    "sis": at(8, b"\x19\x04\0\x10"),
}


class Kinds(unittest.TestCase):
    setUp = test_scan.Scan.setUp
    write = test_scan.Scan.write
    run_scan = test_scan.Scan.run_scan
    pack = test_scan_archives.Archives.pack

    def verdicts(self, files):
        """Of all files, by name."""
        for name, data in files.items():
            self.write("all/" + name, data)
        done = self.run_scan(os.path.join(self.folder, "all"))
        return {os.path.basename(path): said for path, said in (
            line.rsplit(": ", 1) for line in done.stdout.splitlines())}

    def made(self):
        """What Debian's archivers make."""
        files = {}
        for name in ("compress", "lzip", "lz4", "zstd", "lzma", "xz"):
            files["tar, " + name] = self.pack(
                "bsdtar", "--" + name, "-cf", "{} a.com b.txt")
        for form in ("xar", "cpio", "newc", "7zip", "iso9660", "ar"):
            files[form] = self.pack("bsdtar", "--format=" + form, "-cf",
                                    "{} a.com b.txt")
        files["udf"] = self.pack("genisoimage", "-quiet", "-udf", "-o", "{} .")
        files["cab"] = self.pack("gcab", "-cz", "{} a.com b.txt")
        return files

    def test_what_carries_something_bad_is_opened(self):
        files = {**OPENED, **self.made()}
        said = self.verdicts(files)
        self.assertEqual({n: v for n, v in said.items() if v not in ALLOWED},
                         {})
        self.assertEqual(set(said), set(files))

    def test_what_nobody_opens_is_told(self):
        said = self.verdicts(NOT_OPENED)
        self.assertEqual({n: v for n, v in said.items() if v != UNOPENED}, {})
        self.assertEqual(set(said), set(NOT_OPENED))

    def test_what_clamscan_finds_is_found(self):
        files = {**OPENED, **self.made()}
        ours = self.verdicts(files)
        self.write("db/e.ndb", b"Eicar:0:0:" + EICAR.hex().encode() + b"\n")
        done = subprocess.run(
            ["clamscan", "--no-summary", "-d",
             os.path.join(self.folder, "db"), "-r",
             os.path.join(self.folder, "all")],
            stdout=subprocess.PIPE, text=True)
        theirs = {os.path.basename(line.rsplit(": ", 1)[0])
                  for line in done.stdout.splitlines() if "FOUND" in line}
        self.assertGreater(len(theirs), 15, done.stdout)
        self.assertEqual({n for n in theirs if ours[n] not in ALLOWED}, set())

    @gatepost.needs("ENABLE_LIBARCHIVE")
    def test_a_wrong_checksum_of_a_stored_member_hides_nothing(self):
        other = bytes(c ^ 1 for c in EICAR)
        for how in (test_scan_archives.rar4, test_scan_archives.rar5):
            whole = how(other)
            self.assertEqual(whole.count(other), 1)
            said = self.verdicts({"it": whole.replace(other, EICAR)})
            self.assertEqual(said, {"it": FOUND})

    def test_texts_with_long_words_are_clean(self):
        key = base64.encodebytes(FILL).replace(b"\n", b"")
        said = self.verdicts({
            "key": b"-----BEGIN KEY-----\n" + base64.encodebytes(FILL),
            "hash": b"deadbeef" * 20 + b"\n", "page": b"<html>" + key,
            "ics": b"BEGIN:VCALENDAR\nATTACH:" + key + b"\n"})
        self.assertEqual(set(said.values()), {"OK"}, said)


if __name__ == "__main__":
    unittest.main()
