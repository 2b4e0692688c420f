#!/usr/bin/python3
"""Every message is looked into before it is taken, and what follows.

What is found in which container is test_scan's; here it is what becomes of
the message.  The processes that look are test_scanworker's.
"""

import base64
import functools
import glob
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_scan import EICAR, tarred, uuencoded, zipped  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_SCAN_WORKER")

CLEAN = b"X-Gatepost-Scan: clean"
NAME = "Eicar-Test-Signature"
PEOPLE = {"ann": "open sesame", "bob": "hunter 2"}
MIB = 1 << 20


def attached(data, name="a.zip", head=b""):
    """A message with `data` attached, CR LF line ends, without the dot."""
    text = (b"From: a@example.org\nSubject: x\nMIME-Version: 1.0\n" + head +
            b"Content-Type: multipart/mixed; boundary=zz\n\n--zz\n\nhello\n"
            b"--zz\nContent-Type: application/octet-stream; name=\"" +
            name.encode() + b"\"\nContent-Transfer-Encoding: base64\n\n" +
            base64.encodebytes(data) + b"--zz--\n")
    return text.replace(b"\n", b"\r\n")


def plain(body, head=b""):
    return (b"From: a@example.org\r\nSubject: x\r\n" + head + b"\r\n" + body)


def damaged():
    """A zip whose only member ends too early, in both readings."""
    whole = zipped(bytes(range(256)) * 64)
    return whole[:60] + whole[70:]


def encrypted():
    data = bytearray(zipped(b"secret"))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def unknown():
    """Packed in a way that no zip program ever had."""
    data = bytearray(zipped(b"packed", zipfile.ZIP_STORED))
    data[8:10] = b"\x50\0"
    at = data.index(b"PK\1\2") + 10
    data[at:at + 2] = b"\x50\0"
    return bytes(data)


def deep(levels):
    data = b"at the bottom"
    for _ in range(levels):
        data = gzip.compress(data)
    return data


@functools.lru_cache(None)
def bomb(mib, copies):
    """`copies` times `mib` MiB of nothing, in a few KB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for i in range(copies):
            z.writestr(f"{i}", bytes(mib * MIB))
    return out.getvalue()


class Case(unittest.TestCase):
    def server(self, **settings):
        names = {k.replace("__", "."): v for k, v in settings.items()}
        server = gatepost.Server(users=PEOPLE, settings=names)
        self.enterContext(server)
        return server

    def enterContext(self, context):
        """As in Python 3.11."""
        result = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return result

    def open(self, server, service="smtp", user=None):
        talk = server.smtp(service, hello="me")
        self.addCleanup(talk.close)
        if user:
            words = base64.b64encode(
                f"\0{user}\0{PEOPLE[user]}".encode()).decode()
            talk.expect(235, f"AUTH PLAIN {words}")
        return talk

    def begin(self, talk, text, to=("ann@home.example",),
              sender="a@example.org"):
        talk.expect(250, f"MAIL FROM:<{sender}>")
        for path in to:
            talk.expect(250, f"RCPT TO:<{path}>")
        talk.expect(354, "DATA")
        talk.send(text + b"\r\n.\r\n")

    def stranger(self, server, text, **more):
        talk = self.open(server)
        self.begin(talk, text, **more)
        code, [words] = talk.reply()
        talk.close()
        return code, words

    def friend(self, server, text, user="bob", **more):
        talk = self.open(server, "smtps", user)
        self.begin(talk, text, sender=f"{user}@home.example", **more)
        code, [words] = talk.reply()
        return code, words

    def counters(self, server):
        return json.loads(server.run("status", "--json").stdout)["counters"]

    def listed(self, server):
        """The rows of the quarantine's list."""
        out = server.run("quarantine", "list").stdout.decode()
        return [line.split("\t") for line in out.splitlines()]

    def held(self, server):
        """What the quarantine has: (reason, name), sorted."""
        return sorted(tuple(row[5:7]) for row in self.listed(server))


