"""An emulated router: a malta board of QEMU with a 24Kc and 64 MB, Debian's
kernel, and an own initramfs with busybox and our program.

    with Router(program, folder) as router:
        router.boot()
        status, text = router.run("gatepost version")
        router.cut()            # as pulling the plug: SIGKILL for the emulator
        router.boot()

What outlives a cut:
  /dev/mtdN "settings"   two blocks of 64 KiB in a part of the machine's
                         memory that the kernel must not use; memory is a
                         shared file on the host: what the program
                         has written is there at once, as on a NOR chip, and
                         a cut can come between any two of its words
  /mnt                   ext4 on a virtio disk, an image on the host
  /usb                   a second one with another file system, if asked for
"mtdram" gives a second MTD that does not.  The host reaches the router's ports
through ports of 127.0.0.1.
"""

import gzip
import os
import re
import select
import shutil
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
FOREIGN = os.path.join(ROOT, "build/foreign/mipsel")
KERNEL = os.path.join(FOREIGN, "linux-image-4kc-malta")
BUSYBOX = os.path.join(FOREIGN, "busybox-static/bin/busybox")
BLOCK = 64 << 10
BLOCKS = 2
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "ext4", "crc32c_generic",
           "phram", "mtdram")
# The second disk: what makes it, what the kernel needs for it.
SECOND_OCTETS = 512 << 20
SECOND = {
    "vfat": (("/sbin/mkfs.vfat", "-F", "32", "-s", "8"),
             ("nls_cp437", "nls_ascii", "nls_utf8", "nls_iso8859_1", "vfat")),
    "exfat": (("/sbin/mkfs.exfat",), ("nls_utf8", "exfat")),
    "f2fs": (("/sbin/mkfs.f2fs", "-f"), ("crc32_generic", "f2fs")),
}
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ PS1=
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
for m in $(cat /modules/order); do
	case $m in
	phram) insmod /modules/$m.ko phram=settings,$(cat /flash),{BLOCK * BLOCKS},{BLOCK} ;;
	mtdram) insmod /modules/$m.ko total_size=128 erase_size=64 ;;
	*) insmod /modules/$m.ko ;;
	esac
done
mount -t ext4 -o noatime /dev/vda /mnt
[ ! -e /second ] || mount -t $(cat /second) -o noatime /dev/vdb /usb
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
stty -echo
echo router is up
while IFS= read -r line; do
	eval "$line"
done
"""


class Failure(Exception):
    """The router did not do what it was asked to."""


def module_files(names):
    """Paths of modules and what they depend on, in the order of loading."""
    where = {}
    for folder, _, files in os.walk(os.path.join(KERNEL, "lib/modules")):
        for name in files:
            if name.endswith(".ko"):
                where[name[:-3].replace("-", "_")] = os.path.join(folder, name)
    order = []

    def visit(name):
        path = where.get(name)
        if path is None or path in order:
            return
        with open(path, "rb") as f:
            needs = re.search(rb"\0depends=([^\0]*)\0", f.read()).group(1)
        for need in needs.decode().split(","):
            visit(need)
        order.append(path)

    for name in names:
        visit(name)
    return order


def cpio(entries):
    """An initramfs: (path, mode, bytes) in cpio's newc form, compressed."""
    out = bytearray()
    for number, (path, mode, data) in enumerate(
            entries + [("TRAILER!!!", 0, b"")]):
        name = path.encode() + b"\0"
        fields = (number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name), 0)
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + name
        out += b"\0" * (-len(out) % 4)
        out += data
        out += b"\0" * (-len(out) % 4)
    return gzip.compress(bytes(out), 1)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def initramfs(programs, second, flash):
    modules = module_files(MODULES + (SECOND[second][1] if second else ()))
    names = [os.path.basename(m)[:-3] for m in modules]
    entries = [(d, 0o040755, b"") for d in (
        "bin", "dev", "proc", "sys", "tmp", "mnt", "usb", "etc",
        "modules")]
    entries += [("init", 0o100755, INIT.encode()),
                ("bin/busybox", 0o100755, read(BUSYBOX)),
                ("etc/resolv.conf", 0o100644, b"nameserver 127.0.0.1\n"),
                ("etc/passwd", 0o100644, b"root:x:0:0::/:/bin/sh\n"),
                ("flash", 0o100644, str(flash).encode()),
                ("modules/order", 0o100644, " ".join(names).encode())]
    if second:
        entries += [("second", 0o100644, second.encode())]
    entries += [(f"modules/{n}.ko", 0o100644, read(m))
                for n, m in zip(names, modules)]
    entries += [(f"bin/{n}", 0o100755, read(p)) for n, p in programs.items()]
    return cpio(entries)


