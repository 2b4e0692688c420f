"""Mail that goes on: queue, smarthost, a far end that misbehaves."""

import concurrent.futures
import email
import email.header
import email.utils
import os
import smtplib
import sys
import time
import unittest
import zlib

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_RELAY")

QUICK = {"queue.retry_seconds": "1", "queue.retry_max_seconds": "1",
         "listen.http": "off", "listen.https": "off"}
TEXT = (b"From: ann@home.example\r\nTo: far@x.example\r\nSubject: hello\r\n"
        b"\r\nOne.\r\n.two\r\n..\r\nfour\r\n")


def settings(far, **more):
    return {"route.smarthost": f"127.0.0.1:{far.port}", **QUICK,
            **{k.replace("__", "."): v for k, v in more.items()}}


def submit(server, sender, recipients, text=TEXT, options=(), rcpt_options=()):
    """Send as ann over port 465."""
    with smtplib.SMTP_SSL("127.0.0.1", server.port("smtps"),
                          context=gatepost.untrusting_tls()) as smtp:
        smtp.login("ann", server.users["ann"])
        return smtp.sendmail(sender, recipients, text, options, rcpt_options)


def arrived(far, n=1):
    gatepost.wait_for(lambda: len(far.messages) >= n, f"{n} messages arrive")
    return far.messages


def queue_folder(server):
    return os.path.join(server.state, "queue")


def queued(server):
    return [n for n in os.listdir(queue_folder(server)) if n[0] != "."]


def emptied(server):
    try:
        gatepost.wait_for(lambda: not queued(server), "the queue is empty")
    except AssertionError:
        raise AssertionError(
            server.run("queue", "list").stdout.decode()) from None


class Relay(unittest.TestCase):
    def test_passes_a_message_on_as_it_was(self):
        with farend.Server() as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            message = arrived(far)[0]
            emptied(server)
        self.assertEqual(message.sender.split()[1], b"FROM:<ann@home.example>")
        self.assertEqual(message.recipients, [b"RCPT TO:<far@x.example>"])
        self.assertTrue(message.data.endswith(TEXT))
        self.assertTrue(message.data.startswith(b"Received: from"))
        self.assertNotIn(b"Return-Path:", message.data)
        self.assertEqual(far.bare, [])


    @gatepost.needs_room("MAX_RECIPIENTS", 200)
    def test_sends_to_many_recipients_in_one_message(self):
        people = [f"p{i}@x.example" for i in range(150)]
        with farend.Server() as far, \
                gatepost.Server(settings=settings(
                    far, smtp__max_recipients="200")) as server:
            refused = submit(server, "ann@home.example", people)
            self.assertEqual(refused, {})
            gatepost.wait_for(
                lambda: sum(len(m.recipients) for m in far.messages) == 150,
                "all recipients")
            emptied(server)
            self.assertEqual(len(far.messages), 2)  # 100 and 50
            self.assertEqual(far.connections, 1)

    def test_keeps_mixed_mail_here_and_sends_it_on(self):
        with farend.Server() as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example",
                   ["ann@home.example", "far@x.example"])
            arrived(far)
            emptied(server)
            self.assertEqual(len(server.stored("ann")), 1)
            self.assertTrue(arrived(far)[0].data.endswith(TEXT))

    def test_mixed_mails_come_without_a_pause(self):
        envelope = (b"MAIL FROM:<ann@home.example>\r\n"
                    b"RCPT TO:<ann@home.example>\r\n"
                    b"RCPT TO:<far@x.example>\r\nDATA\r\n")
        with farend.Server() as far, \
                gatepost.Server(settings=settings(
                    far, relay__networks="127.0.0.0/8")) as server:
            talk = server.smtp(hello="me.example")
            talk.send(envelope)
            for last in range(10):
                self.assertEqual([talk.reply()[0] for _ in range(4)],
                                 [250, 250, 250, 354])
                talk.send(TEXT + b".\r\n" + (envelope if last < 9 else b""))
                self.assertEqual(talk.reply()[0], 250)
            arrived(far, 10)
            self.assertEqual(len(server.stored("ann")), 10)

    def test_uses_one_connection_for_messages_in_a_row(self):
        with farend.Server() as far, \
                gatepost.Server(settings=settings(
                    far, queue__per_destination="1")) as server:
            for _ in range(20):
                submit(server, "ann@home.example", ["far@x.example"])
            self.assertEqual(len(arrived(far, 20)), 20)
            emptied(server)
            self.assertLessEqual(far.connections, 2)

    def test_speaks_lmtp_with_a_result_for_each_recipient(self):
        with farend.Server(lmtp=True, faults={
                "end": [None, b"452 4.2.2 full\r\n"]}) as far, \
                gatepost.Server(settings={
                    "mail.lmtp": f"127.0.0.1:{far.port}", **QUICK},
                    users={"ann": "a", "ben": "b"}) as server:
            submit(server, "ann@home.example",
                   ["ann@home.example", "ben@home.example"])
            messages = arrived(far, 2)
            emptied(server)
        self.assertEqual(messages[0].hello[:4], b"LHLO")
        self.assertEqual(messages[0].recipients, [b"RCPT TO:<ann@gate.example>"])
        self.assertEqual(messages[1].recipients, [b"RCPT TO:<ben@gate.example>"])

    def test_a_large_message_goes_on_when_its_turn_was_long(self):
        """More than a turn's steps: 2 MiB, which the socket takes at once."""
        big = TEXT + b"0123456789 0123456789 0123456789\r\n" * 200000
        with farend.Server() as far, gatepost.Server(settings=settings(
                far, smtp__max_octets="9000000")) as server:
            submit(server, "ann@home.example", ["far@x.example"], big)
            self.assertTrue(arrived(far)[0].data.endswith(big))
            emptied(server)

    def test_a_server_that_always_hangs_up_is_left_alone(self):
        """Its session ends between EHLO and MAIL, without a result."""
        bye = (b"250 far.example\r\n421 4.3.2 bye\r\n", farend.CLOSE)
        with farend.Server(faults={"EHLO": bye}) as far, \
                gatepost.Server(settings=settings(
                    far, queue__retry_seconds="60",
                    queue__retry_max_seconds="60")) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: "closed the connection" in
                server.run("queue", "list").stdout.decode(), "the reason")
            self.assertLessEqual(far.connections, 2)

    def test_chunks_where_they_are_offered_and_falls_back(self):
        big = TEXT + b"0123456789\r\n" * 20000
        for faults in ({}, {"BDAT": b"502 5.5.1 no\r\n"}):
            with farend.Server(offers=farend.OFFERS + ("CHUNKING",),
                               faults=faults) as far, \
                    gatepost.Server(settings=settings(far)) as server:
                submit(server, "ann@home.example", ["far@x.example"], big)
                self.assertTrue(arrived(far)[0].data.endswith(big))
                emptied(server)
                self.assertEqual(far.bare, [])


