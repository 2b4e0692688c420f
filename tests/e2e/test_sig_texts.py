#!/usr/bin/python3
"""Signatures for HTML and text match what clamscan's match: its own forms.

The forms are taken from ClamAV's sigtool, signatures are cut out of them, and
both programs look at all files with all signatures.
"""

import os
import random
import subprocess
import tempfile
import unittest

import gatepost

setUpModule = gatepost.module_needs("ENABLE_SCANNER")

WORDS = ("Alpha", "bETA", "gamma  Delta", "x=1", "(a + b)", "100 %", "%41",
         "caf\u00e9", "\u65e5\u672c", "\u3002x", "\U0001f600z",
         "\u00e9 \u00df", "semi;colon", "it's", "\"quoted\"")
TEXT = ("&amp;", "&lt;", "&#65;", "&#x42;", "&#300;", "&nbsp;", "&copy ",
        "\n\n", "\t ", " ", "  ", "&unknown;", "a & b", "\0", "\1")
TAGS = ("<P>", "</P >", "<BR/>", "<br />", "< B >", "<A HREF=Foo Bar='X  Y'>",
        "</a>", "<IMG\nSRC=\"A&#66;C\"\n>", "<!-- a comment -->",
        "<!DOCTYPE Html>", "<x y=\"it's\" NoVal>", "<a b = c d= \"E F\" >",
        "<div\tCLASS='Q \"w\"'>", "<p style=\"Color : Red\">")
SCRIPTS = ("<SCRIPT>if (A < b) { C = \"D  E\"; }</SCRIPT>",
           "<style> B { Color : Red }</STYLE >",
           "<script src=X type=\"y\">Var z = 1;\n// Note\n</script>")


def html(r, number):
    """One document, with words of its own so that no other has its bodies."""
    out = [r.choice(("<HTML>", "<html><BODY >", "<!DOCTYPE html><HTML>"))]
    for i in range(r.randint(8, 30)):
        kind = r.random()
        if kind < 0.4:
            out.append(f"w{number}n{i}{r.choice(WORDS)}")
        elif kind < 0.65:
            out.append(r.choice(TEXT))
        elif kind < 0.92:
            out.append(r.choice(TAGS))
        else:
            out.append(r.choice(SCRIPTS).replace("1", f"q{number}q{i}"))
    return "".join(out).encode() + b" last words</HTML>"


def text(r, number):
    out = []
    for i in range(r.randint(8, 30)):
        out.append(f"w{number}n{i}{r.choice(WORDS)}")
        out.append(r.choice((" ", "  ", "\n", "\r\n\r\n", "\t", "", "&#65;",
                             "\x7f")))
    return "".join(out).encode() + b" last words\n"