class Verdicts(Case):
    def test_clean_mail_arrives_and_says_so(self):
        server = self.server()
        for text in (plain(b"hello"), attached(zipped(b"fine")),
                     b"\r\nonly a body", b" a space first\r\n\r\nbody"):
            self.assertEqual(self.stranger(server, text)[0], 250)
        for stored in server.stored("ann"):
            self.assertEqual(stored.count(CLEAN), 1, stored)
            head = stored.split(b"\n\n")[0]
            self.assertRegex(head, rb"(?m)^X-Gatepost-Scan: clean *$")
            self.assertNotRegex(head, rb"X-Gatepost-Scan.*\n[ \t]")
        self.assertEqual(self.counters(server)["scan.done"], 4)
        self.assertEqual(self.counters(server)["scan.found"], 0)

    def test_malware_of_a_stranger_is_refused_and_kept(self):
        server = self.server(scan__warn="off")
        wrapped = (
            plain(EICAR), attached(EICAR, "a.com"), attached(zipped(EICAR)),
            attached(EICAR, head=b"no field\x01\x02\n"),
            attached(zipped(EICAR, zipfile.ZIP_STORED)),
            attached(gzip.compress(EICAR)), attached(tarred(EICAR)),
            attached(zipped(gzip.compress(tarred(zipped(EICAR))))),
            plain(b"see\r\n\r\n"
                  + uuencoded(EICAR).replace(b"\n", b"\r\n")))
        talk = self.open(server)
        for text in wrapped:
            self.begin(talk, text)
            self.assertEqual(talk.reply(), (
                554, ["5.7.1 message refused: malware found"]))
        self.begin(talk, plain(b"and then this"))
        self.assertEqual(talk.reply()[0], 250)
        self.assertEqual(len(server.stored("ann")), 1)
        self.assertEqual(self.held(server), [("malware", NAME)] * len(wrapped))
        self.assertIn("scan.refused", server.log())

    def test_malware_of_our_own_is_held(self):
        server = self.server()
        code, words = self.friend(server, attached(zipped(EICAR)))
        self.assertEqual(code, 250)
        self.assertRegex(words, r" held: malware$")
        self.assertEqual(self.held(server), [("malware", NAME)])
        [[message_id, *_]] = self.listed(server)
        shown = server.run("quarantine", "show", message_id).stdout.decode()
        self.assertIn("a.zip", shown)
        self.assertIn(
            "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
            shown)  # SHA-256 of the find itself
        self.assertNotIn("smtp.accepted", server.log())

    def test_people_here_are_told_and_strangers_are_not(self):
        with farend.Server() as far:
            server = self.server(
                route__smarthost=f"127.0.0.1:{far.port}", route__tls="off")
            self.stranger(server, plain(EICAR))
            gatepost.wait_for(lambda: server.stored("ann"), "ann is told")
            self.assertIn(NAME.encode(), server.stored("ann")[0])
            self.friend(server, plain(EICAR),
                        to=["ann@home.example", "joe@outside.example"])
            gatepost.wait_for(lambda: server.stored("bob"), "bob is told")
            self.stranger(server, plain(b"x"))
            self.assertEqual(far.messages, [])

    def test_held_mail_outlives_the_server(self):
        server = self.server()
        self.friend(server, plain(EICAR))
        server.kill()
        server.start()
        self.assertEqual(self.held(server), [("malware", NAME)])

    def test_malware_does_not_leave_the_house(self):
        with farend.Server() as far:
            server = self.server(
                route__smarthost=f"127.0.0.1:{far.port}", route__tls="off")
            to = ["joe@outside.example", "ann@home.example"]
            self.friend(server, attached(zipped(EICAR)), to=to)
            self.assertEqual(self.friend(server, plain(b"hello"), to=to)[0],
                             250)
            gatepost.wait_for(lambda: far.messages, "it is passed on")
            self.assertEqual(self.counters(server)["relay.delivered"], 1)
            [passed] = far.messages
            self.assertIn(CLEAN, passed.data)
            self.assertNotIn(b"UEsDB", passed.data)

    def test_list_messages_are_looked_into(self):
        server = self.server()
        server.run("set", "list.team=owner=bob posting=anyone members=ann,bob")
        self.assertEqual(self.stranger(
            server, plain(EICAR), to=["team@home.example"])[0], 554)
        self.assertEqual(self.held(server), [("malware", NAME)])
        self.assertEqual(self.stranger(
            server, plain(b"hi"), to=["team@home.example"])[0], 250)

    def test_marks_of_others_are_not_believed(self):
        server = self.server()
        forged = (b"X-Gatepost-Scan: clean\nx-gatepost-SCAN : clean\n"
                  b"X-Gatepost-Scanner: other\n")
        self.assertEqual(
            self.stranger(server, attached(encrypted(), head=forged))[0], 250)
        [stored] = server.stored("ann")
        head = stored.split(b"\n\n")[0]
        self.assertRegex(head, rb"(?m)^X-Gatepost-Scan: encrypted *$")
        self.assertEqual(len(re.findall(rb"(?mi)^X-Gatepost-Scan\s*:", head)),
                         1)
        self.assertIn(b"\nX-Unproven-Scan: clean\n", head)
        self.assertIn(b"\nX-Unproven-Scan : clean\n", head)
        self.assertIn(b"\nX-Gatepost-Scanner: other\n", head)
        many = b"X-Gatepost-Scan: clean\r\n" * 9
        self.assertEqual(self.stranger(server, plain(b"x", many))[0], 554)

    def test_forged_marks_are_found_wherever_the_pieces_end(self):
        server = self.server(scan__enabled="off")
        talk = self.open(server)
        for code, text in ((250, "MAIL FROM:<>"),
                           (250, "RCPT TO:<ann@home.example>"),
                           (354, "DATA")):
            talk.expect(code, text)
        for piece in (b"A: b\r\nX-Gate", b"post-Sc", b"an: clean\r\n\r\nhi"):
            talk.send(piece)
            time.sleep(0.05)
        talk.send(b"\r\n.\r\n")
        self.assertEqual(talk.reply()[0], 250)
        [stored] = server.stored("ann")
        self.assertIn(b"\nA: b\nX-Unproven-Scan: clean\n\nhi", stored)
        self.assertNotIn(b"X-Gatepost-Scan", stored)

    def test_switched_off_nothing_is_looked_into(self):
        server = self.server()
        server.run("set", "scan.enabled=off")
        self.assertEqual(self.stranger(server, plain(EICAR))[0], 250)
        [stored] = server.stored("ann")
        self.assertNotIn(b"X-Gatepost-Scan", stored)
        server.run("set", "scan.enabled=on")
        self.assertEqual(self.stranger(server, plain(EICAR))[0], 554)

    def test_each_cause_is_what_its_setting_says(self):
        cases = {
            "encrypted": attached(encrypted()),
            "deep": attached(deep(9)),
            "damaged": attached(damaged()),
            "limits": attached(bomb(3, 1)),
            "unopened": attached(unknown()),
            "scripts": plain(b"<script>x()</script>",
                             b"Content-Type: text/html\r\n"),
            "programs": attached(b"MZ" + bytes(100), "a.exe"),
        }
        server = self.server(scan__max_mib=1, scan__warn="off")
        held = 0
        for cause, text in cases.items():
            self.enterContext(self.subTest(cause))
            for rule in ("deliver", "quarantine", "refuse"):
                server.run("set", f"scan.{cause}={rule}")
                before = len(server.stored("ann"))
                code, words = self.stranger(server, text)
                arrived = server.stored("ann")[before:]
                if rule == "deliver":
                    self.assertEqual((code, len(arrived)), (250, 1),
                                     (cause, words, server.log()[-800:]))
                    self.assertRegex(
                        arrived[0], rb"(?m)^X-Gatepost-Scan: .*\b%s\b"
                        % cause.encode())
                elif rule == "quarantine":
                    held += 1
                    self.assertEqual((code, arrived), (250, []), cause)
                    self.assertIn(f"held: {cause}", words)
                else:
                    self.assertEqual(words,
                                     "5.7.1 message refused: cannot be "
                                     "inspected", cause)
                    self.assertEqual((code, arrived), (554, []))
                self.assertEqual(len(self.held(server)), held, cause)
            server.run("unset", f"scan.{cause}")

    def test_a_signature_file_counts_at_once_and_a_broken_one_never(self):
        server = self.server()
        source = os.path.join(server.folder, "s.ndb")
        compiled = os.path.join(server.folder, "s.gps")
        with open(source, "w", encoding="ascii") as f:
            f.write("Test.Marker:0:*:" + b"a rare marker".hex() + "\n")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", source, "-o",
                        compiled], check=True, capture_output=True)
        text = plain(b"there is a rare marker in here")
        self.assertEqual(self.stranger(server, text)[0], 250)
        server.run("set", f"scan.signatures={compiled}")
        self.assertEqual(self.stranger(server, text)[0], 554)
        self.assertEqual(self.held(server), [("malware", "Test.Marker")])
        broken = os.path.join(server.folder, "broken.gps")
        with open(broken, "wb") as f:
            f.write(b"GPSIGDB\0" + bytes(1000))
        server.run("set", f"scan.signatures={broken}")
        self.assertEqual(self.stranger(server, text)[0], 554)
        self.assertRegex(server.log(), r"error scanner.signatures path=\S*bro")
        with open(compiled, "rb") as f:
            rotten = bytearray(f.read())
        # the maps of grams: no search would come to the signature
        rotten[300:] = bytes(len(rotten) - 300)
        with open(broken, "wb") as f:
            f.write(rotten)
        rotten_path = os.path.join(server.folder, "rotten.gps")
        os.rename(broken, rotten_path)
        server.run("set", f"scan.signatures={rotten_path}")
        self.assertEqual(self.stranger(server, text)[0], 554)
        self.assertEqual(server.log().count("error scanner.signatures"), 2)
        server.run("set", "scan.signatures=/nowhere")
        self.assertEqual(self.stranger(server, text)[0], 554)
        server.run("unset", "scan.signatures")
        self.assertEqual(self.stranger(server, text)[0], 250)

    def test_a_changed_signature_file_counts_after_a_hang_up(self):
        server = self.server()
        source = os.path.join(server.folder, "s.ndb")
        compiled = os.path.join(server.folder, "s.gps")

        def compile_for(marker):
            with open(source, "w", encoding="ascii") as f:
                f.write("Test.Marker:0:*:" + marker.hex() + "\n")
            subprocess.run([gatepost.PROGRAM, "sig", "compile", source, "-o",
                            compiled], check=True, capture_output=True)

        compile_for(b"first marker")
        server.run("set", f"scan.signatures={compiled}")
        self.assertEqual(self.stranger(server, plain(b"first marker"))[0], 554)
        compile_for(b"other marker")
        server.process.send_signal(signal.SIGHUP)
        gatepost.wait_for(lambda: "server.reload" in server.log(), "reload")
        self.assertEqual(self.stranger(server, plain(b"first marker"))[0], 250)
        self.assertEqual(self.stranger(server, plain(b"other marker"))[0], 554)

    def test_a_worker_finds_what_the_command_line_finds(self):
        """In a worker libraries can't open any file."""
        server = self.server(scan__unopened="refuse", scan__damaged="refuse",
                             scan__encrypted="refuse", scan__deep="refuse",
                             scan__failed="deliver", scan__limits="refuse")
        for path in self.archives(server.folder):
            said = subprocess.run(
                [gatepost.PROGRAM, "scan", path], text=True,
                capture_output=True).stdout.split(": ")[-1]
            with open(path, "rb") as f:
                code, words = self.stranger(server, attached(f.read(), "x"))
            want = ("2.0.0 ok" if said.startswith("OK") else
                    "5.7.1 message refused: malware found"
                    if said.startswith("INF") else
                    "5.7.1 message refused: cannot be inspected")
            self.assertTrue(words.startswith(want), (path, said, words))
        self.assertEqual(self.counters(server)["scan.workers"], 1)

    def archives(self, folder):
        """Debian's samples, and what its bsdtar makes of a Japanese name."""
        yield from sorted(glob.glob("/usr/share/clamav-testfiles/*"))
        inside = os.path.join(folder, "in")
        os.mkdir(inside)
        with open(os.path.join(inside, "h\u00e4\u65e5\u672c"), "wb") as f:
            f.write(EICAR)
        for how in ("--format=7zip", "--format=iso9660", "--format=cpio",
                    "--format=zip", "--xz", "--bzip2", "--zstd"):
            out = os.path.join(folder, "made" + how)
            subprocess.run(
                ["bsdtar", how, "-cf", out, "-C", inside, "."],
                check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
            yield out


if __name__ == "__main__":
    unittest.main()
