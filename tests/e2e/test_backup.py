#!/usr/bin/python3
"""Export, import, reset, backup and restore: with the server and without."""

import hashlib
import os
import poplib
import stat
import struct
import threading
import time
import unittest

import gatepost


class Backup(unittest.TestCase):
    def users(self, g):
        return g.run("user", "list").stdout.decode().split()

    def get(self, g, key):
        return g.run("get", key).stdout.decode().strip()

    def refused(self, g, *words, stdin=b""):
        done = g.run(*words, stdin=stdin, check=False)
        self.assertEqual(done.returncode, 2)
        text = done.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        return text

    def fill(self, g):
        for i in range(15):
            g.add_user(f"user{i:02}", "x")
        g.run("set", "alias.info=user00", "net.idle_seconds=123")
        g.run("set", "route.password", stdin=b"secret word\n")

    def change_and_come_back(self, g):
        file = f"{g.folder}/backup"
        self.fill(g)
        g.run("backup", file)
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        with open(file, "rb") as f:
            self.assertNotIn(b"secret word", f.read())
        before = self.users(g)
        g.run("user", "del", "user00")
        g.add_user("later", "x")
        g.run("set", "net.idle_seconds=99")
        g.run("unset", "alias.info", "route.password")
        g.run("restore", file)
        self.assertEqual(self.users(g), before)
        self.assertEqual(self.get(g, "net.idle_seconds"), "123")
        self.assertEqual(self.get(g, "alias.info"), "user00")
        self.assertIn(b"route.password=(set, secret)",
                      g.run("settings", "list").stdout)

    def test_comes_back_without_a_server(self):
        with gatepost.Server(users={}) as g:
            g.stop()
            self.change_and_come_back(g)
            g.start()

    def test_comes_back_in_a_running_server_at_once(self):
        with gatepost.Server(users={"ann": "open"}) as g:
            self.change_and_come_back(g)
            self.assertIn("settings.restored", g.log())
            pop = poplib.POP3_SSL("127.0.0.1", g.port("pop3s"),
                                  context=gatepost.untrusting_tls())
            pop.user("ann")
            pop.pass_("open")
            pop.quit()

    def test_another_device_needs_the_passphrase(self):
        with gatepost.Server() as a, gatepost.Server(users={}) as b:
            self.fill(a)
            plain, sealed = f"{a.folder}/plain", f"{a.folder}/sealed"
            a.run("backup", plain)
            a.run("backup", sealed, "--passphrase-stdin", stdin=b"open it\n")
            self.assertIn("passphrase", self.refused(b, "restore", plain))
            self.assertIn("passphrase", self.refused(
                b, "restore", sealed, "--passphrase-stdin",
                stdin=b"guess\n"))
            self.assertEqual(self.users(b), [])
            b.run("restore", sealed, "--passphrase-stdin",
                  stdin=b"open it\n")
            self.assertEqual(self.users(b), self.users(a))

    def test_damaged_settings_are_not_begun_anew(self):
        with gatepost.Server(users={"ann": "open"}) as g:
            g.run("set", "alias.info=ann")
            file, path = f"{g.folder}/backup", f"{g.state}/settings.kv"
            g.run("backup", file, "--passphrase-stdin", stdin=b"pp\n")
            g.stop()
            with open(path, "rb") as f:
                good = f.read()
            half = len(good) // 2
            for bad, why in (
                    (b"\0" * 64 + good[64:half] + b"\0" * 64
                     + good[half + 64:], "is damaged"),
                    (bytes(i % 251 for i in range(len(good))), "is damaged"),
                    (good[:1000], "cut off"), (b"", "cut off"),
                    (b"garbage", "cut off")):
                with open(path, "wb") as f:
                    f.write(bad)
                for words in (["user", "list"], ["serve"], ["init"],
                              ["restore", file]):
                    done = g.run(*words, check=False)
                    self.assertEqual(done.returncode, 2, words)
                    text = done.stderr.decode()
                    self.assertIn("settings.kv: ", text)
                    self.assertIn(why, text)
                    self.assertEqual(text.count("\n"), 1)
                    with open(path, "rb") as f:
                        self.assertEqual(f.read(), bad)
            os.rename(path, path + ".old")
            g.run("restore", file, "--passphrase-stdin", stdin=b"pp\n")
            self.assertEqual(self.get(g, "alias.info"), "ann")
            self.assertEqual(self.users(g), ["ann"])
            g.start()

    def test_damaged_files_change_nothing(self):
        with gatepost.Server() as g:
            file = f"{g.folder}/backup"
            g.run("backup", file)
            with open(file, "rb") as f:
                good = f.read()
            for bad in (b"", b"x", good[:-1], good + b"x",
                        good[:200] + b"\xff" + good[201:], b"y" * 300000):
                with open(file, "wb") as f:
                    f.write(bad)
                self.refused(g, "restore", file)
                self.assertEqual(self.users(g), ["ann"])
            self.refused(g, "restore", f"{g.folder}/none")
            self.refused(g, "backup", f"{g.folder}/none/backup")
            self.assertFalse(os.path.exists(f"{g.folder}/backup.new"))

    def test_settings_go_out_as_text_and_come_in_again(self):
        for running in (False, True):
            with gatepost.Server() as g:
                if not running:
                    g.stop()
                g.run("set", "alias.info=ann", "net.idle_seconds=123")
                g.run("set", "route.password", stdin=b"secret word\n")
                text = g.run("settings", "export").stdout
                self.assertIn(b"\nalias.info=ann\n", text)
                self.assertIn(b"route.password", text)
                self.assertNotIn(b"secret word", text)
                g.run("settings", "reset")
                self.assertEqual(self.get(g, "net.idle_seconds"), "300")
                self.assertEqual(self.users(g), ["ann"])
                g.run("settings", "import", stdin=text)
                self.assertEqual(self.get(g, "net.idle_seconds"), "123")
                self.assertEqual(self.get(g, "alias.info"), "ann")
                why = self.refused(
                    g, "settings", "import",
                    stdin=b"# gatepost settings 1\nhost.name=a.example\n"
                    b"net.idle_seconds=0\n")
                self.assertIn("line 3", why)
                self.assertEqual(self.get(g, "net.idle_seconds"), "123")
                g.run("set", "route.password", stdin=b"secret word\n")
                sealed = g.run("settings", "export", "--passphrase-stdin",
                               stdin=b"pass\n").stdout
                self.assertIn(b"route.password=sealed:", sealed)
                with open(f"{g.folder}/text", "wb") as f:
                    f.write(sealed)
                g.run("settings", "import", f"{g.folder}/text",
                      "--passphrase-stdin", stdin=b"pass\n")
                if not running:
                    g.start()

    def test_files_that_editors_have_touched_come_in(self):
        with gatepost.Server() as g:
            g.stop()
            g.run("set", "alias.info=ann", "queue.hold=on",
                  "scan.depth=7", "notices.language=ja")
            text = g.run("settings", "export").stdout
            for touched in (text.replace(b"\n", b"\r\n"),
                            b"\xef\xbb\xbf" + text,
                            text.rstrip(b"\n"),
                            text + b"\n# a remark\n\n",
                            text.replace(b"queue.hold=", b" queue.hold = ")):
                g.run("settings", "reset")
                g.run("settings", "import", stdin=touched)
                self.assertEqual(g.run("settings", "export").stdout, text)
            for wrong, words in (
                    (b"queue.hold=off\n", "stands in an earlier line"),
                    (b"alias.info=ann\n", "stands in an earlier line"),
                    (b"no.such=1\n", "no such setting"),
                    (b"junk\n", "key=value")):
                line = text.count(b"\n") + 1
                why = self.refused(g, "settings", "import",
                                   stdin=text + wrong)
                self.assertIn(f"line {line}: ", why)
                self.assertIn(words, why)
                self.assertEqual(g.run("settings", "export").stdout, text)
            self.assertIn("standard input", self.refused(
                g, "settings", "import", stdin=b"#" * 300000))
            g.run("set", "route.password", stdin=b"first\n")
            g.run("settings", "import", stdin=text + b"route.password=x\n")
            g.start()

    def test_a_device_is_no_place_for_a_file(self):
        with gatepost.Server() as g:
            sigs = f"{g.folder}/a.hdb"
            with open(sigs, "wb") as f:
                f.write(b"44d88612fea8a8f36de82e1278abb02f:68:Test\n")
            for kind in ("pipe", "link", "folder"):
                path = f"{g.folder}/{kind}"
                {"pipe": os.mkfifo, "folder": os.mkdir,
                 "link": lambda p: os.symlink("/dev/null", p)}[kind](path)
                before = os.lstat(path)
                for words in (("backup", path),
                              ("sig", "compile", sigs, "-o", path)):
                    why = self.refused(g, *words)
                    self.assertIn(f"{path}: this is no ordinary file", why)
                    self.assertEqual(os.lstat(path).st_ino, before.st_ino)
                    self.assertFalse(os.path.exists(path + ".new"))

    def test_no_file_beside_it_is_touched(self):
        with gatepost.Server() as g:
            path = f"{g.folder}/copy"
            for name in path, path + ".new":
                with open(name, "wb") as f:
                    f.write(b"mine")
            g.run("backup", path)
            self.assertEqual(sorted(os.listdir(g.folder)), sorted(
                ["copy", "copy.new"] + [n for n in os.listdir(g.folder)
                                        if not n.startswith("copy")]))
            with open(path + ".new", "rb") as f:
                self.assertEqual(f.read(), b"mine")
            with open(path, "rb") as f:
                self.assertNotEqual(f.read(4), b"mine")

    def test_a_backup_goes_through_a_pipe(self):
        with gatepost.Server(users={"ann": "open"}) as g:
            data = g.run("backup", "-").stdout
            self.assertTrue(data.startswith(b"GPBACKUP"))
            self.assertFalse(os.path.exists("-"))
            g.run("user", "del", "ann")
            g.run("restore", "-", stdin=data)
            self.assertEqual(self.users(g), ["ann"])

    def test_limits_over_several_keys_are_refused_at_set(self):
        rules = [f"relay.rule.{i:02}=permit relay when auth"
                 for i in range(33)]
        with gatepost.Server() as g:
            for running in (True, False):
                if not running:
                    g.stop()
                why = self.refused(g, "set", *rules)
                self.assertIn("relay.rule.*: more than 32 rules in all", why)
                self.assertIn("nothing was changed", why)
                g.run("set", *rules[:32])
                self.refused(g, "set", rules[32])
                text = g.run("settings", "export").stdout
                self.assertIn(
                    "32 rules", self.refused(
                        g, "settings", "import",
                        stdin=text + rules[32].encode() + b"\n"))
                g.run("unset", *(r.split("=")[0] for r in rules[:32]))
            g.start()

    def test_what_can_not_work_together_is_refused_at_set(self):
        with gatepost.Server() as g:
            free = g.ports["smtp"] + 10000
            for words, why in (
                    (["dkim.domains=a_b"], "a_b: an underscore"),
                    (["dkim.domains=example.org,home"], "home: needs a dot"),
                    (["dkim.selector=a_b"], "underscore"),
                    (["host.dns=192.0.2.1,192.0.2.2:0"], "port 0"),
                    ([f"listen.pop3=127.0.0.1:{g.ports['smtp']}"],
                     "listen.pop3: 127.0.0.1:.* is taken by listen.smtp"),
                    ([f"listen.pop3=*:{g.ports['smtp']}"], "is taken by"),
                    ([f"listen.pop3=0.0.0.0:{g.ports['smtp']}"], "taken by"),
                    ([f"listen.smtp=*:{free},127.0.0.1:{free}"], "taken by"),
                    ([f"listen.smtp=*:{free}", f"listen.pop3=[::]:{free}"],
                     "taken by")):
                with self.subTest(words=words):
                    got = self.refused(g, "set", *words)
                    self.assertRegex(got, why)
                    self.assertIn(words[-1].split("=")[0], got)
            for words in (["dkim.domains=example.org,a-b.example"],
                          ["host.dns=192.0.2.1:53,2001:db8::53"],
                          [f"listen.smtp=0.0.0.0:{free},[::]:{free}",
                           f"listen.pop3=127.0.0.1:{free + 1}"],
                          [f"listen.smtp=127.0.0.1:{free}",
                           f"listen.pop3=127.0.0.2:{free}"]):
                g.run("set", *words)

    def others_are_served_while(self, g, words):
        """`words` takes long and is refused; the longest wait of another."""
        done, waits = [], []
        asking = threading.Thread(
            target=lambda: done.append(self.refused(g, *words,
                                                    stdin=b"wrong\n")))
        began = time.monotonic()
        asking.start()
        while asking.is_alive():
            asked = time.monotonic()
            g.smtp(hello="me.example").close()
            waits.append(time.monotonic() - asked)
            time.sleep(0.02)
        took = time.monotonic() - began
        asking.join()
        self.assertIn("passphrase is wrong", done[0])
        self.assertGreater(took, 0.5)  # else it shows nothing
        self.assertLess(max(waits), took / 2)
        self.assertGreater(len(waits), 10)

    @gatepost.needs("ENABLE_RELAY")
    def test_others_are_served_while_a_passphrase_is_stretched(self):
        rounds = 4000000
        with gatepost.Server() as g:
            text, file = f"{g.folder}/text", f"{g.folder}/file"
            with open(text, "w", encoding="ascii") as f:
                f.write("# gatepost settings 1\n"
                        f"# secrets: pbkdf2-sha256 {rounds} {'ab' * 16}\n"
                        f"route.password=sealed:{'cd' * 40}\n")
            self.others_are_served_while(
                g, ["settings", "import", text, "--passphrase-stdin"])
            g.run("backup", file, "--passphrase-stdin", stdin=b"right\n")
            with open(file, "rb") as f:
                backup = bytearray(f.read()[:-32])
            backup[12:16] = struct.pack("<I", rounds)
            with open(file, "wb") as f:
                f.write(backup + hashlib.sha256(backup).digest())
            with gatepost.Server() as other:
                self.others_are_served_while(
                    other, ["restore", file, "--passphrase-stdin"])

    def test_wear_is_shown(self):
        with gatepost.Server() as g:
            out = g.run("settings", "wear").stdout.decode()
            self.assertRegex(out, r"(?m)^used_octets: \d+$")
            self.assertRegex(out, r"(?m)^assumed_changes_a_day: 50$")
            self.assertRegex(out, r"(?m)^years_left: [1-9]\d{3,}$")
            self.assertRegex(out, r"(?m)^bank 1: \d+ erases, 0 failures")


if __name__ == "__main__":
    unittest.main()