class Router:
    """One emulated machine, on or off."""

    def __init__(self, folder, programs, files=None, ports=None,
                 second=None, mib=64):
        """`programs` by name for /bin; `files`: a folder whose content /mnt
        has at first; `ports`: those of the router by those of the host;
        `second`: the file system of a second disk, of SECOND; `mib`: its
        memory."""
        self.folder = folder
        self.mib = mib
        self.flash = mib * 3 // 4 << 20  # where in the memory it lies
        self.ports = ports or {}
        self.second = second
        self.qemu = None
        self.log = b""
        os.makedirs(folder, exist_ok=True)
        with open(self.path("initramfs"), "wb") as f:
            f.write(initramfs(programs, second, self.flash))
        with open(self.path("memory"), "wb") as f:
            f.truncate(mib << 20)
            f.seek(self.flash)
            f.write(b"\xff" * BLOCK * BLOCKS)
        subprocess.run(
            ["/sbin/mke2fs", "-q", "-t", "ext4", "-b", "1024", "-F"]
            + (["-d", files] if files else [])
            + [self.path("disk"), "96M"], check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if second:
            with open(self.path("second"), "wb") as f:
                f.truncate(SECOND_OCTETS)
            subprocess.run([*SECOND[second][0], self.path("second")],
                           check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()
        shutil.rmtree(self.folder)

    def boot(self, seconds=300):
        """Switch on; seconds until the shell answered."""
        kernel = next(f for f in os.listdir(os.path.join(KERNEL, "boot"))
                      if f.startswith("vmlinu"))
        forward = "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{port}"
                          for host, port in self.ports.items())
        began = time.monotonic()
        self.qemu = subprocess.Popen(
            ["qemu-system-mipsel", "-M", "malta", "-cpu", "24Kc",
             "-m", f"{self.mib}", "-object",
             f"memory-backend-file,id=ram,size={self.mib}M,share=on,mem-path="
             + self.path("memory"), "-machine", "memory-backend=ram",
             "-kernel", os.path.join(KERNEL, "boot", kernel),
             "-initrd", self.path("initramfs"), "-append",
             f"memmap={BLOCK * BLOCKS}${self.flash} nokaslr console=ttyS0 quiet loglevel=1 panic=-1",
             "-drive", "if=none,id=disk,format=raw,cache=writeback,file="
             + self.path("disk"),
             "-device", "virtio-blk-pci,drive=disk"]
            + (["-drive", "if=none,id=second,format=raw,cache=writeback,file="
                + self.path("second"),
                "-device", "virtio-blk-pci,drive=second"]
               if self.second else []) + [
             "-netdev", f"user,id=net,restrict=on{forward}",
             "-device", "virtio-net-pci,netdev=net,romfile=",
             "-vga", "none", "-display", "none", "-monitor", "none",
             "-serial", "stdio", "-no-reboot"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0)
        self._until(rb"router is up\r?\n", seconds)
        return time.monotonic() - began

    def run(self, command, seconds=120):
        """Run a line of shell; its exit status and what it printed."""
        self.send(command + "; echo \"<$?>\"\n")
        text, found = self._until(rb"<(\d+)>\r?\n", seconds)
        return int(found.group(1)), text.decode(errors="replace").replace(
            "\r\n", "\n")

    def check(self, command, seconds=120):
        """The same for one that must succeed; what it printed."""
        status, text = self.run(command, seconds)
        if status != 0:
            raise Failure(f"{command}: {status}: {text}")
        return text

    def send(self, text):
        self.qemu.stdin.write(text.encode())

    def _until(self, pattern, seconds):
        """Read until the pattern came: what was before it, and the match."""
        end = time.monotonic() + seconds
        text = b""
        while True:
            found = re.search(pattern, text)
            if found:
                return text[:found.start()], found
            left = end - time.monotonic()
            if left <= 0 or not self.take(left):
                raise Failure(f"no {pattern!r} in time, but {text[-2000:]!r}")
            text += self.log
            self.log = b""

    def take(self, seconds):
        """Wait for more of the console in self.log; whether there can be."""
        ready = select.select([self.qemu.stdout], [], [], seconds)[0]
        if not ready:
            return self.qemu.poll() is None
        more = os.read(self.qemu.stdout.fileno(), 1 << 16)
        self.log += more
        return more != b""

    def cut(self):
        """Pull the plug.  What the console had said is in self.log."""
        if self.qemu is None:
            return
        self.qemu.send_signal(signal.SIGKILL)
        self.qemu.wait()
        while self.take(1):
            pass
        self.qemu.stdin.close()
        self.qemu.stdout.close()
        self.qemu = None
