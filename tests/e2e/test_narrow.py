"""The program where the system gives it less than usual."""

import os
import resource
import subprocess
import time
import unittest

import gatepost
from test_taken_away import TEXT, SENDER, deliver


def left_of(state):
    """The processes that serve this folder."""
    found = []
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and state.encode() in words:
            found.append(pid)
    return found


def has_own_mounts():
    """It takes root, and a root folder that is a mount itself."""
    return subprocess.run(["unshare", "-m", "true"],
                          stderr=subprocess.DEVNULL).returncode == 0


class NarrowServer(gatepost.Server):
    """`limit`: (resource, value) for the server; `around`: words before it."""

    def __init__(self, limit=None, around=(), **more):
        super().__init__(**more)
        self.limit = limit
        self.around = around

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.around, gatepost.PROGRAM, "serve", "--state",
                 self.state], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=self.narrow)
        for service in gatepost.MAIL:
            gatepost.wait_for(lambda s=service: self.is_listening(s), service)
        gatepost.wait_for(self.has_control, "the control socket answers")

    def narrow(self):
        if self.limit:
            what, value = self.limit
            resource.setrlimit(what, (value, value))


@unittest.skipIf(gatepost.SANITIZED, "sanitizers need more themselves")
class Narrow(unittest.TestCase):
    def test_little_memory_still_is_enough_for_the_scanner(self):
        for what, mib in ((resource.RLIMIT_AS, 64), (resource.RLIMIT_AS, 32),
                          (resource.RLIMIT_DATA, 20)):
            with self.subTest(mib=mib), NarrowServer(
                    (what, mib << 20)) as server:
                self.assertEqual(deliver(server), 250)
                self.assertEqual(len(server.stored("ann")), 1)
                self.assertNotIn("scan.held", server.log())

    def test_too_few_descriptors_leave_no_process_behind(self):
        for most in range(12, 22):
            with self.subTest(descriptors=most):
                server = NarrowServer((resource.RLIMIT_NOFILE, most))
                self.addCleanup(server.remove)
                server.init()
                with subprocess.Popen(
                        [gatepost.PROGRAM, "serve", "--state", server.state],
                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                        preexec_fn=server.narrow) as process:
                    time.sleep(0.2)
                    process.terminate()
                    # it ends when nobody holds standard error any more
                    process.communicate(timeout=gatepost.SECONDS)
                gatepost.wait_for(lambda s=server: not left_of(s.state),
                                  "all processes have ended")

    def test_a_message_over_the_limit_for_files_ends_nobody(self):
        with NarrowServer((resource.RLIMIT_FSIZE, 100000)) as server:
            with server.smtp(hello="me.example") as talk:
                talk.expect(250, SENDER)
                talk.expect(250, f"RCPT TO:<ann@{gatepost.DOMAIN}>")
                talk.expect(354, "DATA")
                talk.send(b"x" * 70 + b"\r\n")
                talk.send((b"y" * 70 + b"\r\n") * 3000 + b".\r\n")
                self.assertEqual(talk.reply()[0], 452)
                talk.expect(250, SENDER)
                talk.expect(250, f"RCPT TO:<ann@{gatepost.DOMAIN}>")
                talk.expect(354, "DATA")
                talk.send(TEXT)
                self.assertEqual(talk.reply()[0], 250)
            self.assertEqual(len(server.fetch("ann")), 1)

    @unittest.skipUnless(has_own_mounts(), "no mounts of its own here")
    def test_without_proc_everything_works(self):
        with NarrowServer(around=(
                "unshare", "-m", "sh", "-c",
                'mount -t tmpfs none /proc || exit 77; exec "$0" "$@"')
                          ) as server:
            self.assertEqual(deliver(server), 250)
            self.assertEqual(len(server.fetch("ann")), 1)
            self.assertNotIn("scan.held", server.log())
            self.assertIn(b"running", server.run("status").stdout)


if __name__ == "__main__":
    unittest.main()
