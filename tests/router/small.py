"""The smallest machine on which the emulator's kernel starts: 48 MB, of which
33 are left for programs, soft float, nothing swapped.
"""

import base64
import gzip
import re
import unittest

from box import STATE, free_ports, machine, serve, set_up
from sticks import collect, send

MIB = 48
HELLO = "Subject: hello\r\n\r\nhello\r\n"


def bomb(mib):
    """A message with so much in a few KiB, twice packed."""
    data = gzip.compress(gzip.compress(bytes(mib << 20)))
    return ("Subject: bomb\r\nMIME-Version: 1.0\r\n"
            "Content-Type: application/gzip; name=a.gz\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(data).decode().replace("\n", "\r\n"))


class Small(unittest.TestCase):
    def pss(self, router):
        """Of each process, in KiB."""
        text = router.check("for p in $(pidof gatepost); do "
                            "grep ^Pss: /proc/$p/smaps_rollup; done")
        return [int(n) for n in re.findall(r"Pss: +(\d+)", text)]

    def works(self, router, smtp, pop3):
        killed = router.run("dmesg | grep -i 'out of memory\\|oom-kill'")[1]
        self.assertNotIn("(gatepost)", killed)
        self.assertEqual(send(smtp, "ann@home.example", HELLO), 250)
        client = collect(pop3)
        n = client.stat()[0]
        self.assertIn(b"Subject: hello", client.retr(n)[1])
        client.quit()
        self.assertIn("uptime", router.check(
            f"gatepost status --state {STATE}"))

    def test_mail_bombs_full_memory_and_a_jumping_clock(self):
        smtp, pop3 = free_ports(2)
        with machine(mib=MIB, ports={smtp: 25, pop3: 110}) as router:
            router.boot()
            set_up(router)
            serve(router)
            began = router.check(
                "grep -c server.listening /tmp/log; cut -d' ' -f1 /proc/uptime")
            idle = self.pss(router)
            self.works(router, smtp, pop3)
            busy = self.pss(router)
            # more than a worker may have: held, never called clean
            self.assertEqual(send(smtp, "ann@home.example", bomb(64)), 250)
            self.assertIn("limits", router.check(
                f"gatepost quarantine list --state {STATE}"))
            self.works(router, smtp, pop3)
            # the rest of the memory is taken
            router.run("mount -o remount,size=100% /tmp; "
                       "dd if=/dev/zero of=/tmp/hog bs=64k count=$(("
                       "$(sed -n 's/MemAvailable: *\\([0-9]*\\) kB/\\1/p' "
                       "/proc/meminfo) / 64 - 128))", 300)
            self.works(router, smtp, pop3)
            self.assertIn(send(smtp, "ann@home.example", bomb(64)),
                          (250, 450, 451, 452))
            self.works(router, smtp, pop3)
            router.check("rm /tmp/hog")
            for jump in ("$(($(date +%s) + 86400))", "1000"):
                router.check(f"date -s @{jump} >/dev/null")
                self.works(router, smtp, pop3)
            self.works(router, smtp, pop3)
            after = self.pss(router)
        print(f"{MIB} MB: PSS in KiB of all processes: idle {sum(idle)}, "
              f"with scanner {sum(busy)}, at the end {sum(after)}; "
              f"listeners and uptime {began.split()}", flush=True)
