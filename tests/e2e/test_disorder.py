"""Many clients that say anything in any order and break off anywhere, while
settings, accounts and mail change below them: the server lives, finds nothing
wrong with itself, and holds nothing of them afterwards.

SEED=n and SECONDS=n for other and longer play than make test has."""

import json
import os
import random
import signal
import socket
import ssl
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import gatepost  # noqa: E402
from test_access import b64  # noqa: E402
from test_scan import EICAR  # noqa: E402

CONNECTIONS = 200
PLAIN = b64("\0ann\0secret")
MAIL = ["EHLO me", "HELO me", "MAIL FROM:<ann@home.example>", "MAIL FROM:<>",
        "MAIL FROM:<x@far.example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=abc",
        "MAIL FROM:<x@far.example> SMTPUTF8", "RCPT TO:<ann@home.example>",
        "RCPT TO:<bob@home.example> NOTIFY=SUCCESS,FAILURE",
        "RCPT TO:<x@far.example>", "RCPT TO:<both@home.example>",
        "RCPT TO:<team@home.example>", "RCPT TO:<fwd@home.example>", "DATA",
        "RSET"]
ODD = ["HELO", "RCPT TO:<postmaster>", "RCPT TO:<nobody@home.example>",
       "VRFY ann", f"AUTH PLAIN {PLAIN}", "AUTH LOGIN", b64("ann"),
       b64("secret"), "*", "AUTH PLAIN", "QUIT", "HELP", "x" * 3000,
       "AUTH SCRAM-SHA-256 " + b64("n,,n=ann,r=abcdef")]
FETCH = ["USER ann", "PASS secret", "USER bob", "PASS x1", "STAT", "LIST",
         "UIDL", "RETR 1", "TOP 1 3", "DELE 1", "DELE 2", "RSET", "NOOP",
         "QUIT", "CAPA", f"AUTH PLAIN {PLAIN}", "AUTH", "*", "RETR 99"]
BODIES = [b"Subject: x\r\n\r\nhi\r\n.\r\n", b"y" * 70 + b"\r\n.\r\n",
          b"x" * 5000, b"", b"bare\n.\r\n"]
PLACES = [b"ann", b"bob", b"both", b"team", b"fwd"]
BEHIND = [b"", b"QUIT\r\n", b"NOOP\r\n", b"QUIT\r\nJUNK",
          b"MAIL FROM:<>\r\nRCPT TO:<both@home.example>\r\n"]
SETTINGS = {
    "auth.plaintext": "any", "net.max_per_address": "400",
    "relay.networks": "127.0.0.0/8", "route.smarthost": "127.0.0.1:9",
    "limit.failures": "1000", "limit.bad_recipients": "1000",
    "alias.both": "ann,bob,x@far.example", "alias.fwd": "x@far.example",
    "list.team": "owner=ann posting=anyone members=ann,bob,y@far.example",
    "quota.bob": "1",
}


class Client:
    """One connection, encrypted or not, that may be gone at any time."""

    def __init__(self, server, dice):
        self.dice = dice
        service = dice.choice(("smtp", "submission", "smtps", "pop3",
                               "pop3s"))
        self.fetches = service.startswith("pop3")
        self.sock = socket.create_connection(
            ("127.0.0.1", server.port(service)), timeout=3)
        if service.endswith("s"):
            self.encrypt()

    def encrypt(self):
        self.sock = gatepost.untrusting_tls().wrap_socket(self.sock)

    def words(self):
        """What it says next."""
        dice = self.dice
        if self.fetches:
            return "".join(dice.choice(FETCH) + "\r\n" for _ in range(
                dice.choice((1, 1, 2, 4)))).encode()
        if dice.random() < 0.3:
            return (b"EHLO me\r\nMAIL FROM:<ann@home.example>\r\nRCPT TO:<"
                    + dice.choice(PLACES) + b"@home.example>\r\nDATA\r\n"
                    b"Subject: t\r\n\r\n"
                    + dice.choice((b"body", EICAR, b"z" * 70000))
                    + b"\r\n.\r\n" + dice.choice(BEHIND))
        said = b""
        for _ in range(dice.choice((1, 1, 2, 3, 6))):
            word = dice.choice(MAIL if dice.random() < 0.7 else ODD)
            said += word.encode() + b"\r\n"
            if word == "DATA":
                said += dice.choice(BODIES)
            if dice.random() < 0.15:
                n = dice.choice((0, 1, 10, 1000, 70000))
                last = dice.choice(("", " LAST"))
                said += f"BDAT {n}{last}\r\n".encode() + b"a" * (
                    n if dice.random() < 0.9 else n // 2)
        return said

    def hear(self):
        """Take what is there; False at the end."""
        self.sock.setblocking(False)
        try:
            while self.sock.recv(65536):
                pass
            return False
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        finally:
            self.sock.settimeout(2)

    def play(self):
        """One turn; False when it has ended."""
        dice = self.dice
        said = self.words()
        if dice.random() < 0.1:
            said = said[:dice.randrange(len(said) + 1)]
        if dice.random() < 0.2 and not self.hear():
            return False
        self.sock.sendall(said)
        way = dice.random()
        if way < 0.03 and not isinstance(self.sock, ssl.SSLSocket):
            self.sock.sendall(b"STLS\r\n" if self.fetches
                              else b"STARTTLS\r\n")
            time.sleep(0.02)
            self.hear()
            self.encrypt()
        elif way < 0.06:
            self.sock.shutdown(socket.SHUT_WR)
        elif way < 0.12:
            if dice.random() < 0.5:  # a reset
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     bytes([1, 0, 0, 0, 0, 0, 0, 0]))
            return False
        return True