class Headers(unittest.TestCase):
    BCC = (b"bcc: secret@x.example,\r\n\tother@x.example\r\nSubject: x\r\n"
           b"Resent-Bcc:\r\n one@x.example\r\nBcc-Like: stays\r\n\r\n"
           b"Bcc: in the body\r\n")
    LEFT = (b"Subject: x\r\nBcc-Like: stays\r\n\r\nBcc: in the body\r\n")

    def size_is_right(self, message):
        return int(message.sender.split(b"SIZE=")[1].split()[0]) \
            == len(message.data)

    def test_blind_recipients_of_our_people_are_taken_out(self):
        with farend.Server() as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example",
                   ["far@x.example", "ann@home.example"], self.BCC)
            message = arrived(far)[0]
            emptied(server)
            with server.smtp(hello="me") as talk:  # a stranger's are not ours
                talk.expect(250, "MAIL FROM:<x@y.example>")
                talk.expect(250, "RCPT TO:<ann@home.example>")
                talk.expect(354, "DATA")
                talk.send(self.BCC)
                talk.expect(250, ".")
            texts = server.fetch("ann")
        self.assertTrue(texts[1].endswith(self.BCC), texts)
        for text in (message.data, texts[0]):
            self.assertTrue(text.endswith(self.LEFT), text)
            self.assertNotIn(b"secret", text)
        self.assertTrue(self.size_is_right(message))

    def test_date_and_message_id_are_added_where_it_leaves(self):
        """To our people's mail, the same at each try; else nothing is."""
        with farend.Server(faults={"end": [b"451 4.3.0 later\r\n"]}) as far, \
                gatepost.Server(settings=settings(
                    far, forward__ann="ann@m.example")) as server:
            seen = []
            finish = farend.Handler.finish
            self.addCleanup(setattr, farend.Handler, "finish", finish)

            def watched(handler, data):
                seen.append(data)
                finish(handler, data)

            farend.Handler.finish = watched
            submit(server, "ann@home.example", ["far@x.example"])
            message = arrived(far)[0]
            self.assertEqual(len(seen), 2)
            self.assertEqual(seen[0], seen[1])
            got = email.message_from_bytes(message.data)
            self.assertRegex(got["Message-ID"], r"^<\S+@gate\.example>$")
            sent = email.utils.parsedate_to_datetime(got["Date"])
            self.assertLess(abs(sent.timestamp() - time.time()), 120)
            self.assertTrue(message.data.endswith(TEXT))
            self.assertTrue(message.data.startswith(b"Received: from"))
            self.assertTrue(self.size_is_right(message))
            whole = b"message-id: <1@x>\r\nDATE: today\r\n" + TEXT
            submit(server, "ann@home.example", ["far@x.example"], whole)
            second = arrived(far, 2)[1]
            got = email.message_from_bytes(second.data)
            self.assertEqual(got.get_all("Message-ID"), ["<1@x>"])
            self.assertEqual(got.get_all("Date"), ["today"])
            with server.smtp(hello="me") as talk:
                talk.expect(250, "MAIL FROM:<x@y.example>")
                talk.expect(250, "RCPT TO:<ann@home.example>")
                talk.expect(354, "DATA")
                talk.send(TEXT)
                talk.expect(250, ".")
            third = arrived(far, 3)[2]
            got = email.message_from_bytes(third.data)
            self.assertEqual((got["Message-ID"], got["Date"]), (None, None))
            emptied(server)

    def test_our_return_path_does_not_travel(self):
        """A forwarded message began as one for a mailbox here."""
        with farend.Server() as far, gatepost.Server(settings=settings(
                far, forward__ann="keep,ann@m.example")) as server:
            for sender in ("x@y.example", ""):
                with server.smtp(hello="me") as talk:
                    talk.expect(250, f"MAIL FROM:<{sender}>")
                    talk.expect(250, "RCPT TO:<ann@home.example>")
                    talk.expect(354, "DATA")
                    talk.send(TEXT)
                    talk.expect(250, ".")
            for message in arrived(far, 2):
                self.assertTrue(message.data.startswith(b"Delivered-To: ann@"))
                self.assertNotIn(b"Return-Path", message.data)
                self.assertTrue(self.size_is_right(message))
            emptied(server)
            for text in server.stored("ann"):
                self.assertTrue(text.startswith(b"Return-Path: <"))


