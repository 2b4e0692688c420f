"""The SMTP server, spoken to byte by byte: R5, R8, R13, R15, T1-T4, T8-T14.

test-seconds: 400
"""

import json
import os
import re
import socket
import time
import unittest

import gatepost

ANN = "ann@home.example"
BOB = "bob@home.example"
DENIED = ("sorry, that domain isn't in my list of allowed rcpthosts "
          "(#5.7.1)")


class ServerCase(unittest.TestCase):
    """One server for all tests of a class; each test leaves it empty."""

    settings = {}
    users = {"ann": "open sesame", "bob": "a2"}

    @classmethod
    def setUpClass(cls):
        cls.server = gatepost.Server(users=cls.users, settings=cls.settings)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def setUp(self):
        self.before = {u: len(self.server.stored(u)) for u in self.users}

    def arrived(self, user):
        """What has come for a user since the test began."""
        return self.server.stored(user)[self.before[user]:]

    def talk(self, service="smtp", hello="me.example"):
        talk = self.server.smtp(service, hello)
        self.addCleanup(talk.close)
        return talk

    def envelope(self, talk, sender="x@far.example", to=ANN):
        talk.expect(250, f"MAIL FROM:<{sender}>")
        talk.expect(250, f"RCPT TO:<{to}>")

    def data(self, talk, text, code=250):
        """One message by DATA; `text` as it goes over the wire."""
        self.envelope(talk)
        talk.expect(354, "DATA")
        talk.send(text)
        got, lines = talk.reply()
        self.assertEqual(got, code, lines)
        return lines

    def still_works(self, talk):
        """The next reply belongs to the next command: none too many."""
        self.assertEqual(talk.command("NOOP")[0], 250)


class Hello(ServerCase):
    def test_announces_its_extensions(self):
        talk = self.talk(hello=None)
        lines = talk.expect(250, "EHLO me.example")
        words = {line.split()[0] for line in lines[1:]}
        self.assertLessEqual(
            {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8",
             "ENHANCEDSTATUSCODES", "STARTTLS", "CHUNKING", "LIMITS"}, words)
        self.assertEqual("DSN" in words, bool(gatepost.config("ENABLE_RELAY")))
        self.assertTrue(lines[0].startswith("gate.example"))
        self.assertTrue(any(re.fullmatch(r"SIZE \d+", x) for x in lines))
        self.assertTrue(any("RCPTMAX=" in x for x in lines))

    def test_offers_no_plain_text_login_before_tls(self):
        lines = self.talk(hello=None).expect(250, "EHLO me.example")
        for line in lines:
            self.assertNotRegex(line, r"^AUTH.*\b(PLAIN|LOGIN)\b")

    def test_offers_login_and_no_second_starttls_under_tls(self):
        for service in ("smtps", "smtp"):
            talk = self.talk(service, hello=None)
            if service == "smtp":
                talk.expect(250, "EHLO me.example")
                talk.expect(220, "STARTTLS")
                talk.secure()
            lines = talk.expect(250, "EHLO me.example")
            auth = [x for x in lines if x.startswith("AUTH ")]
            self.assertEqual(len(auth), 1, lines)
            self.assertLessEqual({"PLAIN", "LOGIN"}, set(auth[0].split()))
            self.assertNotIn("STARTTLS", lines)

    def test_helo_announces_nothing(self):
        talk = self.talk(hello=None)
        self.assertEqual(len(talk.expect(250, "HELO old.example")), 1)
        self.envelope(talk)

    def test_wants_a_name(self):
        talk = self.talk(hello=None)
        self.assertEqual(talk.command("EHLO")[0], 501)
        self.assertEqual(talk.command("MAIL FROM:<a@b>")[0], 503)

    def test_ehlo_again_resets_the_transaction(self):
        talk = self.talk()
        self.envelope(talk)
        talk.expect(250, "EHLO me.example")
        self.assertEqual(talk.command("DATA")[0], 503)
        self.assertEqual(talk.command(f"RCPT TO:<{ANN}>")[0], 503)

    def test_verbs_in_any_case(self):
        talk = self.talk(hello=None)
        talk.expect(250, "ehlo me.example")
        talk.expect(250, "mail from:<a@b.example>")
        talk.expect(250, f"Rcpt to:<{ANN}>")
        talk.expect(250, "rset")
        talk.expect(221, "quit")
        self.assertTrue(talk.at_end())

    def test_quit_closes(self):
        talk = self.talk()
        talk.expect(221, "QUIT")
        self.assertTrue(talk.at_end())