class Disorder(unittest.TestCase):
    def test_clients_that_do_anything_leave_nothing(self):
        seed = int(os.environ.get("SEED", "2"))
        seconds = float(os.environ.get("SECONDS", "8"))
        self.dice = random.Random(seed)
        with gatepost.Server(users={"ann": "secret", "bob": "x1"},
                             settings=SETTINGS) as server:
            self.server = server
            turns = self.disorder(time.monotonic() + seconds)
            gatepost.wait_for(self.holds_nothing, "nothing is held", 90)
            self.assertIn(b'"running":true', self.ask("GET", "/status"))
        self.assertGreater(turns, 50)

    def disorder(self, end):
        clients, turns = [], 0
        while time.monotonic() < end:
            turns += 1
            self.server.must_live()
            try:
                if len(clients) < CONNECTIONS:
                    clients.append(Client(self.server, self.dice))
            except OSError:
                pass
            if turns % 30 == 0:
                self.change()
            client = self.dice.choice(clients or [None])
            try:
                if client and client.play():
                    continue
            except OSError:
                pass
            if client:
                client.sock.close()
                clients.remove(client)
        for client in clients:
            client.sock.close()
        return turns

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        got = b""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            try:
                s.connect(os.path.join(self.server.state, "control"))
                s.sendall(f"{method} /api/v1{path} HTTP/1.0\r\nContent-Length:"
                          f" {len(data)}\r\n\r\n".encode() + data)
                while piece := s.recv(65536):
                    got += piece
            except OSError:
                pass
        return got

    def ids(self, path):
        told = self.ask("GET", path).partition(b"\r\n\r\n")[2]
        return [one["id"] for one in json.loads(told or b"{}").get(
            path[1:], [])] if told.startswith(b"{") else []

    def change(self):
        """Something changes below the clients."""
        dice = self.dice
        way = dice.randrange(9)
        if way == 0:
            self.ask("PATCH", "/settings", {"set": {
                "net.idle_seconds": str(dice.randrange(10, 300)),
                "scan.enabled": dice.choice(("on", "off"))}})
        elif way == 1:
            self.ask("DELETE", "/users/bob")
        elif way == 2:
            self.ask("POST", "/users", {"name": "bob", "password": "x1"})
        elif way == 3:
            self.ask("PATCH", "/users/ann", {"disabled": dice.random() < 0.3})
        elif way == 4:
            self.server.process.send_signal(signal.SIGHUP)
        elif way == 5:
            self.ask("PATCH", "/settings", {"set": {"alias.both": dice.choice(
                ("ann,bob,x@far.example", "ann", "x@far.example,bob"))}})
        elif way == 6:
            for one in self.ids("/queue")[:5]:
                self.ask(*dice.choice((
                    ("POST", f"/queue/{one}/retry"),
                    ("POST", f"/queue/{one}/hold"),
                    ("DELETE", f"/queue/{one}"))))
        elif way == 7:
            for one in self.ids("/quarantine")[:3]:
                self.ask(*dice.choice((
                    ("POST", f"/quarantine/{one}/release"),
                    ("DELETE", f"/quarantine/{one}"))))
        else:
            self.ask("GET", dice.choice(("/status", "/queue", "/quarantine",
                                         "/nope", "/grants", "/settings")))

    def holds_nothing(self):
        """Only this question itself is held."""
        told = self.ask("GET", "/status").partition(b"\r\n\r\n")[2]
        pools = {p["name"]: p["used"] for p in json.loads(told)["pools"]}
        own = {"conns", "api", "windows"}
        return all(n == 0 or (name in own and n <= 2)
                   for name, n in pools.items())


if __name__ == "__main__":
    unittest.main()
