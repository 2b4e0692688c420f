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


class Mta(Peer):
    """A mail server that takes all of x.example into one Maildir, `mail`."""

    def __init__(self, back_to=0, most=0):
        """`back_to`: the port for what it sends itself; `most`: octets."""
        super().__init__()
        self.back_to = back_to
        self.most = most
        self.port, = gatepost.free_ports(1)
        self.make_certificate()

    def make_certificate(self):
        """ca.pem has signed cert.pem for 127.0.0.1, also as a
        name, which is what BearSSL compares."""
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                           stderr=subprocess.DEVNULL)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes")
        openssl("req", "-x509", *key, "-days", "30", "-subj", "/CN=Test CA",
                "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "key.pem",
                "-out", "cert.csr")
        self.write("san", "subjectAltName=DNS:127.0.0.1,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "san",
                "-out", "cert.pem")
        os.chmod(self.path("key.pem"), 0o644)

    def own(self, name, account):
        os.makedirs(self.path(name), exist_ok=True)
        os.chown(self.path(name), uid(account), uid(account))

    def arrived(self, n=1):
        """The texts of n messages, as soon as they are there."""
        folder = self.path("mail", "new")

        def names():
            return os.listdir(folder) if os.path.isdir(folder) else []
        try:
            gatepost.wait_for(lambda: len(names()) >= n, f"{n} messages")
        except AssertionError as e:
            raise AssertionError(f"{e}, but {len(names())}\n{self.log()}"
                                 ) from None
        texts = []
        for name in sorted(names()):
            with open(os.path.join(folder, name), "rb") as f:
                texts.append(f.read())
        return texts


class Postfix(Mta):
    packages = ("postfix",)
    program = "/usr/lib/postfix/sbin/master"
    SERVICES = """
        pickup unix n - n 60 1 pickup
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        proxymap unix - - n - - proxymap
        smtp unix - - n - - smtp
        error unix - - n - - error
        retry unix - - n - - error
        virtual unix - n n - - virtual
        anvil unix - - n - 1 anvil
        tlsmgr unix - - n 1000? 1 tlsmgr
        postlog unix-dgram n - n - 1 postlogd
        """

    def configure(self):
        self.own("mail", "vmail")
        for name in ("queue", "data"):
            self.own(name, "postfix")
        os.chown(self.path("queue"), 0, 0)
        self.write("main.cf", f"""\
            compatibility_level = 3.6
            queue_directory = {self.path("queue")}
            data_directory = {self.path("data")}
            mail_owner = postfix
            setgid_group = postdrop
            maillog_file = {self.path("queue", "log")}
            maillog_file_prefixes = {self.folder}
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = far.example
            mydestination =
            mynetworks =
            relayhost = [127.0.0.1]:{self.back_to}
            smtputf8_enable = yes
            smtpd_recipient_restrictions = reject_unauth_destination
            smtpd_tls_security_level = may
            smtpd_tls_cert_file = {self.path("cert.pem")}
            smtpd_tls_key_file = {self.path("key.pem")}
            smtpd_tls_received_header = yes
            message_size_limit = {self.most or 20000000}
            virtual_mailbox_domains = x.example
            virtual_mailbox_base = {self.folder}
            virtual_mailbox_maps = static:mail/
            virtual_minimum_uid = 1
            virtual_uid_maps = static:{uid("vmail")}
            virtual_gid_maps = static:{uid("vmail")}
            """)
        self.write("master.cf", f"127.0.0.1:{self.port} inet n - n - - smtpd"
                   + textwrap.dedent(self.SERVICES))
        subprocess.run(
            self.command("/usr/sbin/postfix", "-c", self.folder, "check"),
            check=True, capture_output=True)

    def arguments(self):
        return ["-d", "-c", self.folder]

    def connections(self):
        return self.log().count("]: connect from ")