SLOW = {"queue__retry_seconds": "3600", "queue__retry_max_seconds": "3600"}


class AtOnce(unittest.TestCase):
    """What the far end did is no reason to wait for the next try."""

    def test_chunks_that_are_refused_go_as_data_to_the_same_recipients(self):
        with farend.Server(offers=farend.OFFERS + ("CHUNKING",),
                           faults={"BDAT": b"502 5.5.1 no\r\n",
                                   "end": [b"502 5.5.1 no\r\n"],
                                   "RCPT": [None, b"550 5.1.1 no\r\n"]}) as \
                far, gatepost.Server(settings=settings(far, **SLOW)) as server:
            submit(server, "ann@home.example",
                   [f"{n}@x.example" for n in ("one", "two", "three")])
            message = arrived(far)[0]
            emptied(server)
            self.assertEqual(message.recipients,
                             [b"RCPT TO:<one@x.example>",
                              b"RCPT TO:<three@x.example>"])
            note, = server.stored("ann")
            self.assertIn(b"two@x.example", note)

    def test_a_kept_connection_that_has_ended_is_made_anew(self):
        for last in (farend.CLOSE, (b"421 4.4.2 idle\r\n", farend.CLOSE)):
            with farend.Server(faults={"MAIL": [None, last]}) as far, \
                    gatepost.Server(settings=settings(
                        far, queue__hold="on", queue__per_destination="1",
                        **SLOW)) as server:
                for _ in range(2):
                    submit(server, "ann@home.example", ["far@x.example"])
                server.run("set", "queue.hold=off")
                arrived(far, 2)
                emptied(server)
                self.assertEqual(far.connections, 2)

    def test_the_round_that_a_crash_cut_short_is_tried_again(self):
        """The recipient bears the round's mark, its plan was not written."""
        with farend.Server(faults={"RCPT": [b"451 4.2.0 later\r\n"]}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            answer = farend.Handler.do_RSET
            self.addCleanup(setattr, farend.Handler, "do_RSET", answer)
            farend.Handler.do_RSET = \
                lambda far_end, line: far_end.far.stop_event.wait(60)
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: server.run("queue", "list").stdout.endswith(
                    b"later\n"), "it was put off")
            server.kill()
            farend.Handler.do_RSET = answer
            server.start()
            arrived(far)
            emptied(server)

    def test_what_a_server_said_is_kept_when_the_next_is_silent(self):
        """One address says 451, the other one is refused: who is to blame?"""
        with farend.Server(faults={
                "MAIL": [b"451 4.7.0 not for you\r\n"]}) as far, \
                gatepost.Server(settings=settings(
                    far, route__smarthost=f"localhost:{far.port}",
                    **SLOW)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: server.run("queue", "list").stdout.endswith(
                    b"not for you\n"), "its words")
            submit(server, "ann@home.example", ["other@x.example"])
            self.assertEqual(arrived(far)[0].recipients,  # nothing rests
                             [b"RCPT TO:<other@x.example>"])

    def test_a_refused_login_is_told_at_once_and_tried_once(self):
        with farend.Server(offers=farend.OFFERS + ("AUTH PLAIN",), faults={
                "AUTH": b"535 5.7.8 wrong password\r\n"}) as far, \
                gatepost.Server(settings=settings(
                    far, route__user="anna", route__tls="off",
                    route__smarthost=f"localhost:{far.port}",
                    **SLOW)) as server:
            server.run("set", "route.password=wrong")
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(lambda: server.stored("ann"), "a notice")
            note, = server.stored("ann")
            self.assertIn(b"Action: delayed", note)
            self.assertIn(b"535 5.7.8 wrong password", note)
            self.assertEqual(len(queued(server)), 1)
            self.assertEqual(sum(b"AUTH" in x for x in far.lines), 1)

    def test_a_refused_login_is_told_once_for_all_messages(self):
        with farend.Server(offers=farend.OFFERS + ("AUTH PLAIN",), faults={
                "AUTH": b"535 5.7.8 wrong password\r\n"}) as far, \
                gatepost.Server(settings=settings(
                    far, route__user="anna", route__tls="off",
                    route__smarthost=f"localhost:{far.port}")) as server:
            server.run("set", "route.password=wrong")
            for _ in range(3):
                submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: sum(b"AUTH" in x for x in far.lines) > 4, "tries")
            self.assertEqual(server.log().count("relay.login_refused"), 1)
            self.assertRegex(server.log(), 'relay.login_refused via=localhost '
                             'user=anna code=535 words="wrong password"')
            self.assertEqual(len(server.stored("ann")), 1)
            self.assertRegex(server.run("status").stdout,
                             rb"relay.login_refused: [1-9]")
            far.faults.clear()
            server.run("queue", "retry")
            arrived(far, 3)
            self.assertEqual(server.log().count("relay.login_works"), 1)
            self.assertIn(b"relay.login_refused: 0",
                          server.run("status").stdout)


