"""A gatepost of its own for a test: made, filled, started, looked into, ended.

    with gatepost.Server(users={"ann": "secret"}) as server:
        talk = server.smtp()
        assert talk.command("EHLO me")[0] == 250
        ...
        assert server.stored("ann") == [b"..."]

The program is $GATEPOST, or build/host/gatepost.  Everything lies in a folder
of its own that is removed at the end; ports are free ones of 127.0.0.1.
Leaving the block ends the server with SIGTERM and fails when it did not end
cleanly, or when a sanitizer has said anything.
"""

import base64
import contextlib
import itertools
import os
import poplib
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROGRAM = os.environ.get("GATEPOST", os.path.join(ROOT, "build/host/gatepost"))
SANITIZED = "-san/" in PROGRAM
MAIL = ("smtp", "submission", "smtps", "pop3", "pop3s")
PAGES = ("http", "https")
SERVICES = MAIL + PAGES
DOMAIN = "home.example"
FINDING = re.compile(
    rb"AddressSanitizer|LeakSanitizer|runtime error:|Assertion .* failed")
poplib._MAXLINE = 1 << 22  # its own limit is 2048 octets
SECONDS = 20  # for anything that is only waited for


def config(name):
    """A number of the build under test, from its config.h."""
    path = os.path.join(os.path.dirname(PROGRAM), "config.h")
    with open(path, encoding="ascii") as f:
        return int(re.search(rf"#define {name} (\d+)", f.read()).group(1))


# What a command says is not built into the program, and the symbols of Kconfig
# that are all off then.
PARTS = {
    "POP3": ("ENABLE_POP3",),
    "sending on to other servers": ("ENABLE_RELAY",),
    "signing with DKIM": ("ENABLE_DKIM",),
    "support for mailing lists": ("ENABLE_LISTS",),
    "support for quotas": ("ENABLE_QUOTAS",),
    "support for device profiles": ("ENABLE_DEVICES",),
    "support for old TLS": ("TLS_LEGACY",),
    "the scanner": ("ENABLE_SCANNER",),
    "scanning of mail": ("ENABLE_SCAN_WORKER",),
    "asking a clamd": ("ENABLE_CLAMD",),
    "looking into mail": ("ENABLE_SCAN_WORKER", "ENABLE_CLAMD"),
    "Japanese": ("ENABLE_JAPANESE",),
    "the self-test": ("ENABLE_SELFTEST",),
}
REFUSAL = re.compile(
    f"({'|'.join(PARTS)}) is not built into this program".encode())


def missing(symbols):
    """Why a test that needs one of these parts can't be run; or None."""
    if any(config(s) for s in symbols):
        return None
    return "not built into this program: " + " or ".join(symbols)


def lacks_something():
    """Is the build under test a reduced one?"""
    return any(missing(symbols) for symbols in PARTS.values())


def needs(*symbols):
    """For a test or its class: it is skipped where none of these symbols of
    Kconfig is in the build under test."""
    why = missing(symbols)
    return unittest.skipIf(why, why)


def needs_room(symbol, least):
    """The same where this number of the build is lower."""
    return unittest.skipIf(config(symbol) < least,
                           f"{symbol} of this build is below {least}")


def module_needs(*symbols):
    """A setUpModule for a module that is about a part of the program."""
    def skip_without():
        why = missing(symbols)
        if why:
            raise unittest.SkipTest(why)
    return skip_without


def skip_if_not_built(said):
    """Skip the test whose command was refused for want of a part that the
    build really lacks."""
    found = REFUSAL.search(said)
    if found and missing(PARTS[found.group(1).decode()]):
        raise unittest.SkipTest(found.group().decode())


class Ports(dict):
    """Ports by service; asking for one that the build can't have skips."""

    def __getitem__(self, service):
        if service in ("pop3", "pop3s") and missing(("ENABLE_POP3",)):
            raise unittest.SkipTest("POP3 is not built into this program")
        return super().__getitem__(service)


PORTS, STRETCH = range(10240, 32000), 320


def own_ports():
    """A stretch of PORTS, round and round, that no other test program uses
    meanwhile: the name says so, and goes with this process."""
    for turn in itertools.count(os.getpid()):
        first = PORTS[turn * STRETCH % len(PORTS)]
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0gatepost-tests-{first}")
        except OSError:
            name.close()
            continue
        with name:
            while True:
                yield from range(first, first + STRETCH)


PORT_TURN = own_ports()


