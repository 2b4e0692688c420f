#!/usr/bin/python3
"""gatepost on an emulated router, settings on its flash: `make router`.

usage: run.py --program P --plain P [--rounds N] [--seed N] [--figures] [WORD...]

Settings lie on the MTD with --program, in a file with --plain.  Mail goes in by
SMTP and out by POP3; then the plug is pulled N times (default 25) while
settings are being changed, and after each start every change that was
acknowledged must be there, whole.  USB sticks: see sticks.py.  --figures adds what the READMEs state:
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
import re
import shutil
import smtplib
import sys
import unittest

import small
import sticks
from box import (FOLDER, KEYS, OPTIONS, STATE, Changing, free_ports, machine,
                 serve, set_up)
from router import BLOCK, BLOCKS, ROOT

# for unittest, which looks here
Sticks, StateOnStick, Pulled = (
    sticks.Sticks, sticks.StateOnStick, sticks.Pulled)
Small = small.Small


class Mail(unittest.TestCase):
    """From an empty flash to mail, as the owner would."""

    def test_settings_lie_on_flash_and_mail_goes_in_and_out(self):
        smtp, pop3 = free_ports(2)
        with machine(ports={smtp: 25, pop3: 110}) as router:
            router.boot()
            set_up(router)
            self.assertNotEqual(
                router.run(f"test -e {STATE}/settings.kv")[0], 0)
            with open(router.path("memory"), "rb") as f:
                f.seek(router.flash)
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


class Cuts(Changing):
    """Settings on the flash."""

    def test_acknowledged_changes_outlive_the_plug(self):
        with machine() as router:
            router.boot()
            set_up(router)
            total = self.rounds(router, OPTIONS.rounds)
            wear = router.check(f"gatepost settings wear --state {STATE}")
        print(f"{OPTIONS.rounds} cuts, {total} changes acknowledged, none lost;"
              f" {re.search('compactions: ([0-9]+)', wear).group(1)}"
              " compactions", flush=True)


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
    parser.add_argument("--plain", required=True,
                        help="the program with its settings in a file")
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
