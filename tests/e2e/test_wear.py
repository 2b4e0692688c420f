"""Mail costs the settings' flash nothing: not one byte is written."""

import hashlib
import os
import unittest

import gatepost


def settings_as_they_lie(server):
    path = os.path.join(server.state, "settings.kv")
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest(), os.stat(path).st_mtime_ns


class Wear(unittest.TestCase):
    def test_mail_writes_nothing_to_the_settings(self):
        with gatepost.Server(users={"ann": "secret"}) as server:
            before = settings_as_they_lie(server)
            for n in range(5):
                with server.smtp(hello="client.example") as talk:
                    talk.expect(250, "MAIL FROM:<far@away.example>")
                    talk.expect(250, f"RCPT TO:<ann@{gatepost.DOMAIN}>")
                    talk.expect(354, "DATA")
                    talk.send(b"Subject: %d\r\n\r\nHello\r\n.\r\n" % n)
                    self.assertEqual(talk.reply()[0], 250)
            self.assertEqual(len(server.fetch("ann", delete=True)), 5)
            self.assertEqual(before, settings_as_they_lie(server))


if __name__ == "__main__":
    unittest.main()