class Order(ServerCase):
    def test_commands_out_of_order(self):
        talk = self.talk()
        for command in (f"RCPT TO:<{ANN}>", "DATA", "BDAT 0 LAST"):
            self.assertEqual(talk.command(command)[0], 503, command)
        talk.expect(250, "MAIL FROM:<a@b.example>")
        self.assertEqual(talk.command("MAIL FROM:<a@b.example>")[0], 503)
        self.assertIn(talk.command("DATA")[0], (503, 554))
        talk.expect(250, "RSET")
        self.assertEqual(talk.command(f"RCPT TO:<{ANN}>")[0], 503)

    def test_unknown_commands(self):
        talk = self.talk()
        for command in ("FROB", "", " ", "NOOPX", "MAILFROM:<a@b>", "\t"):
            self.assertEqual(talk.command(command)[0], 500, command)
        self.still_works(talk)

    def test_probing_tells_nothing(self):
        talk = self.talk()
        self.assertEqual(talk.command("VRFY ann")[0], 252)
        self.assertEqual(talk.command("VRFY nobody")[0], 252)
        self.assertEqual(talk.command("EXPN staff")[0], 502)

    def test_bad_recipients_make_it_slower(self):
        """The end after twenty stands in the talks: here it takes minutes."""
        talk = self.talk()
        talk.expect(250, "MAIL FROM:<a@b.example>")
        took = []
        for i in range(5):
            began = time.monotonic()
            talk.expect(550, f"RCPT TO:<u{i}@home.example>")
            took.append(time.monotonic() - began)
        self.assertLess(max(took[:3]), 0.9)
        self.assertGreater(took[3], 0.9)
        self.assertGreater(took[4], took[3] + 0.5)
        self.still_works(self.talk())

    def test_browsers_are_cut_off(self):
        for method in (b"GET / HTTP/1.1", b"POST / HTTP/1.1",
                       b"OPTIONS * HTTP/1.1", b"PUT /x HTTP/1.0"):
            talk = self.talk(hello=None)
            talk.send(method + b"\r\nHost: x\r\n\r\n"
                      b"EHLO x\r\nMAIL FROM:<a@b.example>\r\n")
            while True:
                code, _ = talk.reply()
                self.assertIn(code, (None, 421, 500, 554))
                if code is None:
                    break

    def test_null_sender_is_a_sender(self):
        talk = self.talk()
        self.envelope(talk, sender="")
        talk.expect(354, "DATA")
        self.assertEqual(talk.command("x: y\r\n\r\n.")[0], 250)

    def test_a_message_after_a_refused_one(self):
        talk = self.talk()
        self.data(talk, b"a\nb\r\n.\r\n", 550)
        self.data(talk, b"Subject: good\r\n\r\n.\r\n")
        self.assertEqual(len(self.arrived("ann")), 1)


class Smuggling(ServerCase):
    """T1: nothing but CR LF . CR LF ends a message, in DATA and BDAT."""

    FALSE_ENDS = [
        b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\n", b"\n.\r",
        b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\r\n", b"\r\n.\r\x00",
        b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\0\r\n.\n", b"\n\n.\n\n",
        b"\r\r.\r\r", b"\n\r.\n\r", b"\r\n.\n\r\n", b"\n.\r\n\r\n",
        b"\r\n.\r\0\n", b"\x0b.\x0b\n", b"\x0c.\x0c\n", b"\x85.\x85\n",
        b"\r\n..\n", b"\r\n. \n", b"\r\n.\t\n", b"\r\r\n.\n",
    ]
    SMUGGLED = (b"MAIL FROM:<evil@far.example>\r\nRCPT TO:<" + BOB.encode()
                + b">\r\nDATA\r\nFrom: boss\r\n\r\nsmuggled\r\n")

    def one(self, false_end, drip):
        talk = self.talk()
        self.envelope(talk)
        talk.expect(354, "DATA")
        text = (b"Subject: x\r\n\r\nfirst" + false_end + self.SMUGGLED
                + b"\r\n.\r\n")
        (talk.drip if drip else talk.send)(text)
        code, lines = talk.reply()
        self.assertEqual(code, 550, lines)
        self.still_works(talk)
        talk.expect(221, "QUIT")

    def test_no_false_end_of_data_whole(self):
        for false_end in self.FALSE_ENDS:
            with self.subTest(false_end):
                self.one(false_end, drip=False)
        self.assertEqual(self.arrived("ann") + self.arrived("bob"), [])

    def test_no_false_end_of_data_byte_by_byte(self):
        for false_end in self.FALSE_ENDS:
            with self.subTest(false_end):
                self.one(false_end, drip=True)
        self.assertEqual(self.arrived("ann") + self.arrived("bob"), [])

    def test_a_bare_cr_just_before_the_end(self):
        for text in (b"a\r\r\n.\r\n", b"\r\r\n.\r\n", b"a\n\r\n.\r\n",
                     b"\n\r\n.\r\n", b"\0\r\n.\r\n"):
            with self.subTest(text):
                talk = self.talk()
                self.data(talk, text, 550)
                self.still_works(talk)
        self.assertEqual(self.arrived("ann"), [])

    def test_the_true_end_cut_anywhere(self):
        text = b"Subject: cut\r\n\r\n..x\r\n.\r\n"
        talk = self.talk()
        for i in range(1, len(text)):
            self.envelope(talk)
            talk.expect(354, "DATA")
            talk.send(text[:i])
            time.sleep(0.002)
            talk.send(text[i:])
            self.assertEqual(talk.reply()[0], 250)
        found = self.arrived("ann")
        self.assertEqual(len(found), len(text) - 1)
        for message in found:
            self.assertTrue(message.endswith(b"Subject: cut\n\n.x\n"))

    def test_bdat_takes_dots_as_they_are(self):
        body = b"Subject: b\r\n\r\n.\r\n..\r\nMAIL FROM:<a@b>\r\n.\r\n"
        talk = self.talk()
        self.envelope(talk)
        talk.send(b"BDAT %d LAST\r\n" % len(body) + body)
        self.assertEqual(talk.reply()[0], 250)
        self.still_works(talk)
        self.assertTrue(self.arrived("ann")[0].endswith(
            body.replace(b"\r\n", b"\n")))

    def test_bdat_refuses_what_data_refuses(self):
        for drip in (False, True):
            for body in (b"a\nb\r\n", b"a\rb\r\n", b"a\0b\r\n", b"a\r",
                         b"a\r\r\n", b"\n.\n", b"\r\n.\n" + self.SMUGGLED):
                with self.subTest(body, drip=drip):
                    talk = self.talk()
                    self.envelope(talk)
                    text = b"BDAT %d LAST\r\n" % len(body) + body
                    (talk.drip if drip else talk.send)(text)
                    self.assertEqual(talk.reply()[0], 550)
                    self.still_works(talk)
        self.assertEqual(self.arrived("ann") + self.arrived("bob"), [])

    def test_a_line_end_may_lie_across_chunks(self):
        talk = self.talk()
        self.envelope(talk)
        talk.send(b"BDAT 4\r\na: b\r")  # the CR belongs to the next command
        self.assertEqual(talk.reply()[0], 250)
        self.assertEqual(talk.reply()[0] if False else
                         talk.command("")[0], 500)

    def test_chunks_split_between_cr_and_lf(self):
        talk = self.talk()
        self.envelope(talk)
        talk.send(b"BDAT 5\r\na: b\r")
        self.assertEqual(talk.reply()[0], 250)
        talk.send(b"BDAT 6 LAST\r\n\n\r\nx\r\n")
        self.assertEqual(talk.reply()[0], 250)
        self.assertTrue(self.arrived("ann")[0].endswith(b"a: b\n\nx\n"))


