"""The disk under a running server: folders taken away, read-only, not there."""

import os
import shutil
import subprocess
import tempfile
import unittest

import gatepost

SENDER = "MAIL FROM:<a@b.example>"
TEXT = b"Subject: x\r\n\r\nhello\r\n.\r\n"


def deliver(server, *users):
    """The code that one message to these accounts gets."""
    with server.smtp(hello="me.example") as talk:
        code, _ = talk.command(SENDER)
        if code != 250:
            return code
        for user in users or ("ann",):
            talk.expect(250, f"RCPT TO:<{user}@{gatepost.DOMAIN}>")
        code, _ = talk.command("DATA")
        if code != 354:
            return code
        talk.send(TEXT)
        return talk.reply()[0]


class Folders(unittest.TestCase):
    def test_a_folder_taken_away_comes_back_with_the_next_message(self):
        for what in ("tmp", "mail", "mail/ann", "mail/ann/Maildir",
                     "mail/ann/Maildir/new", "mail/ann/Maildir/cur"):
            with self.subTest(what=what), gatepost.Server() as server:
                shutil.rmtree(os.path.join(server.state, what))
                for _ in range(20):  # free room is not asked for each time
                    self.assertEqual(deliver(server), 250)
                self.assertEqual(len(server.fetch("ann", delete=True)), 20)
                self.assertEqual(server.stored("ann"), [])
                if what != "mail/ann/Maildir/cur":
                    self.assertIn("spool.folder_made_again", server.log())
                for part in ("new", "tmp"):
                    self.assertTrue(os.path.isdir(os.path.join(
                        server.mail_folder("ann"), part)))

    def test_one_of_several_recipients_has_no_folder(self):
        with gatepost.Server(users={"ann": "a", "bob": "b"}) as server:
            for away in ("ann", "bob"):
                shutil.rmtree(server.mail_folder(away))
                self.assertEqual(deliver(server, "ann", "bob"), 250)
            self.assertEqual(len(server.fetch("bob")), 1)
            self.assertEqual(len(server.fetch("ann")), 2)

    def test_mail_to_be_sent_on_waits_in_a_queue_made_again(self):
        with gatepost.Server(settings={
                "relay.networks": "127.0.0.1/32", "queue.hold": "on",
                "scan.enabled": "off"}) as server:
            shutil.rmtree(os.path.join(server.state, "queue"))
            with server.smtp(hello="me.example") as talk:
                talk.expect(250, SENDER)
                talk.expect(250, "RCPT TO:<x@far.example>")
                talk.expect(354, "DATA")
                talk.send(TEXT)
                self.assertEqual(talk.reply()[0], 250)
            listed = server.run("queue", "list").stdout
            self.assertIn(b"far.example", listed)
            server.restart()
            listed = server.run("queue", "list").stdout
            self.assertIn(b"far.example", listed)


class MailPath(unittest.TestCase):
    def start(self, path):
        """A server whose mail.path is changed after its account was made."""
        server = gatepost.Server()
        self.addCleanup(server.remove)
        server.init()
        server.add_user("ann", "open sesame")
        path = path.format(folder=server.folder)
        self.done = server.run("set", f"mail.path={path}", check=False)
        server.serve = {"mail.path": path}
        return server, path

    def test_is_made_where_the_folder_above_it_is(self):
        server, path = self.start("{folder}/boxes")
        server.start()
        self.assertEqual(deliver(server), 250)
        server.stop()
        self.assertEqual(len(os.listdir(f"{path}/ann/Maildir/new")), 1)

    def refused(self, path):
        server, path = self.start(path)
        self.assertEqual(self.done.returncode, 2)
        done = server.run("serve", "--set", f"mail.path={path}", check=False)
        self.assertEqual(done.returncode, 2)
        return done.stderr.decode(), path

    def test_is_asked_for_in_words_where_it_is_not(self):
        said, path = self.refused("{folder}/disk/boxes")
        self.assertIn(f"gatepost: mail.path {path}: the folder above it is "
                      "not there; make it, or mount its disk", said)
        self.assertIn(f"mail.path: {os.path.dirname(path)}: there is no such "
                      "folder; make it, or mount its disk",
                      self.done.stderr.decode())
        self.assertFalse(os.path.exists(os.path.dirname(path)))

    def test_that_is_a_file_is_named(self):
        said, path = self.refused("{folder}/state/device.key")
        self.assertIn(f"gatepost: mail.path {path}: is no folder", said)
        self.assertIn(f"mail.path: {path}: is no folder",
                      self.done.stderr.decode())


@unittest.skipUnless(os.getuid() == 0, "mounting takes root")
class Disk(unittest.TestCase):
    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="gatepost-disk-")
        self.addCleanup(os.rmdir, self.disk)
        done = subprocess.run(["mount", "-t", "tmpfs", "none", self.disk],
                              stderr=subprocess.DEVNULL, check=False)
        if done.returncode:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk],
                        check=False, stderr=subprocess.DEVNULL)

    def test_without_its_disk_mail_is_put_off_and_not_laid_elsewhere(self):
        with gatepost.Server(settings={"mail.path": self.disk}) as server:
            self.assertEqual(deliver(server), 250)
            subprocess.run(["umount", "-l", self.disk], check=True)
            self.assertEqual(deliver(server), 451)
            self.assertEqual(os.listdir(self.disk), [])
            self.assertIn("error smtp.no_storage", server.log())

    def test_a_start_without_its_disk_lays_no_mail_elsewhere(self):
        for path in (self.disk, f"{self.disk}/mail"):
            with self.subTest(path=path), gatepost.Server(
                    settings={"mail.path": path}) as server:
                self.assertEqual(deliver(server), 250)
                server.stop()
                subprocess.run(["mount", "-t", "tmpfs", "none", self.disk],
                               check=True)
                done = server.run("serve", check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(f"mail.path: {path}/.receiving was there when",
                              done.stderr.decode())
                server.run("quarantine", "release", "x", check=False,
                           refusals=True)
                self.assertEqual(os.listdir(self.disk), [])
                subprocess.run(["umount", self.disk], check=True)
                server.start()
                self.assertEqual(
                    len(os.listdir(f"{path}/ann/Maildir/new")), 1)

    def test_a_disk_that_has_become_read_only_is_called_so(self):
        with gatepost.Server(settings={
                "mail.path": f"{self.disk}/mail"}) as server:
            self.assertEqual(deliver(server), 250)
            folder = f"{self.disk}/mail/.receiving"
            subprocess.run(["mount", "--bind", folder, folder], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", folder],
                           check=True)
            self.assertEqual(deliver(server), 451)
            self.assertIn('error="read-only file system"', server.log())
            self.assertEqual(len(server.fetch("ann")), 1)
            subprocess.run(["umount", folder], check=True)
            self.assertEqual(deliver(server), 250)
            self.assertEqual(len(server.fetch("ann")), 2)


if __name__ == "__main__":
    unittest.main()