class Misbehaving(unittest.TestCase):
    """A far end that does one thing wrong, once; the mail comes anyway."""

    ONCE = {
        "busy at connect": {"connect": [(b"421 4.3.2 busy\r\n", farend.CLOSE)]},
        "554 at connect": {"connect": [b"554 5.3.2 no\r\n"]},
        "closed at connect": {"connect": [farend.CLOSE]},
        "half a greeting": {"connect": [(b"220 fa", farend.CLOSE)]},
        "no greeting at all": {"connect": [(b"hello there\r\n",
                                            farend.CLOSE)]},
        "421 at EHLO": {"EHLO": [(b"421 4.3.0 oops\r\n", farend.CLOSE)]},
        "closed at EHLO": {"EHLO": [farend.CLOSE]},
        "no EHLO": {"EHLO": b"500 5.5.1 what\r\n"},
        "451 at MAIL": {"MAIL": [b"451 4.3.0 later\r\n"]},
        "421 at MAIL": {"MAIL": [(b"421 4.3.0 oops\r\n", farend.CLOSE)]},
        "closed at MAIL": {"MAIL": [farend.CLOSE]},
        "greylisted": {"RCPT": [b"450 4.7.1 greylisted\r\n"]},
        "wrong enhanced code": {"RCPT": [b"450 2.1.5 ok\r\n"]},
        "closed at RCPT": {"RCPT": [farend.CLOSE]},
        "451 at DATA": {"DATA": [b"451 4.3.0 later\r\n"]},
        "250 at DATA": {"DATA": [b"250 2.0.0 taken\r\n"]},
        "closed at DATA": {"DATA": [farend.CLOSE]},
        "taken before it is sent": {"DATA": [(
            b"354 go\r\n250 2.0.0 taken\r\n", farend.CLOSE)]},
        "451 at the end": {"end": [b"451 4.3.0 later\r\n"]},
        "421 at the end": {"end": [(b"421 4.3.0 later\r\n", farend.CLOSE)]},
        "closed at the end": {"end": [farend.CLOSE]},
        "half a reply at the end": {"end": [(b"250-2.0.0 ta",
                                             farend.CLOSE)]},
        "garbage at the end": {"end": [(b"\xff\x00\r\n", farend.CLOSE)]},
        "a long-winded consent": {"end": [b"250-" + b"x" * 3000 + b"\r\n250 "
                                          + b"y" * 9000 + b"\r\n"]},
        "two codes in a reply": {"end": [(b"250-a\r\n550 b\r\n",
                                          farend.CLOSE)]},
    }

    def deliver_once(self, case):
        offers, name, faults = case
        with farend.Server(offers=offers, faults=faults) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            messages = arrived(far)
            emptied(server)
            return (name, bool(offers), len(messages),
                    messages[0].data.endswith(TEXT), server.stored("ann"))

    def test_mail_arrives_once_whatever_went_wrong_before(self):
        cases = [(offers, name, faults) for offers in (farend.OFFERS, ())
                 for name, faults in self.ONCE.items()]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            got = list(pool.map(self.deliver_once, cases))
        self.assertEqual(
            got, [(name, bool(offers), 1, True, [])
                  for offers, name, _ in cases])

    REFUSED = {
        "MAIL": b"550 5.7.1 no\r\n",
        "RCPT": b"550 5.1.1 no such user\r\n",
        "DATA": b"554 5.0.0 no\r\n",
        "end": b"554 5.7.1 spam\xff\r\n",
    }

    def refuse(self, case):
        offers, step, fault = case
        with farend.Server(offers=offers, faults={step: fault}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            emptied(server)
            return far.messages, server.stored("ann")

    def test_the_sender_is_told_of_a_refusal_once(self):
        cases = [(offers, step, fault) for offers in (farend.OFFERS, ())
                 for step, fault in self.REFUSED.items()]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            got = list(pool.map(self.refuse, cases))
        for (_, _, fault), (messages, notes) in zip(cases, got):
            self.assertEqual(messages, [])
            self.assertEqual(len(notes), 1)
            self.check_notice(notes[0], fault[:3])

    def check_notice(self, text, code):
        note = email.message_from_bytes(text)
        self.assertEqual(note.get_content_type(), "multipart/report")
        self.assertEqual(note.get_param("report-type"), "delivery-status")
        self.assertEqual(note.defects, [])
        words, report, original = note.get_payload()
        self.assertIn(b"far@x.example", words.get_payload(decode=True))
        self.assertEqual(note["Return-Path"], "<>")
        self.assertEqual(report.get_content_type(), "message/delivery-status")
        message, recipient = report.get_payload()
        self.assertEqual(message["Reporting-MTA"], "dns; gate.example")
        self.assertEqual(recipient["Final-Recipient"], "rfc822; far@x.example")
        self.assertEqual(recipient["Action"], "failed")
        self.assertRegex(recipient["Status"], r"^5\.\d+\.\d+$")
        attempt = email.utils.parsedate_to_datetime(
            recipient["Last-Attempt-Date"])
        arrival = email.utils.parsedate_to_datetime(message["Arrival-Date"])
        self.assertLessEqual(arrival, attempt)
        self.assertIn(code.decode(), recipient["Diagnostic-Code"])
        self.assertIn("Subject: hello", str(original.get_payload()))
        self.assertTrue(all(b < 0x80 for b in text))


class Notices(unittest.TestCase):
    def test_nothing_is_bounced_to_the_null_sender(self):
        with farend.Server(faults={"RCPT": b"550 5.1.1 no\r\n"}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "", ["far@x.example"])
            emptied(server)
            self.assertEqual(server.stored("ann"), [])
            self.assertEqual(far.messages, [])

    def test_a_bounce_to_elsewhere_has_the_null_sender(self):
        with farend.Server(faults={"RCPT": [b"550 5.1.1 no\r\n"]}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "other@y.example", ["far@x.example"])
            message = arrived(far)[0]
            emptied(server)
        self.assertTrue(message.sender.startswith(b"MAIL FROM:<> "))
        self.assertEqual(message.recipients, [b"RCPT TO:<other@y.example>"])

    def test_dsn_parameters_are_passed_on_or_acted_on(self):
        for offers in (farend.OFFERS, ("PIPELINING",)):
            with farend.Server(offers=offers) as far, \
                    gatepost.Server(settings=settings(far)) as server:
                submit(server, "ann@home.example", ["far@x.example"],
                       options=["RET=HDRS", "ENVID=id+2B1"],
                       rcpt_options=["NOTIFY=SUCCESS,FAILURE",
                                     "ORCPT=rfc822;o+2Bx@x.example"])
                message = arrived(far)[0]
                emptied(server)
                notes = server.stored("ann")
            if "DSN" in offers:
                self.assertIn(b"RET=HDRS ENVID=id+2B1", message.sender)
                self.assertIn(b"NOTIFY=SUCCESS,FAILURE "
                              b"ORCPT=rfc822;o+2Bx@x.example",
                              message.recipients[0])
                self.assertEqual(notes, [])
            else:
                self.assertEqual(len(notes), 1)
                self.assertIn(b"Action: relayed", notes[0])
                self.assertIn(b"Original-Envelope-Id: id+1\n", notes[0])
                self.assertIn(b"Original-Recipient: rfc822; o+x@x.example",
                              notes[0])

    def test_tells_our_people_what_lies_in_a_mailbox(self):
        """RFC 3461: "delivered", by us or by an LMTP server."""
        asked = ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;o@x.example"]
        with farend.Server(lmtp=True) as far:
            for more in ({}, {"mail.lmtp": f"127.0.0.1:{far.port}"}):
                with gatepost.Server(settings={**QUICK, **more},
                                     users={"ann": "a", "ben": "b"}) as server:
                    submit(server, "ann@home.example", ["ben@home.example"],
                           rcpt_options=asked)
                    if more:  # the notice goes to the LMTP server, too
                        note = arrived(far, 2)[1].data.replace(b"\r\n", b"\n")
                    else:
                        gatepost.wait_for(lambda: server.stored("ann"), "note")
                        note, = server.stored("ann")
                        self.assertEqual(len(server.stored("ben")), 1)
                    emptied(server)
                self.assertIn(b"Action: delivered\nStatus: 2.0.0\n", note)
                self.assertIn(b"Original-Recipient: rfc822; o@x.example", note)

    def test_tells_no_stranger_of_success(self):
        """His address may be forged: nobody else gets mail for it."""
        with farend.Server(offers=("PIPELINING",)) as far, \
                gatepost.Server(settings={
                    **settings(far), "forward.ann": "keep,ann@far.example"
                }) as server:
            with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
                smtp.sendmail("victim@x.example", ["ann@home.example"], TEXT,
                              rcpt_options=["NOTIFY=SUCCESS"])
            arrived(far)
            emptied(server)
            self.assertEqual(len(server.stored("ann")), 1)
            self.assertEqual([m.recipients for m in far.messages],
                             [[b"RCPT TO:<ann@far.example>"]])

    FIELDS = {  # RFC 3464, 2.2 and 2.3, in its order
        "message": ["Original-Envelope-Id", "Reporting-MTA", "DSN-Gateway",
                    "Received-From-MTA", "Arrival-Date"],
        "recipient": ["Original-Recipient", "Final-Recipient", "Action",
                      "Status", "Remote-MTA", "Diagnostic-Code",
                      "Last-Attempt-Date", "Final-Log-ID",
                      "Will-Retry-Until"]}

    def check_fields(self, note, wanted):
        """Known names in their order, each once; the recipients' values."""
        report = email.message_from_bytes(note).get_payload()[1]
        self.assertEqual(report.get_content_type(), "message/delivery-status")
        for i, part in enumerate(report.get_payload()):
            self.assertEqual(part.defects, [])
            names = part.keys()
            order = self.FIELDS["recipient" if i else "message"]
            self.assertEqual(names, [n for n in order if n in names])
        for part, values in zip(report.get_payload()[1:], wanted, strict=True):
            for name, value in values.items():
                self.assertEqual(part[name], value)

    def test_a_report_names_the_server_that_refused(self):
        with farend.Server(faults={"RCPT": [
                b"550-5.1.1 no such user\r\n550 5.1.1 here\r\n", None,
                b"550 2.1.5 contradicts itself\r\n"]}) as far, \
                gatepost.Server(settings=settings(
                    far, route__smarthost=f"localhost:{far.port}")) as server:
            submit(server, "ann@home.example",
                   [f"{n}@x.example" for n in ("one", "two", "three")],
                   options=["ENVID=q+2B1"],
                   rcpt_options=["NOTIFY=FAILURE", "ORCPT=rfc822;o@x.example"])
            emptied(server)
            note, = server.stored("ann")
        same = {"Original-Recipient": "rfc822; o@x.example",
                "Action": "failed", "Remote-MTA": "dns; localhost"}
        self.check_fields(note, [
            {**same, "Final-Recipient": "rfc822; one@x.example",
             "Status": "5.1.1",
             "Diagnostic-Code": "smtp; 550 5.1.1 no such user here"},
            {**same, "Final-Recipient": "rfc822; three@x.example",
             "Status": "5.0.0",
             "Diagnostic-Code": "smtp; 550 2.1.5 contradicts itself"}])

    def test_a_report_where_no_server_spoke_names_none(self):
        with gatepost.Server(settings={
                **QUICK, "route.rule.a":
                "to=x.example host=nowhere.invalid:25"}) as server:
            submit(server, "ann@home.example", ["far@x.example"],
                   rcpt_options=["NOTIFY=DELAY,FAILURE"])
            gatepost.wait_for(lambda: server.run(
                "queue", "list").stdout.count(b"\tsending") == 0, "tried")
            server.stop()
            Queue.age(server, 130 * 3600)
            server.start()
            emptied(server)
            note, = server.stored("ann")
        self.check_fields(note, [{
            "Action": "failed", "Status": "4.4.7", "Remote-MTA": None,
            "Diagnostic-Code": None}])

    def test_a_report_writes_other_letters_in_ascii(self):
        """RFC 6533: "\\x{..}" where the report is not in UTF-8."""
        offers = farend.OFFERS + ("SMTPUTF8",)
        with farend.Server(offers=offers, faults={
                "RCPT": b"550 5.1.1 no\r\n"}) as far, gatepost.Server(
                settings=settings(far)) as server, \
                server.smtp("smtps", hello="me") as talk:
            talk.expect(235, "AUTH PLAIN " + gatepost.plain(
                "ann", server.users["ann"]))
            talk.expect(250, "MAIL FROM:<ann@home.example> SMTPUTF8")
            talk.expect(250, "RCPT TO:<gr\u00fcn+\u65e5\U0001f600@x.example>")
            talk.expect(354, "DATA")
            talk.send(TEXT)
            talk.expect(250, ".")
            emptied(server)
            note, = server.stored("ann")
        self.check_fields(note, [{
            "Final-Recipient":
            r"utf-8; gr\x{FC}n\x{2B}\x{65E5}\x{1F600}@x.example"}])

    def test_original_recipients_in_utf8_go_on_or_become_ascii(self):
        """RFC 6533: as they are where SMTPUTF8 goes on, else "\\x{..}"."""
        for more, orcpt in ((("SMTPUTF8",), "utf-8;gr\u00fcn\\x{FC}@x".encode()),
                            ((), rb"utf-8;gr\x{FC}n\x{FC}@x")):
            with farend.Server(offers=farend.OFFERS + more, faults={
                    "RCPT": [None, b"550 5.1.1 no\r\n"]}) as far, \
                    gatepost.Server(settings=settings(far)) as server, \
                    server.smtp("smtps", hello="me") as talk:
                talk.expect(235, "AUTH PLAIN " + gatepost.plain(
                    "ann", server.users["ann"]))
                for _ in range(2):
                    talk.expect(250, "MAIL FROM:<ann@home.example> SMTPUTF8")
                    talk.expect(250, "RCPT TO:<far@x.example> "
                                "ORCPT=utf-8;gr\u00fcn\\x{FC}@x")
                    talk.expect(354, "DATA")
                    talk.send("Subject: gr\u00fcn\r\n\r\nx\r\n".encode())
                    talk.expect(250, ".")
                    gatepost.wait_for(lambda: not queued(server), "sent")
                note, = server.stored("ann")
            self.assertIn(b" ORCPT=" + orcpt, arrived(far)[0].recipients[0])
            self.check_fields(note, [{
                "Original-Recipient": r"utf-8; gr\x{FC}n\x{FC}@x",
                "Final-Recipient": "rfc822; far@x.example"}])

    def test_never_means_never(self):
        with farend.Server(faults={"RCPT": b"550 5.1.1 no\r\n"}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example", ["far@x.example"],
                   rcpt_options=["NOTIFY=NEVER"])
            emptied(server)
            self.assertEqual(server.stored("ann"), [])

    def test_the_owner_may_have_it_in_japanese(self):
        with farend.Server(faults={"RCPT": b"550 5.1.1 no\r\n"}) as far, \
                gatepost.Server(settings=settings(
                    far, notices__language="ja")) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            emptied(server)
            note = email.message_from_bytes(server.stored("ann")[0])
        subject = email.header.decode_header(note["Subject"])[0]
        self.assertEqual(subject[0].decode(subject[1]),
                         "メールを配送できませんでした")
        words = note.get_payload()[0].get_payload(decode=True).decode()
        self.assertIn("次の宛先へはメールを配送できませんでした", words)


class Queue(unittest.TestCase):
    def listed(self, server):
        text = server.run("queue", "list").stdout.decode()
        return [line.split("\t") for line in text.splitlines()]

    def test_shows_holds_releases_and_deletes(self):
        refusal = (b"421 4.3.2 come back tomorrow\r\n", farend.CLOSE)
        with farend.Server(faults={"connect": refusal}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            for name in ("one", "two", "three"):
                submit(server, "ann@home.example", [f"{name}@x.example"])
            gatepost.wait_for(
                lambda: all(r[-1] == "come back tomorrow"
                            for r in self.listed(server)),
                "the reason is known")
            rows = {r[2]: r for r in self.listed(server)}
            one = rows["<one@x.example>"][0]
            two = rows["<two@x.example>"][0]
            self.command(server, "hold", one)
            self.command(server, "delete", two)
            shown = server.run("queue", "show", one).stdout.decode()
            self.assertIn("sender\tann@home.example\n", shown)
            self.assertIn(
                "to\tone@x.example\twaiting\t421 come back tomorrow", shown)
            self.assertIn("next\theld, until it is released\n", shown)
            self.assertRegex(shown, r"\narrived\t\w{3}, .*\noctets\t\d+\n"
                             r"tries\t[1-9]\d*\n")
            far.faults.clear()
            server.run("queue", "retry")
            self.assertEqual(arrived(far)[0].recipients,
                             [b"RCPT TO:<three@x.example>"])
            server.restart()  # held messages stay held
            self.assertEqual([r[0] for r in self.listed(server)], [one])
            self.assertEqual(self.listed(server)[0][3], "held")
            server.stop()
            self.assertEqual([r[0] for r in self.listed(server)], [one])
            server.run("queue", "release", one)
            server.start()
            self.assertEqual(arrived(far, 2)[1].recipients,
                             [b"RCPT TO:<one@x.example>"])
            emptied(server)
            self.assertEqual(
                server.run("queue", "show", one, check=False).returncode, 2)

    def test_says_how_many_recipients_wait(self):
        refusal = (b"421 4.3.2 come back tomorrow\r\n", farend.CLOSE)
        with farend.Server(faults={"connect": refusal}) as far, \
                gatepost.Server(settings=settings(far)) as server:
            submit(server, "ann@home.example",
                   [f"{n}@x.example" for n in ("one", "two", "three")])
            gatepost.wait_for(
                lambda: self.listed(server)[0][-1] == "come back tomorrow",
                "the reason is known")
            self.assertEqual(self.listed(server)[0][2],
                             "<one@x.example> and 2 more")

    def command(self, server, *words):
        """Again while the message is just being tried."""
        gatepost.wait_for(
            lambda: server.run("queue", *words, check=False).returncode == 0,
            f"queue {words}")

    def test_gives_up_in_time_and_warns_of_delay(self):
        with farend.Server(faults={"RCPT": b"451 4.2.0 later\r\n"}) as far, \
                gatepost.Server(settings=settings(
                    far, queue__expire_hours="1")) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: self.listed(server)[0][-1] == "later", "tried")
            server.stop()
            self.age(server, 2 * 3600)
            server.start()
            emptied(server)
            note, = server.stored("ann")
        self.assertIn(b"Action: failed", note)
        self.assertIn(b"Status: 4.4.7", note)

    def test_warns_once_of_a_delay(self):
        with farend.Server(faults={"RCPT": b"451 4.2.0 later\r\n"}) as far, \
                gatepost.Server(settings=settings(
                    far, queue__delay_hours="1")) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            gatepost.wait_for(
                lambda: self.listed(server)[0][-1] == "later", "tried")
            server.stop()
            self.age(server, 2 * 3600)
            server.start()
            gatepost.wait_for(lambda: server.stored("ann"), "a warning")
            server.restart()
            far.faults.clear()
            arrived(far)
            note, = server.stored("ann")
        self.assertIn(b"Action: delayed", note)
        self.assertIn(b"Will-Retry-Until:", note)

    def test_many_that_wait_for_one_dead_server_are_told_of_in_time(self):
        """Also those that it is not tried for, as it is left alone."""
        port, = gatepost.free_ports(1)
        slow = {"queue.retry_seconds": "600", "queue.retry_max_seconds": "600"}
        for hours, action in ((2, "delayed"), (200, "failed")):
            with gatepost.Server(settings={
                    **QUICK, **slow, "queue.delay_hours": "1",
                    "route.smarthost": f"127.0.0.1:{port}"}) as server:
                for _ in range(9):
                    submit(server, "ann@home.example", ["far@x.example"])
                server.stop()
                for name in queued(server):
                    self.age(server, hours * 3600, name)
                server.start()
                gatepost.wait_for(lambda: len(server.stored("ann")) >= 9,
                                  f"nine notices that it is {action}")
                for note in server.stored("ann"):
                    self.assertIn(b"Action: " + action.encode(), note)
                    if action == "failed":  # with the way's own words
                        self.assertIn(b"\n      connection refused\n", note)
                if action == "failed":
                    emptied(server)
                else:
                    self.assertEqual(len(queued(server)), 9)

    @staticmethod
    def age(server, seconds, name=None):
        """Let the one queued message have arrived earlier: plan.since_s."""
        path = os.path.join(queue_folder(server), name or queued(server)[0])
        with open(path, "r+b") as f:
            data = f.read()
            at = data.rindex(b"gpqh") + 272
            plan = bytearray(data[at:at + 28])
            since = int.from_bytes(plan[16:24], "little") or int(time.time())
            since -= seconds
            plan[8:16] = bytes(8)  # and be due
            plan[16:24] = since.to_bytes(8, "little")
            plan[24:28] = zlib.crc32(plan[:24]).to_bytes(4, "little")
            f.seek(at)
            f.write(plan)


if __name__ == "__main__":
    unittest.main()