class WrongBytes(ServerCase):
    """T2 and T14: wrong lines get one reply each and do nothing."""

    def test_nul_and_controls_in_commands(self):
        talk = self.talk()
        for line in (b"NOOP\0", b"\0NOOP", b"MAIL FROM:<a\0@b.example>",
                     b"RSET\0\0", b"NOOP\0 x" * 40):
            code, lines = talk.command(line)
            self.assertIn(code, (500, 501), lines)
            self.still_works(talk)

    def test_bytes_that_are_no_letters(self):
        talk = self.talk()
        for line in (b"\x80\xff\xfe", b"N\xc3\x96OP", b"\x1b[31m",
                     b"\x01\x02"):
            code, lines = talk.command(line)
            self.assertEqual(code, 500, lines)
        for line in (b"MAIL FROM:<a\x01@b.example>",
                     b"MAIL FROM:<\xff@b.example>",
                     b"MAIL FROM:<a@b\x7f.example>"):
            code, lines = talk.command(line)
            self.assertIn(code, (500, 501, 553), lines)
        self.still_works(talk)

    def test_bare_line_ends_in_commands(self):
        talk = self.talk()
        for text in (b"NOOP\n", b"NOOP\rNOOP\r\n", b"\rNOOP\r\n",
                     b"NOOP\r\r\n"):
            talk.send(text)
            self.assertEqual(talk.reply()[0], 500, text)
        self.still_works(talk)

    def test_a_long_command_gets_one_reply(self):
        for size in (2100, 5000, 70000, 3000000):
            for end in (b"\r\n",):
                talk = self.talk()
                talk.send(b"MAIL FROM:<" + b"a" * size + end)
                self.assertEqual(talk.reply()[0], 500)
                self.still_works(talk)

    def test_nothing_within_a_long_line_is_done(self):
        talk = self.talk()
        talk.send(b"NOOP " + b"x" * 5000 + b" QUIT\r" + b"y" * 5000
                  + b"\r\n")
        self.assertEqual(talk.reply()[0], 500)
        self.still_works(talk)

    def test_long_lines_in_a_message_are_kept(self):
        line = b"x" * 100000
        talk = self.talk()
        self.data(talk, b"a: b\r\n\r\n" + line + b"\r\n.\r\n")
        self.assertTrue(self.arrived("ann")[0].endswith(
            b"\n\n" + line + b"\n"))

    def test_a_giant_header_is_taken_or_refused_once(self):
        talk = self.talk()
        self.envelope(talk)
        talk.expect(354, "DATA")
        talk.send(b"X-Filler: y\r\n" * 50000 + b"\r\nbody\r\n.\r\n")
        self.assertIn(talk.reply()[0], (250, 552, 554))
        self.still_works(talk)


