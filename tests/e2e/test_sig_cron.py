#!/usr/bin/python3
"""The manual's line for cron: it fetches signatures and installs them.

The line is taken from the manual page as it stands there; only its server and
folders are put in place of the examples.
"""

import functools
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import threading
import unittest

import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")


class Files(http.server.SimpleHTTPRequestHandler):
    """The folder's files; of those in `cut` only the first half comes."""

    cut = set()

    def copyfile(self, source, outputfile):
        data = source.read()
        if os.path.basename(self.path) in self.cut:
            data = data[:len(data) // 2]
            self.close_connection = True
        outputfile.write(data)

    def log_message(self, *unused):
        pass


def manual_line():
    """The command of the crontab line, and what stands before it."""
    with open(f"{gatepost.ROOT}/firmware/gatepost.1", encoding="utf-8") as f:
        page = f.read()
    text = re.search(r"(?s)\.nf\n(17 \* \* \* \*  .*?)\n\.fi", page)[1]
    line = " ".join(text.replace("\\-", "-").split())
    when, command = line[:len("17 * * * *")], line[len("17 * * * *"):]
    return when, command.strip()


@unittest.skipUnless(shutil.which("curl"), "curl is not there")
class Cron(unittest.TestCase):
    def setUp(self):
        self.server = gatepost.Server(users={})
        self.addCleanup(self.server.remove)
        self.server.init()
        self.web = self.folder("web")
        self.fetched = self.folder("fetched")
        os.symlink(os.path.abspath(gatepost.PROGRAM),
                   os.path.join(self.folder("bin"), "gatepost"))
        self.serve_files()
        self.key = os.path.join(self.server.folder, "key.pem")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1",
                        "-genkey", "-noout", "-out", self.key], check=True)
        der = subprocess.run(["openssl", "ec", "-in", self.key, "-pubout",
                              "-outform", "DER"], check=True,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE).stdout
        self.server.run("set", f"sig.key={der.hex()}")

    def folder(self, name):
        path = os.path.join(self.server.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def serve_files(self):
        Files.cut = set()
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Files, directory=self.web))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def publish(self, rows):
        """A signed set with so many signatures on the server; its bytes."""
        text = os.path.join(self.server.folder, "text.ndb")
        with open(text, "w", encoding="ascii") as f:
            for i in range(rows):
                f.write(f"Row.{i}:0:*:"
                        f"{hashlib.sha256(b'%d' % i).hexdigest()}\n")
        out = os.path.join(self.web, "main.gps")
        subprocess.run([gatepost.PROGRAM, "sig", "compile", text, "-o", out],
                       check=True, stdout=subprocess.PIPE)
        subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key,
                        "-out", out + ".sig", out], check=True)
        with open(out, "rb") as f:
            return f.read()

    def run_line(self):
        """As cron does: by sh, with little around it."""
        command = manual_line()[1]
        for example, ours in (("/srv/sigs", self.fetched),
                              ("https://sigs.example", self.url),
                              ("/srv/gatepost", self.server.state)):
            self.assertIn(example, command)
            command = command.replace(example, ours)
        around = {k: v for k, v in os.environ.items()
                  if k.lower() not in ("http_proxy", "all_proxy")}
        around["PATH"] = (self.folder("bin") + ":" + around["PATH"])
        return subprocess.run(["/bin/sh", "-c", command], env=around,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=gatepost.SECONDS)

    def quiet(self):
        done = self.run_line()
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, b"", b""))

    def told(self, status, what):
        done = self.run_line()
        self.assertEqual((done.returncode, done.stdout), (status, b""),
                         done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        self.assertIn(what, done.stderr.decode())

    def in_force(self):
        with open(os.path.join(self.server.state, "signatures"), "rb") as f:
            return f.read()

    def stamp(self):
        st = os.stat(os.path.join(self.server.state, "signatures"))
        return st.st_ino, st.st_mtime_ns

    def test_the_line_of_the_manual(self):
        when, command = manual_line()
        self.assertEqual(when, "17 * * * *")
        # cron makes a line end of it
        self.assertNotIn("%", command)
        old = self.publish(5)
        self.quiet()
        self.assertEqual(self.in_force(), old)
        before = self.stamp()
        self.quiet()
        self.assertEqual(self.stamp(), before)
        new = self.publish(6)
        self.quiet()
        self.assertEqual(self.in_force(), new)

    def test_a_broken_download_leaves_the_old(self):
        old = self.publish(5)
        self.quiet()
        new = self.publish(700)
        path = os.path.join(self.web, "main.gps")
        for bad in (new[:-100], new[:5000] + b"\0" * 100 + new[5100:], b"",
                    b"<html>log in first</html>"):
            with open(path, "wb") as f:
                f.write(bad)
            self.told(2, "main.gps")
            self.assertEqual(self.in_force(), old)
        # cut on its way, the set or the signature; not there
        with open(path, "wb") as f:
            f.write(new)
        for name in ("main.gps", "main.gps.sig"):
            Files.cut = {name}
            self.told(18, "curl: ")
            self.assertEqual(self.in_force(), old)
        Files.cut = set()
        os.rename(path, path + ".away")
        self.told(22, "404")
        self.assertEqual(self.in_force(), old)
        os.rename(path + ".away", path)
        self.quiet()
        self.assertEqual(self.in_force(), new)


if __name__ == "__main__":
    unittest.main()
