"""Real clients send and fetch; what arrives is what was sent, to the octet.

Senders: curl, swaks, msmtp, s-nail, nodemailer, Python's smtplib; fetchers:
curl, mpop, fetchmail, Python's poplib.  Ways: plain, STARTTLS or STLS, TLS from
the first byte, with AUTH where a way is for submission.

test-seconds: 500
"""

import email
import email.policy
import hashlib
import json
import os
import poplib
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import unittest

import gatepost

PASSWORD = "open sesame"
HEAD = (b"From: Ann <ann@home.example>\r\nTo: bob@home.example\r\n"
        b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
        b"Message-ID: <%s@home.example>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\nSubject: %s\r\n\r\n")
BODIES = {
    "plain": b"Hello Bob,\r\nthis is a line.\r\n",
    "dots": b".\r\n..\r\n.x\r\n...\r\nx.\r\n. \r\n.\r\nend\r\n",
    "eight bit": "Grüße, こんにちは\r\n".encode() + bytes(
        b for b in range(0x80, 0x100)) + b"\r\n",
    "long lines": b"x" * 998 + b"\r\n" + b"y" * 997 + b"\r\n.\r\nend\r\n",
    "empty": b"",
    "only line ends": b"\r\n\r\n\r\n",
    "no final line end": b"last words",
    "white space": b" \r\n\t\r\n trailing \t \r\n",
    "looks like commands": b"QUIT\r\nRSET\r\nMAIL FROM:<a@b>\r\nFrom x\r\n",
}
# way: (service, TLS by command, TLS at once, login)
SENDING = {
    "plain": ("smtp", False, False, False),
    "starttls": ("smtp", True, False, False),
    "starttls and auth": ("submission", True, False, True),
    "smtps and auth": ("smtps", False, True, True),
}
FETCHING = {
    "stls": ("pop3", True, False),
    "pop3s": ("pop3s", False, True),
}


def message(name, body):
    mark = hashlib.sha256(name.encode() + body[:100]).hexdigest()[:12]
    return HEAD % (mark.encode(), name.encode()) + body


def finished(text):
    """What a line-oriented protocol must make of it: a last line end."""
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def big_body(megabytes):
    line = bytes(range(33, 127)) * 10
    n = megabytes * 1000000 // 100
    return b"".join(line[i % 800:i % 800 + 98] + b"\r\n" for i in range(n))





class ClientCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = gatepost.Server(
            users={"ann": PASSWORD, "bob": PASSWORD},
            settings={"smtp.max_octets": 50000000})
        cls.server.__enter__()
        cls.folder = tempfile.mkdtemp(prefix="gatepost-clients-")
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(
            ("127.0.0.1", cls.server.port("smtps"))))
        digest = hashlib.sha256(der).hexdigest().upper()
        cls.fingerprint = ":".join(
            digest[i:i + 2] for i in range(0, 64, 2))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        cls.server.__exit__(None, None, None)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data, mode=0o600):
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        return path

    def call(self, *words, stdin=None, env=None):
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL if stdin is None else None,
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=120, cwd=self.folder,
            env={**os.environ, "HOME": self.folder, "LC_ALL": "C.UTF-8",
                 **(env or {})})
        self.assertEqual(done.returncode, 0,
                         f"{words}: {done.stdout.decode(errors='replace')}")
        return done.stdout

    def take(self):
        """Bob's messages, which are then gone."""
        return self.server.fetch("bob", delete=True)

    def arrives(self, sent, how):
        """Exactly one message came, and it ends with what was sent."""
        got = self.take()
        self.assertEqual(len(got), 1, how)
        want = finished(sent)
        self.assertTrue(
            got[0].endswith(want),
            f"{how}: {got[0][-len(want) - 100:][:800]!r}")
        return got[0]