class StartTls(ServerCase):
    """T3: nothing said before TLS counts after it."""

    def test_what_came_with_starttls_is_thrown_away(self):
        for injected in (b"NOOP\r\n", b"MAIL FROM:<evil@far.example>\r\n"
                         b"RCPT TO:<ann@home.example>\r\n", b"NOO",
                         b"EHLO evil\r\n"):
            with self.subTest(injected):
                talk = self.talk()
                talk.send(b"STARTTLS\r\n" + injected)
                self.assertEqual(talk.reply()[0], 220)
                try:
                    talk.secure()
                except OSError:
                    continue  # the handshake refuses the foreign bytes
                self.assertEqual(
                    talk.command("RCPT TO:<ann@home.example>")[0], 503)
                self.assertEqual(talk.command("EHLO me.example")[0], 250)
                self.still_works(talk)

    def test_everything_is_forgotten(self):
        talk = self.talk()
        self.envelope(talk)
        code, _ = talk.command("STARTTLS")
        self.assertEqual(code, 220)
        talk.secure()
        for command in (f"RCPT TO:<{ANN}>", "DATA",
                        "MAIL FROM:<a@b.example>"):
            self.assertEqual(talk.command(command)[0], 503, command)

    def test_no_argument_and_only_once(self):
        talk = self.talk()
        self.assertEqual(talk.command("STARTTLS now")[0], 501)
        talk.expect(220, "STARTTLS")
        talk.secure()
        talk.expect(250, "EHLO me.example")
        self.assertEqual(talk.command("STARTTLS")[0], 503)
        self.still_works(talk)

    def test_garbage_instead_of_a_handshake(self):
        talk = self.talk()
        talk.expect(220, "STARTTLS")
        talk.send(b"MAIL FROM:<a@b.example>\r\n" * 20)
        try:
            while talk.sock.recv(4096):
                pass
        except ConnectionError:
            pass
        self.still_works(self.talk())

    def test_a_message_through_each_door(self):
        for service, upgrade in (("smtp", False), ("smtp", True)):
            talk = self.talk(service)
            if upgrade:
                talk.expect(220, "STARTTLS")
                talk.secure()
                talk.expect(250, "EHLO me.example")
            self.data(talk, b"Subject: door\r\n\r\n.\r\n")
        plain, secure = self.arrived("ann")
        self.assertRegex(plain, rb"with ESMTP\b")
        self.assertRegex(secure, rb"with ESMTPS\b")
        self.assertRegex(secure, rb"TLSv?1\.2")


class Login(ServerCase):
    def secure_talk(self):
        talk = self.talk("submission")
        talk.expect(220, "STARTTLS")
        talk.secure()
        talk.expect(250, "EHLO me.example")
        return talk

    def test_no_secret_is_asked_for_in_plain_text(self):
        talk = self.talk("submission")
        for mechanism in ("PLAIN", "LOGIN",
                          "PLAIN " + gatepost.plain("ann", "open sesame")):
            self.assertEqual(talk.command(f"AUTH {mechanism}")[0], 538)
        self.assertEqual(talk.command("MAIL FROM:<a@b.example>")[0], 530)

    def test_submission_wants_a_login_before_any_mail(self):
        talk = self.secure_talk()
        code, lines = talk.command("MAIL FROM:<ann@home.example>")
        self.assertEqual(code, 530)
        self.assertTrue(lines[0].startswith("5.7.0"), lines)

    def test_plain_with_and_without_initial_response(self):
        response = gatepost.plain("ann", "open sesame")
        talk = self.secure_talk()
        talk.expect(235, f"AUTH PLAIN {response}")
        self.assertEqual(talk.command(f"AUTH PLAIN {response}")[0], 503)
        talk = self.secure_talk()
        self.assertEqual(talk.expect(334, "AUTH PLAIN"), [""])
        talk.expect(235, response)
        self.envelope(talk, sender="ann@home.example")

    def test_login_prompts_exactly(self):
        talk = self.secure_talk()
        self.assertEqual(talk.expect(334, "AUTH LOGIN"), ["VXNlcm5hbWU6"])
        self.assertEqual(talk.expect(334, "YW5u"), ["UGFzc3dvcmQ6"])
        talk.expect(235, "b3BlbiBzZXNhbWU=")

    def test_login_with_the_name_at_once(self):
        talk = self.secure_talk()
        self.assertEqual(talk.expect(334, "AUTH LOGIN YW5u"),
                         ["UGFzc3dvcmQ6"])
        talk.expect(235, "b3BlbiBzZXNhbWU=")

    def test_wrong_words_and_cancelling(self):
        talk = self.secure_talk()
        for wrong in "YW5u", gatepost.plain("ann", "x" * 300):
            self.assertEqual(talk.command("AUTH PLAIN " + wrong)[1], [
                "5.5.2 base64, but not what this mechanism sends"])
        known = talk.command("AUTH PLAIN " + gatepost.plain("ann", "wrong"))
        unknown = talk.command("AUTH PLAIN " + gatepost.plain("eve", "wrong"))
        self.assertEqual(known[0], 535)
        self.assertEqual(known, unknown)
        talk.expect(334, "AUTH LOGIN")
        self.assertEqual(talk.command("*")[0], 501)
        talk.expect(334, "AUTH LOGIN")
        self.assertEqual(talk.command("!!!")[0], 501)
        self.assertEqual(talk.command("AUTH FROBNICATE")[0], 504)
        self.still_works(talk)

    def test_after_login_relaying_is_permitted_or_denied_by_route_only(self):
        talk = self.secure_talk()
        talk.expect(235, "AUTH PLAIN " + gatepost.plain("ann", "open sesame"))
        self.envelope(talk, sender="ann@home.example", to=BOB)
        talk.expect(354, "DATA")
        talk.expect(250, "Subject: mine\r\n\r\nhello\r\n.")
        text = self.arrived("bob")[0]
        self.assertRegex(text, rb"with ESMTPSA\b")
        self.assertNotIn(b"open sesame", text)


