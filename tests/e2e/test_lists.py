"""Mailing lists, aliases and forwards, end to end."""

import os
import smtplib
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import farend  # noqa: E402
import gatepost  # noqa: E402
from test_relay import TEXT, arrived, emptied, settings, submit  # noqa: E402

setUpModule = gatepost.module_needs("ENABLE_LISTS")

CLUB = {"list.club": "owner=ben members=ann,ben,out@x.example"}
USERS = {"ann": "a", "ben": "b"}


def server_with(far, **more):
    return gatepost.Server(users=USERS, settings={
        **settings(far), **CLUB, **more})


class Lists(unittest.TestCase):
    def test_a_posting_goes_to_every_member_once(self):
        with farend.Server() as far, server_with(far) as server:
            submit(server, "ann@home.example",
                   ["club@home.example", "ann@home.example"])
            out, = arrived(far)
            emptied(server)
            self.assertEqual(len(server.stored("ben")), 1)
            self.assertEqual(len(server.stored("ann")), 2)  # one direct
        self.assertTrue(out.sender.startswith(
            b"MAIL FROM:<club-bounces@home.example>"))
        self.assertEqual(out.recipients, [b"RCPT TO:<out@x.example>"])
        for line in (b"List-Id: <club.home.example>\r\n",
                     b"List-Post: <mailto:club@home.example>\r\n",
                     b"List-Unsubscribe: <mailto:club-request@home.example?"
                     b"subject=unsubscribe>\r\n"):
            self.assertIn(line, out.data)
        for line in (b"List-Help: <mailto:club-request@home.example?"
                     b"subject=help>\r\n",
                     b"List-Owner: <mailto:club-owner@home.example>\r\n"):
            self.assertIn(line, out.data)
        self.assertTrue(out.data.endswith(TEXT))

    def test_who_asks_is_told_that_it_has_reached_the_list(self):
        """Whatever the last server offered (RFC 3461, 5.2.7.3)."""
        with farend.Server() as far, server_with(
                far, **{"list.club": "owner=ben posting=anyone "
                                  "members=ben"}) as server:
            for before in ((), ("far@x.example",)):
                for one in before:
                    submit(server, "ben@home.example", [one])
                    arrived(far)
                submit(server, "ann@home.example", ["club@home.example"],
                       rcpt_options=["NOTIFY=SUCCESS"])
                emptied(server)
            notes = server.stored("ann")
        self.assertEqual(len(notes), 2)
        for note in notes:
            self.assertIn(b"Final-Recipient: rfc822; club", note)
            self.assertIn(b"Action: delivered\n", note)

    def test_a_wrong_list_is_refused_in_one_line(self):
        wrong = {"foo": "is none of owner=", "owner=ann": "members= is missing",
                 "members=": "are not accounts", "members=a@@b": "are not",
                 "members=ann,,ben": "are not accounts",
                 "owner=a@@b members=ann": "is no account and no address",
                 "posting=maybe members=ann": "neither posting=members nor"}
        with gatepost.Server(users=USERS) as server:
            for running in (True, False):
                for text, words in wrong.items():
                    done = server.run("set", f"list.club={text}", check=False)
                    self.assertEqual(done.returncode, 2, text)
                    self.assertIn(words, done.stderr.decode())
                    self.assertEqual(done.stderr.count(b"\n"), 1)
                if running:
                    server.stop()
            server.run("set", "list.club=owner=ben  members=ann,x@y.example")
            server.start()

    def test_a_closed_list_refuses_strangers_and_bounces_at_rcpt(self):
        with farend.Server() as far, server_with(far) as server:
            for sender in ("stranger@y.example", ""):
                with self.assertRaises(smtplib.SMTPRecipientsRefused):
                    submit(server, sender, ["club@home.example"])
            submit(server, "out@x.example", ["club@home.example"])
            arrived(far)
            emptied(server)

    def test_an_open_list_takes_postings_of_strangers(self):
        with farend.Server() as far, server_with(
                far, **{"list.club": "owner=ben posting=anyone "
                        "members=out@x.example"}) as server:
            submit(server, "stranger@y.example", ["club@home.example"])
            arrived(far)
            emptied(server)

    def test_what_fails_comes_to_the_owner(self):
        with farend.Server(faults={"RCPT": b"550 5.1.1 gone\r\n"}) as far, \
                server_with(far) as server:
            submit(server, "ann@home.example", ["club@home.example"])
            emptied(server)
            notes = [t for t in server.stored("ben")
                     if b"multipart/report" in t]
            self.assertEqual(len(notes), 1)
            self.assertIn(b"out@x.example", notes[0])
            self.assertFalse(any(b"multipart/report" in t
                                 for t in server.stored("ann")))

    def test_a_loop_through_the_list_ends(self):
        """Also behind what others have put before it, or folded."""
        long = b"".join(b"X-Hop: %d %s\r\n" % (i, b"x" * 900)
                        for i in range(9))
        with farend.Server() as far, server_with(far) as server:
            for mark in (b"List-Id: <club.home.example>\r\n",
                         b"List-Id: The club\r\n\t<club.home.example>\r\n",
                         long + b"List-ID: <Club.Home.example> \r\n"):
                submit(server, "ann@home.example", ["club@home.example"],
                       mark + TEXT)
            emptied(server)
            self.assertEqual(server.stored("ben"), [])
            self.assertEqual(far.messages, [])

    def test_a_list_of_two_hundred_stands_in_several_settings(self):
        people = [f"member{i:03}@club.example" for i in range(200)]
        with farend.Server() as far, server_with(far) as server:
            server.run("set", *(f"list.club{f':{i + 1}' if i else ''}="
                                f"members={','.join(people[i * 36:][:36])}"
                                for i in range(6)))
            submit(server, people[-1], ["club@home.example"])
            gatepost.wait_for(lambda: sum(
                len(m.recipients) for m in far.messages) >= 200, "all of them")
            emptied(server)
            self.assertEqual(
                {r.decode()[9:-1] for m in far.messages for r in m.recipients},
                set(people))
            with server.smtp(hello="me") as talk:
                talk.expect(250, "MAIL FROM:<member000@club.example>")
                talk.expect(553, 'RCPT TO:<"club:2"@home.example>')

    def test_the_parts_of_a_list_may_have_gaps(self):
        """Whoever takes out the second has not meant the third."""
        with farend.Server() as far, server_with(
                far, **{"list.club:3": "members=cat@x.example"}) as server:
            submit(server, "ben@home.example", ["club@home.example"])
            out, = arrived(far)
            emptied(server)
            with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
                smtp.sendmail("cat@x.example", ["club@home.example"], TEXT)
        self.assertEqual(out.recipients, [b"RCPT TO:<out@x.example>",
                                          b"RCPT TO:<cat@x.example>"])

    def test_what_is_no_part_of_a_list_is_refused_in_one_line(self):
        with gatepost.Server(users=USERS) as server:
            for key, text, words in (
                    ("club:1", "members=ann", "NAME:2"),
                    ("club:7", "members=ann", "NAME:2"),
                    ("club:02", "members=ann", "NAME:2"),
                    ("club:x", "members=ann", "NAME:2"),
                    ("club:", "members=ann", "NAME:2"),
                    ("club:2:3", "members=ann", "NAME:2"),
                    ("club:2", "owner=ann members=ann", "only members="),
                    ("club:2", "members=ann owner=ann", "only members="),
                    ("club:2", "members=", "are not accounts")):
                done = server.run("set", f"list.{key}={text}", check=False)
                self.assertEqual(done.returncode, 2, key)
                self.assertIn(words, done.stderr.decode())
                self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_members_behind_an_alias_may_post(self):
        with farend.Server() as far, server_with(far, **{
                "list.club": "members=team,staff@home.example,ben",
                "alias.team": "ann, inner,out@x.example",
                "alias.inner": "loop@home.example,three",
                "alias.loop": "team,inner",
                "alias.three": "four",
                "alias.four": "deep@x.example,five",
                "alias.five": "toodeep@x.example",
                "alias.staff@home.example": "boss@y.example",
                "alias.other": "who@z.example"}) as server:
            for sender in ("ann@home.example", "out@x.example",
                           "boss@y.example", "deep@x.example"):
                submit(server, sender, ["club@home.example"])
            for sender in "who@z.example", "toodeep@x.example":
                with self.assertRaises(smtplib.SMTPRecipientsRefused):
                    submit(server, sender, ["club@home.example"])
            emptied(server)
            self.assertEqual(len(server.stored("ben")), 4)


