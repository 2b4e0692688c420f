#!/usr/bin/python3
"""Kernels that lack something: old ones, and small ones of routers.

A filter lets the kernel under the server say ENOSYS, as one without that call
does: mail still goes in, is looked into, and comes out.

test-sanitizer: no
"""

import ctypes
import errno
import platform
import poplib
import smtplib
import struct
import unittest

import gatepost

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
AUDIT_ARCH_X86_64 = 0xc000003e

# Numbers of x86-64, by what a kernel lacks.
LACKS = {
    "CONFIG_AIO": (206, 207, 208, 209, 210),  # io_setup and kin
    "CONFIG_EVENTFD": (284, 290),
    "CONFIG_MEMFD_CREATE": (319,),
    "seccomp, before 3.17": (317,),
    "sync_file_range": (277,),
    "close_range, before 5.9": (436,),
    "what came after 4.4": tuple(range(326, 335)) + tuple(range(424, 460)),
}
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
         "!$H+H*")


def program(numbers):
    """The filter: these calls are not there."""
    def step(code, k, yes=0, no=0):
        return struct.pack("<HBBI", code, yes, no, k)

    load, equal, give = 0x20, 0x15, 0x06
    steps = [step(load, 4), step(equal, AUDIT_ARCH_X86_64, 1, 0),
             step(give, 0x7fff0000), step(load, 0)]
    for number in numbers:
        steps += [step(equal, number, 0, 1),
                  step(give, 0x00050000 | errno.ENOSYS)]
    return b"".join(steps + [step(give, 0x7fff0000)])


def without(numbers):
    """What a child does before it becomes the program."""
    text = ctypes.create_string_buffer(program(numbers))
    order = ctypes.create_string_buffer(struct.pack(
        "HxxxxxxP", (len(text) - 1) // 8, ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)

    def become():
        _ = text
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
                PR_SET_SECCOMP, SECCOMP_MODE_FILTER, order, 0, 0):
            raise OSError(ctypes.get_errno(), "no filter")
    return become


@unittest.skipUnless(platform.machine() == "x86_64", "numbers of x86-64")
@gatepost.needs("ENABLE_POP3")
class Kernels(unittest.TestCase):
    def works_without(self, numbers):
        server = gatepost.Server(users={"ann": "secret", "bob": "secret"},
                                 settings={"auth.plaintext": "any"})
        server.before = without(numbers)
        with server:
            people = ["ann@home.example", "bob@home.example"]
            with smtplib.SMTP("127.0.0.1", server.port("smtp")) as client:
                for i in range(3):
                    client.sendmail("a@b.example", people,
                                    f"Subject: {i}\r\n\r\nhello\r\n")
                if gatepost.config("ENABLE_SCAN_WORKER"):
                    with self.assertRaises(smtplib.SMTPDataError) as caught:
                        client.sendmail("a@b.example", people,
                                        f"Subject: x\r\n\r\n{EICAR}\r\n")
                    self.assertEqual(caught.exception.smtp_code, 554)
            pop = poplib.POP3("127.0.0.1", server.port("pop3"))
            pop.user("bob")
            pop.pass_("secret")
            found = {line for i in range(pop.stat()[0])
                     for line in pop.retr(i + 1)[1]}
            pop.quit()
            self.assertLessEqual({b"Subject: %d" % i for i in range(3)}, found)

    def test_works_without_each(self):
        for name, numbers in LACKS.items():
            with self.subTest(name):
                self.works_without(numbers)

    def test_works_without_all_of_them(self):
        self.works_without([n for each in LACKS.values() for n in each])

    def test_before_3_17_there_are_no_random_numbers_and_no_server(self):
        """There is nothing to fall back to, on purpose."""
        server = gatepost.Server()
        server.before = without([318])  # getrandom
        server.init()
        self.addCleanup(server.remove)
        self.assertRaises(AssertionError, server.start)
        self.assertIn("the system has no random numbers", server.log())


if __name__ == "__main__":
    unittest.main()