class Relaying(ServerCase):
    """R5, T8, T9: none of the classic forms opens the relay."""

    FORMS = [
        "x@far.example", "x%far.example@home.example",
        "x@far.example@home.example", "\"x@far.example\"@home.example",
        "@home.example:x@far.example", "far.example!x@home.example",
        "\"x%far.example\"@home.example", "x%far.example@[127.0.0.1]",
        "x@[127.0.0.1]", "x@[10.0.0.1]", "far.example!x",
        "\"far.example!x\"@home.example", "x@home.example.far.example",
        "x@localhost", "\"x@far.example\"", "x%far.example",
        "@home.example,@gate.example:x@far.example", "x@far.example%",
        "x@[IPv6:::1]", "x@gate.example@far.example", "x@127.0.0.1",
    ]

    def test_no_classic_form_is_relayed(self):
        for form in self.FORMS:
            with self.subTest(form):
                talk = self.talk()
                talk.expect(250, "MAIL FROM:<spam@far.example>")
                code, lines = talk.command(f"RCPT TO:<{form}>")
                talk.close()
                self.assertIn(code, (501, 550, 553), lines)

    def test_local_looking_senders_open_nothing(self):
        for sender in (ANN, "", "postmaster@home.example", "x@localhost",
                       "x@[127.0.0.1]", "root"):
            with self.subTest(sender):
                talk = self.talk()
                if talk.command(f"MAIL FROM:<{sender}>")[0] == 250:
                    self.assertEqual(
                        talk.command("RCPT TO:<x@far.example>")[0], 553)

    def test_says_the_traditional_words(self):
        talk = self.talk()
        talk.expect(250, "MAIL FROM:<a@b.example>")
        self.assertEqual(talk.command("RCPT TO:<x@far.example>"),
                         (553, [f"5.7.1 {DENIED}"]))

    def test_unknown_users_are_refused_at_once(self):
        talk = self.talk()
        talk.expect(250, "MAIL FROM:<a@b.example>")
        code, lines = talk.command("RCPT TO:<nobody@home.example>")
        self.assertEqual(code, 550)
        self.assertTrue(lines[0].startswith("5.1.1"), lines)


class Parameters(ServerCase):
    settings = {"smtp.max_octets": 200000, "smtp.max_recipients": 12}

    def test_size(self):
        talk = self.talk()
        for value, code in (("200000", 250), ("200001", 552), ("0", 250),
                            ("99999999999999999999", (501, 552)),
                            ("", 501), ("-1", 501), ("12x", 501)):
            got, lines = talk.command(f"MAIL FROM:<a@b.example> SIZE={value}")
            self.assertIn(got, code if isinstance(code, tuple) else (code,),
                          f"{value}: {lines}")
            talk.expect(250, "RSET")

    def test_too_big_without_saying_so(self):
        talk = self.talk()
        self.data(talk, b"a: b\r\n\r\n" + b"x" * 78 + b"\r\n" * 120000
                  + b".\r\n", 552)
        self.still_works(talk)
        self.envelope(talk)
        chunk = b"y" * 99998 + b"\r\n"
        codes = []
        for i in range(3):
            talk.send(b"BDAT %d%s\r\n" % (len(chunk),
                                          b" LAST" if i == 2 else b"")
                      + chunk)
            codes.append(talk.reply()[0])
        self.assertIn(552, codes)
        self.still_works(talk)
        self.assertEqual(self.arrived("ann"), [])

    def test_recipients_over_the_limit_are_put_off(self):
        talk = self.talk()
        talk.expect(250, "MAIL FROM:<a@b.example>")
        for i in range(12):
            talk.expect(250, f"RCPT TO:<{(ANN, BOB)[i % 2]}>")
        self.assertEqual(talk.command(f"RCPT TO:<{ANN}>")[0], 452)
        talk.expect(354, "DATA")
        talk.expect(250, "Subject: twice named\r\n\r\n.")
        self.assertEqual(len(self.arrived("ann")), 1)
        self.assertEqual(len(self.arrived("bob")), 1)

    def test_limits_tells_the_number(self):
        talk = self.talk(hello=None)
        lines = talk.expect(250, "EHLO me.example")
        self.assertTrue(any("RCPTMAX=12" in x for x in lines), lines)
        self.assertIn("SIZE 200000", lines)

    def test_body(self):
        talk = self.talk()
        for word, codes in (("7BIT", (250,)), ("8BITMIME", (250,)),
                            ("8bitmime", (250,)), ("BINARYMIME", (501, 555)),
                            ("", (501, 555)), ("x", (501, 555))):
            code, lines = talk.command(f"MAIL FROM:<a@b.example> BODY={word}")
            self.assertIn(code, codes, f"{word}: {lines}")
            talk.expect(250, "RSET")

    def test_dsn_on_mail(self):
        talk = self.talk()
        for words, codes in (
                ("RET=FULL", (250,)), ("RET=HDRS", (250,)),
                ("RET=ALL", (501,)), ("ENVID=QQ314159", (250,)),
                ("ENVID=a+2Bb", (250,)), ("ENVID=a+b", (501,)),
                ("ENVID=", (501,)), ("RET=FULL RET=HDRS", (501,)),
                ("SIZE=1 SIZE=1", (501,)), ("ret=full envid=x", (250,)),
                ("FROB=1", (555,)), ("FROB", (555,))):
            code, lines = talk.command(f"MAIL FROM:<a@b.example> {words}")
            self.assertIn(code, codes, f"{words}: {lines}")
            talk.expect(250, "RSET")

    def test_dsn_on_rcpt(self):
        talk = self.talk()
        talk.expect(250, "MAIL FROM:<a@b.example>")
        for words, codes in (
                ("NOTIFY=NEVER", (250,)),
                ("NOTIFY=SUCCESS,FAILURE,DELAY", (250,)),
                ("notify=failure", (250,)), ("NOTIFY=NEVER,SUCCESS", (501,)),
                ("NOTIFY=", (501,)), ("NOTIFY=SUCCESS,", (501,)),
                ("NOTIFY=FROB", (501,)), ("ORCPT=rfc822;x+2By@z", (250,)),
                ("ORCPT=rfc822", (501,)), ("ORCPT=rfc822;x+y", (501,)),
                ("NOTIFY=NEVER NOTIFY=NEVER", (501,)), ("FROB=1", (555,))):
            code, lines = talk.command(f"RCPT TO:<{ANN}> {words}")
            self.assertIn(code, codes, f"{words}: {lines}")

    def test_smtputf8(self):
        talk = self.talk()
        code, lines = talk.command("MAIL FROM:<jörg@far.example>")
        self.assertIn(code, (501, 550, 553), lines)
        talk.expect(250, "MAIL FROM:<jörg@far.example> SMTPUTF8")
        code, lines = talk.command("RCPT TO:<jörg@home.example>")
        self.assertEqual(code, 550, lines)
        talk.expect(250, f"RCPT TO:<{ANN}>")
        talk.expect(354, "DATA")
        talk.expect(250, "Subject: grüße\r\n\r\n.")
        self.assertIn("Subject: grüße\n".encode(), self.arrived("ann")[0])
        self.assertRegex(self.arrived("ann")[0], rb"with UTF8SMTP\b")


