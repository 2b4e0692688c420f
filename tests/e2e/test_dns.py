"""Mail by MX: zones of a real name server (NSD), and one that misbehaves."""

import contextlib
import os
import socket
import struct
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
import peers  # noqa: E402
from test_relay import QUICK, arrived, emptied, queued, submit  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_RELAY")

ZONES = {
    "x.example": """\
        @      MX 20 mx2
        @      MX 10 mx1
        mx1    A 127.0.0.78
        mx2    A 127.0.0.79
        six    MX 5 six.host
        six.host AAAA ::1
        both   MX 5 both.host
        both.host AAAA 2001:db8::1
        both.host A 127.0.0.79
        plain  A 127.0.0.79
        null   MX 0 .
        www    CNAME alias2
        alias2 CNAME alias3
        alias3 CNAME x.example.
        round  CNAME round2
        round2 CNAME round
        bare   TXT "no mail here"
        noaddr MX 10 nowhere
        ours   MX 5 gate.example.
        ours   MX 10 mx2
        behind MX 5 mx2
        behind MX 10 gate.example.
        broken MX 10 host.broken.example.
""" + "".join(
        f"        many MX {99 if i else 1} m{i:02}{'y' * 40}\n"
        f"        m{i:02}{'y' * 40} A 127.0.0.{'79' if i else '78'}\n"
        for i in range(20)) + "".join(
        f"        last MX {1 if i == 19 else 99 - i} l{i:02}{'z' * 40}\n"
        f"        l{i:02}{'z' * 40} A 127.0.0.{'79' if i == 19 else '78'}\n"
        for i in range(20)) + """\
        equal  MX 10 mx1
        equal  MX 10 mx2
""",
    "broken.example": None,
}


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.dns = cls.stack.enter_context(peers.Nsd(ZONES))
        cls.mail_port, = gatepost.free_ports(1)

    def server(self, dns=None):
        return gatepost.Server(settings={
            "host.dns": dns or f"127.0.0.1:{self.dns.port}",
            "route.rule.test": f"host=mx port={self.mail_port}", **QUICK})

    def far(self, number):
        return farend.Server(address=(f"127.0.0.{number}", self.mail_port))

    def post(self, server, *domains):
        for domain in domains:
            submit(server, "ann@home.example", [f"far@{domain}"])

    def reason(self, server, words):
        """The message waits, and these are the words."""
        gatepost.wait_for(
            lambda: words in server.run("queue", "list").stdout.decode(),
            words)
        self.assertEqual(len(queued(server)), 1)
        self.assertEqual(server.stored("ann"), [])

    def test_takes_the_best_exchanger_also_behind_aliases(self):
        with self.far(78) as first, self.far(79) as second, \
                self.server() as server:
            self.post(server, "x.example", "www.x.example")
            arrived(first, 2)
            emptied(server)
            self.assertEqual(second.messages, [])

    def test_takes_the_next_when_the_best_is_down(self):
        with self.far(79) as second, self.server() as server:
            self.post(server, "x.example", "plain.x.example")
            arrived(second, 2)
            emptied(server)

    def test_takes_the_best_however_many_there_are(self):
        with self.far(79) as best, self.server() as server:
            self.post(server, "last.x.example")
            arrived(best)
            emptied(server)

    def test_equally_good_exchangers_share_the_load(self):
        with self.far(78) as one, self.far(79) as other, \
                self.server() as server:
            for i in range(30):  # a connection each
                self.post(server, "equal.x.example")
                gatepost.wait_for(
                    lambda n=i: len(one.messages) + len(other.messages) > n,
                    "it comes")
                server.run("set", f"queue.per_destination={1 + i % 2}")
                if one.messages and other.messages:
                    break
                server.restart()
            self.assertTrue(one.messages and other.messages)

    def test_takes_the_next_when_the_best_puts_it_off_or_hangs_up(self):
        faults = {
            "connect": b"421 4.3.2 busy\r\n",
            "EHLO": farend.CLOSE,
            "MAIL": b"451 4.3.0 later\r\n",
            "RCPT": farend.CLOSE,
            "DATA": b"421 4.3.0 later\r\n",
        }
        for step, fault in faults.items():
            with self.subTest(step), farend.Server(
                    address=("127.0.0.78", self.mail_port),
                    faults={step: fault}) as first, self.far(79) as second, \
                    self.server() as server:
                server.run("set", "queue.retry_seconds=3600",
                           "queue.retry_max_seconds=3600")
                self.post(server, "x.example")
                arrived(second)
                emptied(server)
                self.assertEqual(first.messages, [])
                self.assertEqual(len(second.messages), 1)

    def test_tries_both_address_families(self):
        with self.far(79) as far, self.server() as server:
            self.post(server, "both.x.example")
            arrived(far)
            emptied(server)

    @unittest.skipUnless(socket.has_ipv6, "no IPv6")
    def test_finds_a_server_that_has_only_an_ipv6_address(self):
        listener = farend.Listener
        listener.address_family = socket.AF_INET6
        self.addCleanup(setattr, listener, "address_family", socket.AF_INET)
        with farend.Server(address=("::1", self.mail_port)) as far, \
                self.server() as server:
            self.post(server, "six.x.example")
            arrived(far)
            emptied(server)

    def test_asks_again_by_tcp_when_the_answer_was_cut(self):
        with self.far(78) as far, self.server() as server:
            self.post(server, "many.x.example")
            arrived(far)
            emptied(server)

    def test_says_at_once_what_will_never_work(self):
        cases = {"null.x.example": b"takes no mail",
                 "missing.x.example": b"does not exist",
                 "bare.x.example": b"no server for the domain has an address",
                 "noaddr.x.example": b"no server for the domain has an addr",
                 "ours.x.example": b"leads back to this server"}
        with self.server() as server:
            self.post(server, *cases)
            emptied(server)
            notes = server.stored("ann")
            self.assertEqual(len(notes), len(cases))
            for domain, words in cases.items():
                note, = [n for n in notes if domain.encode() in n]
                self.assertIn(words, note)

    def test_goes_to_better_exchangers_than_itself_only(self):
        with self.far(79) as better, self.server() as server:
            self.post(server, "behind.x.example")
            arrived(better)
            emptied(server)

    def test_waits_while_dns_fails(self):
        for domain in ("broken.example", "broken.x.example",
                       "elsewhere.test"):  # SERVFAIL twice, REFUSED
            with self.subTest(domain), self.server() as server:
                self.post(server, domain)
                self.reason(server, "no DNS server answers")

    def test_waits_where_aliases_go_round(self):
        with self.server() as server:
            self.post(server, "round.x.example")
            self.reason(server, "DNS")

    def test_asks_the_next_name_server_when_one_is_silent(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            mute = silent.getsockname()[1]
            with self.far(78) as far, self.server(
                    f"127.0.0.1:{mute},127.0.0.1:{self.dns.port}") as server:
                self.post(server, "x.example")
                arrived(far)
                emptied(server)

    def test_says_at_once_that_a_domain_must_be_ascii(self):
        with self.server() as server:
            with gatepost.Talk(server.port("smtps"), tls=True) as talk:
                talk.reply()
                talk.expect(250, "EHLO me")
                talk.expect(235, "AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==")
                talk.expect(250, "MAIL FROM:<ann@home.example> SMTPUTF8")
                talk.expect(250, "RCPT TO:<far@größer.example>")
                talk.expect(354, "DATA")
                talk.send(b"Subject: x\r\n\r\nbody\r\n")
                talk.expect(250, ".")
            emptied(server)
            note, = server.stored("ann")
        self.assertIn(b"Status: 5.1.2", note)
        self.assertIn(b"its form with xn-- is needed", note)

    @staticmethod
    def one_key(port):
        """Two names with one key of src/service/route.c."""
        def add(h, octet):
            return (h ^ octet) * 16777619 & 0xffffffff

        seen, h = {}, 2166136261 ^ port
        for octet in (*b"test", 0x100):
            h = add(h, octet)
        while True:  # about 80,000 names; what is behind them is the same
            name, key = os.urandom(8).hex(), h
            for octet in name.encode():
                key = add(key, octet)
            if seen.setdefault(key, name) != name:
                return seen[key], name

    def test_a_kept_connection_is_for_its_own_domain_only(self):
        mine, other = self.one_key(self.mail_port)
        with peers.Nsd({"x.example": f"""\
                {mine} A 127.0.0.78
                {other} A 127.0.0.79
                """}) as dns, self.far(78) as first, \
                self.far(79) as second, \
                self.server(f"127.0.0.1:{dns.port}") as server:
            self.post(server, f"{mine}.x.example")
            arrived(first)
            self.post(server, f"{other}.x.example")
            emptied(server)
            self.assertEqual(len(first.messages), 1)
            self.assertEqual(len(second.messages), 1)

    def test_takes_no_domain_that_is_an_address(self):
        with self.server() as server, \
                server.smtp("smtps", hello="me") as talk:
            talk.expect(235, "AUTH PLAIN " + gatepost.plain(
                "ann", server.users["ann"]))
            talk.expect(250, "MAIL FROM:<ann@home.example>")
            talk.expect(553, "RCPT TO:<far@[127.0.0.78]>")


def name_octets(name):
    return b"".join(bytes([len(x)]) + x.encode()
                    for x in name.split(".")) + b"\0"


class Liar(threading.Thread):
    """A name server that says `x.example` is at 127.0.0.79, after lies."""

    def __init__(self, lies):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.lies = lies
        self.ports = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.join()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                query, peer = self.sock.recvfrom(600)
                if not query:
                    return
                self.ports.append(peer[1])
                for lie in self.lies:
                    packet = lie(query, self.answer(query, 78))
                    if packet:
                        self.sock.sendto(packet, peer)
                self.sock.sendto(self.answer(query, 79), peer)

    @staticmethod
    def answer(query, last):
        kind = struct.unpack(">H", query[-4:-2])[0]
        n = int(kind == 1)
        record = query[12:-4] + struct.pack(
            ">HHIH4B", 1, 1, 60, 4, 127, 0, 0, last)
        return query[:2] + b"\x84\0" + struct.pack(">4H", 1, n, 0, 0) \
            + query[12:] + record * n


class Lies(unittest.TestCase):
    """None of these may be believed: an answer needs the right id, question
    and server (RFC 5452)."""

    LIES = {
        "another id": lambda q, a: bytes([a[0] ^ 1]) + a[1:],
        "another question": lambda q, a: a.replace(
            name_octets("x.example"), name_octets("y.example")),
        "a query": lambda q, a: a[:2] + b"\0\0" + a[4:],
        "cut off": lambda q, a: a[:11],
        "a loop of pointers": lambda q, a: a[:12] + b"\xc0\x0c" + a[14:],
        "nothing": lambda q, a: b"",
    }

    def test_what_does_not_fit_the_question_is_not_believed(self):
        port, = gatepost.free_ports(1)
        with Liar(self.LIES.values()) as liar, \
                farend.Server(address=("127.0.0.78", port)) as wrong, \
                farend.Server(address=("127.0.0.79", port)) as right, \
                gatepost.Server(settings={
                    "host.dns": f"127.0.0.1:{liar.port}",
                    "route.rule.test": f"host=mx port={port}",
                    **QUICK}) as server:
            submit(server, "ann@home.example", ["far@x.example"])
            arrived(right)
            emptied(server)
            self.assertEqual(wrong.messages, [])

    def test_every_question_has_an_id_and_a_port_of_its_own(self):
        seen = []
        with Liar([lambda q, a: seen.append(q[:2])]) as liar, \
                farend.Server() as far, gatepost.Server(settings={
                    "host.dns": f"127.0.0.1:{liar.port}",
                    "route.rule.test": f"host=mx port={far.port}",
                    **QUICK}) as server:
            for i in range(8):
                submit(server, "ann@home.example", [f"far@d{i}.example"])
            gatepost.wait_for(lambda: len(seen) >= 24, "three questions each")
        self.assertGreater(len(set(seen)), 20)
        self.assertGreater(len(set(liar.ports)), 20)
        steps = {(int.from_bytes(b, "big") - int.from_bytes(a, "big")) % 65536
                 for a, b in zip(seen, seen[1:])}
        self.assertGreater(len(steps), 20)  # no counter


if __name__ == "__main__":
    unittest.main()
