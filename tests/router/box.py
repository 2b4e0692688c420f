"""What the tests on the emulated router share: the machine with our programs on
it, set up and serving.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
import unittest

from router import ROOT, Router

sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
import gatepost  # noqa: E402

free_ports = gatepost.free_ports
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
# the end: "changer N PAD STATE"; one is long, so that the flash is compacted again and again.
CHANGER = f"""#!/bin/sh
n=$1
while :; do
	gatepost set --state $3 {KEYS[0]}=$((100 + n % 3000)) \\
		{KEYS[1]}=$((100000 + n)) {KEYS[2]}=d$n.example$2 \\
		>/tmp/said 2>&1 || {{ echo "change $n: $(cat /tmp/said)"; exit 1; }}
	echo "kept $n"
	n=$((n + 1))
done
"""


def programs(plain=False):
    """For /bin; `plain`: the program that keeps its settings in a file."""
    os.makedirs(FOLDER, exist_ok=True)
    small = os.path.join(FOLDER, "gatepost")
    bench = os.path.join(FOLDER, "barrier")
    for to, program in ((small, OPTIONS.plain if plain else OPTIONS.program),
                        (bench, os.path.join(
            os.path.dirname(OPTIONS.program), "bench/barrier"))):
        subprocess.run(["mipsel-linux-gnu-strip", "-o", to, program],
                       check=True)
    changer = os.path.join(FOLDER, "changer")
    with open(changer, "w", encoding="ascii") as f:
        f.write(CHANGER)
    return {"gatepost": small, "barrier": bench, "changer": changer}


def machine(plain=False, **more):
    return Router(os.path.join(FOLDER, "box"), programs(plain), **more)


def set_up(router, state=STATE):
    router.check(f"gatepost init --state {state} {LISTEN}", 120)
    router.check("echo secret | gatepost user add ann --password-stdin "
                 f"--state {state}", 120)


def serve(router, state=STATE):
    """Start it and wait until it is asked, not the folder without it."""
    router.check(f"gatepost serve --state {state} >/tmp/log 2>&1 & "
                 "for i in $(seq 60); do "
                 "grep -q server.control /tmp/log && break; sleep 1; done; "
                 f"gatepost status --state {state} | grep -q uptime || "
                 "{ cat /tmp/log; false; }", 120)


def stored(router, state=STATE):
    """The values of KEYS as the router reads them after a start."""
    text = router.check(f"gatepost get {' '.join(KEYS)} --state {state}")
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


class Changing(unittest.TestCase):
    """The plug is pulled while settings change: what was acknowledged is there
    after the start, whole."""

    state = STATE

    def setUp(self):
        self.dice = random.Random(OPTIONS.seed)

    def round(self, router, number, served):
        """Change from `number` on, cut, start; the number that is stored."""
        if served:
            serve(router, self.state)
        pad = "".join(f",{self.dice.choice('abcdef') * 50}{i}.example"
                      for i in range(14))
        router.send(f"changer {number} {pad} {self.state} &\n")
        end = time.monotonic() + self.dice.uniform(3, 12)
        while time.monotonic() < end:
            router.take(end - time.monotonic())
        router.cut()
        said = router.log.decode(errors="replace")
        router.log = b""
        self.assertNotIn("change", said.replace("changer", ""))
        kept = [int(n) for n in re.findall(r"^kept (\d+)\r?\n", said, re.M)]
        router.boot()
        now = stored(router, self.state)
        found = int(now[KEYS[1]]) - 100000
        self.assertEqual(int(now[KEYS[0]]), 100 + found % 3000)
        if found >= number:
            self.assertEqual(now[KEYS[2]].split(",")[0], f"d{found}.example")
        first = kept[-1] if kept else number - 1
        self.assertIn(found, (first, first + 1))
        self.assertIn("ann", router.check(
            f"gatepost user list --state {self.state}"))
        router.check(f"gatepost settings list --state {self.state} >/dev/null")
        return found, len(kept)

    def rounds(self, router, count):
        """So many cuts; how many changes were acknowledged."""
        router.check(f"gatepost set --state {self.state} {KEYS[0]}=100 "
                     f"{KEYS[1]}=100000")
        number = total = 0
        for k in range(count):
            number, kept = self.round(router, number + 1, k % 2 == 0)
            total += kept
        return total
