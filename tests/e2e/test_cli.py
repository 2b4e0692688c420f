#!/usr/bin/python3
"""The command line, with the server running and not: what it prints, what it
refuses, what it leaves behind; and the server's life as its owner sees it."""

import fcntl
import json
import os
import poplib
import re
import signal
import smtplib
import socket
import stat
import subprocess
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import gatepost


def line_of(done):
    """The one line of an error; the test fails when it is not one."""
    text = done.stderr.decode()
    assert text.count("\n") == 1 and text.startswith("gatepost: "), text
    return text


class Server(gatepost.Server):
    def start(self):
        super().start()
        gatepost.wait_for(
            lambda: os.path.exists(f"{self.state}/control"), "API")

    def users_of(self):
        return self.run("user", "list").stdout.decode().splitlines()


class Folder(Server):
    """A state folder that nobody has made yet."""

    def __enter__(self):
        return self


def content(path):
    with open(path, "rb") as f:
        return f.read()


class Init(unittest.TestCase):
    def test_makes_a_private_folder_and_says_what_it_made(self):
        with Folder() as g:
            done = g.run("init", "--set", "host.domains=a.example")
            out = done.stdout.decode()
            self.assertIn("tls.pem: made\n", out)
            self.assertRegex(out, r"certificate sha256: [0-9a-f]{64}\n")
            self.assertEqual(stat.S_IMODE(os.stat(g.state).st_mode), 0o700)
            for name in os.listdir(g.state):
                mode = stat.S_IMODE(os.lstat(f"{g.state}/{name}").st_mode)
                self.assertEqual(mode & 0o077, 0, name)
            self.assertEqual(os.path.getsize(f"{g.state}/device.key"), 32)

    def test_a_second_time_destroys_nothing(self):
        with Folder() as g:
            g.run("init", "--set", "host.domains=a.example")
            g.add_user("ann", "x")
            before = {n: content(f"{g.state}/{n}")
                      for n in ("device.key", "tls.pem")}
            out = g.run("init", "--set", "net.idle_seconds=99").stdout
            self.assertIn(b"tls.pem: exists, kept\n", out)
            for name, was in before.items():
                self.assertEqual(content(f"{g.state}/{name}"), was)
            self.assertEqual(g.users_of(), ["ann"])
            got = g.run("get", "host.domains", "net.idle_seconds").stdout
            self.assertEqual(
                got, b"host.domains=a.example\nnet.idle_seconds=99\n")

    def test_a_wrong_setting_is_found_before_anything_is_made(self):
        with Folder() as g:
            for wrong in ("no.such=1", "net.idle_seconds=0", "host.name",
                          "listen.smtp=nonsense"):
                done = g.run("init", "--set", "host.domains=a.example",
                             "--set", wrong, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(wrong.split("=")[0], line_of(done))
                self.assertFalse(os.path.exists(g.state))

    def test_a_file_is_no_folder(self):
        with Folder() as g:
            with open(g.state, "wb"):
                pass
            done = g.run("init", check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(f"{g.state}: this is no folder", line_of(done))

    def test_says_which_folder_can_not_be_made(self):
        with Folder() as g:
            g.state = f"{g.folder}/missing/state"
            done = g.run("init", check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("make it first", line_of(done))


class Errors(unittest.TestCase):
    """Each wrong use: exit status 2 and one line that helps."""

    CASES = [
        ([], "gatepost help"),
        (["frobnicate"], "no such command"),
        (["user"], "user add, user del, user passwd, user warn, user list"),
        (["user", "frob"], "user add"),
        (["user", "add"], "usage: gatepost user add NAME"),
        (["user", "add", "a", "b"], "one argument too many"),
        (["user", "list", "--legacy"], "no such option"),
        (["status", "--json=1"], "takes no value"),
        (["status", "--state"], "a value must follow"),
        (["status", "--state="], "the value is empty"),
        (["user", "del", "nobody"], "no such account"),
        (["user", "passwd", "nobody", "--password-stdin"],
         "no such account"),
        (["user", "add", "Ann!", "--password-stdin"],
         "not an account's name"),
        (["user", "add", "../../x", "--password-stdin"],
         "not an account's name"),
        (["user", "add", "x" * 70, "--password-stdin"], "too long"),
        (["get", "no.such"], "with * for a name of your own"),
        (["get", "route.password"], "secret"),
        (["get", ""], "an argument is empty"),
        (["queue", "delete", ""], "an argument is empty"),
        ([""], "no such command"),
        (["user", "add", "a\nb", "--password-stdin"],
         "not an account's name"),
        (["user", "add", "x" * 300, "--password-stdin"], "too long; 54"),
        (["user", "del", "../../x"], "../../x: nothing here has such a name"),
        (["queue", "show", "../../x"], "nothing here has such a name"),
        (["queue", "retry", "x" * 3000], "nothing here has such a name"),
        (["quarantine", "release", "../../x"], "such a name"),
        (["quarantine", "show", "a\nb"], "such a name"),
        (["user", "del", "--no\nsuch"], "no such option"),
        (["help", "nonsense"], "no such command"),
        (["user", "warn", "ann", "maybe"], "maybe: say on or off"),
        (["sig", "verify", gatepost.PROGRAM], "sig compile"),
        (["sig", "install", gatepost.PROGRAM], "sig compile"),
        (["user", "frob", "--help"], "user add, user del"),
        (["set", "net.idle_seconds=abc"], "net.idle_seconds"),
        (["set", "net.idle_seconds=1", "no.such=2"], "net.idle_seconds"),
        (["set", "=x"], "no such setting"),
        (["set", "queue.hold=on", "queue.hold=off"], "given twice"),
        (["set"] + [f"alias.n{i}=ann" for i in range(300)],
         "too many values"),
        (["get", "alias.*"], "alias.*: no such setting"),
        (["set", "alias.*=ann"], "alias.*: no such setting"),
        (["unset", "alias.*"], "alias.*: no such setting"),
        (["get", "alias.nobody"], "alias.nobody: has not been set"),
        (["unset", "no.such"], "with * for a name of your own"),
        (["may", "--from", "a@b.example"],
         "may: --from, --to and --client are needed"),
    ]

    def check_all(self, g):
        for words, helps in self.CASES:
            with self.subTest(words=words):
                done = subprocess.run(
                    [gatepost.PROGRAM, *words]
                    + ([] if not words or "--state" in words[-1]
                       else ["--state", g.state]),
                    input=b"pw\n", stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, timeout=30)
                self.assertEqual(done.returncode, 2, done)
                gatepost.skip_if_not_built(done.stderr)
                self.assertIn(helps, line_of(done))
                self.assertEqual(done.stdout, b"")

    def test_are_one_line_without_a_server(self):
        with Folder() as g:
            g.init()
            self.check_all(g)

    def test_are_the_same_with_a_server(self):
        with Server() as g:
            self.check_all(g)

    def test_name_the_folder_that_is_not_there(self):
        with Folder() as g:
            for words in (["serve"], ["status"], ["user", "list"]):
                done = g.run(*words, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(g.state, line_of(done))
                self.assertIn("gatepost init", line_of(done))

    def test_what_is_no_utf_8_is_not_taken_for_something_else(self):
        with Folder() as g:
            g.init()
            for words in (["user", "add", "ann", "--password-stdin"],
                          ["set", "route.password"],
                          ["backup", "-", "--passphrase-stdin"],
                          ["settings", "export", "--passphrase-stdin"],
                          ["set", b"host.domains=m\xfcller.example"]):
                with self.subTest(words):
                    done = g.run(*words, stdin=b"caf\xe9 \xff\n", check=False)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn("this is no UTF-8", line_of(done))
                    self.assertEqual(done.stdout, b"")
            self.assertEqual(g.users_of(), [])

    def test_passwords_that_are_none_are_refused(self):
        with Folder() as g:
            g.init()
            for bad in (b"", b"\n", b"a\x00b\n", b"a\tb\n", b"x" * 192):
                done = g.run("user", "add", "bad", "--password-stdin",
                             stdin=bad, check=False)
                self.assertEqual(done.returncode, 2, bad)
                line_of(done)
            self.assertEqual(g.users_of(), [])

    def test_no_terminal_to_ask_at_is_said(self):
        with Folder() as g:
            g.init()
            done = subprocess.run(
                ["setsid", gatepost.PROGRAM, "user", "add", "x", "--state",
                 g.state], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=30)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--password-stdin", line_of(done))

    def test_closed_standard_files_are_not_taken_for_settings(self):
        with Folder() as g:
            g.init()
            g.add_user("ann", "open")
            paths = [os.path.join(g.state, n)
                     for n in ("settings.kv", "device.key", "tls.pem")]

            def content():
                found = []
                for path in paths:
                    with open(path, "rb") as f:
                        found.append(f.read())
                return found

            before = content()
            for closed in (">&-", "<&- >&-", "2>&-", "<&- 2>&-",
                           "<&- >&- 2>&-"):
                for words in ("settings list", "user del nobody",
                              "get no.such", "help", "user list"):
                    done = subprocess.run(
                        f"exec {gatepost.PROGRAM} {words} "
                        f"--state {g.state} {closed}", shell=True,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        timeout=30)
                    if closed == ">&-":
                        self.assertEqual(done.returncode, 2, words)
                    with self.subTest(words=words, closed=closed):
                        self.assertEqual(content(), before)
            self.assertEqual(g.users_of(), ["ann"])

    def test_standard_output_that_is_full_is_an_error(self):
        with Folder() as g:
            g.init()
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [gatepost.PROGRAM, "settings", "list", "--state",
                     g.state], stdout=full, stderr=subprocess.PIPE,
                    timeout=30)
            self.assertEqual(done.returncode, 2)
            self.assertIn("standard output", line_of(done))


class Commands(unittest.TestCase):
    """The same words do the same with and without a server."""

    def both(self, body):
        with Folder() as g:
            g.init()
            body(g)
        with Server(users={}) as g:
            body(g)

    def test_users_come_and_go(self):
        def body(g):
            self.assertEqual(g.users_of(), [])
            g.add_user("ann", "one")
            g.run("user", "add", "--password-stdin", "--legacy", "bob",
                  stdin="pässwört\n".encode())
            self.assertEqual(g.users_of(), ["ann", "bob\tlegacy"])
            again = g.run("user", "add", "ann", "--password-stdin",
                          stdin=b"x\n", check=False)
            self.assertIn("exists already", line_of(again))
            g.run("user", "passwd", "bob", "--password-stdin", stdin=b"y\n")
            self.assertEqual(g.users_of(), ["ann", "bob"])
            g.run("user", "del", "ann")
            self.assertEqual(g.users_of(), ["bob"])
            self.assertTrue(os.path.isdir(g.mail_folder("ann")))
        self.both(body)

    def test_settings_are_set_all_or_none(self):
        def body(g):
            g.run("set", "net.idle_seconds=77", "smtp.max_recipients=12")
            done = g.run("set", "net.idle_seconds=88",
                         "smtp.max_recipients=0", check=False)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(
                g.run("get", "net.idle_seconds").stdout, b"77\n")
            g.run("unset", "net.idle_seconds")
            self.assertEqual(
                g.run("get", "net.idle_seconds").stdout, b"300\n")
        self.both(body)

    def test_values_come_back_as_they_were(self):
        def body(g):
            for value in ("a.example", "a.example,b.example"):
                g.run("set", f"host.domains={value}")
                self.assertEqual(g.run("get", "host.domains").stdout.decode(),
                                 value + "\n")
            g.run("set", "alias.info@a.example=ann,bob@b.example")
            self.assertEqual(
                g.run("get", "alias.info@a.example").stdout,
                b"ann,bob@b.example\n")
            listed = g.run("settings", "list", "--brief").stdout.decode()
            self.assertIn("\nalias.info@a.example=ann,bob@b.example\n",
                          listed)
        self.both(body)

    def test_secrets_are_taken_from_standard_input_and_never_shown(self):
        def body(g):
            g.run("set", "route.password", stdin=b"very secret\n")
            listed = g.run("settings", "list").stdout
            self.assertIn(b"route.password=(set, secret)\n", listed)
            self.assertNotIn(b"very secret", listed)
            self.assertNotIn(b"very secret",
                             content(f"{g.state}/settings.kv"))
            self.assertNotIn("very secret", g.log())
        self.both(body)

    def test_secrets_on_the_command_line_are_warned_of(self):
        def body(g):
            out = g.run("set", "route.password=visible",
                        "net.idle_seconds=60").stdout.decode()
            self.assertRegex(out, r"^warning: route\.password: others could "
                                  r"see .*`gatepost set route\.password`.*\n$")
            self.assertNotIn("visible", out)
            for words in ("route.password=", "route.user=visible"):
                self.assertEqual(g.run("set", words).stdout, b"")
            self.assertEqual(g.run(
                "set", "route.password", stdin=b"x\n").stdout, b"")
        self.both(body)
        with Folder() as g:
            out = g.run("init", "--set", "route.secret.a=visible",
                        "--set", "route.user=x").stdout.decode()
            self.assertEqual(out.count("warning: "), 1)
            self.assertIn("\nwarning: route.secret.a: others", out)
            for key in "route.password", "route.secret.a":
                done = g.run("serve", "--set", f"{key}=visible", check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn("can't be set for one run", line_of(done))
                self.assertNotIn(b"visible", done.stderr)

    def test_nothing_that_is_printed_steers_a_terminal(self):
        with Folder() as g:
            g.init()
            for name in ("a\x1b[2Jb", "a\nb: OK", "a\u009b31mb", "a\u202eb",
                         "a\u2066b", "a\u2028b", "a\u200fb"):
                plain = re.sub("[^ -~]", "?", name)
                path = f"{g.folder}/{name}"
                for done in (g.run("backup", path), g.run("scan", path)):
                    self.assertRegex(done.stdout.decode(), "^" + re.escape(
                        f"{g.folder}/{plain}: "))
                for words in (["get", name], ["user", "del", name],
                              [name], ["set", f"{name}=x"],
                              ["sig", "verify", path + "-"],
                              ["queue", "list", name]):
                    text = line_of(g.run(*words, check=False))
                    self.assertNotRegex(text[:-1], "[\0-\x1f\x7f-\x9f"
                                        "\u200e\u200f\u2028-\u202e\u2066-\u2069]")
            done = g.run("user", "del", "jürgen", check=False)
            self.assertIn("jürgen", line_of(done))

    def test_every_setting_is_listed_with_its_help(self):
        def body(g):
            lines = g.run("settings", "list").stdout.decode().splitlines()
            keys = [x for x in lines if not x.startswith(" ")]
            self.assertGreater(len(keys), 80)
            self.assertEqual(len(lines), 3 * len(keys))
            self.assertIn(f"host.domains={gatepost.DOMAIN}", keys)
        self.both(body)

    @gatepost.needs_room("MAX_ACCOUNTS", 200)
    def test_many_accounts_are_listed_in_full(self):
        with Server(users={}) as g:
            names = [f"user{i:03}" for i in range(120)]
            for name in names:
                g.add_user(name, "x")
            self.assertEqual(g.users_of(), names)
            g.restart()
            self.assertEqual(g.users_of(), names)

    def test_status_says_whether_the_server_runs(self):
        with Server() as g:
            out = g.run("status").stdout.decode()
            self.assertIn("\nserver: running\n", out)
            self.assertIn(f"\nlisten.pop3: 127.0.0.1:{g.port('pop3')}\n", out)
            self.assertRegex(out, r"\npool.conns: \d+ of \d+ used")
            found = json.loads(g.run("status", "--json").stdout)
            self.assertTrue(found["running"])
            self.assertEqual(found["accounts"], 1)
            g.stop()
            found = json.loads(g.run("status", "--json").stdout)
            self.assertFalse(found["running"])
            self.assertEqual(found["listeners"], [])

    def test_help_and_version(self):
        done = subprocess.run([gatepost.PROGRAM, "--help"], check=True,
                              stdout=subprocess.PIPE)
        for words in (b"user add NAME", b"settings list", b"serve", b"init"):
            self.assertIn(words, done.stdout)
        done = subprocess.run([gatepost.PROGRAM, "version"], check=True,
                              stdout=subprocess.PIPE)
        self.assertRegex(done.stdout, rb"^gatepost [0-9.]+\n$")

    def test_every_command_says_how_it_is_used(self):
        def out(*words):
            done = subprocess.run([gatepost.PROGRAM, *words],
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (0, b""), words)
            return done.stdout.decode()

        rows = [r for r in out("help").splitlines() if r.startswith("  ")]
        self.assertGreater(len(rows), 20 if gatepost.lacks_something() else 40)
        for row in rows:
            words = []
            for word in row.split():
                if not re.fullmatch("[a-z]+", word) or len(words) == 2:
                    break
                words.append(word)
            if words[0] in ("serve", "init", "get", "set", "unset", "scan",
                            "status", "version", "help", "may", "backup",
                            "restore"):
                words = words[:1]
            with self.subTest(words=words):
                self.assertEqual(out("help", *words), row + "\n")
                self.assertEqual(out(*words, "--help"), row + "\n")
                self.assertEqual(out(*words, "-h"), row + "\n")
        users = out("user", "--help")
        self.assertEqual(users.count("\n"), 5)
        self.assertEqual(out("help", "user"), users)
        self.assertIn("set KEY=VALUE", out("set", "net.idle_seconds=1", "-h"))

    def test_another_folder_is_left_alone(self):
        with Folder() as g:
            os.mkdir(g.state)
            with open(os.path.join(g.state, "mine"), "wb"):
                pass
            for words in (["status"], ["user", "list"], ["settings", "list"],
                          ["set", "queue.hold=on"], ["get", "queue.hold"],
                          ["user", "add", "ann", "--password-stdin"],
                          ["settings", "reset"], ["queue", "list"]):
                done = g.run(*words, stdin=b"pw\n", check=False)
                self.assertEqual(done.returncode, 2, words)
                self.assertIn(f"{g.state}: is no state folder", line_of(done))
            self.assertEqual(os.listdir(g.state), ["mine"])

    def test_the_switch_of_warnings_is_explained_as_it_stands(self):
        with Folder() as g:
            g.init()
            for value, words in (("1", b"are told"), ("yes", b"are told"),
                                 ("0", b"Nobody is told"),
                                 ("on", b"are told"), ("no", b"Nobody")):
                got = g.run("set", "scan.warn=" + value).stdout
                self.assertIn(words, got)

    def test_state_stands_anywhere(self):
        with Folder() as g:
            g.init()
            for words in (["--state", g.state, "user", "list"],
                          [f"--state={g.state}", "user", "list"],
                          ["user", "--state", g.state, "list"],
                          ["user", f"--state={g.state}", "list"],
                          ["user", "list", f"--state={g.state}"]):
                subprocess.run([gatepost.PROGRAM, *words], check=True)


class Together(unittest.TestCase):
    def in_threads(self, jobs):
        failures = []

        def one(job):
            try:
                job()
            except AssertionError as e:
                failures.append(str(e))

        threads = [threading.Thread(target=one, args=(j,)) for j in jobs]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])

    def test_command_lines_wait_for_each_other(self):
        with Folder() as g:
            g.init()
            self.in_threads([
                lambda i=i: g.add_user(f"u{i}", "x") for i in range(12)])
            self.assertEqual(len(g.users_of()), 12)

    @gatepost.needs_room("MAX_ADMIN", 8)
    def test_a_server_takes_many_at_once(self):
        with Server(users={}) as g:
            self.in_threads([
                lambda i=i: g.add_user(f"u{i}", "x") for i in range(6)])
            self.assertEqual(len(g.users_of()), 6)

    def test_a_command_waits_for_a_place_at_the_server(self):
        with Server(users={}) as g:
            held = []
            while len(held) < gatepost.config("MAX_ADMIN"):
                one = socket.socket(socket.AF_UNIX)
                self.addCleanup(one.close)
                one.settimeout(0.2)
                one.connect(f"{g.state}/control")
                one.sendall(b"GET ")
                try:
                    one.recv(100)  # no place yet
                except TimeoutError:
                    held.append(one)
            with subprocess.Popen(
                    [gatepost.PROGRAM, "get", "host.name", "--state",
                     g.state], stdout=subprocess.PIPE) as command:
                with self.assertRaises(subprocess.TimeoutExpired):
                    command.wait(0.5)
                held[0].close()
                self.assertEqual(command.communicate(timeout=20)[0],
                                 b"gate.example\n")
            self.assertEqual(command.returncode, 0)

    def test_a_second_server_is_refused(self):
        with Server() as g:
            done = g.run("serve", check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("another gatepost is at work",
                          done.stderr.decode().splitlines()[-1])
            g.run("status")


class Life(unittest.TestCase):
    def test_a_server_waits_for_a_command_line_that_is_at_work(self):
        with Server() as g:
            g.stop()
            folder = os.open(g.state, os.O_RDONLY)
            fcntl.flock(folder, fcntl.LOCK_EX)
            timer = threading.Timer(1, os.close, [folder])
            timer.start()
            g.start()
            timer.join()

    def test_a_new_account_gets_in_at_once_and_a_removed_one_no_more(self):
        with Server(users={}) as g:
            g.add_user("ann", "open")
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("a@b.example", f"ann@{gatepost.DOMAIN}",
                           "Subject: hi\r\n\r\nhello\r\n")
            pop = poplib.POP3_SSL("127.0.0.1", g.port("pop3s"),
                                  context=gatepost.untrusting_tls())
            pop.user("ann")
            pop.pass_("open")
            self.assertEqual(pop.stat()[0], 1)
            pop.quit()
            g.run("user", "passwd", "ann", "--password-stdin",
                  stdin=b"other\n")
            for password, good in (("open", False), ("other", True)):
                pop = poplib.POP3_SSL("127.0.0.1", g.port("pop3s"),
                                      context=gatepost.untrusting_tls())
                pop.user("ann")
                if good:
                    pop.pass_(password)
                else:
                    self.assertRaises(poplib.error_proto, pop.pass_,
                                      password)
                pop.close()
            g.run("user", "del", "ann")
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                self.assertRaises(
                    smtplib.SMTPRecipientsRefused, c.sendmail,
                    "a@b.example", f"ann@{gatepost.DOMAIN}", "\r\nx\r\n")

    def test_a_changed_setting_counts_at_once(self):
        with Server() as g:
            g.run("set", "smtp.max_octets=70000")
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.ehlo()
                self.assertEqual(c.esmtp_features["size"], "70000")

    def test_hangup_is_taken_and_logged(self):
        with Server() as g:
            g.process.send_signal(signal.SIGHUP)
            gatepost.wait_for(lambda: "server.reload" in g.log(), "reload")
            self.assertEqual(
                g.run("get", "host.name").stdout, b"gate.example\n")

    def test_signals_that_other_servers_answer_do_not_end_it(self):
        with Server() as g:
            for number in signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE:
                g.process.send_signal(number)
            g.run("status")
            self.assertIsNone(g.process.poll())

    def test_the_end_says_421_and_leaves_nothing(self):
        with Server() as g:
            talk = g.smtp(hello="me")
            g.process.send_signal(signal.SIGTERM)
            self.assertEqual(talk.reply()[0], 421)
            self.assertTrue(talk.at_end())
            self.assertEqual(g.process.wait(10), 0)
            self.assertFalse(os.path.exists(f"{g.state}/control"))

    def test_log_lines_are_one_event_each(self):
        with Server() as g:
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("a@b.example", f"ann@{gatepost.DOMAIN}",
                           "Subject: hi\r\n\r\nhello\r\n")
            g.stop()
            for line in g.log().splitlines():
                self.assertRegex(
                    line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "
                    r"(error|warn|info|debug) [a-z0-9_.]+( [a-z0-9_]+="
                    r"(\"[^\"]*\"|[^\s\"]*))*$")

    def test_a_fresh_folder_serves_nothing_but_says_so(self):
        with Folder() as g:
            os.mkdir(g.state)
            with open(g.log_path, "ab") as log:
                g.process = subprocess.Popen(
                    [gatepost.PROGRAM, "serve", "--state", g.state,
                     "--set", f"listen.smtp=127.0.0.1:{g.port('smtp')}"],
                    stderr=log)
            gatepost.wait_for(lambda: "server.not_set_up" in g.log(), "log")
            gatepost.wait_for(
                lambda: b"\nset_up: no\n" in g.run("status").stdout,
                "status")
            with self.assertRaises(ConnectionRefusedError):
                gatepost.Talk(g.port("smtp"))
            g.stop()

    def test_a_server_without_a_listener_says_so(self):
        with Folder() as g:
            g.run("init", "--set", f"host.domains={gatepost.DOMAIN}")
            with open(g.log_path, "ab") as log:
                g.process = subprocess.Popen(
                    [gatepost.PROGRAM, "serve", "--state", g.state],
                    stderr=log)
            gatepost.wait_for(
                lambda: "warn server.no_listener try=" in g.log(), "log")
            g.stop()

    def test_a_page_that_is_not_there_yet_is_called_so(self):
        with Folder() as g:
            g.run("init", "--set", "listen.http=127.0.0.1:8080")
            said = g.run("set", "listen.https=127.0.0.1:8443").stdout
            self.assertIn(b"warning: there is no web page", said)
            self.assertNotIn(b"warning", g.run(
                "set", "listen.smtp=127.0.0.1:" + str(g.port("smtp"))).stdout)
            with open(g.log_path, "ab") as log:
                g.process = subprocess.Popen(
                    [gatepost.PROGRAM, "serve", "--state", g.state],
                    stderr=log)
            gatepost.wait_for(lambda: "server.control" in g.log(), "log")
            g.stop()
            self.assertRegex(g.log(), "warn server.no_page ignored=listen.http"
                             "\n.* warn server.no_page ignored=listen.https\n")

    def test_starts_within_milliseconds(self):
        if gatepost.SANITIZED:
            self.skipTest("sanitizers are slow")
        with Server() as g:
            best = 1e9
            for _ in range(5):
                g.stop()
                begun = time.monotonic()
                g.process = subprocess.Popen(
                    [gatepost.PROGRAM, "serve", "--state", g.state],
                    stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while True:
                    try:
                        g.smtp().sock.close()
                        break
                    except ConnectionRefusedError:
                        time.sleep(0.0002)
                best = min(best, time.monotonic() - begun)
            print(f"start to first banner: {best * 1000:.1f} ms")
            self.assertLess(best, 0.2)

    def test_a_deep_folder_is_no_obstacle(self):
        with Folder() as g:
            g.state = os.path.join(g.folder, *["d" * 40] * 5)
            os.makedirs(os.path.dirname(g.state))
            g.init()
            g.add_user("ann", "x")
            g.start()
            self.assertEqual(g.users_of(), ["ann"])
            self.assertIn(b"server: running", g.run("status").stdout)
            g.stop()

    def test_the_socket_can_stand_elsewhere(self):
        with Folder() as g:
            g.init()
            path = f"{g.folder}/api.sock"
            g.run("set", f"control.socket={path}")
            g.start()
            self.assertEqual(os.stat(path).st_mode & 0o077, 0)
            self.assertIn(b"server: running", g.run("status").stdout)
            g.stop()
            self.assertFalse(os.path.exists(path))
            self.assertIn(b"server: not running", g.run("status").stdout)

    def test_a_place_that_can_t_serve_is_refused_when_it_is_set(self):
        with Folder() as g:
            g.init()
            os.mkdir(f"{g.folder}/there", 0o755)
            os.chmod(g.folder, 0o755)
            f = g.folder
            for value, why in (
                    (f"control.socket={f}/no/sock", f"{f}/no: there is no "
                     "such folder; make it"),
                    (f"control.socket={f}/there", "something else is there"),
                    (f"control.socket={g.state}/device.key/sock",
                     "device.key: is no folder"),
                    ("control.socket=" + "d" * 95, "is too long"),
                    ("mail.path=no/mail", "no: there is no such folder"),
                    (f"mail.path={g.state}/device.key", "is no folder")):
                for server in "stopped", "serving":
                    if server == "serving":
                        g.start()
                    done = g.run("set", value, check=False)
                    if server == "serving":
                        g.stop()
                    self.assertEqual(done.returncode, 2, value)
                    self.assertIn(why, line_of(done))
                    self.assertIn(value.split("=")[0], line_of(done))
            g.run("set", f"mail.path={f}/there", "control.socket=new.sock")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to try")
    def test_a_place_where_its_user_may_not_write_is_refused(self):
        with Folder() as g:
            g.init()
            os.chmod(g.folder, 0o755)
            os.mkdir(f"{g.folder}/roots", 0o755)
            for path, _, names in os.walk(g.state):
                for name in [path] + [f"{path}/{n}" for n in names]:
                    os.chown(name, 65534, 65534)
            for key in "control.socket", "mail.path":
                done = g.run(
                    "set", f"{key}={g.folder}/roots/x", check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn("no right to write there; chown it to uid 65534",
                              line_of(done))

    def test_a_path_of_the_socket_begins_in_the_state_folder(self):
        with Folder() as g:
            g.init()
            for path in ("api.sock", "control"):
                g.run("set", f"control.socket={path}")
                g.start()
                self.assertTrue(stat.S_ISSOCK(
                    os.stat(f"{g.state}/{path}").st_mode))
                self.assertIn(b"server: running", g.run("status").stdout)
                g.stop()

    def test_the_socket_takes_nobody_s_place(self):
        with Folder() as g:
            g.init()
            path = f"{g.folder}/there"
            other = socket.socket(socket.AF_UNIX)
            for make, why in (
                    (lambda: open(path, "wb").close(), "something else"),
                    (lambda: os.symlink("/dev/null", path), "something else"),
                    (lambda: os.mkdir(path), "something else"),
                    (lambda: other.bind(path) or other.listen(),
                     "another program listens there")):
                make()
                was = os.lstat(path).st_ino
                done = g.run("serve", "--set", f"control.socket={path}",
                             check=False)
                self.assertEqual(done.returncode, 2)
                last = done.stderr.decode().splitlines()[-1]
                self.assertRegex(last, f"^gatepost: {path}: .*{why}")
                self.assertEqual(os.lstat(path).st_ino, was)
                if os.path.isdir(path):
                    os.rmdir(path)
                else:
                    os.unlink(path)
            other.close()
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(path)
            g.settings["control.socket"] = path
            g.init()
            g.start()
            self.assertIn(b"server: running", g.run("status").stdout)
            g.stop()

    def test_a_socket_that_was_removed_is_put_back(self):
        with Folder() as g:
            g.init()
            other = f"{g.folder}/api.sock"
            for path in (f"{g.state}/control", other):
                if path == other:
                    g.run("set", f"control.socket={path}")
                g.start()
                for lost in (path, f"{g.state}/control"):
                    os.rename(lost, f"{g.folder}/moved")
                    self.assertIn(b"server: running", g.run("status").stdout)
                    os.unlink(f"{g.folder}/moved")
                    os.unlink(lost)
                    self.assertIn(b"server: running", g.run("status").stdout)
                os.chmod(path, 0o660)  # its owner's wish
                g.run("status")
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
                g.stop()
                self.assertFalse(os.path.exists(path))

    def test_a_socket_in_whose_place_something_stands_comes_back(self):
        with Server() as g:
            path = f"{g.state}/control"
            os.rename(path, path + ".away")
            os.mkdir(path)
            os.unlink(path + ".away")
            gatepost.wait_for(
                lambda: "server.no_control" in g.log(), "it is told")
            self.assertIn("something else is there", g.log())
            os.rmdir(path)
            self.assertIn(b"server: running", g.run("status").stdout)

    def test_a_server_that_is_stopped_is_not_waited_for_for_ever(self):
        # more than the socket's queue takes: some wait to be let in
        many = 30
        with Server() as g, ThreadPoolExecutor(many) as pool:
            g.process.send_signal(signal.SIGSTOP)
            try:
                for done in pool.map(lambda _: subprocess.run(
                        [gatepost.PROGRAM, "status", "--state", g.state],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        timeout=90), range(many)):
                    self.assertEqual(done.returncode, 2)
                    self.assertIn("does not answer", line_of(done))
            finally:
                g.process.send_signal(signal.SIGCONT)
            self.assertIn(b"server: running", g.run("status").stdout)

    def test_a_killed_server_is_no_obstacle(self):
        with Server() as g:
            g.kill()
            self.assertIn(b"server: not running", g.run("status").stdout)
            g.add_user("zoe", "x")
            g.start()
            self.assertEqual(g.users_of(), ["ann", "zoe"])


class Rights(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "needs root to try")
    def test_root_becomes_the_owner_of_the_folder(self):
        with Folder() as g:
            os.chmod(g.folder, 0o755)
            os.mkdir(g.state, 0o700)
            os.chown(g.state, 65534, 65534)
            g.init()
            g.add_user("ann", "x")
            g.start()
            with open(f"/proc/{g.process.pid}/status") as f:
                status = f.read()
            self.assertRegex(status, r"\nUid:\s+65534\s+65534\s+65534\s")
            self.assertRegex(status, r"\nNoNewPrivs:\s+1\n")
            with smtplib.SMTP("127.0.0.1", g.port("smtp")) as c:
                c.sendmail("a@b.example", f"ann@{gatepost.DOMAIN}",
                           "Subject: hi\r\n\r\nhello\r\n")
            g.add_user("bob", "x")
            g.stop()
            owners = {os.lstat(os.path.join(where, name)).st_uid
                      for where, dirs, files in os.walk(g.state)
                      for name in dirs + files}
            self.assertEqual(owners, {65534})

    def test_the_socket_is_the_owner_s_alone(self):
        with Server() as g:
            mode = os.stat(f"{g.state}/control").st_mode
            self.assertTrue(stat.S_ISSOCK(mode))
            self.assertEqual(mode & 0o077, 0)


if __name__ == "__main__":
    unittest.main()
