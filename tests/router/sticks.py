"""USB sticks in the emulated router: mail, or all of the state folder, on FAT,
exFAT and f2fs.
"""

import poplib
import random
import re
import smtplib
import time
import unittest

from box import (LISTEN, OPTIONS, STATE, Changing, free_ports, machine, serve,
                 set_up)

ON_STICK = "/usb/state"
SOCKET = "/tmp/gatepost.sock"
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
         "!$H+H*")


def send(port, to, text):
    """As ann; the code of the reply to the message, or of its refusal."""
    with smtplib.SMTP("127.0.0.1", port, "me.example", timeout=60) as client:
        client.login("ann", "secret")
        try:
            client.sendmail("ann@home.example", [to], text)
        except smtplib.SMTPRecipientsRefused as e:
            return e.recipients[to][0]
        except smtplib.SMTPResponseException as e:
            return e.smtp_code
    return 250


def collect(port):
    """A session of ann's."""
    client = poplib.POP3("127.0.0.1", port, timeout=60)
    try:
        client.user("ann")
        client.pass_("secret")
    except BaseException:
        client.close()
        raise
    return client


def fetch_first(port):
    client = collect(port)
    try:
        return client.retr(1)
    finally:
        client.close()


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
        smtp, pop3 = free_ports(2)
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


