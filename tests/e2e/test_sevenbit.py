"""8-bit mail to a server that takes only 7-bit: nothing in it is lost.

Python's own parser, which knows nothing of ours, must read the same parts with
the same octets from what was sent and from what arrived.
"""

import email
import email.policy
import os
import random
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
import test_dkim  # noqa: E402
from test_relay import arrived, emptied, settings, submit  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_SEVENBIT")

OLD = ("PIPELINING", "SIZE 50000000", "DSN", "ENHANCEDSTATUSCODES")
HEAD = b"From: ann@home.example\r\nTo: far@x.example\r\nSubject: x\r\n"
WORDS = [b"plain", "größer".encode(), "メール".encode(), b"a=b", b"=41",
         b"\xff\xfe", b".", b"From here", b"\t", b" ", b"--b0", b"x" * 200,
         b"\xe9" * 90, b"--", b"\x01\x7f"]


def generated_body(rng):
    lines = [b" ".join(rng.choices(WORDS, k=rng.randrange(0, 12)))
             for _ in range(rng.randrange(0, 12))]
    return b"".join(line + b"\r\n" for line in lines)


def generated_part(rng, depth, names):
    """Its header fields and its body, as octets."""
    kind = rng.choice(["text", "html", "image", "none", "qp", "base64"]
                      + ["multi"] * (2 if depth < 4 else 0))
    label = rng.choice([b"", b"Content-Transfer-Encoding: 8bit\r\n",
                        b"content-transfer-encoding: 8BIT \r\n"])
    if kind == "multi":
        name = f"b{next(names)}{rng.choice(['', ' x', '=', '-' * 40])}"
        head = ("Content-Type: multipart/mixed;\r\n"
                f'\tboundary="{name}"\r\n').encode()
        body = b"".join(
            f"\r\n--{name}{rng.choice(['', ' '])}\r\n".encode() + b"\r\n".join(
                generated_part(rng, depth + 1, names))
            for _ in range(rng.randrange(1, 4)))
        return head + label, body + f"\r\n--{name}--\r\n".encode()
    if kind == "qp":
        return (b"Content-Type: text/plain\r\n"
                b"Content-Transfer-Encoding: quoted-printable\r\n",
                b"=C3=BC and =\r\nmore=20\r\n")
    if kind == "base64":
        return (b"Content-Transfer-Encoding: base64\r\n"
                b"Content-Type: image/png\r\n", b"iVBORw0K\r\n")
    head = {"text": b"Content-Type: text/plain; charset=utf-8\r\n",
            "html": b"Content-Type: TEXT/html;\r\n charset=latin1\r\n",
            "image": b"Content-Type: image/x; name=\"\xfc;a\"\r\n",
            "none": b""}[kind]
    return (head + label if rng.random() < 0.5 else label + head,
            generated_body(rng))


def read(data):
    """What a reader sees: each part's type and octets."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    parts = []
    for part in message.walk():
        if part.is_multipart():
            parts.append((part.get_content_type(), None))
            continue
        octets = part.get_payload(decode=True)
        parts.append((part.get_content_type(),
                      octets.replace(b"\r\n", b"\n")))
    return parts


def leaves(data):
    return [p for p in email.message_from_bytes(data).walk()
            if not p.is_multipart()]


def high_parts(data):
    """Does any part's body hold octets above 127?"""
    return any(not part.get_payload().isascii() for part in leaves(data))


