#!/usr/bin/python3
"""gatepost on an emulated router, settings on its flash: `make router`.

usage: run.py --program P [--rounds N] [--seed N] [--figures] [WORD...]

Mail goes in by SMTP and out by POP3; then the plug is pulled N times (default
25) while settings are being changed, and after each start every change that
was acknowledged must be there, whole.  --figures adds what the READMEs state:
time of a change, of opening the settings and of scanning, in CPU seconds of the
emulated router; and the ways of making mail durable on a stick.
WORDs: only tests with one of them in the name.

Last line: "N passed, N failed".
"""

import argparse
import importlib.machinery
import importlib.util
import os
import poplib
import random
import re
import shutil
import smtplib
import subprocess
import sys
import time
import unittest

from router import BLOCK, BLOCKS, FLASH, ROOT, Router

sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
import gatepost  # noqa: E402

FOLDER = os.path.join(ROOT, f"build/router-run.{os.getpid()}")
OPTIONS = argparse.Namespace()
STATE = "/mnt/state"
KEYS = ("net.idle_seconds", "smtp.max_octets", "host.domains")
LISTEN = " ".join(f"--set {s}" for s in (
    "host.name=box.home.example", "host.domains=home.example",
    "listen.smtp=*:25", "listen.pop3=*:110", "listen.submission=off",
    "listen.pop3s=off", "listen.smtps=off", "listen.http=off",
    "listen.https=off", "auth.plaintext=any"))

# Changes three keys together to belong to the number N, N + 1 and so on, until
# the end; one is long, so that the flash is compacted again and again.
CHANGER = f"""#!/bin/sh
n=$1
while :; do
	gatepost set --state {STATE} {KEYS[0]}=$((100 + n % 3000)) \\
		{KEYS[1]}=$((100000 + n)) {KEYS[2]}=d$n.example$2 \\
		>/tmp/said 2>&1 || {{ echo "change $n: $(cat /tmp/said)"; exit 1; }}
	echo "kept $n"
	n=$((n + 1))
done
"""


def programs():
    os.makedirs(FOLDER, exist_ok=True)
    small = os.path.join(FOLDER, "gatepost")
    bench = os.path.join(FOLDER, "barrier")
    for to, program in ((small, OPTIONS.program), (bench, os.path.join(
            os.path.dirname(OPTIONS.program), "bench/barrier"))):
        subprocess.run(["mipsel-linux-gnu-strip", "-o", to, program],
                       check=True)
    changer = os.path.join(FOLDER, "changer")
    with open(changer, "w", encoding="ascii") as f:
        f.write(CHANGER)
    return {"gatepost": small, "barrier": bench, "changer": changer}


def machine(**more):
    return Router(os.path.join(FOLDER, "box"), programs(), **more)


def set_up(router):
    router.check(f"gatepost init --state {STATE} {LISTEN}", 120)
    router.check("echo secret | gatepost user add ann --password-stdin "
                 f"--state {STATE}", 120)


def serve(router):
    router.check(f"gatepost serve --state {STATE} >/tmp/log 2>&1 & "
                 "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do "
                 f"[ -S {STATE}/control ] && gatepost status --state {STATE} "
                 ">/dev/null && break; sleep 1; done; "
                 f"[ -S {STATE}/control ] || {{ cat /tmp/log; false; }}", 120)


def stored(router):
    """The values of KEYS as the router reads them after a start."""
    text = router.check(f"gatepost get {' '.join(KEYS)} --state {STATE}")
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


class Mail(unittest.TestCase):
    """From an empty flash to mail, as the owner would."""

    def test_settings_lie_on_flash_and_mail_goes_in_and_out(self):
        smtp, pop3 = gatepost.free_ports(2)
        with machine(ports={smtp: 25, pop3: 110}) as router:
            router.boot()
            set_up(router)
            self.assertNotEqual(
                router.run(f"test -e {STATE}/settings.kv")[0], 0)
            with open(router.path("memory"), "rb") as f:
                f.seek(FLASH)
                flash = f.read(BLOCK * BLOCKS)
            self.assertIn(b"GPKV", (flash[:4], flash[BLOCK:BLOCK + 4]))
            self.assertIn(b"box.home.example", flash)
            self.assertNotIn(b"secret", flash)
            serve(router)
            with smtplib.SMTP("127.0.0.1", smtp, "me.example",
                              timeout=60) as client:
                client.sendmail("a@b.example", ["ann@home.example"],
                                "Subject: hello\r\n\r\n.dot\r\nend\r\n")
            # what was acknowledged outlives the plug
            router.cut()
            router.boot()
            serve(router)
            client = poplib.POP3("127.0.0.1", pop3, timeout=60)
            client.user("ann")
            client.pass_("secret")
            _, lines, _ = client.retr(1)
            self.assertIn(b"Subject: hello", lines)
            self.assertEqual(lines[-2:], [b".dot", b"end"])
            client.dele(1)
            client.quit()

    def test_a_missing_partition_and_one_that_is_no_flash_are_told(self):
        with machine() as router:
            router.boot()
            router.check("rmmod phram")
            status, text = router.run(f"gatepost init --state {STATE}")
            self.assertEqual(status, 2)
            self.assertIn("settings", text)
            self.assertIn("partition", text)