def free_ports(n):
    """Ports of 127.0.0.1 that nobody listens on just now.

    Below the range from which the kernel takes ports for clients: one of
    those could be gone again before the server has it.
    """
    with contextlib.ExitStack() as stack:
        found = []
        while len(found) < n:
            s = stack.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", next(PORT_TURN)))
            except OSError:
                continue
            found.append(s.getsockname()[1])
        return found


def wait_for(condition, what, seconds=SECONDS):
    """Until condition() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def cpu_seconds(pid):
    """CPU that a process has used so far (see clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


def untrusting_tls():
    """A client's TLS for our self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Talk:
    """A raw connection: bytes out, lines in."""

    def __init__(self, port, tls=False, host="127.0.0.1"):
        self.sock = socket.create_connection((host, port), timeout=SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.secure()
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.sock.close()

    def secure(self):
        self.sock = untrusting_tls().wrap_socket(
            self.sock, server_hostname="localhost")
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def drip(self, data):
        """One byte at a time, each in a packet of its own."""
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])

    def line(self):
        """The next line without its CR LF; None at the end."""
        while b"\n" not in self.buffer:
            try:
                more = self.sock.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                if self.buffer:
                    raise AssertionError(f"half a line: {self.buffer!r}")
                return None
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise AssertionError(f"line end without CR: {line!r}")
        return line[:-1]

    def reply(self):
        """One SMTP reply: (code, [text lines]); (None, []) at the end."""
        texts = []
        while True:
            line = self.line()
            if line is None:
                return None, texts
            match = re.fullmatch(rb"(\d{3})([ -])?(.*)", line, re.S)
            if not match:
                raise AssertionError(f"no reply: {line!r}")
            texts.append(match.group(3).decode("utf-8", "replace"))
            if match.group(2) != b"-":
                return int(match.group(1)), texts

    def command(self, text):
        """Send one SMTP command line; its reply."""
        self.send((text if isinstance(text, bytes) else text.encode())
                  + b"\r\n")
        return self.reply()

    def expect(self, code, text):
        """A command whose reply must have this code; the reply's lines."""
        got, lines = self.command(text)
        if got != code:
            raise AssertionError(f"{text!r}: {got} {lines}, not {code}")
        return lines

    def pop(self, text):
        """Send one POP3 command; its status line."""
        self.send(text.encode() + b"\r\n")
        return self.line()

    def listing(self):
        """The lines of a POP3 multi-line reply, unstuffed."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                raise AssertionError("ended within a listing")
            if line == b".":
                return lines
            lines.append(line[1:] if line.startswith(b".") else line)

    def at_end(self):
        """Has the server closed the connection?  Waits for it."""
        try:
            return not self.sock.recv(1)
        except ConnectionError:
            return True


class Server:
    """One state folder and, while started, the program serving it."""

    before = None  # what the child does before it becomes the program

    def __init__(self, users=None, settings=None, legacy=False, serve=None,
                 pages=False):
        """`pages`: listen for HTTP and HTTPS, too."""
        self.users = {"ann": "open sesame"} if users is None else users
        self.legacy = legacy
        self.folder = tempfile.mkdtemp(prefix="gatepost-")
        self.state = os.path.join(self.folder, "state")
        self.log_path = os.path.join(self.folder, "log")
        self.ports = Ports(zip(SERVICES, free_ports(len(SERVICES))))
        self.process = None
        self.serve = serve or {}
        self.settings = {
            "host.name": "gate.example",
            "host.domains": DOMAIN,
            "net.max_per_address": 400,
            "auth.iterations": 4096,  # hundreds of logins
            **{f"listen.{s}": f"127.0.0.1:{p}"
               if (pages or s not in PAGES)
               and (config("ENABLE_POP3") or not s.startswith("pop3"))
               else "off" for s, p in self.ports.items()},
            **(settings or {}),
        }

    def __enter__(self):
        try:
            self.init()
            for name, password in self.users.items():
                self.add_user(name, password)
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, kind, *unused):
        try:
            if self.process:
                self.stop()
        except AssertionError:
            if kind is None:
                raise
        finally:
            self.remove()

    def remove(self):
        if self.process:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the command line ----

    def run(self, *words, stdin=b"", check=True, refusals=False):
        """gatepost WORDS --state ...: the finished process.  `refusals`: what
        is said of parts that are not built in is wanted."""
        done = subprocess.run(
            [PROGRAM, *words, "--state", self.state], input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
        if FINDING.search(done.stderr):
            raise AssertionError(done.stderr.decode(errors="replace"))
        if done.returncode != 0 and not refusals:
            skip_if_not_built(done.stderr)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: {done.returncode}: "
                                 f"{done.stderr.decode(errors='replace')}")
        return done

    def init(self):
        self.run("init", *self.sets(self.settings))

    @staticmethod
    def sets(settings):
        return [w for k, v in settings.items() for w in ("--set", f"{k}={v}")]

    def add_user(self, name, password):
        legacy = ["--legacy"] if self.legacy else []
        self.run("user", "add", name, "--password-stdin", *legacy,
                 stdin=password.encode() + b"\n")

    # ---- the server's life ----

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--state", self.state,
                 *self.sets(self.serve)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=self.before,
                env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"})
        try:
            for service in SERVICES:
                if self.settings[f"listen.{service}"] != "off":
                    wait_for(lambda s=service: self.is_listening(s),
                             f"{service} answers")
            wait_for(lambda: self.must_live() or self.has_control(),
                     "the control socket answers")
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log()}") from None

    def must_live(self):
        if self.process.poll() is not None:
            raise AssertionError("the server ended")

    def is_listening(self, service):
        self.must_live()
        try:
            socket.create_connection(
                ("127.0.0.1", self.ports[service]), timeout=5).close()
        except ConnectionError:
            return False
        return True

    def has_control(self):
        path = self.settings.get("control.socket",
                                 os.path.join(self.state, "control"))
        try:
            folder = os.open(os.path.dirname(path), os.O_PATH)
        except OSError:
            return False
        try:  # by the folder's descriptor: an address holds 107 bytes
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
        except OSError:
            return False
        finally:
            os.close(folder)
        return True

    def stop(self):
        """SIGTERM; it must end cleanly, with nothing found."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process = None
            raise AssertionError("did not end on SIGTERM:\n" + self.log()
                                 ) from None
        self.process = None
        self.look_for_findings()
        if status != 0:
            raise AssertionError(f"ended with {status}:\n{self.log()}")

    def kill(self):
        """As a power cut would: no chance to do anything."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        try:
            with open(self.log_path, "rb") as f:
                return f.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def look_for_findings(self):
        if FINDING.search(self.log().encode()):
            raise AssertionError("finding:\n" + self.log())

    # ---- what a test wants of it ----

    def port(self, service):
        return self.ports[service]

    def smtp(self, service="smtp", hello=None):
        """A raw SMTP connection, greeting read, EHLO said if wanted."""
        talk = Talk(self.ports[service], tls=service == "smtps")
        code, lines = talk.reply()
        if code != 220:
            raise AssertionError(f"greeting: {code} {lines}")
        if hello:
            talk.expect(250, f"EHLO {hello}")
        return talk

    def pop(self, service="pop3"):
        """A raw POP3 connection, greeting read."""
        talk = Talk(self.ports[service], tls=service == "pop3s")
        greeting = talk.line()
        if not greeting.startswith(b"+OK"):
            raise AssertionError(f"greeting: {greeting!r}")
        return talk

    def mail_folder(self, user):
        return os.path.join(self.state, "mail", user, "Maildir")

    def stored(self, user):
        """The texts of a user's messages as they lie on the disk."""
        found = []
        for part in ("new", "cur"):
            folder = os.path.join(self.mail_folder(user), part)
            if os.path.isdir(folder):
                found += [os.path.join(folder, n) for n in os.listdir(folder)]
        texts = []
        for path in sorted(found, key=by_arrival):
            with open(path, "rb") as f:
                texts.append(f.read())
        return texts

    def fetch(self, user, delete=False):
        """A user's messages by POP3S, with CR LF line ends."""
        pop = poplib.POP3_SSL("127.0.0.1", self.ports["pop3s"],
                              context=untrusting_tls(), timeout=SECONDS)
        pop.user(user)
        pop.pass_(self.users[user])
        count, _ = pop.stat()
        texts = []
        for i in range(1, count + 1):
            _, lines, _ = pop.retr(i)
            texts.append(b"".join(line + b"\r\n" for line in lines))
            if delete:
                pop.dele(i)
        pop.quit()
        return texts


def by_arrival(path):
    """For sorting Maildir names: SECONDS.MmicrosecondsPpidQcount..."""
    name = os.path.basename(path)
    return [int(n) for n in re.findall(r"\d+", name.split("R")[0])], name


def body_of(message):
    """What follows the header that we added and the sender's own."""
    for mark in (b"\r\n\r\n", b"\n\n"):
        at = message.find(mark)
        if at >= 0:
            return message[at + len(mark):]
    return b""


def plain(user, password):
    """The response of AUTH PLAIN."""
    return base64.b64encode(
        b"\0" + user.encode() + b"\0" + password.encode()).decode()


def raise_descriptor_limit():
    """As many descriptors as allowed, for tests with many connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
