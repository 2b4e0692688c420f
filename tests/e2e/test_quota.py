"""Mailboxes that are full, or nearly."""

import email
import email.policy
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import gatepost  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_QUOTAS")

MIB = 1 << 20
PEOPLE = {"ann": "secret", "ben": "secret"}


def text_of(octets):
    """A message of about so many octets as it will lie on the disk."""
    lines = b"x" * 76 + b"\r\n"
    return b"Subject: big\r\n\r\n" + lines * (octets // 77)


def send(server, recipients, octets=0, size=None, hello="me.example"):
    """The replies to the RCPTs and, if any was taken, to the body."""
    talk = server.smtp(hello=hello)
    with talk:
        talk.expect(250, "MAIL FROM:<out@x.example>"
                    + (f" SIZE={size}" if size else ""))
        rcpts = [talk.command(f"RCPT TO:<{r}@home.example>")
                 for r in recipients]
        end = None
        if any(code == 250 for code, _ in rcpts):
            talk.expect(354, "DATA")
            talk.send(text_of(octets) + b".\r\n")
            end = talk.reply()
        return [r[0] for r in rcpts], rcpts, end


def fill(server, user, octets, name="1.foreign", folder="cur", size=True):
    """A message as another Maildir program would leave it."""
    where = os.path.join(server.mail_folder(user), folder)
    os.makedirs(where, exist_ok=True)
    path = os.path.join(where, name + (f",S={octets}" if size else "")
                        + (":2,S" if folder == "cur" else ""))
    with open(path, "wb") as f:
        f.truncate(octets)
    return path


def letters(server, user):
    found = [email.message_from_bytes(m, policy=email.policy.default)
             for m in server.stored(user)
             if b"MAILER-DAEMON" in m[:2000]]
    return [m for m in found if m["Auto-Submitted"]]


class Quota(unittest.TestCase):
    settings = {"mail.quota_mib": "1"}

    def test_a_full_mailbox_refuses_and_others_do_not(self):
        with gatepost.Server(users=PEOPLE, settings=self.settings) as server:
            fill(server, "ann", MIB + 1)
            codes, rcpts, end = send(server, ["ann", "ben", "nobody"])
            self.assertEqual(codes, [452, 250, 550])
            self.assertTrue(rcpts[0][1][0].startswith("4.2.2 "))
            self.assertEqual(end[0], 250)
            self.assertEqual(len(server.stored("ben")), 1)
            self.assertEqual(len(server.stored("ann")), 1)

    def test_what_does_not_fit_is_refused_by_its_size(self):
        with gatepost.Server(users=PEOPLE, settings=self.settings) as server:
            fill(server, "ann", MIB * 8 // 10, folder="new", size=False)
            codes, _, _ = send(server, ["ann"], size=MIB // 2)
            self.assertEqual(codes, [452])
            codes, _, end = send(server, ["ann"], MIB // 2)
            self.assertEqual(codes, [250])
            self.assertEqual(end[0], 452)
            self.assertTrue(end[1][0].startswith("4.2.2 "), end)
            self.assertEqual(len(server.stored("ann")), 1)
            self.assertEqual(
                os.listdir(os.path.join(server.state, "tmp")), [])
            codes, _, end = send(server, ["ann"], 1000)
            self.assertEqual((codes, end[0]), ([250], 250))

    def test_who_fetches_his_mail_has_room_again(self):
        with gatepost.Server(users=PEOPLE, settings=self.settings) as server:
            for _ in range(3):
                _, _, end = send(server, ["ann"], 300 * 1024)
                self.assertEqual(end[0], 250)
            _, _, end = send(server, ["ann"], 300 * 1024)
            self.assertEqual(end[0], 452)
            self.assertEqual(len(server.fetch("ann", delete=True)),
                             3 + len(letters(server, "ann")))
            gatepost.wait_for(
                lambda: send(server, ["ann"], 300 * 1024)[2][0] == 250,
                "there is room")

    def test_another_program_makes_room(self):
        with gatepost.Server(users=PEOPLE, settings=self.settings) as server:
            path = fill(server, "ann", MIB + 1)
            self.assertEqual(send(server, ["ann"])[0], [452])
            os.unlink(path)
            gatepost.wait_for(lambda: send(server, ["ann"])[0] == [250],
                              "there is room")

    def test_an_account_may_have_its_own_limit(self):
        with gatepost.Server(users=PEOPLE, settings={
                **self.settings, "quota.ben": "2", "quota.ann": "0"}
                ) as server:
            fill(server, "ann", 100 * MIB)
            fill(server, "ben", MIB + 1)
            self.assertEqual(send(server, ["ann", "ben"])[0], [250, 250])
            fill(server, "ben", MIB, "2.foreign")
            server.run("set", "quota.ben=1")
            gatepost.wait_for(lambda: send(server, ["ben"])[0] == [452],
                              "the new limit holds")

    def test_without_a_limit_nothing_is_counted(self):
        with gatepost.Server(users=PEOPLE) as server:
            fill(server, "ann", 5000 * MIB)
            self.assertEqual(send(server, ["ann"], size=MIB)[0], [250])

    def test_the_owner_is_told_once_for_each_crossing(self):
        with gatepost.Server(users=PEOPLE, settings={
                "mail.quota_mib": "1", "notices.language": "ja"}) as server:
            send(server, ["ann"], MIB * 85 // 100)
            self.assertEqual(letters(server, "ann"), [])
            send(server, ["ann"], MIB * 7 // 100)
            letter, = gatepost.wait_for(
                lambda: letters(server, "ann"), "ann is told")
            self.assertEqual(letter["Subject"],
                             "受信箱の空きが残りわずかです")
            self.assertRegex(letter.get_content(),
                             r"9[1-3] % まで使われています。容量は 1 MiB")
            send(server, ["ann"], MIB * 2 // 100)
            server.fetch("ann", delete=True)
            gatepost.wait_for(
                lambda: send(server, ["ann"], MIB * 89 // 100)[2][0] == 250,
                "there is room")
            self.assertEqual(letters(server, "ann"), [])
            send(server, ["ann"], MIB * 3 // 100)
            gatepost.wait_for(lambda: letters(server, "ann"), "again")
            self.assertEqual(len(letters(server, "ann")), 1)

    def test_a_large_mailbox_is_counted_while_others_are_served(self):
        with gatepost.Server(users=PEOPLE, settings=self.settings) as server:
            folder = os.path.join(server.mail_folder("ann"), "cur")
            os.makedirs(folder, exist_ok=True)
            for i in range(5000):
                with open(os.path.join(folder, f"{i}.x,S=300:2,"), "wb"):
                    pass
            self.assertEqual(send(server, ["ann", "ben"])[0], [452, 250])

    def test_who_leaves_while_it_is_counted_harms_nobody(self):
        with gatepost.Server(users=PEOPLE, settings=self.settings) as server:
            fill(server, "ann", MIB + 1)
            for _ in range(20):
                with server.smtp(hello="me.example") as talk:
                    talk.send(b"MAIL FROM:<>\r\nRCPT TO:<ann@home.example>"
                              b"\r\nRSET\r\nQUIT\r\n")
            self.assertEqual(send(server, ["ann", "ben"])[0], [452, 250])


if __name__ == "__main__":
    unittest.main()