class Cuts(unittest.TestCase):
    """The plug is pulled while settings change."""

    def setUp(self):
        self.dice = random.Random(OPTIONS.seed)

    def round(self, router, number, served):
        """Change from `number` on, cut, start; the number that is stored."""
        if served:
            serve(router)
        pad = "".join(f",{self.dice.choice('abcdef') * 50}{i}.example"
                      for i in range(14))
        router.send(f"changer {number} {pad} &\n")
        end = time.monotonic() + self.dice.uniform(3, 12)
        while time.monotonic() < end:
            router.take(end - time.monotonic())
        router.cut()
        said = router.log.decode(errors="replace")
        router.log = b""
        self.assertNotIn("change", said.replace("changer", ""))
        kept = [int(n) for n in re.findall(r"^kept (\d+)\r?$", said, re.M)]
        router.boot()
        now = stored(router)
        found = int(now[KEYS[1]]) - 100000
        self.assertEqual(int(now[KEYS[0]]), 100 + found % 3000)
        if found >= number:
            self.assertEqual(now[KEYS[2]].split(",")[0], f"d{found}.example")
        first = kept[-1] if kept else number - 1
        self.assertIn(found, (first, first + 1))
        self.assertIn("ann", router.check(f"gatepost user list --state {STATE}"))
        router.check(f"gatepost settings list --state {STATE} >/dev/null")
        return found, len(kept)

    def test_acknowledged_changes_outlive_the_plug(self):
        total = 0
        with machine() as router:
            router.boot()
            set_up(router)
            router.check(f"gatepost set --state {STATE} {KEYS[0]}=100 "
                         f"{KEYS[1]}=100000")
            number = 0
            for k in range(OPTIONS.rounds):
                number, kept = self.round(router, number + 1, k % 2 == 0)
                total += kept
            wear = router.check(f"gatepost settings wear --state {STATE}")
        print(f"{OPTIONS.rounds} cuts, {total} changes acknowledged, none lost;"
              f" {re.search('compactions: ([0-9]+)', wear).group(1)}"
              " compactions", flush=True)


class Sticks(unittest.TestCase):
    """Mail on what people plug into a router; the plug is pulled right after
    a 250, or while one is on its way."""

    CUTS = 6
    MESSAGES = 20

    def setUp(self):
        self.dice = random.Random(OPTIONS.seed)
        self.sent = {}      # text by number: perhaps there
        self.promised = {}  # (user, number): there

    def message(self):
        number = len(self.sent)
        lines = self.dice.choice((1, 40, 300))
        self.sent[number] = [f"Subject: {number}", ""] + [
            f"{number} {self.dice.getrandbits(256):064x}"
            for _ in range(lines)]
        to = ("ann", "bob") if number % 2 else ("ann",)
        return number, to, "\r\n".join(self.sent[number]) + "\r\n"

    def fill(self, router, port, cut_between):
        client = smtplib.SMTP("127.0.0.1", port, "me.example", timeout=60)
        for _ in range(self.MESSAGES):
            number, to, text = self.message()
            client.sendmail("a@b.example", [f"{t}@home.example" for t in to],
                            text)
            self.promised.update({(t, number): True for t in to})
        if cut_between:
            _, to, text = self.message()
            client.mail("a@b.example")
            for t in to:
                client.rcpt(f"{t}@home.example")
            client.docmd("DATA")
            client.send(text + ".\r\n")
            time.sleep(self.dice.uniform(0, 0.06))
        router.cut()
        client.close()

    def fetch(self, user, port):
        """Everything a user has, by number; each whole."""
        found = []
        client = poplib.POP3("127.0.0.1", port, timeout=60)
        client.user(user)
        client.pass_("secret")
        for i in range(1, client.stat()[0] + 1):
            lines = [x.decode() for x in client.retr(i)[1]]
            at = next((k for k, x in enumerate(lines)
                       if x.startswith("Subject: ")), len(lines))
            text = lines[at:]
            number = int(text[0].split()[1]) if text else -1
            self.assertEqual(text, self.sent.get(number),
                             f"message {i} of {user}: {lines[:3]}")
            found.append(number)
        client.quit()
        return found

    def check(self, port):
        for user in ("ann", "bob"):
            found = self.fetch(user, port)
            self.assertEqual(len(found), len(set(found)), "doubled")
            lost = {n for u, n in self.promised if u == user} - set(found)
            self.assertFalse(lost, f"lost by {user}")

    def cuts(self, second):
        smtp, pop3 = gatepost.free_ports(2)
        with machine(ports={smtp: 25, pop3: 110}, second=second) as router:
            router.boot()
            set_up(router)
            router.check("echo secret | gatepost user add bob "
                         f"--password-stdin --state {STATE}")
            router.check(f"grep -q ' /usb {second} rw' /proc/mounts")
            router.check("mkdir /usb/mail && gatepost set --state "
                         f"{STATE} mail.path=/usb/mail")
            serve(router)
            for k in range(self.CUTS):
                self.fill(router, smtp, k % 2 == 1)
                router.boot()
                serve(router)
                self.check(pop3)
                router.check(f"grep -q ' /usb {second} rw' /proc/mounts")
        print(f"{second}: {self.CUTS} cuts, {len(self.promised)} copies "
              "acknowledged, all there once and whole", flush=True)

    def test_mail_on_vfat_outlives_the_plug(self):
        self.cuts("vfat")

    def test_mail_on_f2fs_outlives_the_plug(self):
        self.cuts("f2fs")


