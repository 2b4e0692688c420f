"""The way to the next server: TLS levels, logging in, rules, two hops."""

import base64
import email
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import QUICK, TEXT, arrived, emptied, settings, submit  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_RELAY")


class Certificate:
    """A self-signed certificate for a name, made by openssl."""

    def __init__(self, name, san=None):
        self.folder = tempfile.mkdtemp()
        self.pem = os.path.join(self.folder, "cert.pem")
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
             f"/CN={name}", "-addext",
             f"subjectAltName={san or f'DNS:{name},IP:127.0.0.1'}",
             "-keyout", key,
             "-out", self.pem], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.pem, key)
        with open(self.pem, encoding="ascii") as f:
            der = ssl.PEM_cert_to_DER_cert(f.read())
        self.fingerprint = hashlib.sha256(der).hexdigest()

    def remove(self):
        shutil.rmtree(self.folder)


STARTTLS = farend.OFFERS + ("STARTTLS",)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cert = Certificate("127.0.0.1")

    @classmethod
    def tearDownClass(cls):
        cls.cert.remove()

    def send(self, far, **more):
        with gatepost.Server(settings=settings(far, **more)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            message = arrived(far)[0]
            emptied(server)
            return message

    def stays(self, far, words, **more):
        """It is not sent, and the queue says why."""
        with gatepost.Server(settings=settings(far, **more)) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            try:
                gatepost.wait_for(
                    lambda: words in
                    server.run("queue", "list").stdout.decode(), words, 10)
            except AssertionError:
                self.fail(server.run("queue", "list").stdout.decode())
            self.assertEqual(far.messages, [])

    def test_uses_tls_where_it_is_offered(self):
        with farend.Server(offers=STARTTLS, context=self.cert.context) as far:
            self.assertTrue(self.send(far).tls)
            self.assertEqual(far.messages[0].hello, b"EHLO gate.example")

    def test_off_means_off(self):
        with farend.Server(offers=STARTTLS, context=self.cert.context) as far:
            self.assertFalse(self.send(far, route__tls="off").tls)

    def test_goes_without_tls_when_the_handshake_fails(self):
        broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # no certificate
        with farend.Server(offers=STARTTLS, context=broken) as far:
            self.assertFalse(self.send(far).tls)
            self.assertTrue(far.tls_errors)

    def test_goes_without_tls_when_the_server_hangs_up_at_it(self):
        hangs_up = {"STARTTLS": farend.CLOSE}
        with farend.Server(offers=STARTTLS, faults=hangs_up) as far:
            self.assertFalse(self.send(far).tls)
        with farend.Server(offers=STARTTLS, faults=hangs_up) as far:
            self.stays(far, "the server closed the connection",
                       route__tls="required")

    def test_required_waits_rather_than_going_without(self):
        broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with farend.Server(offers=STARTTLS, context=broken) as far:
            self.stays(far, "no common cipher", route__tls="required")
        with farend.Server() as far:
            self.stays(far, "TLS is required but not offered",
                       route__tls="required")

    def test_verified_wants_a_known_root_and_the_right_name(self):
        with farend.Server(offers=STARTTLS, context=self.cert.context) as far:
            self.assertTrue(self.send(far, route__tls="verified",
                                      tls__roots=self.cert.pem).tls)
        other = Certificate("other.example")
        self.addCleanup(other.remove)
        with farend.Server(offers=STARTTLS, context=other.context) as far:
            self.stays(far, "certificate", route__tls="verified",
                       tls__roots=self.cert.pem)

    def test_a_certificate_for_the_address_alone_is_verified(self):
        for san, right in (("IP:192.0.2.7,IP:127.0.0.1", True),
                           ("IP:127.0.0.2,IP:::1", False),
                           ("DNS:127.0.0.1", False)):
            one = Certificate("127.0.0.1", san)
            self.addCleanup(one.remove)
            more = {"route__tls": "verified", "tls__roots": one.pem}
            with self.subTest(san=san), farend.Server(
                    offers=STARTTLS, context=one.context) as far:
                if right:
                    self.assertTrue(self.send(far, **more).tls)
                else:
                    self.stays(far, "the certificate is for another host name",
                               **more)

    def test_a_pinned_certificate_needs_no_root(self):
        with farend.Server(offers=STARTTLS, context=self.cert.context) as far:
            self.assertTrue(self.send(
                far, route__tls="required",
                route__fingerprint=self.cert.fingerprint).tls)
            far.messages.clear()
            self.stays(far, "certificate", route__tls="required",
                       route__fingerprint="00" * 32)

    def test_logs_in_and_only_under_tls(self):
        with farend.Server(offers=STARTTLS + ("AUTH PLAIN LOGIN",),
                           context=self.cert.context) as far:
            with gatepost.Server(settings=settings(
                    far, route__user="anna")) as server:
                server.run("set", "route.password=s3cret pw")
                submit(server, "ann@home.example", ["far@x.example"])
                message = arrived(far)[0]
                emptied(server)
            self.assertTrue(message.tls)
            self.assertEqual(base64.b64decode(message.login.split()[2]),
                             b"\0anna\0s3cret pw")
        with farend.Server(offers=farend.OFFERS + ("AUTH PLAIN",)) as far:
            self.stays(far, "no safe way to log in", route__user="anna")
            self.assertFalse(any(b"AUTH" in x for x in far.lines))

    def test_a_rule_sends_some_mail_another_way(self):
        with farend.Server() as usual, farend.Server() as special, \
                gatepost.Server(settings={
                    **settings(usual),
                    "route.rule.a": "to=special.example "
                    f"host=127.0.0.1:{special.port} tls=off",
                    "route.rule.b": "from=boss@home.example "
                    f"host=127.0.0.1:{special.port}"}) as server:
            submit(server, "ann@home.example",
                   ["x@special.example", "y@other.example"])
            submit(server, "boss@home.example", ["z@other.example"])
            arrived(usual)
            arrived(special, 2)
            emptied(server)
            self.assertEqual([m.recipients for m in usual.messages],
                             [[b"RCPT TO:<y@other.example>"]])


class Rules(unittest.TestCase):
    def test_a_wrong_rule_is_refused_in_one_line(self):
        cases = {
            "route.rule.a=to=x.example": "host= is missing",
            "route.rule.a=host=h:25 tls=maybe":
            "behind \"=\" stands off, opportunistic, required or verified",
            "route.rule.a=hosts=h:25": "is none of the words from=, to=",
            "route.send_as=anna": "is not a whole address",
            "route.fingerprint=" + "xy" * 32: "is not a SHA-256 fingerprint",
        }
        with gatepost.Server() as server:
            def refused(setting, words):
                got = server.run("set", setting, check=False)
                line = got.stderr.decode()
                self.assertEqual(got.returncode, 2, setting)
                self.assertEqual(line.count("\n"), 1, line)
                self.assertTrue(line.startswith(
                    "gatepost: " + setting.split("=")[0] + ": "), line)
                self.assertIn(words, line)
                self.assertIn("; right would be: ", line)

            for setting, words in cases.items():
                refused(setting, words)
            for i in range(12):
                server.run("set", f"route.rule.n{i:02}=host=h:25")
            server.run("set", "route.rule.n00=host=other:25")
            over = server.run("set", "route.rule.one_more=host=h:25",
                              check=False)
            self.assertIn(b"at most 12", over.stderr)
        with gatepost.Server() as server:  # and with no server running
            server.stop()
            refused("route.rule.a=host=h", "NAME:PORT or mx")

    def test_a_smarthost_sees_only_its_own_accounts_address(self):
        with farend.Server() as usual, farend.Server() as special, \
                gatepost.Server(settings=settings(
                    usual, route__send_as="box@isp.example",
                    **{"route.rule.a": "to=special.example "
                       f"host=127.0.0.1:{special.port} "
                       "send_as=shop@isp.example"})) as server:
            submit(server, "ann@home.example",
                   ["x@special.example", "y@other.example"],
                   TEXT.replace(b"From: ann", b'From: "Ann B." <ann').replace(
                       b".example\r\nTo", b".example>\r\nTo", 1))
            for far, address in ((usual, "box"), (special, "shop")):
                message = arrived(far)[0]
                self.assertEqual(message.sender.split()[1].decode(),
                                 f"FROM:<{address}@isp.example>")
                got = email.message_from_bytes(message.data)
                self.assertEqual(got["From"],
                                 f'"Ann B." <{address}@isp.example>')
                self.assertEqual(got["Reply-To"],
                                 '"Ann B." <ann@home.example>')
                self.assertEqual(
                    int(message.sender.split(b"SIZE=")[1].split()[0]),
                    len(message.data))
            emptied(server)

    def test_a_notice_keeps_its_null_sender(self):
        with farend.Server(faults={"RCPT": [b"550 5.1.1 nobody\r\n"]}) as far, \
                gatepost.Server(settings=settings(
                    far, route__send_as="box@isp.example")) as server:
            submit(server, "away@y.example", ["x@x.example"])
            message = arrived(far)[0]
            emptied(server)
        self.assertEqual(message.sender.split()[1], b"FROM:<>")
        self.assertIn(b"<box@isp.example>",
                      email.message_from_bytes(message.data)["From"].encode())

    def test_messages_a_minute_are_kept_to(self):
        with farend.Server() as far, gatepost.Server(settings=settings(
                far, route__per_minute="120")) as server:
            for _ in range(7):
                submit(server, "ann@home.example", ["x@x.example"])
            times = sorted(m.at for m in arrived(far, 7))
            emptied(server)
        # never faster: the seventh comes six half seconds after the first
        self.assertGreaterEqual(times[-1] - times[0], 2.9)


    def two_ways(self, first, second, **more):
        return gatepost.Server(settings={
            **QUICK, "queue.retry_seconds": "300",
            "queue.retry_max_seconds": "300",
            "route.rule.x": f"to=x.example host=127.0.0.1:{first.port}",
            "route.rule.y": f"to=y.example host=127.0.0.1:{second.port}",
            **more})

    def test_a_recipient_whose_way_is_busy_does_not_wait_for_a_retry(self):
        done = threading.Event()
        asked = threading.Event()

        def take_time(step):
            if step == "end" and not asked.is_set():
                asked.set()
                done.wait(60)

        with farend.Server() as first, \
                farend.Server(faults=take_time) as second, self.two_ways(
                    first, second, **{"queue.per_destination": "1"}) as server:
            submit(server, "ann@home.example", ["y@y.example"])
            asked.wait(10)
            submit(server, "ann@home.example", ["x@x.example", "z@y.example"])
            arrived(first)
            done.set()
            arrived(second, 2)
            emptied(server)

    def test_a_recipient_whose_way_is_busy_does_not_wait_for_a_dead_one(self):
        done, asked = threading.Event(), threading.Event()

        def take_time(step):
            if step == "end" and not asked.is_set():
                asked.set()
                done.wait(60)

        with farend.Server() as dead:
            pass
        with farend.Server(faults=take_time) as first, self.two_ways(
                first, dead, **{"queue.per_destination": "1"}) as server:
            submit(server, "ann@home.example", ["y@y.example"])
            gatepost.wait_for(
                lambda: b"connection refused" in server.run(
                    "queue", "list").stdout, "it is dead")
            submit(server, "ann@home.example", ["x@x.example"])
            asked.wait(10)
            submit(server, "ann@home.example", ["x@x.example", "y@y.example"])
            time.sleep(0.5)  # its round
            done.set()
            arrived(first, 2)

    def test_a_message_in_two_parts_keeps_to_the_pace(self):
        with farend.Server() as far, gatepost.Server(settings={
                **settings(far, route__per_minute="60"),
                "smtp.max_recipients": "200", "queue.retry_seconds": "300",
                "queue.retry_max_seconds": "300"}) as server:
            submit(server, "ann@home.example",
                   [f"far{i}@x.example" for i in range(120)])
            one, two = arrived(far, 2)
            emptied(server)
        self.assertEqual(len(one.recipients) + len(two.recipients), 120)
        self.assertGreaterEqual(two.at - one.at, 0.9)


class TwoHops(unittest.TestCase):
    def test_two_gateposts_and_the_trace_they_leave(self):
        with gatepost.Server(users={"box": "b0x s3cret", "zoe": "z"},
                             settings={**QUICK, "host.name": "far.example",
                                       "host.domains": "x.example"}) as far, \
                gatepost.Server(settings={
                    **QUICK, "route.user": "box", "route.tls": "required",
                    "route.smarthost":
                    f"127.0.0.1:{far.port('submission')}"}) as near:
            near.run("set", "route.password=b0x s3cret")
            submit(near, "ann@home.example", ["zoe@x.example"])
            emptied(near)
            text, = far.stored("zoe")
            self.assertIn("how=SCRAM-SHA-256", far.log())
        received = email.message_from_bytes(text).get_all("Received")
        self.assertEqual(len(received), 2)
        for line, by in zip(received, ("far.example", "gate.example")):
            self.assertIn(f"by {by} (gatepost) with ESMTPSA", line)
            self.assertIn("TLS1.2 TLS_ECDHE", line)
        self.assertIn("from gate.example ([127.0.0.1])", received[0])
        self.assertTrue(text.endswith(TEXT.replace(b"\r\n", b"\n")))


if __name__ == "__main__":
    unittest.main()