class SevenBit(unittest.TestCase):
    def test_python_reads_the_same_before_and_after(self):
        rng = random.Random(6152)
        sent = []
        for _ in range(100):
            names = iter(range(1000))
            head, body = generated_part(rng, rng.choice([0, 0, 4]), names)
            sent.append(HEAD + b"MIME-Version: 1.0\r\n" + head + b"\r\n"
                        + body)
        with farend.Server(offers=OLD) as far, gatepost.Server(
                settings=settings(far, queue__per_destination="1",
                                  dkim__domains="home.example",
                                  limit__per_hour="1000")) as server:
            server.run("dkim", "keygen")
            key = test_dkim.key_of(server)
            for i, text in enumerate(sent):
                submit(server, "ann@home.example", [f"f{i}@x.example"], text)
            arrived(far, len(sent))
            emptied(server)
        self.assertEqual(far.bare, [])
        for message in far.messages:
            number = int(re.search(rb"f(\d+)@", message.recipients[0])[1])
            text = sent[number]
            with self.subTest(number=number):
                self.assertEqual(read(message.data), read(text))
                self.assert_seven_bit(message, high_parts(text))
                self.assertTrue(test_dkim.by_python(message.data, key))

    def assert_seven_bit(self, message, relabelled=True):
        self.assertNotIn(b"BODY=", message.sender)
        size = int(re.search(rb"SIZE=(\d+)", message.sender)[1])
        self.assertEqual(size, len(message.data))
        for part in leaves(message.data):
            label = str(part["Content-Transfer-Encoding"]).lower()
            self.assertFalse(relabelled and "8bit" in label, label)
        self.assertFalse(high_parts(message.data))

    def test_8bit_mail_stays_as_it_is_where_it_is_taken(self):
        text = HEAD + "\r\ngrößer\r\n".encode()
        with farend.Server() as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"], text,
                   ["BODY=8BITMIME"])
            message = arrived(far)[0]
            emptied(server)
        self.assertTrue(message.data.endswith(text))
        self.assertIn(b"BODY=8BITMIME", message.sender)

    def test_chunks_carry_the_same(self):
        text = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" \
            + "größer und größer\r\n".encode() * 5000
        with farend.Server(offers=OLD + ("CHUNKING",)) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"], text)
            message = arrived(far)[0]
            emptied(server)
        self.assertEqual(read(message.data), read(text))
        self.assert_seven_bit(message)

    def test_what_must_not_be_touched_comes_back_with_the_reason(self):
        signed = (b'Content-Type: multipart/signed; boundary=b\r\n\r\n'
                  b"--b\r\n\r\ngr\xc3\xbc\xc3\x9fe\r\n--b\r\n\r\nsig\r\n"
                  b"--b--\r\n")
        inner = (b"Content-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\n"
                 b"gr\xc3\xbc\xc3\x9fe\r\n")
        with farend.Server(offers=OLD) as far, \
                gatepost.Server(settings=settings(far)) as server:
            for text in (signed, inner):
                submit(server, "ann@home.example", ["far@x.example"],
                       HEAD + b"MIME-Version: 1.0\r\n" + text)
            emptied(server)
            self.assertEqual(far.messages, [])
            notes = b"".join(server.stored("ann"))
        self.assertEqual(notes.count(b"Status: 5.6.3"), 2)
        self.assertIn(b"takes only 7-bit mail, but a signed or encrypted "
                      b"part holds 8-bit text", notes)
        self.assertIn(b"but a message within the message", notes)

    def deliver(self, offers, text, sender="ann@home.example",
                to=("far@x.example",), utf8=True, **more):
        """What arrives, and the notices for ann."""
        with farend.Server(offers=offers) as far, gatepost.Server(
                settings=settings(far, **more)) as server:
            with gatepost.Talk(server.port("smtps"), tls=True) as talk:
                talk.reply()
                talk.expect(250, "EHLO me")
                talk.expect(235, "AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==")
                talk.expect(250, f"MAIL FROM:<{sender}> BODY=8BITMIME"
                            + (" SMTPUTF8" if utf8 else ""))
                for one in to:
                    talk.expect(250, f"RCPT TO:<{one}>")
                talk.expect(354, "DATA")
                talk.send(text)
                talk.expect(250, ".")
            emptied(server)
            self.assertEqual(far.bare, [])
            return far.messages, b"".join(server.stored("ann"))

    HEADER = ("Subject: Grüße aus Köln, mit einem langen Ende, das über "
              "mehrere Zeilen geht, ÄÖÜ\r\n"
              "From: \"Jörg, M.\" <ann@home.example>\r\n"
              "To: メール友達 <far@x.example>,\r\n\tb@x.example (Büro)\r\n"
              "X-Plain:  a  b \r\n\tc\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
              "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
              "größer\r\n"
              "--b\r\nContent-Type: text/plain;\r\n\tname=\"äö ü.txt\"\r\n"
              "Content-Disposition: attachment; filename=\"äö ü.txt\"\r\n"
              "Content-Description: Übersicht\r\n\r\nx\r\n--b--\r\n"
              ).encode()

    def assert_reads_the_same(self, data):
        """Python's parser, by its modern policy, sees the same texts."""
        policy = email.policy.SMTP
        was = email.message_from_bytes(self.HEADER, policy=email.policy.SMTPUTF8)
        now = email.message_from_bytes(data, policy=policy)
        self.assertTrue(data.split(b"\r\n\r\n")[0].isascii())
        for name in ("Subject", "From", "To", "X-Plain"):
            self.assertEqual(" ".join(now[name].split()),
                             " ".join(str(was[name]).split()))
        self.assertEqual([(a.display_name, a.addr_spec)
                          for a in now["From"].addresses],
                         [("Jörg, M.", "ann@home.example")])
        part = list(now.iter_parts())[1]
        self.assertEqual(part.get_filename(), "äö ü.txt")
        self.assertEqual(part.get_param("name"), "äö ü.txt")
        self.assertEqual(part["Content-Description"], "Übersicht")
        self.assertTrue(data[data.index(b"--b"):].split(b"\r\n\r\n")[0]
                        .isascii())

    def test_utf8_fields_are_rewritten_where_they_are_not_taken(self):
        eight = OLD + ("8BITMIME",)
        for offers in (OLD, eight):
            for chunks in ((), ("CHUNKING",)):
                with self.subTest(offers=offers + chunks):
                    (message,), _ = self.deliver(offers + chunks, self.HEADER)
                    self.assertNotIn(b"SMTPUTF8", message.sender)
                    size = int(re.search(rb"SIZE=(\d+)", message.sender)[1])
                    self.assertEqual(size, len(message.data))
                    self.assert_reads_the_same(message.data)
                    self.assertIn(b"X-Plain:  a  b \r\n\tc\r\n", message.data)
                    if offers == eight:
                        self.assertIn("\r\ngrößer\r\n".encode(),
                                      message.data)
                    else:
                        self.assertTrue(message.data.isascii())

    def test_rewritten_fields_are_what_is_signed(self):
        with farend.Server(offers=OLD) as far, gatepost.Server(
                settings=settings(far, dkim__domains="home.example")
                ) as server:
            server.run("dkim", "keygen")
            key = test_dkim.key_of(server)
            submit(server, "ann@home.example", ["far@x.example"], self.HEADER)
            message, = arrived(far)
            emptied(server)
        self.assertTrue(test_dkim.by_python(message.data, key))

    def test_raw_latin1_fields_name_the_message_s_character_set(self):
        text = (b"From: J\xf6rg <ann@home.example>\r\nSubject: gr\xfc\xdfe\r\n"
                b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nx\r\n")
        (message,), _ = self.deliver(OLD, text, utf8=False)
        got = email.message_from_bytes(message.data, policy=email.policy.SMTP)
        self.assertEqual(got["Subject"], "grüße")
        self.assertEqual(got["From"].addresses[0].display_name, "Jörg")

    def test_fields_stay_as_they_are_where_smtputf8_is_taken(self):
        offers = OLD + ("8BITMIME", "SMTPUTF8")
        (message,), _ = self.deliver(offers, self.HEADER)
        self.assertTrue(message.data.endswith(self.HEADER))
        self.assertIn(b"SMTPUTF8", message.sender)

    def test_an_address_in_a_field_that_has_no_other_form_comes_back(self):
        text = ("From: jörg@home.example\r\nSubject: x\r\n\r\nx\r\n").encode()
        for offers in (OLD, OLD + ("8BITMIME",)):
            messages, note = self.deliver(offers, text)
            self.assertEqual(messages, [])
            self.assertIn(b"Status: 5.6.7", note)
            self.assertIn(b"takes only ASCII in header fields, but a header "
                          b"field has an address that is not ASCII", note)

    def test_of_several_recipients_only_the_other_ones_come_back(self):
        text = HEAD + "\r\ngrößer\r\n".encode()
        messages, note = self.deliver(
            OLD + ("8BITMIME",), text,
            to=("a@x.example", "größer@x.example", "b@x.example"))
        self.assertEqual([r.split(b":")[1] for m in messages
                          for r in m.recipients],
                         [b"<a@x.example>", b"<b@x.example>"])
        self.assertIn(b"BODY=8BITMIME", messages[0].sender)
        self.assertEqual(note.count(b"Status: 5.6.7"), 1)
        self.assertNotIn(b"a@x.example\r\nAction: failed", note)

    def test_an_alias_beyond_ascii_leaves_no_trace_of_it(self):
        """Our own Received names the address that it came for."""
        with farend.Server(offers=OLD) as far, gatepost.Server(
                settings=settings(far), users={"ann": "a"}) as server:
            server.run("set", "forward.ann=out@x.example")
            with server.smtp(hello="me") as talk:
                talk.expect(250, "MAIL FROM:<a@y.example> SMTPUTF8")
                talk.expect(250, "RCPT TO:<ann+größer@home.example>")
                talk.expect(354, "DATA")
                talk.send(b"Subject: x\r\n\r\nbody\r\n")
                talk.expect(250, ".")
            message, = arrived(far)
            emptied(server)
        self.assertTrue(message.data.isascii(), message.data)

    def test_a_utf8_address_needs_a_server_that_knows_them(self):
        with farend.Server(offers=OLD) as far, \
                gatepost.Server(settings=settings(far)) as server:
            with gatepost.Talk(server.port("smtps"), tls=True) as talk:
                talk.reply()
                talk.expect(250, "EHLO me")
                talk.expect(235, "AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==")
                talk.expect(250, "MAIL FROM:<ann@home.example> SMTPUTF8")
                talk.expect(250, "RCPT TO:<größer@x.example>")
                talk.expect(354, "DATA")
                talk.send(HEAD + b"\r\nbody\r\n")
                talk.expect(250, ".")
            emptied(server)
            note, = server.stored("ann")
        self.assertEqual(far.messages, [])
        self.assertIn(b"Status: 5.6.7", note)
        self.assertIn(b"does not take addresses that are not ASCII", note)


if __name__ == "__main__":
    unittest.main()