class Exim(Mta):
    """Takes mail only from those who have logged in."""

    packages = ("exim4-daemon-light",)
    program = "/usr/sbin/exim4"
    USER, PASSWORD = "box", "s3cret pw"

    def configure(self):
        self.own("mail", "vmail")
        for name in ("spool", "log"):
            self.own(name, "Debian-exim")
        self.write("etc/exim4/exim4.conf", f"""\
            primary_hostname = far.example
            spool_directory = {self.path("spool")}
            log_file_path = {self.path("log")}/%slog
            pid_file_path = {self.path("pid")}
            local_interfaces = 127.0.0.1
            daemon_smtp_ports = {self.port}
            domainlist local_domains = x.example
            message_size_limit = {self.most or 20000000}
            tls_advertise_hosts = *
            tls_certificate = {self.path("cert.pem")}
            tls_privatekey = {self.path("key.pem")}
            auth_advertise_hosts = *
            smtp_accept_queue_per_connection = 0
            log_selector = +smtp_connection
            acl_smtp_rcpt = acl_rcpt
            acl_smtp_data = accept
            begin acl
            acl_rcpt:
              deny !authenticated = *
              accept
            begin routers
            here:
              driver = accept
              domains = +local_domains
              transport = box
            begin transports
            box:
              driver = appendfile
              directory = {self.path("mail")}
              maildir_format
              user = vmail
              group = vmail
            begin authenticators
            cram:
              driver = cram_md5
              public_name = CRAM-MD5
              server_secret = ${{if eq{{$auth1}}{{{self.USER}}}\\
                {{{self.PASSWORD}}}fail}}
              server_set_id = $auth1
            plain:
              driver = plaintext
              public_name = PLAIN
              server_advertise_condition = ${{if def:tls_in_cipher}}
              server_prompts = :
              server_condition = ${{if and {{{{eq{{$auth2}}{{{self.USER}}}}}\\
                {{eq{{$auth3}}{{{self.PASSWORD}}}}}}}}}
              server_set_id = $auth2
            """)

    def arguments(self):
        return ["-bdf"]

    def connections(self):
        return self.log().count("SMTP connection from ")


class Dovecot(Peer):
    """A store: LMTP in; POP3 and IMAP out, any password.  `mail`: where the
    mailboxes lie, as Dovecot writes it."""

    packages = ("dovecot-core", "dovecot-lmtpd", "dovecot-pop3d",
                "dovecot-imapd")
    program = "/usr/sbin/dovecot"

    def __init__(self, mail=None):
        super().__init__()
        self.mail = mail or self.path("home", "%n", "Maildir")
        self.port, self.pop3, self.imap = gatepost.free_ports(3)

    def configure(self):
        for name in ("home", "run", "state"):
            os.mkdir(self.path(name))
        os.chown(self.path("home"), uid("vmail"), uid("vmail"))
        self.write("dovecot.conf", f"""\
            protocols = lmtp pop3 imap
            base_dir = {self.path("run")}
            state_dir = {self.path("state")}
            log_path = {self.path("log")}
            listen = 127.0.0.1
            ssl = no
            disable_plaintext_auth = no
            default_internal_user = dovecot
            default_login_user = dovenull
            default_internal_group = dovecot
            first_valid_uid = 1
            first_valid_gid = 1
            mail_location = maildir:{self.mail}
            auth_username_format = %Ln
            passdb {{
              driver = static
              args = password=pw
            }}
            userdb {{
              driver = static
              args = uid=vmail gid=vmail home={self.path("home")}/%n allow_all_users=yes
            }}
            service lmtp {{
              inet_listener lmtp {{
                port = {self.port}
              }}
            }}
            service pop3-login {{
              inet_listener pop3 {{
                port = {self.pop3}
              }}
              inet_listener pop3s {{
                port = 0
              }}
            }}
            service imap-login {{
              inet_listener imap {{
                port = {self.imap}
              }}
              inet_listener imaps {{
                port = 0
              }}
            }}
            """)

    def arguments(self):
        return ["-F", "-c", self.path("dovecot.conf")]
