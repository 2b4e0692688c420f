#!/usr/bin/python3
"""The manual page tells of the commands and settings that the program has."""

import glob
import json
import re
import shutil
import subprocess
import unittest

import gatepost


class Manual(unittest.TestCase):
    @unittest.skipIf(gatepost.lacks_something(), "the manual is of all parts")
    def test_tables_are_current(self):
        done = subprocess.run(
            [f"{gatepost.ROOT}/tools/manpage", "--check", gatepost.PROGRAM],
            stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_every_setting_has_its_place(self):
        with gatepost.Server(users={}) as g, open(
                f"{gatepost.ROOT}/firmware/gatepost.1",
                encoding="utf-8") as f:
            page = f.read()
            keys = [line.split("=")[0] for line in
                    g.run("settings", "list", "--brief").stdout.decode()
                    .splitlines()]
            for key in keys:
                self.assertIn(f".B {key}\n", page)

    def test_every_figure_of_status_is_explained(self):
        with gatepost.Server() as g, open(
                f"{gatepost.ROOT}/firmware/gatepost.1",
                encoding="utf-8") as f:
            page = f.read()
            found = json.loads(g.run("status", "--json").stdout)
            self.assertGreater(len(found["counters"]), 30)
            for name in found["counters"]:
                self.assertTrue(re.search(
                    rf"(?m)^\.B .*{re.escape(name)}(,|$)", page), name)

    def test_every_path_of_the_api_is_in_its_table(self):
        folder = f"{gatepost.ROOT}/src/service"
        with open(f"{folder}/README.md", encoding="utf-8") as f:
            table = f.read()
        routes = []
        for path in glob.glob(f"{folder}/api_*.c"):
            with open(path, encoding="utf-8") as f:
                routes += re.findall(r'\{ HTTP_(\w+), "([^"]+)"', f.read())
        self.assertGreater(len(routes), 30)
        for method, path in routes:
            self.assertIn(f"`{method} {path}`", table)

    @unittest.skipUnless(shutil.which("groff"), "groff is not there")
    def test_the_page_is_sound(self):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tutf8", "-z", "-K", "utf8",
             f"{gatepost.ROOT}/firmware/gatepost.1"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