class Sending(ClientCase):
    def every_way(self, send, but=()):
        """A client's plain message by every way, every body by one."""
        text = message("plain", BODIES["plain"])
        for way, how in SENDING.items():
            with self.subTest(way=way):
                send(text, *how)
                got = self.arrives(text, way)
                protocol = b"ESMTP" + b"S" * (how[1] or how[2]) + \
                    b"A" * how[3]
                self.assertRegex(got, rb"\bwith " + protocol + rb"\b")
        for name, body in BODIES.items():
            if name in but:
                continue
            with self.subTest(body=name):
                text = message(name, body)
                send(text, *SENDING["starttls and auth"])
                self.arrives(text, name)

    def smtplib_send(self, text, service, starttls, tls, login):
        port = self.server.port(service)
        context = gatepost.untrusting_tls()
        if tls:
            client = smtplib.SMTP_SSL("127.0.0.1", port, context=context)
        else:
            client = smtplib.SMTP("127.0.0.1", port)
        with client:
            if starttls:
                client.starttls(context=context)
            if login:
                client.login("ann", PASSWORD)
            client.sendmail("ann@home.example", ["bob@home.example"], text,
                            mail_options=["BODY=8BITMIME"])

    def curl_send(self, text, service, starttls, tls, login):
        self.call(
            "curl", "-sS", "-k", *(["--ssl-reqd"] if starttls else []),
            f"smtp{'s' if tls else ''}://127.0.0.1:"
            f"{self.server.port(service)}/me.example",
            *(["--user", f"ann:{PASSWORD}"] if login else []),
            "--mail-from", "ann@home.example",
            "--mail-rcpt", "bob@home.example",
            "--upload-file", self.write("message", text))

    def swaks_send(self, text, service, starttls, tls, login):
        # swaks adds a line end to whatever it is given
        self.call(
            "swaks", "--server", "127.0.0.1",
            "--port", str(self.server.port(service)), "--silent", "2",
            *(["--tls"] if starttls else []),
            *(["--tls-on-connect"] if tls else []),
            *(["--auth", "PLAIN", "--auth-user", "ann",
               "--auth-password", PASSWORD] if login else []),
            "--helo", "me.example", "--from", "ann@home.example",
            "--to", "bob@home.example", "--suppress-data", "--data",
            "@" + self.write("message", finished(text)[:-2].replace(
                b"\r\n", b"\n")))

    def msmtp_send(self, text, service, starttls, tls, login):
        rc = self.write("msmtprc", "\n".join([
            "account default", "host 127.0.0.1",
            f"port {self.server.port(service)}", "domain me.example",
            "from ann@home.example",
            f"tls {'on' if starttls or tls else 'off'}",
            f"tls_starttls {'on' if starttls else 'off'}",
            *([f"tls_fingerprint {self.fingerprint}"]
              if starttls or tls else []),
            *(["auth on", "user ann", f"password \"{PASSWORD}\""]
              if login else ["auth off"]), ""]))
        self.call("msmtp", "-C", rc, "bob@home.example",
                  stdin=text.replace(b"\r\n", b"\n"))

    def nodemailer_send(self, text, service, starttls, tls, login):
        script = """
            const nodemailer = require("nodemailer");
            const o = JSON.parse(process.argv[2]);
            const raw = require("fs").readFileSync(o.file);
            nodemailer.createTransport(o.transport).sendMail({
                envelope: {from: "ann@home.example",
                           to: ["bob@home.example"]}, raw
            }).catch(e => { console.log(e); process.exit(1); });"""
        self.call(
            "node", self.write("send.js", script), json.dumps({
                "file": self.write("message", text),
                "transport": {
                    "host": "127.0.0.1", "port": self.server.port(service),
                    "secure": tls, "requireTLS": starttls,
                    "ignoreTLS": not starttls and not tls,
                    "tls": {"rejectUnauthorized": False},
                    **({"auth": {"user": "ann", "pass": PASSWORD}}
                       if login else {})}}),
            env={"NODE_PATH": "/usr/share/nodejs"})

    def test_smtplib(self):
        self.every_way(self.smtplib_send)

    def test_curl(self):
        self.every_way(self.curl_send)

    def test_swaks(self):
        # it makes an empty body one empty line, itself
        self.every_way(self.swaks_send, but=("empty",))

    def test_msmtp(self):
        self.every_way(self.msmtp_send)

    def test_nodemailer(self):
        self.every_way(self.nodemailer_send)

    def test_s_nail(self):
        """It writes the message itself: its text is compared, decoded."""
        text = "Hello Bob,\n.\n..two\nGrüße\n"
        for way, (service, starttls, tls, login) in SENDING.items():
            with self.subTest(way=way):
                user = f"ann:{PASSWORD.replace(' ', '%20')}@" if login else ""
                scheme = "smtps" if tls else "smtp" if not login else \
                    "submission" if not starttls else "smtp"
                sets = [
                    f"mta={scheme}://{user}127.0.0.1:"
                    f"{self.server.port(service)}",
                    f"smtp-auth={'plain' if login else 'none'}",
                    "tls-verify=ignore", "from=ann@home.example", "v15-compat",
                    "hostname=me.example", "smtp-hostname=home.example",
                    "sendwait", "ttycharset=utf-8"]
                self.call(
                    "s-nail", "-:/",
                    *(["-Ssmtp-use-starttls"] if starttls else []),
                    *[f"-S{s}" for s in sets], "-s", "from s-nail",
                    "-.", "bob@home.example", stdin=text.encode())
                got = self.take()
                self.assertEqual(len(got), 1, way)
                parsed = email.message_from_bytes(
                    got[0], policy=email.policy.default)
                self.assertEqual(parsed["Subject"], "from s-nail")
                self.assertEqual(
                    parsed.get_content().replace("\r\n", "\n"), text)

    def test_very_long_lines(self):
        text = message("very long", b"z" * 60000 + b"\r\n.\r\nend\r\n")
        self.smtplib_send(text, *SENDING["starttls and auth"])
        self.arrives(text, "60000 octets in a line")

    def test_twenty_megabytes_each_way(self):
        text = message("big", big_body(20))
        for way in ("plain", "smtps and auth"):
            with self.subTest(way=way):
                self.curl_send(text, *SENDING[way])
                self.arrives(text, way)

    def test_wrong_password(self):
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            with smtplib.SMTP("127.0.0.1",
                              self.server.port("submission")) as client:
                client.starttls(context=gatepost.untrusting_tls())
                client.login("ann", "wrong")

    def test_a_name_with_its_domain(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port("smtps"),
                              context=gatepost.untrusting_tls()) as client:
            client.login("ann@home.example", PASSWORD)


