"""T12: who guesses recipients waits ever longer, and is sent away at twenty.

Two minutes of waiting, so apart from the rest.
test-seconds: 300, test-sanitizer: no
"""

import unittest

import gatepost


class Probing(unittest.TestCase):
    def test_twenty_bad_recipients_end_it(self):
        with gatepost.Server() as server:
            talk = server.smtp(hello="me.example")
            talk.sock.settimeout(60)
            talk.expect(250, "MAIL FROM:<a@b.example>")
            for i in range(20):
                code, lines = talk.command(f"RCPT TO:<u{i}@home.example>")
                if code == 421:
                    break
                self.assertEqual(code, 550, lines)
            else:
                code, lines = talk.command("RCPT TO:<u20@home.example>")
            self.assertEqual(code, 421, lines)
            self.assertTrue(talk.at_end())
            talk.close()


if __name__ == "__main__":
    unittest.main()
