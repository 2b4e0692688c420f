"""Formats on disk: version 1 is read for ever; what is newer is left alone."""

import gzip
import hashlib
import os
import shutil
import struct
import unittest
import zlib

import gatepost

VECTORS = os.path.join(os.path.dirname(__file__), "..", "vectors", "v1")
PASSPHRASE = b"the passphrase\n"


def vector(name):
    with open(os.path.join(VECTORS, name), "rb") as f:
        data = f.read()
    return gzip.decompress(data) if name.endswith(".gz") else data


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def get(path):
    with open(path, "rb") as f:
        return f.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.g = gatepost.Server(users={})
        self.addCleanup(self.g.remove)

    def lay_out(self):
        """A state folder as version 1 left it; no server runs."""
        os.mkdir(self.g.state, 0o700)
        put(self.g.state + "/device.key", vector("device.key"))
        put(self.g.state + "/settings.kv", vector("settings.kv.gz"))
        for folder in ("queue", "quarantine"):
            os.mkdir(f"{self.g.state}/{folder}", 0o700)
            for name in os.listdir(os.path.join(VECTORS, folder)):
                put(f"{self.g.state}/{folder}/{name.removesuffix('.gz')}",
                    vector(f"{folder}/{name}"))

    def said(self, *words, **more):
        return self.g.run(*words, **more).stdout.decode()

    def refused(self, *words, stdin=b""):
        done = self.g.run(*words, stdin=stdin, check=False)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 2, said)
        self.assertEqual(said.count("\n"), 1, said)
        return said


class VersionOne(Case):
    def look_at_settings(self):
        got = self.said("get", "net.idle_seconds", "queue.hold",
                        "alias.info@home.example", "list.club",
                        "device.scanner", "relay.rule.mine", "quota.ben")
        self.assertEqual(got.splitlines(), [
            "net.idle_seconds=123", "queue.hold=on",
            "alias.info@home.example=ann,ben@far.example",
            "list.club=owner=ann posting=members members=ann,ben",
            "device.scanner=client=192.0.2.50 from=scanner@home.example",
            "relay.rule.mine=permit relay when client in 192.0.2.0/24",
            "quota.ben=20"])

    def look_at_accounts(self):
        self.assertEqual(self.said("user", "list").splitlines(),
                         ["ann\tlegacy", "ben\tlegacy\tno warnings"])

    def secrets(self):
        """Both secrets, by way of an export that seals them anew."""
        text = self.said("settings", "export", "--passphrase-stdin",
                         stdin=PASSPHRASE)
        return [line.split("=")[0] for line in text.splitlines()
                if "=sealed:" in line]

    def test_settings_secrets_and_accounts(self):
        self.lay_out()
        self.look_at_settings()
        self.look_at_accounts()
        self.assertEqual(self.secrets(),
                         ["route.password", "route.secret.office"])

    def test_passwords_and_their_legacy_form(self):
        self.lay_out()
        for folder in ("queue", "quarantine"):
            shutil.rmtree(f"{self.g.state}/{folder}")
        listen = [f"listen.{s}=127.0.0.1:{p}"
                  for s, p in self.g.ports.items() if s not in gatepost.PAGES]
        self.g.run("set", "auth.plaintext=any", *listen)
        for page in gatepost.PAGES:
            self.g.settings[f"listen.{page}"] = "off"
        self.g.start()
        for name, password in (("ann", "open sesame"), ("ben", "secret two")):
            with gatepost.Talk(self.g.ports["pop3"]) as talk:
                greeting = talk.line().decode()
                self.assertTrue(talk.pop(f"USER {name}").startswith(b"+OK"))
                self.assertTrue(
                    talk.pop(f"PASS {password}").startswith(b"+OK"))
                talk.pop("QUIT")
            with gatepost.Talk(self.g.ports["pop3"]) as talk:
                greeting = talk.line().decode()
                stamp = greeting[greeting.index("<"):]
                digest = hashlib.md5((stamp + password).encode()).hexdigest()
                self.assertTrue(
                    talk.pop(f"APOP {name} {digest}").startswith(b"+OK"))
        self.g.stop()

    def test_messages_of_the_queue(self):
        self.lay_out()
        lines = self.said("queue", "list").splitlines()
        self.assertEqual(
            [line.split("\t")[1:3] for line in lines],
            [["<ben@home.example>", "<x@far.example>"]] * 2)
        for line in lines:
            shown = self.said("queue", "show", line.split("\t")[0])
            self.assertIn("to\tx@far.example\twaiting", shown)

    def test_a_stopped_message(self):
        self.lay_out()
        line, = self.said("quarantine", "list").splitlines()
        fields = line.split("\t")
        self.assertEqual(fields[2:], [
            "<ann@home.example>", "<ben@home.example>", "503", "malware",
            "Eicar-Test-Signature"])
        self.assertIn("smtp", self.said("quarantine", "show", fields[0]))

    def test_a_backup_of_this_device(self):
        self.lay_out()
        self.g.run("settings", "reset")
        self.g.run("user", "del", "ben")
        self.g.run("restore", os.path.join(VECTORS, "backup"))
        self.look_at_settings()
        self.look_at_accounts()
        self.assertEqual(len(self.secrets()), 2)

    def test_a_backup_of_another_device_by_its_passphrase(self):
        self.g.run("init")
        self.g.run("restore", os.path.join(VECTORS, "backup.passphrase"),
                   "--passphrase-stdin", stdin=PASSPHRASE)
        self.look_at_settings()
        self.look_at_accounts()
        self.assertEqual(len(self.secrets()), 2)

    def test_settings_as_text_with_sealed_secrets(self):
        self.g.run("init")
        self.g.run("settings", "import",
                   os.path.join(VECTORS, "settings.text"),
                   "--passphrase-stdin", stdin=PASSPHRASE)
        self.look_at_settings()
        self.assertEqual(len(self.secrets()), 2)

    def test_compiled_signatures(self):
        self.g.run("init")
        file = os.path.join(VECTORS, "signatures")
        self.assertIn("OK", self.said("sig", "verify", file))
        info = self.said("sig", "info", file)
        self.assertIn("signatures: 1", info)
        self.assertIn("format: 2", info)
        self.assertIn("OK", self.said("scan", "--sigs", file, __file__))
        self.g.run("sig", "install", file)