class Pipelining(ServerCase):
    def test_a_whole_session_in_one_write(self):
        talk = self.talk(hello=None)
        talk.send(
            b"EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n"
            b"RCPT TO:<ann@home.example>\r\nRCPT TO:<no@home.example>\r\n"
            b"RCPT TO:<bob@home.example>\r\nDATA\r\n"
            b"Subject: one\r\n\r\nQUIT\r\n.\r\n"
            b"MAIL FROM:<>\r\nRCPT TO:<bob@home.example>\r\n"
            b"BDAT 14\r\nSubject: two\r\nBDAT 6 LAST\r\n\r\nhi\r\n"
            b"RSET\r\nQUIT\r\n")
        codes = []
        while True:
            code, _ = talk.reply()
            if code is None:
                break
            codes.append(code)
        self.assertEqual(codes, [250, 250, 250, 550, 250, 354, 250, 250, 250,
                                 250, 250, 250, 221])
        self.assertEqual(len(self.arrived("ann")), 1)
        self.assertEqual(len(self.arrived("bob")), 2)

    def test_the_same_byte_by_byte(self):
        talk = self.talk(hello=None)
        talk.drip(b"EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n"
                  b"RCPT TO:<ann@home.example>\r\nBDAT 14\r\n"
                  b"Subject: two\r\nBDAT 4 LAST\r\n\r\n\r\nQUIT\r\n")
        codes = []
        while True:
            code, _ = talk.reply()
            if code is None:
                break
            codes.append(code)
        self.assertEqual(codes, [250, 250, 250, 250, 250, 221])

    def test_data_after_no_valid_recipient_is_not_taken(self):
        talk = self.talk()
        talk.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<no@home.example>\r\n"
                  b"DATA\r\n")
        self.assertEqual(talk.reply()[0], 250)
        self.assertEqual(talk.reply()[0], 550)
        self.assertIn(talk.reply()[0], (503, 554))
        self.still_works(talk)

    def test_refused_chunks_are_skipped_to_their_end(self):
        talk = self.talk()
        for command, code in (
                (b"BDAT 14 LAST\r\nQUIT\r\nQUIT\r\n\r\n", 503),
                (b"MAIL FROM:<a@b.example>\r\n", 250),
                (b"BDAT 14 LAST\r\nQUIT\r\nQUIT\r\n\r\n", (503, 554)),
                (b"RSET\r\n", 250)):
            talk.send(command)
            got, lines = talk.reply()
            self.assertIn(got, code if isinstance(code, tuple) else (code,),
                          lines)
        self.still_works(talk)

    def test_bdat_and_data_do_not_mix(self):
        talk = self.talk()
        self.envelope(talk)
        talk.send(b"BDAT 6\r\na: b\r\n")
        self.assertEqual(talk.reply()[0], 250)
        self.assertEqual(talk.command("DATA")[0], 503)
        self.assertEqual(talk.command(f"RCPT TO:<{BOB}>")[0], 503)
        talk.expect(250, "RSET")
        self.assertEqual(self.arrived("ann"), [])

    def test_an_empty_message_by_bdat(self):
        talk = self.talk()
        self.envelope(talk)
        talk.expect(250, "BDAT 0 LAST")
        self.assertEqual(len(self.arrived("ann")), 1)

    def test_hundreds_of_messages_without_waiting(self):
        talk = self.talk()
        one = (b"MAIL FROM:<a@b.example>\r\nRCPT TO:<ann@home.example>\r\n"
               b"BDAT 5 LAST\r\na:b\r\n")
        n = 300
        for _ in range(n):
            talk.send(one)
        for _ in range(n):
            self.assertEqual([talk.reply()[0] for _ in range(3)],
                             [250, 250, 250])
        self.assertEqual(len(self.arrived("ann")), n)


