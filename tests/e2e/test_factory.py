#!/usr/bin/python3
"""`make factory`: a board's flash image, made and read on this machine."""

import os
import re
import shutil
import subprocess
import unittest

import gatepost

HOST = os.path.join(gatepost.ROOT, "build/host/gatepost")


@unittest.skipUnless(os.path.realpath(gatepost.PROGRAM)
                     == os.path.realpath(HOST), "once is enough")
class Factory(unittest.TestCase):
    def test_every_boards_image_is_made_here_and_opens(self):
        for board in ("host", "router-mips"):
            with self.subTest(board), gatepost.Server(users={}) as server:
                server.stop()
                said = subprocess.run(
                    ["make", "-s", "factory", f"BOARD={board}", "INSTALL=no"],
                    cwd=gatepost.ROOT, stdout=subprocess.PIPE, check=True,
                    text=True).stdout
                image = os.path.join(
                    gatepost.ROOT, re.search(r"^# (build/\S+)$", said,
                                             re.M).group(1))
                with open(f"{gatepost.ROOT}/build/{board}/.config") as f:
                    bank = int(re.search(r"SETTINGS_BANK_KIB=(\d+)",
                                         f.read()).group(1))
                self.assertEqual(os.path.getsize(image), 2 * bank * 1024)
                shutil.copy(image, f"{server.state}/settings.kv")
                self.assertEqual(
                    server.run("get", "host.name", "listen.http").stdout,
                    b"host.name=\nlisten.http=off\n")


if __name__ == "__main__":
    unittest.main()