class StateOnStick(Changing):
    """The state folder on a file system without links, rights and sockets."""

    state = ON_STICK
    CUTS = 6

    def new_state(self, router):
        set_up(router, ON_STICK)
        status, text = router.run(f"gatepost serve --state {ON_STICK}")
        self.assertEqual(status, 2, text)
        self.assertIn("gatepost set control.socket=", text)
        router.check(f"gatepost set --state {ON_STICK} "
                     f"control.socket={SOCKET}")

    def cut_changes(self, second):
        with machine(plain=True, second=second) as router:
            router.boot()
            self.new_state(router)
            total = self.rounds(router, self.CUTS)
            router.check(f"grep -q ' /usb {second} rw' /proc/mounts")
        print(f"settings on {second}: {self.CUTS} cuts, {total} changes "
              "acknowledged, none lost", flush=True)

    def test_settings_on_vfat_outlive_the_plug(self):
        self.cut_changes("vfat")

    def test_settings_on_exfat_outlive_the_plug(self):
        self.cut_changes("exfat")

    def test_init_on_vfat_goes_on_after_a_cut(self):
        """At every 25th of a second: made anew, or there and whole; or, now
        and then, the kernel finds its FAT torn and writes no more (store's
        README): then nothing was promised, and the line says why."""
        torn = 0
        with machine(plain=True, second="vfat") as router:
            router.boot()
            for k in range(self.CUTS + 2):
                state = f"/usb/state{k}"
                router.send(f"gatepost init --state {state} {LISTEN} &\n")
                time.sleep(0.05 + 0.04 * k)
                router.cut()
                router.log = b""
                router.boot()
                left = router.run(f"ls -l {state}")[1]
                status, text = router.run(
                    f"gatepost init --state {state} {LISTEN}")
                if "read-only file system" in text:
                    torn += 1
                    continue
                if status:
                    self.assertIn("already", text, left)
                router.check("echo secret | gatepost user add ann "
                             f"--password-stdin --state {state}")
                self.assertIn("home.example", router.check(
                    f"gatepost get host.domains --state {state}"))
        self.assertLess(torn, self.CUTS // 2)

    def usual(self, second):
        smtp, pop3 = free_ports(2)
        with machine(plain=True, second=second,
                     ports={smtp: 25, pop3: 110}) as router:
            router.boot()
            self.new_state(router)
            router.check(f"gatepost set --state {ON_STICK} scan.enabled=on "
                         "route.smarthost=127.0.0.1:9")
            self.assertNotEqual(router.run(
                "echo secret | gatepost user add ANN --password-stdin "
                f"--state {ON_STICK}")[0], 0)
            serve(router, ON_STICK)
            self.goes_in_and_out(router, smtp, pop3)
            self.flags(router, smtp, pop3)
            self.is_full(router, smtp, pop3)

    def goes_in_and_out(self, router, smtp, pop3):
        hello = "Subject: hello\r\n\r\nhello\r\n"
        self.assertEqual(send(smtp, "ann@home.example", hello), 250)
        self.assertEqual(send(smtp, "x@far.example", hello), 250)
        self.assertEqual(send(smtp, "ann@home.example",
                              f"Subject: gift\r\n\r\n{EICAR}\r\n"), 250)
        for _ in range(2):
            listed = router.check(f"gatepost queue list --state {ON_STICK}")
            self.assertIn("far.example", listed)
            held = router.check(f"gatepost quarantine list --state {ON_STICK}")
            found = re.search(r"\d+\.M\S+", held)
            self.assertTrue(found, held)
            router.check(f"gatepost status --state {ON_STICK} >/tmp/said; "
                         "kill $(pidof gatepost | tr ' ' '\\n' | sort -n | "
                         "head -n 1); for i in 1 2 3 4 5 6 7 8 9; do "
                         "pidof gatepost >/dev/null || break; sleep 1; done")
            serve(router, ON_STICK)
        router.check(f"gatepost quarantine delete {found[0]} "
                     f"--state {ON_STICK}")
        client = collect(pop3)
        texts = [b"\n".join(client.retr(i + 1)[1])
                 for i in range(client.stat()[0])]
        client.quit()
        self.assertTrue(any(b"Subject: hello" in t for t in texts), texts)
        self.assertFalse(any(EICAR.encode() in t for t in texts))

    def flags(self, router, smtp, pop3):
        """A Maildir program there writes ; or ! for the : that FAT lacks."""
        box = f"{ON_STICK}/mail/ann/Maildir"
        client = collect(pop3)
        uids = client.uidl()[1]
        client.quit()
        self.assertNotEqual(router.run(f"echo > '{box}/cur/a:2,S'")[0], 0)
        for mark in ";!":
            router.check(f"cd {box}/new && f=$(ls | head -n 1) && "
                         f"mv $f \"../cur/$f{mark}2,S\"; cd /")
        client = collect(pop3)
        self.assertEqual(sorted(client.uidl()[1]), sorted(uids))
        for i in range(len(uids)):
            client.dele(i + 1)
        client.quit()
        self.assertEqual(router.check(f"ls {box}/cur {box}/new | grep S=; :"),
                         "")
        self.assertEqual(send(smtp, "ann@home.example",
                              "Subject: next\r\n\r\n\r\n"), 250)

    def is_full(self, router, smtp, pop3):
        router.run("dd if=/dev/zero of=/usb/fill bs=1M; "
                   "dd if=/dev/zero of=/usb/fill2 bs=4k", 600)
        text = "Subject: more\r\n\r\n" + "x\r\n" * 3000
        self.assertIn(send(smtp, "ann@home.example", text), (451, 452))
        router.check(f"gatepost set --state {ON_STICK} net.idle_seconds=77")
        client = collect(pop3)
        n = client.stat()[0]
        client.dele(1)
        client.quit()
        client = collect(pop3)
        self.assertEqual(client.stat()[0], n - 1)
        client.quit()
        router.check("rm /usb/fill /usb/fill2")
        self.assertEqual(send(smtp, "ann@home.example", text), 250)

    def test_mail_queue_and_quarantine_on_vfat(self):
        self.usual("vfat")

    def test_mail_queue_and_quarantine_on_exfat(self):
        self.usual("exfat")


class Pulled(unittest.TestCase):
    """The stick with the mail is pulled out, and put back."""

    MAIL = "Subject: hello\r\n\r\nhello\r\n"

    def mount(self, router):
        """The device has the next free name while the old one is held."""
        router.check("umount -l /usb; echo 1 >/sys/bus/pci/rescan; sleep 1; "
                     "d=$(ls -t /dev/vd[b-z] | head -n 1); "
                     "mount -t vfat -o noatime $d /usb && ls /usb/mail")

    def test_a_pulled_stick_loses_nothing_and_comes_back(self):
        smtp, pop3 = free_ports(2)
        with machine(second="vfat", ports={smtp: 25, pop3: 110}) as router:
            router.boot()
            set_up(router)
            router.check("mkdir /usb/mail && gatepost set --state "
                         f"{STATE} mail.path=/usb/mail")
            serve(router)
            self.assertEqual(send(smtp, "ann@home.example", self.MAIL), 250)
            router.check("echo 1 >$(dirname $(readlink -f "
                         "/sys/block/vdb/device))/remove")
            code = send(smtp, "ann@home.example", self.MAIL)
            self.assertIn(code, (451, 452, 450, 431))
            with self.assertRaises(poplib.error_proto):
                fetch_first(pop3)
            self.assertIn("uptime", router.check(
                f"gatepost status --state {STATE}"))
            self.mount(router)
            self.assertEqual(send(smtp, "ann@home.example", self.MAIL), 250)
            client = collect(pop3)
            self.assertEqual(client.stat()[0], 2)
            client.retr(2)
            client.quit()

    def test_without_the_stick_no_mail_goes_elsewhere(self):
        smtp, = free_ports(1)
        with machine(second="vfat", ports={smtp: 25}) as router:
            router.boot()
            set_up(router)
            router.check(f"gatepost set --state {STATE} mail.path=/usb/mail")
            serve(router)
            self.assertEqual(send(smtp, "ann@home.example", self.MAIL), 250)
            router.cut()
            router.boot()
            router.check("umount /usb")
            status, text = router.run(f"gatepost serve --state {STATE}")
            self.assertEqual(status, 2)
            self.assertIn("/usb/mail/.receiving was there when", text)
            self.assertEqual(router.check("ls -A /usb"), "")
