#!/usr/bin/python3
"""`make run`: the card it prints is true, and a second start keeps it all."""

import os
import re
import signal
import stat
import subprocess
import tempfile
import unittest

import gatepost


@gatepost.needs("ENABLE_POP3")
class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gatepost-run-")
        self.addCleanup(folder.cleanup)
        self.state = os.path.join(folder.name, "it's a state")
        self.log_path = os.path.join(folder.name, "log")
        self.first = self.free_row()

    @staticmethod
    def free_row():
        """Five ports in a row that nobody has."""
        while True:
            first = gatepost.free_ports(1)[0]
            if first > 65000:
                continue
            try:
                for port in range(first, first + 5):
                    s = gatepost.socket.socket()
                    with s:
                        s.bind(("127.0.0.1", port))
                return first
            except OSError:
                continue

    def start(self):
        with open(self.log_path, "wb") as log:
            process = subprocess.Popen(
                [f"{gatepost.ROOT}/tools/run", gatepost.PROGRAM],
                cwd=gatepost.ROOT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "STATE": self.state,
                     "PORTS": str(self.first)})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        gatepost.wait_for(
            lambda: "server.control" in self.log()
            or process.poll() is not None, "start")
        return process

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def command(self, heading):
        return re.search(rf"{heading}:\n +(.*)\n", self.log()).group(1)

    def shell(self, command):
        return subprocess.run(command, shell=True, check=True, timeout=30,
                              cwd=gatepost.ROOT,
                              stdout=subprocess.PIPE).stdout

    def test_the_card_s_commands_work_and_a_second_start_keeps_all(self):
        process = self.start()
        password = re.search(r"password +(\S+)", self.log()).group(1)
        self.assertEqual(len(password), 16)
        self.shell(self.command("Send a message"))
        self.assertIn(b"It works.", self.shell(self.command("Fetch it")))
        self.assertIn(b"server: running",
                      self.shell(self.command("Look around")))
        mode = os.stat(f"{self.state}/try.card").st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        card = self.log().split("\n20")[0]
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 0)
        process = self.start()
        self.assertEqual(self.log().split("\n20")[0], card)
        self.assertIn(b"It works.", self.shell(self.command("Fetch it")))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_the_checkout_s_folder_may_have_any_name(self):
        with tempfile.TemporaryDirectory(prefix="it's a \"$x\" ") as folder:
            for name in ("Makefile", "Kconfig", "src", "board", "tools",
                         "tests", "firmware"):
                os.symlink(f"{gatepost.ROOT}/{name}", f"{folder}/{name}")
            done = subprocess.run(
                ["make", "-n", "INSTALL=no"], cwd=folder, timeout=60,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                env={k: v for k, v in os.environ.items()
                     if not k.startswith("MAKE")})
            self.assertIn(b"build/host/gatepost", done.stdout)
            self.assertNotIn(os.path.basename(folder).encode(), done.stdout)

    def test_a_board_or_a_place_that_is_none_is_named(self):
        done = subprocess.run(
            ["make", "-n", "INSTALL=no", "BOARD=nosuch"], cwd=gatepost.ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            env={k: v for k, v in os.environ.items()
                 if not k.startswith("MAKE")})
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr.decode(), "BOARD=nosuch: .*there are: "
                         "host nas-arm nas-arm64 router-mips ")
        self.state = "/proc/no/state"
        process = self.start()
        self.assertEqual(process.wait(10), 2)
        self.assertEqual(self.log(), "run: /proc/no can't be made; "
                         "STATE=dir names another place\n")

    def test_ports_that_are_none_are_refused_in_words(self):
        for ports in ("abc", "-1", "20 000", "123456", "65534"):
            self.first = ports
            process = self.start()
            self.assertEqual(process.wait(10), 2)
            lines = self.log().splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], "PORTS=20000|has no port")

    def test_a_taken_port_is_named(self):
        with gatepost.socket.socket() as s:
            s.bind(("127.0.0.1", self.first + 2))
            s.listen()
            process = self.start()
            self.assertEqual(process.wait(10), 2)
        last = self.log().splitlines()[-1]
        self.assertIn(f"listen.smtps=127.0.0.1:{self.first + 2}", last)
        self.assertIn("another program listens there", last)


if __name__ == "__main__":
    unittest.main()
