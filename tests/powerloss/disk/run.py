#!/usr/bin/python3
"""Cut the power of a real file system on a disk that lies as disks do.

usage: run.py BUILD-FOLDER [--fs ext4|xfs|btrfs] [--mkfs OPTION]... [--fsck]
              [--seconds N] [--cuts N] [--seed N]

The real spool writes to the file system on a logged disk (logdisk).  Then,
for many moments of the log, a disk is made as the cut would have left it:
everything flushed before, and of what was not flushed a random part, torn
between sectors.  The file system is mounted again, and every promise made
before that moment must be kept: the message is in its mailbox, whole; no
message in a mailbox is torn.  Needs root, loop devices and FUSE.
"""

import argparse
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

SECTOR = 512
HEAD = struct.Struct("=QQQ")


def run(*command):
    """Run a command that must succeed; its output."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def records(path):
    """The log's records: kind, offset, bytes."""
    with open(path, "rb") as log:
        while len(head := log.read(HEAD.size)) == HEAD.size:
            kind, at, length = HEAD.unpack(head)
            yield chr(kind), at, log.read(length)


class Disk:
    """The image as the device has it for sure, and what may be lost."""

    def __init__(self, path):
        with open(path, "rb") as image:
            self.safe = bytearray(image.read())
        self.loose = []
        self.promised = []

    def take(self, kind, at, data):
        if kind == "W":
            self.loose.append((at, data))
        elif kind == "M":
            self.promised += data.decode().split("\n")[:-1]
        else:
            for where, what in self.loose:
                self.safe[where:where + len(what)] = what
            self.loose = []

    def cut(self, path, dice):
        """Write the image that a power cut now would leave."""
        image = bytearray(self.safe)
        how = dice.random()
        for at, data in self.loose:
            if dice.random() < how:
                image[at:at + len(data)] = data
            elif dice.random() < 0.3:
                for i in range(0, len(data), SECTOR):
                    if dice.random() < 0.5:
                        image[at + i:at + i + SECTOR] = data[i:i + SECTOR]
        with open(path, "wb") as out:
            out.write(image)


def message(number, octets):
    line = b"message %07d\n" % number
    return (line * (octets // len(line) + 1))[:octets]


def faults(folder, promised):
    """What is wrong in the mailboxes after a cut."""
    found = {}
    wrong = []
    for box in ("ann", "bob", "eve"):
        new = f"{folder}/{box}/new"
        for name in os.listdir(new) if os.path.isdir(new) else ():
            with open(f"{new}/{name}", "rb") as file:
                data = file.read()
            octets = int(name.split(",S=")[1].split(",")[0])
            digits = data[8:15]
            number = int(digits) if digits.isdigit() else 0
            if octets >= 16 and (len(data) != octets
                                 or data != message(number, octets)):
                wrong.append(f"torn: {box} {name} has {len(data)}")
            found[name.split(",")[0], box] = len(data)
    for promise in promised:
        name, number, octets, box = promise.split()
        if found.get((name, box)) != int(octets):
            wrong.append(f"lost: message {number}, {box} {name}")
    return wrong


def work(args, place, loop_kind):
    """Write through the spool to the logged disk."""
    image, log, fuse, mnt = (f"{place}/{n}" for n in
                             ("image", "log", "fuse", "mnt"))
    run("truncate", "-s", f"{args.megabytes}M", image)
    run(f"mkfs.{loop_kind}", "-q", *args.mkfs, image)
    os.mkdir(fuse)
    os.mkdir(mnt)
    disk = subprocess.Popen([f"{args.build}/logdisk", image, log, fuse])
    try:
        while not os.path.exists(f"{fuse}/disk"):
            if disk.poll() is not None:
                sys.exit("logdisk did not start")
            time.sleep(0.05)
        loop = run("losetup", "--find", "--show", f"{fuse}/disk")
        try:
            run("mount", loop, mnt)
            try:
                print(run(f"{args.build}/load", mnt, f"{fuse}/mark",
                          str(args.seconds), str(args.seed)))
            finally:
                run("umount", mnt)
        finally:
            run("losetup", "-d", loop)
    finally:
        if disk.poll() is None:
            run("umount", fuse)
            disk.wait()
    return image, log, mnt


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("--fs", default="ext4")
    parser.add_argument("--mkfs", action="append", default=[])
    parser.add_argument("--fsck", action="store_true",
                        help="ext4 without journal: as its boot does")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=128)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    dice = random.Random(args.seed)
    bad = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        image, log, mnt = work(args, place, args.fs)
        total = sum(1 for _ in records(log))
        cuts = set(dice.sample(range(total // 50, total),
                               min(args.cuts, total - total // 50)))
        disk = Disk(image)
        for i, record in enumerate(records(log)):
            disk.take(*record)
            if i not in cuts:
                continue
            # a name of its own: a loop device that is not gone yet would be
            # taken again for the same file, with what it had cached of it
            cut = f"{place}/cut{i}"
            disk.cut(cut, dice)
            if args.fsck:
                subprocess.run(["e2fsck", "-fy", cut],
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=False)
            run("mount", "-o", "loop", cut, mnt)
            try:
                wrong = faults(mnt, disk.promised)
            finally:
                run("umount", mnt)
                os.unlink(cut)
            for line in wrong[:3]:
                print(f"cut at {i} of {total}: {line}")
            bad += bool(wrong)
    print(f"{args.fs} {' '.join(args.mkfs)}: {len(cuts)} cuts in {total} "
          f"writes and flushes, {bad} with faults")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