class Newer(Case):
    """What a version to come has written: one clear line, nothing changed."""

    def test_settings(self):
        self.lay_out()
        path = self.g.state + "/settings.kv"
        image = bytearray(get(path))
        marks = [at for at in range(0, len(image), 65536)
                 if image[at:at + 4] == b"GPKV"]
        self.assertTrue(marks)
        for at in marks:
            struct.pack_into("<H", image, at + 4, 2)
            struct.pack_into("<I", image, at + 20,
                             zlib.crc32(image[at:at + 20]))
            struct.pack_into("<I", image, at + 32,
                             zlib.crc32(image[at:at + 32]))
        put(path, image)
        for words in (["get", "net.idle_seconds"], ["serve"],
                      ["set", "net.idle_seconds=5"], ["init"]):
            self.assertIn("was written by a newer version of gatepost",
                          self.refused(*words))
            self.assertEqual(get(path), image)

    def test_backup(self):
        self.lay_out()
        before = self.said("settings", "list")
        file = self.g.folder + "/backup"
        backup = bytearray(vector("backup")[:-32])
        struct.pack_into("<H", backup, 8, 2)
        put(file, backup + hashlib.sha256(backup).digest())
        self.assertIn("was written by a newer version of gatepost; nothing "
                      "was changed", self.refused("restore", file))
        self.assertEqual(self.said("settings", "list"), before)

    def test_settings_as_text(self):
        self.lay_out()
        before = self.said("settings", "list")
        file = self.g.folder + "/text"
        put(file, vector("settings.text").replace(b"settings 1", b"settings 2"))
        self.assertIn("line 1: written by a newer version; nothing was "
                      "changed", self.refused("settings", "import", file))
        self.assertEqual(self.said("settings", "list"), before)

    def test_signatures(self):
        self.g.run("init")
        file = self.g.folder + "/signatures"
        data = bytearray(vector("signatures"))
        struct.pack_into("<I", data, 8, 9)
        put(file, data)
        self.assertIn("made for another version of gatepost",
                      self.refused("sig", "verify", file))
        self.assertIn("made for another version of gatepost",
                      self.refused("sig", "install", file))
        self.assertFalse(os.path.exists(self.g.state + "/signatures"))

    def stays(self, folder, name, data, event):
        """The server says so once and leaves the file as it is."""
        path = f"{self.g.state}/{folder}/{name}"
        put(path, data)
        listen = [f"listen.{s}=127.0.0.1:{p}"
                  for s, p in self.g.ports.items() if s not in gatepost.PAGES]
        self.g.run("set", *listen)
        for page in gatepost.PAGES:
            self.g.settings[f"listen.{page}"] = "off"
        self.g.start()
        gatepost.wait_for(lambda: event in self.g.log(), event)
        self.g.stop()
        line, = [li for li in self.g.log().splitlines() if event in li]
        self.assertIn(f"folder={folder}", line)
        self.assertEqual(get(path), data)

    @gatepost.needs("ENABLE_RELAY")
    def test_a_message_of_the_queue(self):
        self.lay_out()
        name = sorted(os.listdir(self.g.state + "/queue"))[0]
        data = bytearray(get(f"{self.g.state}/queue/{name}"))
        at = data.index(b"gpqh")
        struct.pack_into("<I", data, at + 4, 2)
        strings = sum(struct.unpack_from("<3H", data, at + 40))
        struct.pack_into("<I", data, at + 48,
                         zlib.crc32(data[at:at + 48]
                                    + data[at + 512:at + 512 + strings]))
        self.stays("queue", name, bytes(data), "queue.newer")

    @gatepost.needs(*gatepost.PARTS["looking into mail"])
    def test_a_stopped_message(self):
        self.lay_out()
        name, = os.listdir(self.g.state + "/quarantine")
        data = bytearray(get(f"{self.g.state}/quarantine/{name}"))
        at = data.index(b"gpqr")
        data[at + 4] = 2
        struct.pack_into("<I", data, at + 1020,
                         zlib.crc32(data[at:at + 1020]))
        self.stays("quarantine", name, bytes(data), "quarantine.newer")


if __name__ == "__main__":
    unittest.main()
