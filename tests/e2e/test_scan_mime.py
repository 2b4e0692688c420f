#!/usr/bin/python3
"""Mail in every odd form: what is in it is found, or it is not called clean."""

import base64
import email.message
import email.policy
import email.utils
import os
import quopri
import struct
import unittest

import gatepost
import test_scan
import test_scanner
from test_scan import B64, EICAR, FOUND, mail, multipart, uuencoded, zipped

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

DAMAGED = "UNSCANNABLE damaged"
LOCKED = "UNSCANNABLE behind a password"
DEEP = "UNSCANNABLE nested too deep"
CODED = base64.encodebytes(EICAR)
QP = b"Content-Transfer-Encoding: quoted-printable"


def in_parts(type_, *parts):
    """A multipart of whole parts, with the head line as it is given."""
    return mail(type_, b"".join(b"--zz\n" + p + b"\n" for p in parts)
                + b"--zz--\n")


def yencoded(data):
    out = bytearray()
    for c in data:
        c = (c + 42) & 255
        out += bytes((61, (c + 64) & 255)) if c in b"\0\r\n=" else bytes((c,))
    return (b"=ybegin line=128 size=%d name=a.com\n" % len(data)
            + bytes(out) + b"\n=yend size=%d\n" % len(data))


def tnef_of(data, name=b"a.com"):
    def attribute(level, kind, value):
        return (struct.pack("<BII", level, kind, len(value)) + value
                + struct.pack("<H", sum(value) & 0xffff))
    return (b"\x78\x9f\x3e\x22\1\0" + attribute(2, 0x00069002, bytes(14))
            + attribute(2, 0x00018010, name + b"\0")
            + attribute(2, 0x0006800f, data))


def attached(data, name="a.bin", **more):
    """What Python's own library makes of a mail with an attachment."""
    m = email.message.EmailMessage()
    m["From"], m["Subject"] = "a@example.org", "x"
    m.set_content("hello")
    m.add_attachment(data, maintype="application", subtype="octet-stream",
                     filename=name, **more)
    return m.as_bytes()


def der(tag, *parts, endless=False):
    body = b"".join(parts)
    if endless:
        return bytes((tag, 0x80)) + body + b"\0\0"
    n = len(body)
    size = (bytes((n,)) if n < 128 else
            bytes((0x82,)) + n.to_bytes(2, "big"))
    return bytes((tag,)) + size + body


PKCS7 = bytes.fromhex("06092a864886f70d0107")


def signed(data, chunk=0):
    """CMS SignedData around a mail; in chunks as when it is streamed."""
    endless = chunk > 0
    if endless:
        content = der(0x24, *(der(4, data[i:i + chunk])
                              for i in range(0, len(data), chunk)),
                      endless=True)
    else:
        content = der(4, data)
    inner = der(0x30, PKCS7 + b"\1", der(0xa0, content, endless=endless),
                endless=endless)
    return der(0x30, PKCS7 + b"\2", der(0xa0, der(
        0x30, b"\2\1\1", der(0x31, der(0x30, bytes.fromhex(
            "0609608648016503040201"))), inner, der(0x31), endless=endless),
        endless=endless), endless=endless)