class Figures(unittest.TestCase):
    """What the READMEs state: CPU seconds of the emulated router."""

    COUNTS = (1, 1000)
    TURNS = 40

    def files(self):
        """What is scanned, and for what: as tools/bench/scan makes them."""
        loader = importlib.machinery.SourceFileLoader(
            "bench_scan", os.path.join(ROOT, "tools/bench/scan"))
        spec = importlib.util.spec_from_loader("bench_scan", loader)
        bench = importlib.util.module_from_spec(spec)
        sys.dont_write_bytecode = True
        loader.exec_module(bench)
        folder = os.path.join(FOLDER, "files")
        os.makedirs(folder, exist_ok=True)
        corpus, others = bench.choose(12 << 20)
        tar = os.path.join(folder, "programs.tar")
        bench.make_tar(tar, corpus)
        self.mib = os.path.getsize(tar) / (1 << 20)
        for count in self.COUNTS:
            with open(os.path.join(folder, f"{count}.ndb"), "w",
                      encoding="ascii") as f:
                f.writelines(f"B.{i}:0:*:{t}\n" for i, t in enumerate(
                    bench.bodies(others, count)))
        return folder

    def seconds(self, router, command):
        """CPU seconds of a command by the router's clock."""
        text = router.check(f"time {command} >/tmp/said", 600)
        return sum(60 * int(m) + float(s) for m, s in re.findall(
            r"^(?:user|sys)\s+(\d+)m ([0-9.]+)s", text, re.M))

    def each(self, router, command):
        turns = " ".join(str(i) for i in range(self.TURNS))
        return self.seconds(
            router, f"sh -c 'for i in {turns}; do {command}; done'"
        ) / self.TURNS

    @unittest.skipUnless("--figures" in sys.argv, "asked for by --figures")
    def test_figures(self):
        with machine(files=self.files()) as router:
            router.boot()
            set_up(router)
            start = self.each(router, "gatepost version")
            opened = self.each(
                router, f"gatepost get {KEYS[0]} --state {STATE}")
            change = self.each(
                router, f"gatepost set {KEYS[0]}=$((100 + i)) --state {STATE}")
            print(f"starting {start * 1000:.0f} ms, get {opened * 1000:.0f} ms,"
                  f" set {change * 1000:.0f} ms", flush=True)
            for count in self.COUNTS:
                router.check("gatepost sig compile "
                             f"/mnt/{count}.ndb -o /mnt/{count}.gps", 600)
                scan = f"gatepost scan --sigs /mnt/{count}.gps"
                self.seconds(router, f"{scan} /mnt/programs.tar")
                took = self.seconds(router, f"{scan} /mnt/programs.tar")
                self.assertIn(": OK", router.check("cat /tmp/said"))
                print(f"scan of {self.mib:.1f} MiB, {count} signatures: "
                      f"{took:.2f} s, {self.mib / took:.1f} MiB/s", flush=True)

    @unittest.skipUnless("--figures" in sys.argv, "asked for by --figures")
    def test_barrier(self):
        for second in ("vfat", "f2fs"):
            with machine(second=second) as router:
                router.boot()
                text = router.check("mkdir /usb/b && barrier /usb/b 2000", 600)
                print(f"{second}\n{text}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seed", type=int, default=20261128)
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("words", nargs="*")
    parser.parse_args(namespace=OPTIONS)
    argv = ["run.py"] + [x for w in OPTIONS.words for x in ("-k", w)]
    try:
        done = unittest.main(argv=argv, exit=False, verbosity=2).result
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    bad = len(done.failures) + len(done.errors)
    passed = done.testsRun - bad - len(done.skipped)
    print(f"{passed} passed, {bad} failed")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
