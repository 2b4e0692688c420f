#!/usr/bin/python3
"""The processes that look into mail: what they can reach, and their ends."""

import base64
import concurrent.futures
import functools
import glob
import io
import os
import random
import re
import signal
import sys
import threading
import time
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
import gatepost  # noqa: E402
from test_scan import EICAR  # noqa: E402
from test_scanner import PEOPLE, Case, attached, bomb, plain  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_SCAN_WORKER")

MIB = 1 << 20


@functools.lru_cache(None)
def nested_bomb():
    """One bomb many times: minutes of work."""
    inner = bomb(64, 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(2000):
            z.writestr(f"{i}.zip", inner)
    return out.getvalue()


def config():
    """The numbers of the build under test."""
    path = os.path.join(os.path.dirname(gatepost.PROGRAM), "config.h")
    with open(path, encoding="ascii") as f:
        return dict(re.findall(r"#define (\w+) (\d+)", f.read()))


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f)


def children(pid, name="", state=""):
    """Those that have not ended, by what their status begins with."""
    found = []
    for path in glob.glob("/proc/[0-9]*/status"):
        try:
            s = status_of(path.split("/")[2])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if (int(s["PPid"]) == pid and not s["State"].startswith("Z")
                and s["Name"].startswith(name)
                and s["State"].startswith(state)):
            found.append(int(s["Pid"]))
    return sorted(found)