class Texts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        path = os.path.join(self.folder, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, data, *names):
        with open(self.path(*names), "wb") as f:
            f.write(data)

    def forms(self, what, data):
        """What ClamAV makes of it: names and contents."""
        self.write(data, "form", "in")
        out = tempfile.mkdtemp(dir=self.folder)
        # it may end badly behind its work
        subprocess.run(["sigtool", f"--{what}-normalise",
                        self.path("form", "in")], cwd=out,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in ("nocomment.html", "notags.html", "normalised_text"):
            path = os.path.join(out, name)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    yield name, f.read()

    def both(self, lines, files):
        """The files that clamscan finds, and those that we find."""
        self.write("".join(lines).encode(), "db", "s.ndb")
        for name, data in files.items():
            self.write(data, "files", name)
        theirs = subprocess.run(
            ["clamscan", "--no-summary", "-d", self.path("db", "s.ndb"), "-r",
             self.path("files", "")], stdout=subprocess.PIPE, text=True)
        done = subprocess.run(
            [gatepost.PROGRAM, "sig", "compile", self.path("db", "s.ndb"),
             "-o", self.path("c")], stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        ours = subprocess.run(
            [gatepost.PROGRAM, "scan", "--sigs", self.path("c"),
             self.path("files", "")], stdout=subprocess.PIPE, text=True)
        return ({os.path.basename(line.split(": ")[0])
                 for line in theirs.stdout.splitlines() if "FOUND" in line},
                {os.path.basename(line.split(": ")[0])
                 for line in ours.stdout.splitlines() if "INFECTED" in line})

    def test_generated_texts_match_where_clamscans_do(self):
        r = random.Random(8)
        lines, files = [], {}
        for number in range(240):
            kind = r.choice(("html", "html", "ascii"))
            data = (html if kind == "html" else text)(r, number)
            name = f"f{number}"
            files[name] = data
            forms = list(self.forms(kind, data))
            self.assertTrue(forms)
            form, whole = r.choice(forms)
            whole = whole.strip(b" \0")
            # there a zero stands for a character beyond ASCII
            if form != "notags.html":
                whole = whole.split(b"\0")[0]
            at = whole.find(b"w%dn" % number)
            if at < 0 or len(whole) < at + 14:
                continue
            at = r.randint(at, max(at, len(whole) - 40))
            body = bytearray(whole[at:at + r.randint(14, 36)])
            if r.random() < 0.4:
                body[r.randrange(len(body))] ^= 0x20
            target = r.choice((0, 3 if kind == "html" else 7))
            lines.append(f"{name}.{form}:{target}:*:{body.hex()}\n")
        theirs, ours = self.both(lines, files)
        self.assertGreater(len(theirs), 40)
        self.assertLess(len(theirs), len(files))
        self.assertEqual(ours - theirs, set())
        self.assertEqual(theirs - ours, set())

    def test_each_target_has_its_own_form(self):
        page = (b"<html><body class=\"Foo\"><P>Hello   World&#65;</P> "
                b"<script>VAR  xyz = \"LONGlong\";</script></body></html>")
        note = b"Some text here.\nHELLO   Wide World\r\n\r\nNext   LINE\n"
        mail = b"From: a@b\nSubject: x\nContent-Type: text/%s\n\n"
        files = {"page": page, "note": note, "page.eml": mail % b"html" + page,
                 "note.eml": mail % b"plain" + note,
                 "long": note * 60000 + b"FAR  Away\n"}
        for body, target, found in (
                (b"<P>Hello   World", 3, ()),
                (b"<P>Hello   World", 0, ("page", "page.eml")),
                (b"<p>hello worlda</p>", 3, ("page", "page.eml")),
                (b"<p>hello worlda</p>", 0, ("page", "page.eml")),
                (b"<p>hello worlda</p>", 7, ()),
                (b"varxyz=\"longlong\";", 3, ("page", "page.eml")),
                (b"HELLO   Wide", 7, ()),
                (b"hello wide world next line", 7,
                 ("note", "note.eml", "long")),
                (b"far away", 7, ("long",)),
                (b"hello wide world next line", 3, ()),
                (b"HELLO   Wide", 4, ("note.eml",)),
                (b"hello wide", 4, ())):
            with self.subTest(body, target=target):
                theirs, ours = self.both(
                    [f"A:{target}:*:{body.hex()}\n"], files)
                self.assertEqual(ours, set(found))
                # as they lie ClamAV does not search pages at all
                self.assertLessEqual(theirs, set(found))
                if target != 0:
                    self.assertEqual(theirs, set(found))

    def test_what_no_form_has_is_told_in_one_line(self):
        self.write(b"Script:3:*:" + b"var n001=".hex().encode() + b"\n"
                   b"Capital:7:*:" + b"some Text".hex().encode() + b"\n"
                   b"Blanks:3:*:" + b"some  text".hex().encode() + b"\n"
                   b"Line:7:*:" + b"some\ntext".hex().encode() + b"\n"
                   b"Other:0:*:" + b"Some  Text\n".hex().encode() + b"\n"
                   b"Small:3:*:" + b"an001 b n01 caf\xc9".hex().encode(),
                   "db", "s.ndb")
        self.write(b"Fine:3:*:" + b"<p>small".hex().encode(), "db", "t.ndb")
        done = subprocess.run(
            [gatepost.PROGRAM, "sig", "compile", self.path("db", "s.ndb"),
             self.path("db", "t.ndb"), "-o", self.path("c")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("signatures 7, lines not supported 0", done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith(
            self.path("db", "s.ndb") + ": 4 for HTML or text hardly match"),
            done.stderr)


if __name__ == "__main__":
    unittest.main()
