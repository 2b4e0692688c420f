#!/usr/bin/python3
"""A part of `make diff-scan`: our verdicts equal clamscan's."""

import os
import subprocess
import unittest

import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../tools/diff-scan")


class Differential(unittest.TestCase):
    def test_generated_signatures_are_found_where_clamscan_finds_them(self):
        done = subprocess.run(
            [TOOL, "--program", gatepost.PROGRAM, "--signatures", "400",
             "--bodies", "400", "--seed", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"^400 signatures \(0 left out\), 400 "
                         r"files, \d+ found, 0 different\n$")


if __name__ == "__main__":
    unittest.main()
