#!/usr/bin/python3
"""The API on the control socket: with curl, and with bytes of our own."""

import json
import re
import socket
import subprocess
import threading
import unittest

import gatepost


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.g = gatepost.Server()
        cls.addClassCleanup(cls.g.__exit__, None, None, None)
        cls.g.__enter__()
        gatepost.wait_for(lambda: "server.control" in cls.g.log(), "API")

    def curl(self, path, *words, data=None):
        done = subprocess.run(
            ["curl", "-sS", "--unix-socket", f"{self.g.state}/control",
             "-w", "\n%{http_code}", f"http://localhost/api/v1{path}",
             *words], input=data, stdout=subprocess.PIPE, check=True,
            timeout=30)
        body, status = done.stdout.rsplit(b"\n", 1)
        return int(status), body

    def raw(self, data):
        """Send bytes, read to the end."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(f"{self.g.state}/control")
            for piece in data if isinstance(data, list) else [data]:
                try:
                    s.sendall(piece)
                except ConnectionError:
                    break
            got = b""
            try:
                while True:
                    piece = s.recv(65536)
                    if not piece:
                        break
                    got += piece
            except ConnectionError:
                pass
            return got

    def status_of(self, data):
        return int(self.raw(data).split(b" ")[1])

    def error_of(self, answer):
        """The message of an answer, which must be JSON of its own length."""
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertIn(b"Content-Type: application/json", head)
        self.assertIn(b"Content-Length: %d\r\n" % len(body), head)
        found = json.loads(body)
        self.assertEqual(list(found), ["error"])
        self.assertGreater(len(found["error"]), 20)
        return found["error"]

    def test_every_refusal_is_json(self):
        host = b"Host: localhost\r\nConnection: close\r\n"
        for request, status in (
                (b"BREW /api/v1/status HTTP/1.1\r\n" + host, 501),
                (b"OPTIONS /api/v1/status HTTP/1.1\r\n" + host, 501),
                (b"PRI * HTTP/2.0\r\n" + host, 505),
                (b"EHLO me\r\n", 400),
                (b"GET /api/v1/users/%zz HTTP/1.1\r\n" + host, 400),
                (b"GET /api/v1/users/..%2f.. HTTP/1.1\r\n" + host, 400),
                (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + host, 414),
                (b"GET /api/v1/nothing HTTP/1.1\r\n" + host, 404),
                (b"PUT /api/v1/status HTTP/1.1\r\n" + host, 405),
                (b"GET /api/v1/users/ann HTTP/1.1\r\n" + host, 405)):
            with self.subTest(request=request[:40]):
                got = self.raw(request + b"\r\n")
                self.assertEqual(int(got.split(b" ")[1]), status)
                self.error_of(got)
                allow = re.findall(rb"\r\nAllow: (.*)\r\n", got)
                if status != 405:
                    self.assertEqual(allow, [])
                elif b"/status" in request:
                    self.assertEqual(allow, [b"GET, HEAD"])
                else:
                    self.assertEqual(sorted(allow[0].split(b", ")),
                                     [b"DELETE", b"PATCH"])

    def test_head_of_a_long_answer_is_over_with_its_head(self):
        got = self.raw(
            b"HEAD /api/v1/settings HTTP/1.1\r\nHost: a\r\n\r\n"
            b"HEAD /api/v1/settings HTTP/1.1\r\nHost: a\r\n"
            b"Connection: close\r\n\r\n")
        self.assertEqual(got.count(b"HTTP/1.1 200 OK\r\n"), 2)
        self.assertTrue(got.endswith(b"\r\n\r\n"))
        self.assertNotIn(b"{", got)

    def test_what_is_wrong_with_a_body_is_said(self):
        for body, status, words in (
                (b'{"set":{"a":"1","a":"2"}}', 400, "no key twice"),
                (b'{"set":{"net.idle_seconds":1e2}}', 400, "whole"),
                (b'{"set":{}} x', 400, "strict JSON"),
                (b'{"set":{"host.name":"\xff"}}', 400, "UTF-8"),
                (b'{"set":{"host.name":"\\ud800"}}', 400, "UTF-8"),
                (b'{"set":{"host.name":"' + b"x" * 3000 + b'"}}', 400,
                 "too long"),
                (b'{"a":' * 3000, 413, "too many values")):
            with self.subTest(body=body[:40]):
                got, answer = self.curl("/settings", "-X", "PATCH",
                                        "--data-binary", "@-", data=body)
                self.assertEqual(got, status)
                self.assertIn(words, json.loads(answer)["error"])

    def test_a_mistyped_member_is_not_lost(self):
        self.curl("/users", "-d", '{"name":"typo","password":"y"}')
        for method, path, body, wrong in (
                ("POST", "/users", {"name": "x", "pasword": "y"}, "pasword"),
                ("PATCH", "/users/typo", {"Warn": True}, "Warn"),
                ("PATCH", "/settings", {"set": {}, "Unset": []}, "Unset"),
                ("POST", "/backup", {"passprase": "x"}, "passprase"),
                ("POST", "/relay/decision", {"from": "a@b", "tls": 1}, "tls")):
            status, got = self.curl(path, "-X", method, "-d",
                                    json.dumps(body))
            self.assertEqual(status, 400, got)
            self.assertIn(f'may not have "{wrong}", only: ',
                          json.loads(got)["error"])

    def test_an_empty_line_before_a_request_is_ignored(self):
        """RFC 9112, 2.2: as old clients send behind a body."""
        get = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n"
        got = self.raw(b"\r\n" + get + b"\r\n\r\n" + get
                       + b"Connection: close\r\n\r\n")
        self.assertEqual(got.count(b"HTTP/1.1 200 "), 2)

    def test_curl_gets_the_status(self):
        status, body = self.curl("/status")
        self.assertEqual(status, 200)
        found = json.loads(body)
        self.assertTrue(found["running"])
        self.assertGreaterEqual(len(found["listeners"]),
                                5 if gatepost.config("ENABLE_POP3") else 3)

    def test_users_by_curl(self):
        status, _ = self.curl(
            "/users", "-d", '{"name":"zoe","password":"\\u00e4"}')
        self.assertEqual(status, 201)
        status, body = self.curl("/users")
        self.assertIn("zoe", [u["name"] for u in json.loads(body)["users"]])
        self.assertEqual(self.curl("/users/zoe", "-X", "PATCH", "-d",
                                   '{"disabled":true}')[0], 200)
        self.assertEqual(self.curl("/users/zoe", "-X", "DELETE")[0], 200)
        self.assertEqual(self.curl("/users/zoe", "-X", "DELETE")[0], 404)

    def test_settings_by_curl(self):
        status, body = self.curl("/settings")
        self.assertEqual(status, 200)
        found = {s["key"]: s for s in json.loads(body)["settings"]}
        self.assertGreater(len(found), 80)
        for key, s in found.items():
            self.assertTrue(s["help"]["en"], key)
            self.assertEqual(bool(s["help"].get("ja")),
                             bool(gatepost.config("ENABLE_JAPANESE")), key)
        status, body = self.curl(
            "/settings", "-X", "PATCH", "-d",
            '{"set":{"net.idle_seconds":121,"auth.old_form":false},'
            '"unset":["smtp.max_recipients"]}')
        self.assertEqual((status, json.loads(body)), (200, {"restart": [], "warnings": []}))
        _, body = self.curl("/settings/auth.old_form")
        self.assertEqual(json.loads(body)["value"], "off")

    def test_wrong_bodies_are_answered_in_words(self):
        for path, method, body, status in (
                ("/users", "POST", "", 400),
                ("/users", "POST", "[]", 400),
                ("/users", "POST", '{"name":"x"', 400),
                ("/users", "POST", '{"name":"x"}', 400),
                ("/users", "POST", '{"name":7,"password":"x"}', 400),
                ("/users/ann", "PATCH", "{}", 400),
                ("/settings", "PATCH", "{}", 400),
                ("/settings", "PATCH", '{"set":[]}', 400),
                ("/settings", "PATCH", '{"set":{"net.idle_seconds":[]}}',
                 400),
                ("/settings", "PATCH", '{"set":{"no.such":"1"}}', 404),
                ("/settings/import", "POST", "nothing", 400),
                ("/restore", "POST", "\nnothing", 400),
                ("/users", "PUT", "{}", 405),
                ("/nothing", "GET", "", 404)):
            with self.subTest(path=path, body=body):
                got, answer = self.curl(path, "-X", method, "-d", body)
                self.assertEqual(got, status, answer)
                self.assertTrue(json.loads(answer)["error"])

    def test_requests_that_could_be_read_in_two_ways_end_the_connection(self):
        head = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n"
        again = b"GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for bad, status in (
                (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
                (b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
                (b"Content-Length: 1\r\nTransfer-Encoding: x\r\n\r\n", 501),
                (b"Host: other\r\n\r\n", 400),
                (b"Expect: money\r\n\r\n", 417),
                (b" folded\r\n\r\n", 400),
                (b"x: y\n\n", 400),
                (b"x\x00: y\r\n\r\n", 400),
                (b"x: " + b"y" * 5000 + b"\r\n\r\n", 431)):
            with self.subTest(bad=bad[:40]):
                got = self.raw(head + bad + again)
                self.assertEqual(int(got.split(b" ")[1]), status)
                self.assertEqual(got.count(b"HTTP/1.1 "), 1)
                self.error_of(got)
        self.assertEqual(self.status_of(
            b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"), 400)

    def test_pipelined_requests_byte_by_byte(self):
        data = (b"GET /api/v1/users HTTP/1.1\r\nHost: a\r\n\r\n" * 3
                + b"GET /api/v1/settings HTTP/1.1\r\nHost: a\r\n"
                  b"Connection: close\r\n\r\n")
        whole = self.raw(data)
        self.assertEqual(whole.count(b"HTTP/1.1 200 OK"), 4)
        self.assertTrue(whole.endswith(b"0\r\n\r\n"))
        pieces = [data[i:i + 1] for i in range(len(data))]
        self.assertEqual(self.raw(pieces), whole)

    def test_a_slow_reader_gets_the_whole_of_a_long_answer(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.connect(f"{self.g.state}/control")
            s.sendall(b"GET /api/v1/settings HTTP/1.0\r\n\r\n")
            got = b""
            while piece := s.recv(512):
                got += piece
        found = json.loads(got.split(b"\r\n\r\n", 1)[1])
        self.assertGreater(len(found["settings"]), 80)

    def test_too_long_a_body_is_refused_before_it_is_sent(self):
        self.assertEqual(self.status_of(
            b"POST /api/v1/restore HTTP/1.1\r\nHost: a\r\n"
            b"Content-Length: 99999999\r\n\r\n"), 413)

    def test_no_secret_stays_in_the_server_s_memory_pools(self):
        found = json.loads(self.curl("/status")[1])
        pools = {p["name"]: p for p in found["pools"]}
        self.assertEqual(pools["api.long"]["used"], 0)
        self.assertLessEqual(pools["api"]["used"], 1)

    def test_more_clients_than_places_are_told_so(self):
        size = {p["name"]: p for p in json.loads(
            self.curl("/status")[1])["pools"]}["api"]["size"]
        held = []
        try:
            for _ in range(size):
                s = socket.socket(socket.AF_UNIX)
                s.connect(f"{self.g.state}/control")
                s.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
                s.recv(100)
                held.append(s)
            got = self.raw(b"")
            self.assertEqual(int(got.split(b" ")[1]), 503)
            self.error_of(got)
        finally:
            for s in held:
                s.close()
        self.assertEqual(self.curl("/status")[0], 200)

    def test_many_at_once(self):
        answers = []
        threads = [threading.Thread(
            target=lambda: answers.append(self.curl("/settings")[0]))
            for _ in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(answers, [200] * 6)


if __name__ == "__main__":
    unittest.main()