class Fetching(ClientCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.texts = [message(n, b) for n, b in BODIES.items()]
        with smtplib.SMTP("127.0.0.1", cls.server.port("smtp")) as client:
            for text in cls.texts:
                client.sendmail("ann@home.example", ["bob@home.example"],
                                text, mail_options=["BODY=8BITMIME"])

    def compare(self, got, line_end=b"\r\n"):
        """All messages, in order; each ends with what was sent."""
        self.assertEqual(len(got), len(self.texts))
        for text, sent in zip(got, self.texts):
            want = finished(sent).replace(b"\r\n", line_end)
            self.assertTrue(text.endswith(want), text[-2000:])

    def test_poplib(self):
        for way, (service, stls, tls) in FETCHING.items():
            with self.subTest(way=way):
                port = self.server.port(service)
                context = gatepost.untrusting_tls()
                if tls:
                    pop = poplib.POP3_SSL("127.0.0.1", port, context=context)
                else:
                    pop = poplib.POP3("127.0.0.1", port)
                    pop.stls(context=context)
                pop.user("bob")
                pop.pass_(PASSWORD)
                sizes = [int(x.split()[1]) for x in pop.list()[1]]
                uids = [x.split()[1] for x in pop.uidl()[1]]
                got = [b"".join(x + b"\r\n" for x in pop.retr(i + 1)[1])
                       for i in range(len(sizes))]
                self.assertEqual(len(set(uids)), len(uids))
                self.assertEqual(sizes, [len(x) for x in got])
                self.assertEqual(pop.stat(), (len(got), sum(sizes)))
                pop.quit()
                self.compare(got)

    def test_curl(self):
        for way, (service, stls, tls) in FETCHING.items():
            with self.subTest(way=way):
                got = [self.call(
                    "curl", "-sS", "-k", *(["--ssl-reqd"] if stls else []),
                    "--user", f"bob:{PASSWORD}",
                    f"pop3{'s' if tls else ''}://127.0.0.1:"
                    f"{self.server.port(service)}/{i + 1}")
                    for i in range(len(self.texts))]
                self.compare(got)

    def test_mpop(self):
        for way, (service, stls, tls) in FETCHING.items():
            with self.subTest(way=way):
                inbox = self.path("mpop-" + service)
                for part in ("", "/new", "/cur", "/tmp"):
                    os.mkdir(inbox + part)
                rc = self.write("mpoprc", "\n".join([
                    "account default", "host 127.0.0.1",
                    f"port {self.server.port(service)}", "user bob",
                    f"password \"{PASSWORD}\"", "tls on",
                    f"tls_starttls {'on' if stls else 'off'}",
                    f"tls_fingerprint {self.fingerprint}",
                    "auth user", "keep on", "received_header off",
                    f"uidls_file {inbox}/uidls",
                    f"delivery maildir {inbox}", ""]))
                self.call("mpop", "-C", rc, "-q")
                got = []
                for name in os.listdir(inbox + "/new"):
                    with open(f"{inbox}/new/{name}", "rb") as f:
                        got.append(f.read())
                order = [finished(t).replace(b"\r\n", b"\n")
                         for t in self.texts]
                got.sort(key=lambda t: [t.endswith(o) for o in order]
                         .index(True))
                self.compare(got, b"\n")

    def test_fetchmail(self):
        for way, (service, stls, tls) in FETCHING.items():
            with self.subTest(way=way):
                box = self.path("fetchmail-" + service)
                os.mkdir(box)
                mda = self.write("mda", "#!/bin/sh\n"
                                 f"exec cat >{box}/$(ls {box} | wc -l)\n",
                                 0o700)
                ssl_words = "ssl sslproto TLS1.2+" if tls else \
                    "sslproto TLS1.2+"
                rc = self.write("fetchmailrc", "\n".join([
                    "set no syslog", "set invisible",
                    f"poll 127.0.0.1 protocol pop3 port "
                    f"{self.server.port(service)} uidl no dns",
                    f"  user bob password \"{PASSWORD}\" is root here",
                    f"  {ssl_words} no sslcertck keep fetchall",
                    f"  mda \"{mda}\"", ""]))
                self.call("fetchmail", "-f", rc, "--nodetach", "--pidfile",
                          self.path("fetchmail.pid"), "-i",
                          self.path(f"ids-{service}"))
                got = []
                for i in range(len(os.listdir(box))):
                    with open(f"{box}/{i}", "rb") as f:
                        got.append(f.read())
                self.compare(got, b"\n")


if __name__ == "__main__":
    unittest.main()