def binhex(data, resources=b""):
    """BinHex 4.0, with runs of the same octet made short."""
    whole = (b"\5a.com\0TEXTttxt\0\0" + struct.pack(">II", len(data),
                                                  len(resources))
             + b"\0\0" + data + b"\0\0" + resources + b"\0\0")
    packed, i = bytearray(), 0
    while i < len(whole):
        n = 1
        while i + n < len(whole) and whole[i + n] == whole[i] and n < 255:
            n += 1
        packed += b"\x90\0" if whole[i] == 0x90 else whole[i:i + 1]
        if n > 3:
            packed += bytes((0x90, n))
        i += n if n > 3 else 1
    letters = (b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`"
               b"abcdefhijklmpqr")
    bits = "".join(f"{c:08b}" for c in packed)
    bits += "0" * (-len(bits) % 6)
    text = b":" + bytes(letters[int(bits[i:i + 6], 2)]
                        for i in range(0, len(bits), 6)) + b":"
    return (b"(This file must be converted with BinHex 4.0)\n\n"
            + b"\n".join(text[i:i + 64] for i in range(0, len(text), 64))
            + b"\n")


class Mime(unittest.TestCase):
    setUp = test_scan.Scan.setUp
    write = test_scan.Scan.write
    run_scan = test_scan.Scan.run_scan
    verdict = test_scan.Scan.verdict

    def all_found(self, **cases):
        for name, data in cases.items():
            with self.subTest(name):
                self.assertEqual(self.verdict(data), FOUND)

    def all_said(self, want, **cases):
        for name, data in cases.items():
            with self.subTest(name):
                self.assertEqual(self.verdict(data), want)

    def test_boundaries_of_every_kind(self):
        part = B64 + b"\n\n" + CODED
        body = (b"pre\n--%b\nContent-Type: text/plain\n\nx\n--%b\n" + part
                + b"\n--%b--\n")

        def with_(line, name=b"zz"):
            return mail(b"Content-Type: multipart/mixed" + line,
                        body % (name, name, name))
        self.all_found(
            none=with_(b""), wrong=with_(b"; boundary=other"),
            empty=with_(b'; boundary=""', b""),
            odd=with_(b'; boundary="a\'()+_,-./:=? b"', b"a'()+_,-./:=? b"),
            escaped=with_(b'; boundary="z\\z"'),
            comment=with_(b"; (boundary=yy) boundary=zz(boundary=xx)"),
            folded=with_(b";\n\tboundary\n =\n zz"),
            split=with_(b"; boundary*0=z; boundary*1=z"),
            split_coded=with_(b"; boundary*0*=us-ascii''%7a; boundary*1*=z"),
            twice=with_(b"; boundary=yy; boundary=zz"),
            two_fields=with_(b"; boundary=yy\n"
                             b"Content-Type: multipart/mixed; boundary=zz"),
            plain_first=with_(b"; boundary=zz\nContent-Type: text/plain"),
            colons=with_(b'; boundary="a:b"', b"a:b"),
            eight_bit=with_(b'; boundary="\xe4\xff"', b"\xe4\xff"),
            dashes=with_(b"; boundary=--", b"--"),
            long=with_(b"; boundary=" + b"z" * 3000, b"z" * 3000),
            spaces_behind=mail(
                b"Content-Type: multipart/mixed; boundary=zz",
                b"--zz \t \n" + part + b"\n--zz-- \n"),
            no_end=mail(b"Content-Type: multipart/mixed; boundary=zz",
                        b"--zz\n" + part))

    def test_where_it_stands(self):
        part = B64 + b"\n\n" + CODED
        head = b"Content-Type: multipart/mixed; boundary=zz"
        self.all_found(
            preamble=mail(head, part + b"\n--zz\n\nx\n--zz--\n"),
            preamble_uu=mail(head, uuencoded(EICAR) + b"--zz\n\nx\n--zz--\n"),
            preamble_yenc=mail(head, yencoded(EICAR) + b"--zz\n\nx\n--zz--\n"),
            epilogue=mail(head, b"--zz\n\nx\n--zz--\n" + part),
            behind_the_end=mail(
                head, b"--zz\n\nx\n--zz--\n--zz\n" + part + b"--zz--\n"),
            digest=in_parts(b"Content-Type: multipart/digest; boundary=zz",
                            b"\n" + mail(B64, CODED)),
            related=in_parts(b"Content-Type: multipart/related; boundary=zz",
                             b"\n<html>", part),
            apple=in_parts(
                b"Content-Type: multipart/appledouble; boundary=zz",
                b"Content-Type: application/applefile\n" + B64 + b"\n\n"
                + base64.encodebytes(b"\0\5\x16\7\0\2\0\0" + bytes(18)),
                part),
            blank_line_first=in_parts(head, b"\n" + part),
            text_then_uu=mail(head, b"--zz\n\nhello\n" + uuencoded(EICAR)),
            several_uu=mail(b"X-A: b", uuencoded(b"one") + uuencoded(b"two")
                            + uuencoded(EICAR)),
            several_yenc=mail(b"X-A: b", yencoded(b"one") + yencoded(b"two")
                              + yencoded(EICAR)),
            uu_in_base64=mail(B64, base64.encodebytes(
                b"see:\n" + uuencoded(EICAR))),
            yenc_in_base64=mail(B64, base64.encodebytes(
                b"see:\n" + yencoded(EICAR))),
            uu_in_base64_form=mail(
                b"X-A: b", b"begin-base64 644 a.com\n" + CODED + b"====\n"),
            tnef=attached(tnef_of(EICAR), "winmail.dat"),
            tnef_in_tnef=attached(tnef_of(tnef_of(EICAR)), "winmail.dat"),
            mail_in_tnef=attached(tnef_of(mail(B64, CODED)), "winmail.dat"))

    def test_what_the_encoding_is_called(self):
        cte = b"Content-Transfer-Encoding"
        self.all_found(**{str(i): multipart(head, CODED) for i, head in
                          enumerate((
                              cte + b":base64", cte + b": Base64 ",
                              cte.swapcase() + b"\t:\tbAsE64",
                              cte + b': "base64"', cte + b": x-base64",
                              cte + b": (a comment) base64 (another)",
                              cte + b":\n \n base64",
                              cte + b": 7bit\n" + B64, cte + b": x-unknown\n"
                              + B64, B64 + b"\n" + cte + b": quoted-printable",
                              B64 + b"\nno header line at all\nX: y",
                              b"no header line at all\n" + B64,
                              b"Content-Type: text/plain; x=\"\n" + B64,
                              cte + b"\n : base64", cte + b"\x0b: base64",
                              cte + b"\xa0: base64", b"\xa0" + B64,
                              b"\xe2\x80\x8b" + B64, b"X-A: b\n\x0c" + B64,
                              b"X-A: b\n" * 20000 + B64,
                              b"X-A: " + b"b" * 99999 + b"\n" + B64,
                          ))})

    def test_where_the_header_ends_for_whom(self):
        rfc822 = b"Content-Type: message/rfc822\n" + QP
        coded = b"".join(b"=%02X" % c for c in EICAR)
        twice = quopri.encodestring(mail(QP, coded))
        self.all_found(
            blanks=mail(b"Content-Type:\n  \n image/gif", EICAR),
            blanks_base64=mail(B64 + b"\n  \n x/y\nno field\nX-A: b", CODED),
            no_field=mail(b"X-A: b\nno field\nX-B: c", EICAR),
            no_field_in_part=multipart(b"X-A: b\nno field\nX-B: c", EICAR),
            name_alone=mail(b"Content-Transfer-Encoding\n  \n "
                            b": quoted-printable\nContent-Transfer-Encoding: "
                            b"8bit", coded),
            mail_in_qp_in_qp=multipart(rfc822, twice),
            the_same_with_more=in_parts(
                b"Content-Type: multipart/mixed; boundary=zz",
                rfc822 + b"\n\nX-A: b\n\nhello\n", rfc822 + b"\n\n" + twice,
                b"\nhello"))
        self.all_said("OK", many=in_parts(
            b"Content-Type: multipart/digest; boundary=zz",
            *[rfc822 + b"\n\nFrom: x\nSubject: y\n\nhello=20\n"] * 200))

    def test_a_mail_whose_header_is_long(self):
        for more in (b"X-A: b\n" * 20000, b"X-A: " + b"b" * 99999 + b"\n"):
            self.assertEqual(self.verdict(more + mail(B64, CODED)), FOUND)

    def test_base64_of_every_kind(self):
        flat = base64.b64encode(EICAR)
        half = base64.encodebytes(EICAR[:34])
        self.all_found(
            one_line=mail(B64, flat),
            characters=mail(B64, b"\n".join(flat[i:i + 1]
                                            for i in range(len(flat)))),
            blanks=mail(B64, b" \t ".join(flat[i:i + 3]
                                          for i in range(0, len(flat), 3))),
            empty_lines=mail(B64, flat[:22] + b"\n\n\n" + flat[22:]),
            eight_bit=mail(B64, b"\xff".join(flat[i:i + 1]
                                             for i in range(len(flat)))),
            zeros=mail(B64, b"\0".join(flat[i:i + 1]
                                       for i in range(len(flat)))),
            joined=mail(B64, half + base64.encodebytes(EICAR[34:])),
            cut=mail(B64, flat.rstrip(b"=")),
            padding_first=mail(B64, b"====\n" + flat),
            padding_after_one=mail(B64, flat[:5] + b"=" + flat[5:]),
            padding_after_two=mail(B64, flat[:6] + b"=" + flat[6:]),
            padding_after_three=mail(B64, flat[:7] + b"=" + flat[7:]),
            colon=mail(B64, flat[:9] + b":" + flat[9:]),
            colon_behind_a_blank=mail(
                B64 + b"\n \n" + flat[:9] + b":" + flat[9:], b"")[:-2],
            rule_within=mail(B64, flat[:20] + b"\n---\n\n" + flat[20:]),
            end_within=mail(B64, flat[:20] + b"\n--.--\n" + flat[20:]),
            boundary_of_nobody=multipart(
                B64, flat[:20] + b"\n--.\n\n" + flat[20:] + b"\n--_\n.:.\n\n"),
            words_behind=mail(B64, CODED + b"\n\nThis list is run by us."),
            crlf=mail(B64, CODED).replace(b"\n", b"\r\n"))

    def test_fields_and_separators_of_nobody_within_what_is_encoded(self):
        """Readers who heed the declared boundary decode these lines, too;
        what stands behind them does not begin a group of base64."""
        coded = base64.b64encode(zipped(EICAR))
        each = b"=\n".join(b"=%02X" % c for c in zipped(EICAR))
        field = b"Content-Transfer-Encoding: x"
        part = b"--xx\nContent-Type: text/plain\n\n"
        letters = len(field) - 4  # in the alphabet
        for before in range(4, 8):
            more = b"A" * (-(before + letters) % 4)
            line = b"A" * before + b"\n" + field + b"\n" + more
            self.all_found(
                field=multipart(B64, line + coded),
                field_alone=mail(B64, line + coded),
                field_in_mail=multipart(
                    b"Content-Type: message/rfc822",
                    b"From: x\n" + B64 + b"\n\n" + line + coded))
        self.all_found(
            field_qp=multipart(QP, b"hi\n" + field + b"\n\n" + each),
            part_qp=multipart(QP, b"hi\n" + part + each),
            part_qp_alone=mail(QP, b"hi\n" + part + each),
            longer_separator=multipart(
                QP, b"hi\n--zzz\n" + field + b"\n\n" + each))
        one = (b"From a@b Thu Jan  1 00:00:00 1970\n" + mail(
            B64, base64.encodebytes(b"hello" * 2000)) + b"\n")
        self.all_said("OK", mails_in_a_row=one * 600)

    def test_a_separator_many_times_in_a_line_is_little_work(self):
        """The rest of the line was cut off for each: 6 s."""
        data = in_parts(b"X-A: b", b"\n--zz\n" + B64 + b"\n\n"
                        + b"--zz " * 200000)
        began = os.times()
        self.assertEqual(self.verdict(data), "OK")
        now = os.times()
        self.assertLess(now.children_user - began.children_user, 2)

    def test_quoted_printable_of_every_kind(self):
        each = b"".join(b"=%02x" % c for c in EICAR)
        self.all_found(
            lower=mail(QP, each), upper=mail(QP, each.upper()),
            soft=mail(QP, b"=\n".join(EICAR[i:i + 3].replace(b"=", b"=3D")
                                      for i in range(0, len(EICAR), 3))),
            soft_spaces=mail(QP, each[:60] + b"= \t \n" + each[60:]),
            soft_crlf=mail(QP, each[:60] + b"=\n" + each[60:]).replace(
                b"\n", b"\r\n"),
            zip=mail(QP, quopri.encodestring(zipped(EICAR))),
            blanks_behind=mail(QP, b"".join(
                b"=%02X" % c if c != 10 else b" \t \n"
                for c in zipped(EICAR, 0))),
            html=mail(QP + b"\nContent-Type: text/html",
                      b"=\n".join(EICAR[i:i + 1] for i in range(len(EICAR)))))

    def test_names_of_every_kind_are_told(self):
        for name, want in (("rechn\u00fcng.com", "rechn\u00fcng.com"),
                           ("\u8acb\u6c42\u66f8.com", "\u8acb\u6c42\u66f8.com"),
                           ("x" * 90 + ".com", "x.com")):
            for data in (attached(EICAR, name), mail(
                    B64 + b"\nContent-Disposition: attachment;\n"
                    b' filename="' + b"=?utf-8?b?"
                    + base64.b64encode(name.encode()) + b'?="', CODED)):
                path = self.write("it", data)
                said = self.run_scan("--where", path).stdout
                self.assertIn(FOUND, said)
                self.assertIn(want, said)

    def test_mail_in_mail(self):
        whole = mail(B64, CODED)
        rfc822 = b"Content-Type: message/rfc822\n"
        self.all_found(
            plain=multipart(rfc822, b"\n" + whole),
            coded=multipart(rfc822 + B64, base64.encodebytes(whole)),
            coded_blank_first=multipart(
                rfc822 + B64, base64.encodebytes(b"\n\n" + whole)),
            coded_bom_first=multipart(
                rfc822 + B64, base64.encodebytes(b"\xef\xbb\xbf" + whole)),
            coded_behind_its_size=multipart(  # .emlx
                B64, base64.encodebytes(b"%d  \n" % len(whole) + mail(
                    QP, b"".join(b"=%02X" % c for c in EICAR)))),
            coded_behind_words=multipart(
                B64, base64.encodebytes(b"hi there\n\n" + mail(
                    QP, quopri.encodestring(zipped(EICAR))))),
            coded_oddly=multipart(
                rfc822 + B64, base64.encodebytes(b"X\n" + whole)),
            qp=multipart(rfc822 + QP, quopri.encodestring(whole)),
            coded_parts=mail(
                b"Content-Type: multipart/mixed; boundary=zz\n" + B64,
                base64.encodebytes(b"pre\n--zz\n" + B64 + b"\n\n" + CODED)),
            as_text=multipart(
                B64 + b'\nContent-Disposition: attachment; filename="a.txt"',
                base64.encodebytes(whole)),
            thrice=multipart(rfc822 + B64, base64.encodebytes(multipart(
                rfc822 + B64, base64.encodebytes(multipart(
                    rfc822 + B64, base64.encodebytes(whole)))))))

    def test_a_mail_in_many_mails_is_found_or_too_deep(self):
        data = mail(B64, CODED)
        for _ in range(24):
            data = mail(QP, data.replace(b"=", b"=3D"))
        self.assertIn(self.verdict(data), (FOUND, DEEP))
        for _ in range(200):
            data = mail(b"Content-Type: message/rfc822", data)
        self.assertIn(self.verdict(data), (FOUND, DEEP))

    def test_a_part_of_a_message_is_not_clean(self):
        head = b"Content-Type: message/partial; id=x; number=%d; total=2"
        self.all_said(DAMAGED, first=mail(head % 1, CODED[:40]),
                      second=mail(head % 2, CODED[40:]),
                      inside=multipart(head % 2, CODED[40:]))

    def test_line_ends_of_every_kind(self):
        for line_end in (b"\r", b"\r\n", b"\r\r\n"):
            for name, data in (
                    ("base64", multipart(B64, CODED)),
                    ("qp", multipart(QP, b"".join(
                        b"=%02x=\n" % c for c in EICAR))),
                    ("uu", mail(b"X-A: b", b"x\n\n" + uuencoded(EICAR)))):
                with self.subTest((name, line_end)):
                    self.assertEqual(self.verdict(
                        data.replace(b"\n", line_end)), FOUND)
        bare = multipart(B64, CODED)
        for at in ("\nContent-Transfer", "base64\n", "\n\n"):
            with self.subTest(at):
                at = at.encode()
                self.assertEqual(self.verdict(bare.replace(
                    at, at.replace(b"\n", b"\r"))), FOUND)

    def test_signed_mail_is_opened(self):
        for inner in (mail(B64, CODED), multipart(B64, CODED), EICAR):
            for chunk in (0, 7, 100):
                data = signed(inner, chunk)
                with self.subTest((len(inner), chunk)):
                    self.assertEqual(self.verdict(data), FOUND)
                    self.assertEqual(
                        self.verdict(attached(data, "smime.p7m")), FOUND)
        # a length may have up to 127 octets
        for kind, want in ((signed(multipart(B64, CODED)), FOUND),
                           (b"0\x82\1\0" + PKCS7 + b"\3" + bytes(300),
                            LOCKED)):
            for octets in (20, 127):
                self.assertEqual(self.verdict(
                    bytes((0x30, 0x80 | octets))
                    + (len(kind) - 4).to_bytes(octets, "big") + kind[4:]),
                    want)
        self.assertEqual(self.verdict(b"0123 OK"), "OK")
        clean = signed(mail(B64, base64.encodebytes(b"hello")))
        self.assertEqual(self.verdict(attached(clean)), "OK")

    def test_enveloped_mail_is_behind_a_password(self):
        data = der(0x30, PKCS7 + b"\3", der(0xa0, der(0x30, b"\2\1\0",
                                                      bytes(90))))
        self.assertEqual(self.verdict(attached(data, "smime.p7m")), LOCKED)

    def test_binhex_is_opened(self):
        clean, both = binhex(b"nothing"), binhex(EICAR)
        self.all_found(
            alone=both, text=mail(b"X-A: b", b"see:\n" + both),
            resources=mail(b"X-A: b", binhex(b"x", EICAR)),
            second=mail(b"X-A: b", clean + clean + both),
            coded=mail(B64, base64.encodebytes(both)),
            beside_uu=mail(b"X-A: b", uuencoded(b"x") + both),
            zip=mail(b"X-A: b", binhex(zipped(EICAR))),
            repeated=mail(b"X-A: b", binhex(bytes(700) + zipped(EICAR, 0))))
        self.all_said("OK", clean=mail(b"X-A: b", clean), words=mail(
            b"X-A: b", b"(This file must be converted with BinHex 4.0)\n"
            b"is what such files begin with."))
        self.all_said(DAMAGED, cut=mail(b"X-A: b", clean[:80]),
                      short=mail(b"X-A: b", clean[:-12] + b":"))

    def test_apple_single_is_opened(self):
        head = struct.pack(">II16sHIIIIII", 0x51600, 0x20000, b"", 2,
                           3, 50, 5, 1, 55, len(EICAR))
        self.all_found(both=attached(head + b"a.com" + EICAR))
        self.all_said(DAMAGED, cut=attached(head + b"a.com" + EICAR[:60]),
                      short=attached(head[:30]))


class Served(test_scanner.Case):
    def test_the_server_sees_what_the_command_sees(self):
        server = self.server(scan__damaged="refuse", scan__unopened="refuse",
                             scan__encrypted="refuse", scan__warn="off")
        flat = base64.b64encode(EICAR)
        rfc822 = b"Content-Type: message/rfc822\n"
        whole = mail(B64, CODED)
        for name, data in (
                ("a rule within", mail(B64, flat[:20] + b"\n---\n\n"
                                       + flat[20:])),
                ("padding within", mail(B64, flat[:6] + b"=" + flat[6:])),
                ("blanks behind", mail(B64 + b"\n \n" + flat[:9] + b":"
                                       + flat[9:], b"")),
                ("a mail in base64", multipart(
                    rfc822 + B64, base64.encodebytes(b"\n" + whole))),
                ("signed", attached(signed(whole, 50), "smime.p7m")),
                ("uuencoded", mail(b"X-A: b", b"x\n" + uuencoded(EICAR))),
                ("winmail.dat", attached(tnef_of(whole), "winmail.dat")),
                ("part", mail(b"Content-Type: message/partial; number=1; "
                              b"total=2; id=a", b"x")),
                ("locked", attached(der(0x30, PKCS7 + b"\3", b"\xa0\0"))),
                ("clean", multipart(B64, base64.encodebytes(b"hello")))):
            with self.subTest(name):
                code, _ = self.stranger(
                    server, data.replace(b"\r", b"").replace(
                        b"\n", b"\r\n"))
                self.assertEqual(code, 250 if name == "clean" else 554)
        self.assertEqual(len(self.held(server)), 7)


if __name__ == "__main__":
    unittest.main()