def has_ended(pid):
    """Whether or not somebody has asked how."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Workers(Case):
    def workers(self, server, state=""):
        [keeper] = children(server.process.pid)
        return children(keeper, name="gatepost-scan", state=state)

    def heir(self, server):
        """The keeper and the one who follows it."""
        def both():
            keepers = children(server.process.pid)
            heirs = [p for k in keepers
                     for p in children(k, name="gatepost-heir")]
            return len(keepers) == len(heirs) == 1 and keepers + heirs
        return gatepost.wait_for(both, "a keeper with its heir")

    def first_worker(self, server):
        self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)
        return self.workers(server)[0]

    @unittest.skipIf(gatepost.SANITIZED, "sanitizers need the system")
    def test_a_worker_has_nothing_but_its_channel(self):
        server = self.server()
        pid = self.first_worker(server)
        status = status_of(pid)
        self.assertEqual(status["Seccomp"], "2")
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(os.listdir(f"/proc/{pid}/fd"), ["0"])
        self.assertRegex(os.readlink(f"/proc/{pid}/fd/0"), "^socket:")
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            limits = f.read()
        for what in ("Max core file size", "Max file size", "Max processes"):
            self.assertRegex(limits, what + r"\s+0\s+0\s")
        self.assertRegex(limits, r"Max open files\s+8\s+8\s")
        self.assertNotRegex(limits, r"Max data size\s+unlimited")

    @unittest.skipIf(gatepost.SANITIZED, "sanitizers need the system")
    def test_main_runs_no_programs_and_gains_no_privileges(self):
        status = status_of(self.server().process.pid)
        self.assertEqual(status["Seccomp"], "2")
        self.assertEqual(status["NoNewPrivs"], "1")

    def test_no_key_and_no_password_is_in_a_worker_or_its_keeper(self):
        server = self.server()
        self.friend(server, plain(b"x"))  # main has used all of them now
        with open(os.path.join(server.state, "device.key"), "rb") as f:
            secrets = [f.read()]
        with open(os.path.join(server.state, "tls.pem"), "rb") as f:
            pem = f.read()
        der = base64.b64decode(re.search(
            rb"PRIVATE KEY-----\n(.*?)-----END", pem, re.S).group(1))
        at = der.index(b"\x04\x20") + 2  # the number itself
        secrets += [der[at:at + 32], PEOPLE["bob"].encode()]
        try:
            self.assertIn(secrets[0], memory_of(server.process.pid))
        except PermissionError:
            self.skipTest("processes' memory can't be read here")
        for pid in self.heir(server) + self.workers(server):
            memory = memory_of(pid)
            for secret in secrets:
                self.assertNotIn(secret, memory)

    def test_a_killed_worker_is_replaced(self):
        server = self.server()
        for _ in range(5):
            os.kill(self.first_worker(server), signal.SIGKILL)
        self.assertEqual(self.stranger(server, plain(EICAR))[0], 554)

    def test_a_message_survives_the_end_of_one_worker(self):
        server = self.server()
        for body, code in ((b"fine", 250), (EICAR, 554)):
            pid = self.first_worker(server)
            os.kill(pid, signal.SIGSTOP)
            talk = self.open(server)
            self.begin(talk, plain(body))
            gatepost.wait_for(
                lambda: self.counters(server)["scan.waiting"] == 1, "asked")
            os.kill(pid, signal.SIGKILL)
            self.assertEqual(talk.reply()[0], code)

    def test_a_message_that_ends_two_workers_is_not_clean(self):
        server = self.server(scan__failed="refuse", scan__max_mib=65535,
                             scan__max_members=1000000)
        self.first_worker(server)
        for rule, code in (("refuse", 554), ("quarantine", 250),
                           ("deliver", 250)):
            server.run("set", f"scan.failed={rule}")
            talk = self.open(server)
            self.begin(talk, attached(nested_bomb()))
            self.kill_while_busy(server)
            self.kill_while_busy(server)
            self.assertEqual(talk.reply()[0], code, rule)
        self.assertIn(b"X-Gatepost-Scan: failed", server.stored("ann")[-1])
        self.assertEqual(self.held(server),
                         [("failed", "the scanner ended while at it")])
        self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)

    def kill_while_busy(self, server):
        [pid] = gatepost.wait_for(lambda: self.workers(server, state="R"),
                                  "a worker is at it")
        os.kill(pid, signal.SIGKILL)
        gatepost.wait_for(lambda: pid not in self.workers(server), "its end")

    def test_what_takes_too_long_is_not_clean(self):
        server = self.server(scan__failed="refuse", scan__max_mib=65535,
                             scan__max_seconds=1, scan__max_members=1000000)
        began = time.monotonic()
        code, words = self.stranger(server, attached(nested_bomb()))
        self.assertEqual(code, 554, words)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("it takes too long", server.log())
        self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)

    def test_a_hanging_worker_is_given_up(self):
        server = self.server(scan__max_seconds=1, scan__failed="deliver")
        os.kill(self.first_worker(server), signal.SIGSTOP)
        self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)
        self.assertEqual(self.stranger(server, plain(b"y"))[0], 250)
        self.assertEqual(
            [b"X-Gatepost-Scan: failed" in m for m in server.stored("ann")],
            [False, True, False])

    def test_a_killed_keeper_is_followed_by_its_heir(self):
        server = self.server(scan__failed="refuse")
        seen = set()
        for turn in range(4):
            keeper, heir = self.heir(server)
            seen.update((keeper, heir))
            os.kill((keeper, heir)[turn % 2], signal.SIGKILL)
            gatepost.wait_for(
                lambda: not {keeper, heir} <= set(self.heir(server)), "a new")
            self.assertEqual(self.stranger(server, plain(EICAR))[0], 554)
            self.assertEqual(self.stranger(server, plain(b"x"))[0], 250)
        self.assertGreater(len(seen), 4)
        self.assertEqual(self.counters(server)["scan.keepers"], 2)
        self.assertIn("scanner.keeper_replaced", server.log())

    def test_kills_under_load_lose_nothing_and_pass_nothing(self):
        """Keepers, heirs and workers, whichever, while mail comes in."""
        server = self.server(scan__failed="refuse", scan__warn="off")
        dice, over = random.Random(9), threading.Event()

        def kill():
            for _ in range(15):
                keepers = children(server.process.pid)
                found = keepers + [p for k in keepers for p in children(k)]
                # never both at once: nobody could follow
                if len(found) > 1:
                    os.kill(dice.choice(found), signal.SIGKILL)
                time.sleep(0.15)
            over.set()

        def send(first):
            said = []
            for i in range(first, 3000, 8):
                body = EICAR if i % 3 == 0 else b"number %d" % i
                with server.smtp(hello="me") as talk:
                    self.begin(talk, plain(body))
                    said.append((i % 3 == 0, talk.reply()[0]))
                if over.is_set():
                    break
            return said

        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            killer = pool.submit(kill)
            replies = sum(pool.map(send, range(8)), [])
            killer.result()
        for infected, code in replies:
            self.assertIn(code, (554,) if infected else (250, 554))
        taken = [infected for infected, code in replies if code == 250]
        self.assertEqual(len(server.stored("ann")), len(taken))
        self.assertNotIn(EICAR, b"".join(server.stored("ann")))
        self.assertGreater(len(taken), 10)
        gatepost.wait_for(
            lambda: self.stranger(server, plain(b"at last"))[0] == 250,
            "all is as before")

    def test_without_keeper_and_heir_nothing_is_clean(self):
        server = self.server(scan__failed="deliver")
        pid = self.first_worker(server)
        keeper, heir = self.heir(server)
        os.kill(keeper, signal.SIGSTOP)
        os.kill(heir, signal.SIGKILL)
        os.kill(keeper, signal.SIGKILL)
        gatepost.wait_for(lambda: has_ended(pid), "its worker ends, too")
        code, _ = self.stranger(server, plain(EICAR))
        self.assertEqual(code, 250)
        self.assertIn(b"X-Gatepost-Scan: failed", server.stored("ann")[-1])
        self.assertIn("scanner.keeper_lost", server.log())

    def test_bombs_hold_up_nobody_else(self):
        """At most 1 s longer than beside a server without bombs."""
        quiet = self.server()
        server = self.server(scan__max_mib=65535, scan__max_seconds=60,
                             scan__max_members=1000000)

        def one(server):
            began = time.monotonic()
            self.assertEqual(self.stranger(server, plain(b"hello"))[0], 250)
            self.assertEqual(len(server.fetch("bob")), 0)
            return time.monotonic() - began

        one(quiet)
        self.first_worker(server)
        text = attached(nested_bomb())
        for _ in range(6):
            self.begin(self.open(server), text)
        pairs = [(one(quiet), one(server)) for _ in range(10)]
        counters = self.counters(server)
        self.assertEqual(counters["scan.moved"], 6)
        self.assertEqual(counters["scan.waiting"], 6)
        longer = sorted(b - a for a, b in pairs)
        print(f"beside 6 bombs: {1000 * longer[-1]:.0f} ms longer at most",
              file=sys.stderr)
        # one of ten may have met something else on a busy machine
        self.assertLess(longer[-2], 1)

    @unittest.skipIf(gatepost.SANITIZED, "shadow memory counts")
    def test_memory_stays_within_its_bounds(self):
        bounds = config()
        scratch = int(bounds["SCAN_SCRATCH_MIB"])
        most = scratch + int(bounds["SCAN_LIBRARY_MIB"]) + 16
        server = self.server(scan__max_mib=4096, scan__warn="off")
        for data in (bomb(scratch + 1, 1), bomb(scratch // 2, 3)):
            code, words = self.stranger(server, attached(data))
            self.assertEqual(code, 250)
        for pid in self.workers(server):
            status = status_of(pid)
            peak = int(status["VmHWM"].split()[0]) / 1024
            now = int(status["VmRSS"].split()[0]) / 1024
            print(f"worker: {peak:.0f} MiB at most, {now:.1f} afterwards",
                  file=sys.stderr)
            self.assertLess(peak, most)
            self.assertGreater(peak, scratch / 2)  # it was at work
            self.assertLess(now, 24)
        self.assertIn(("limits", ""), self.held(server))

    def test_many_clients_at_once_all_get_their_own_verdict(self):
        server = self.server(scan__warn="off")

        def one(i):
            body = EICAR if i % 3 == 0 else b"number %d" % i
            return i % 3 == 0, self.stranger(server, plain(body))[0]

        with concurrent.futures.ThreadPoolExecutor(
                min(20, gatepost.config("MAX_TRANSACTIONS") // 2)) as pool:
            for infected, code in pool.map(one, range(120)):
                self.assertEqual(code, 554 if infected else 250)
        self.assertEqual(len(server.stored("ann")), 80)
        self.assertEqual(len(self.held(server)), 40)

    def test_a_client_that_leaves_is_forgotten(self):
        server = self.server()
        pid = self.first_worker(server)
        os.kill(pid, signal.SIGSTOP)
        for _ in range(3):
            talk = self.open(server)
            self.begin(talk, plain(b"never mind"))
            talk.close()
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(self.stranger(server, plain(b"but this"))[0], 250)


def memory_of(pid):
    """All private readable memory of a process."""
    parts = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            low, high = (int(n, 16) for n in span.split("-"))
            if not rights.startswith("rw") or high - low > 512 * MIB:
                continue
            try:
                mem.seek(low)
                parts.append(mem.read(high - low))
            except OSError:
                continue
    return b"".join(parts)


if __name__ == "__main__":
    unittest.main()