class Addresses(unittest.TestCase):
    def answers(self, server, *names):
        got = []
        for name in names:
            with server.smtp(hello="me") as talk:
                talk.expect(250, "MAIL FROM:<who@y.example>")
                got.append(talk.command(f"RCPT TO:<{name}@home.example>"))
        return got

    def test_aliases_may_follow_each_other(self):
        chain = {f"alias.a{i}": f"a{i + 1},ben" for i in range(9)}
        with gatepost.Server(users=USERS, settings={
                **chain, "alias.a9": "ann"}) as server:
            with server.smtp(hello="me") as talk:
                talk.expect(250, "MAIL FROM:<who@y.example>")
                talk.expect(250, "RCPT TO:<a0@home.example>")
                talk.expect(250, "RCPT TO:<a3@home.example>")
                talk.expect(354, "DATA")
                talk.send(TEXT)
                talk.expect(250, ".")
            self.assertEqual(len(server.stored("ann")), 1)
            self.assertEqual(len(server.stored("ben")), 1)

    def test_names_are_written_in_lower_case(self):
        with gatepost.Server(users=USERS) as server:
            for key in ("alias.Sales", "forward.Ann", "list.Club"):
                done = server.run("set", f"{key}=members=ann" if "list" in key
                                  else f"{key}=ann", check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"in lower case", done.stderr)
            server.run("set", "alias.sales=ann")
            self.assertEqual(self.answers(server, "SALES")[0][0], 250)

    def test_aliases_and_forwards_with_a_rewritten_sender(self):
        with farend.Server() as far, server_with(far, **{
                "alias.sales": "ann,ben", "mail.catch_all": "ben",
                "forward.ben": "keep,ben@mobile.example"}) as server:
            submit(server, "who@y.example", ["sales@home.example",
                                             "ben+x@home.example"])
            out, = arrived(far)
            emptied(server)
            self.assertEqual(len(server.stored("ann")), 1)
            self.assertEqual(len(server.stored("ben")), 1)
            sender = out.sender.split()[1][6:-1].decode()
            self.assertRegex(
                sender, r"^SRS0=\w{8}=\w\w=y\.example=who@home\.example$")
            self.assertEqual(out.recipients,
                             [b"RCPT TO:<ben@mobile.example>"])
            submit(server, "", [sender])  # a bounce finds its way back
            self.assertEqual(arrived(far, 2)[1].recipients,
                             [b"RCPT TO:<who@y.example>"])
            submit(server, "who@y.example", ["unknown@home.example"])
            arrived(far, 3)
            emptied(server)
            self.assertEqual(len(server.stored("ben")), 2)


if __name__ == "__main__":
    unittest.main()
