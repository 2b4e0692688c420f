"""Servers of Debian as far ends: Postfix, Exim, Dovecot, NSD.

They run from build/peers, where tools/unpack has put them, as if they were
installed: in a mount namespace of their own whose /usr and /etc have what was
unpacked on top.  Each is started in the foreground with a configuration and
folders of the test's, listens on high loopback ports only, and is ended by it.
Where one can't be had, the test is skipped and says why.

    with peers.Nsd({"x.example": ZONE}) as dns:
        ... host.dns=127.0.0.1:dns.port ...
"""

import os
import signal
import shutil
import subprocess
import tempfile
import textwrap
import unittest

import gatepost

UNPACKED = os.path.join(gatepost.ROOT, "build", "peers")
ACCOUNTS = ("Debian-exim", "postfix", "postdrop", "dovecot", "dovenull",
            "vmail", "nsd")
FIRST_ID = 64200
OVER = """
mount -t overlay overlay -o lowerdir="$1":/usr /usr || exit 77
mount -t overlay overlay -o lowerdir="$2":/etc /etc || exit 77
shift 2
exec "$@"
"""


def uid(name):
    return FIRST_ID + ACCOUNTS.index(name)


class Peer:
    """One server of Debian's: configuration in self.folder, one process."""

    packages = ()
    program = None

    def __init__(self):
        self.need()
        self.folder = tempfile.mkdtemp(prefix="peer-")
        os.chmod(self.folder, 0o755)
        self.process = None
        self.make_accounts()

    def need(self):
        """Skip the test where this server can't be run."""
        name = type(self).__name__
        for package in self.packages:
            if not os.path.exists(os.path.join(UNPACKED, package, "done")):
                raise unittest.SkipTest(
                    f"no {name}: {package} is not in build/peers, where "
                    "tools/unpack puts it")
        if os.getuid() != 0:
            raise unittest.SkipTest(f"{name} starts only as root")
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(self.over(empty, empty, "true"), check=False,
                                  stderr=subprocess.DEVNULL)
        if done.returncode:
            raise unittest.SkipTest(
                f"no {name}: overlay mounts are not allowed here")

    def over(self, usr, etc, *command):
        return ["unshare", "-m", "sh", "-c", OVER, "sh", usr, etc, *command]

    def make_accounts(self):
        """The accounts that the packages would have made."""
        etc = self.path("etc")
        os.mkdir(etc)
        for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/bin/false"),
                           ("group", "{0}:x:{1}:")):
            with open(os.path.join("/etc", name), encoding="utf-8") as f:
                lines = [x for x in f.read().splitlines()
                         if x.split(":")[0] not in ACCOUNTS]
            lines += [line.format(a, uid(a)) for a in ACCOUNTS]
            self.write("etc/" + name, "\n".join(lines) + "\n")

    def command(self, *words):
        roots = [os.path.join(UNPACKED, p, "root") for p in self.packages]
        parts = {part: ":".join(
            [os.path.join(r, part) for r in roots
             if os.path.isdir(os.path.join(r, part))])
            for part in ("usr", "etc")}
        etc = self.path("etc") + (":" if parts["etc"] else "") + parts["etc"]
        return self.over(parts["usr"], etc, *words)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(textwrap.dedent(text))
        return self.path(name)

    def log(self):
        found = ""
        for name in ("output", "log", "log/mainlog", "queue/log"):
            if os.path.isfile(self.path(name)):
                with open(self.path(name), encoding="utf-8",
                          errors="replace") as f:
                    found += f.read()
        return found

    def __enter__(self):
        try:
            self.configure()
            with open(self.path("output"), "ab") as log:
                self.process = subprocess.Popen(
                    self.command(self.program, *self.arguments()),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True)
            gatepost.wait_for(self.is_up, "the far end answers")
        except BaseException as e:
            text = self.log()
            self.__exit__()
            if isinstance(e, AssertionError):
                raise AssertionError(f"{e}\n{text}") from None
            raise
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}")
        return self.answers()

    def answers(self):
        try:
            gatepost.Talk(self.port).close()
        except OSError:
            return False
        return True

    def __exit__(self, *unused):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
            try:  # what it started, in the session made for it
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nsd(Peer):
    """A DNS server.  zones: {domain: text}; None: a zone that is not loaded,
    so that it says SERVFAIL."""

    packages = ("nsd",)
    program = "/usr/sbin/nsd"
    HEAD = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\n" \
        "ns A 127.0.0.1\n"

    def __init__(self, zones, address="127.0.0.1"):
        super().__init__()
        self.zones = zones
        self.address = address
        self.port, = gatepost.free_ports(1)

    def configure(self):
        text = f"""\
            server:
              ip-address: {self.address}@{self.port}
              username: ""
              database: ""
              server-count: 1
              zonesdir: "{self.folder}"
              pidfile: "{self.path('pid')}"
              xfrdfile: "{self.path('xfrd')}"
              xfrdir: "{self.folder}"
              zonelistfile: "{self.path('zones')}"
            remote-control:
              control-enable: no
            """
        text = textwrap.dedent(text)
        for name, zone in self.zones.items():
            if zone is not None:
                self.write(f"{name}.zone", self.HEAD + textwrap.dedent(zone))
            text += f'zone:\n  name: {name}\n  zonefile: "{name}.zone"\n'
        self.write("nsd.conf", text)

    def arguments(self):
        return ["-d", "-c", self.path("nsd.conf")]