class Trace(ServerCase):
    """R15 and T10."""

    def test_received_tells_how_it_came(self):
        talk = self.talk(hello="laptop.example")
        self.data(talk, b"Subject: t\r\n\r\n.\r\n")
        text = self.arrived("ann")[0]
        self.assertRegex(text, rb"(?m)^Return-Path: <x@far\.example>$")
        received = re.search(rb"(?m)^Received:.*\n(?:[ \t].*\n)*", text)
        self.assertIsNotNone(received, text)
        words = b" ".join(received.group().split())
        self.assertRegex(words, rb"from .*laptop\.example")
        self.assertRegex(words, rb"\[127\.0\.0\.1\]")
        self.assertRegex(words, rb"by gate\.example")
        self.assertRegex(words, rb"with ESMTP\b")
        self.assertRegex(words, rb"; \w{3}, \d{1,2} \w{3} \d{4} "
                                rb"\d\d:\d\d:\d\d [+-]\d{4}")

    def test_hello_that_was_refused_changes_nothing(self):
        talk = self.talk()
        self.assertEqual(talk.command("HELO")[0], 501)
        self.data(talk, b"Subject: t\r\n\r\n.\r\n")
        self.assertRegex(self.arrived("ann")[0], rb"with ESMTP\b")

    def test_names_in_hello_cannot_break_the_header(self):
        talk = self.talk(hello=None)
        for name in (b"x) by evil (y", b"x\x01y", b"<script>", b"a b c",
                     b"\"q\"", b"(((("):
            code, _ = talk.command(b"EHLO " + name)
            if code != 250:
                continue
            self.data(talk, b"Subject: t\r\n\r\n.\r\n")
            head = self.arrived("ann")[-1].split(b"\n\n")[0]
            self.assertNotIn(b"\x01", head)
            self.assertNotIn(b"by evil", head.replace(b"by evil (y", b"")
                             if b"from x) by evil" not in head else head)

    def test_a_hundred_hops_are_a_loop(self):
        def hops(n):
            return b"Received: from a by b; x\r\n" * n + b"\r\n.\r\n"
        talk = self.talk()
        self.data(talk, hops(99))
        lines = self.data(talk, hops(101), 554)
        self.assertTrue(lines[0].startswith("5.4.6"), lines)
        self.assertEqual(len(self.arrived("ann")), 1)

    def test_our_own_message_again_is_a_loop(self):
        talk = self.talk()
        self.data(talk, b"Subject: t\r\n\r\n.\r\n")
        stored = self.arrived("ann")[0]
        if b"Delivered-To:" in stored:
            again = stored.replace(b"\n", b"\r\n") + b".\r\n"
            lines = self.data(talk, again, 554)
            self.assertTrue(lines[0].startswith("5.4.6"), lines)


class Ending(unittest.TestCase):
    def test_sigterm_says_421_to_open_sessions(self):
        with gatepost.Server() as server:
            talks = [server.smtp(hello="me.example") for _ in range(3)]
            talks[1].expect(250, "MAIL FROM:<a@b.example>")
            talks[1].expect(250, f"RCPT TO:<{ANN}>")
            server.stop()
            for talk in talks:
                self.assertEqual(talk.reply()[0], 421)
                self.assertTrue(talk.at_end())
                talk.close()

    def test_a_message_cut_off_is_not_delivered(self):
        with gatepost.Server() as server:
            talk = server.smtp(hello="me.example")
            talk.expect(250, "MAIL FROM:<a@b.example>")
            talk.expect(250, f"RCPT TO:<{ANN}>")
            talk.expect(354, "DATA")
            talk.send(b"Subject: half\r\n\r\nhalf a mess")
            talk.close()
            time.sleep(0.2)
            talk = server.smtp(hello="me.example")
            talk.expect(250, "MAIL FROM:<a@b.example>")
            talk.expect(250, f"RCPT TO:<{ANN}>")
            talk.send(b"BDAT 100 LAST\r\nhalf")
            talk.close()
            time.sleep(0.2)
            server.restart()
            self.assertEqual(server.stored("ann"), [])

    def test_who_leaves_before_the_answer_leaves_nothing_behind(self):
        """The barrier may be at the message just then, with SIGTERM too."""
        with gatepost.Server() as server:
            for i in range(60):
                talk = server.smtp(hello="me.example")
                talk.expect(250, "MAIL FROM:<a@b.example>")
                talk.expect(250, f"RCPT TO:<{ANN}>")
                talk.expect(354, "DATA")
                talk.send(f"Subject: {i}\r\n\r\ntext\r\n.\r\n".encode())
                if i % 2:
                    time.sleep(0.0003 * (i % 10))
                if i == 59:
                    server.stop()
                talk.close()
                if i % 20 == 19 and i < 59:
                    gatepost.wait_for(lambda: self.in_use(server) == 0,
                                      "transactions")
            server.start()
            subjects = [re.search(rb"Subject: (\d+)", m)[1]
                        for m in server.fetch("ann")]
            self.assertEqual(len(subjects), len(set(subjects)))
            self.assertEqual(os.listdir(server.state + "/tmp"), [])

    @staticmethod
    def in_use(server):
        found = json.loads(server.run("status", "--json").stdout)
        return {p["name"]: p["used"] for p in found["pools"]}["txns"]

    def test_what_got_250_survives_a_kill(self):
        with gatepost.Server() as server:
            talk = server.smtp(hello="me.example")
            for i in range(20):
                talk.expect(250, "MAIL FROM:<a@b.example>")
                talk.expect(250, f"RCPT TO:<{ANN}>")
                talk.expect(354, "DATA")
                talk.expect(250, f"Subject: {i}\r\n\r\n.")
            server.kill()
            talk.close()
            server.start()
            self.assertEqual(len(server.fetch("ann")), 20)


class AtOnce(unittest.TestCase):
    """Whole dialogues in one write, the client's side closed behind them, as
    attack tools and simple devices do: each reply comes, in order."""

    @classmethod
    def setUpClass(cls):
        cls.server = gatepost.Server(
            users={"ann": "open sesame", "bob": "b"},
            settings={"auth.plaintext": "any"})
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.server.__enter__()

    def codes(self, data):
        """The codes of all last lines, up to the end of the connection."""
        with gatepost.Talk(self.server.port("smtp")) as talk:
            talk.send(data)
            talk.sock.shutdown(socket.SHUT_WR)
            got = b""
            while piece := talk.sock.recv(65536):
                got += piece
        self.assertTrue(got.endswith(b"\r\n"), got[-80:])
        return [int(line[:3]) for line in got.split(b"\r\n")[:-1]
                if line[3:4] == b" "]

    HEAD = b"EHLO me\r\nMAIL FROM:<a@b.example>\r\n" \
           b"RCPT TO:<bob@home.example>\r\n"

    def test_login_and_mail(self):
        login = gatepost.plain("ann", "open sesame").encode()
        for auth, codes in (
                (b"AUTH PLAIN " + login, [235]),
                (b"AUTH PLAIN\r\n" + login, [334, 235]),
                (b"AUTH LOGIN\r\nYW5u\r\nb3BlbiBzZXNhbWU=",
                 [334, 334, 235])):
            self.assertEqual(self.codes(
                b"EHLO me\r\n" + auth + b"\r\nMAIL FROM:<ann@home.example>"
                b"\r\nRCPT TO:<bob@home.example>\r\nDATA\r\nhi\r\n.\r\n"
                b"QUIT\r\n"), [220, 250, *codes, 250, 250, 354, 250, 221])

    def test_a_command_is_no_response(self):
        self.assertEqual(self.codes(
            b"EHLO me\r\nAUTH LOGIN\r\nMAIL FROM:<a@b.example>\r\n"
            b"RCPT TO:<bob@home.example>\r\nQUIT\r\n"),
            [220, 250, 334, 501, 503, 221])

    def test_what_is_behind_a_refused_chunk_is_no_command(self):
        swallowed = b"MAIL FROM:<evil@x.example>\r\n"
        last = b"BDAT %d LAST\r\n" % len(swallowed) + swallowed + b"QUIT\r\n"
        for before, codes in (
                (b"EHLO me\r\n", [220, 250]),
                (b"EHLO me\r\nMAIL FROM:<a@b.example>\r\n"
                 b"RCPT TO:<nobody@home.example>\r\n", [220, 250, 250, 550])):
            got = self.codes(before + last)
            self.assertEqual(got[:-2], codes)
            self.assertIn(got[-2], (503, 554))
            self.assertEqual(got[-1], 221)

    def test_a_chunk_whose_length_is_none_ends_the_connection(self):
        for words in (b"", b" -1", b" +5", b" 0x5", b" 5 FIRST", b" 5 LAST x",
                      b" 99999999999999999999 LAST"):
            self.assertEqual(
                self.codes(self.HEAD + b"BDAT" + words + b"\r\nhelloNOOP\r\n"
                           b"QUIT\r\n"), [220, 250, 250, 250, 501], words)

    def test_thousands_of_recipients(self):
        got = self.codes(self.HEAD + b"RCPT TO:<bob@home.example>\r\n" * 5000
                         + b"DATA\r\nhi\r\n.\r\nQUIT\r\n")
        self.assertEqual(got[-3:], [354, 250, 221])
        self.assertEqual(got.count(452), 4901)
        self.assertEqual(len(got), 2 + 1 + 5001 + 3)

    def test_a_message_without_its_end_is_not_taken(self):
        before = len(self.server.stored("bob"))
        for end in b"DATA\r\nhalf\r\n.", b"BDAT 100 LAST\r\nhalf":
            self.assertNotIn(221, self.codes(self.HEAD + end)[3:])
        self.assertEqual(len(self.server.stored("bob")), before)


if __name__ == "__main__":
    unittest.main()
