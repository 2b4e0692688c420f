"""Documents made by hand: what no packer of Debian makes as it is wanted."""

import base64
import struct
import zlib


# ---- PDF

def ascii85(data):
    return base64.a85encode(data) + b"~>"


def asciihex(data):
    return data.hex().encode() + b">"


def run_length(data):
    out = b""
    for i in range(0, len(data), 100):
        piece = data[i:i + 100]
        out += bytes((len(piece) - 1,)) + piece
    return out + b"\x80"


def lzw(data, early=1):
    """As PDF and TIFF write it: most significant bit first."""
    table, width = {bytes((i,)): i for i in range(256)}, 9
    codes, before, bits = 258, b"", f"{256:09b}"
    for c in data:
        now = before + bytes((c,))
        if now in table:
            before = now
            continue
        bits += f"{table[before]:0{width}b}"
        table[now] = codes
        codes += 1
        if codes + early > 1 << width and width < 12:
            width += 1
        if codes == 4094:
            bits += f"{256:0{width}b}"
            table, width = {bytes((i,)): i for i in range(256)}, 9
            codes = 258
        before = bytes((c,))
    if before:
        bits += f"{table[before]:0{width}b}"
        codes += 1
        if codes + early > 1 << width and width < 12:
            width += 1
    bits += f"{257:0{width}b}"
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


FILTERS = {b"FlateDecode": zlib.compress, b"ASCIIHexDecode": asciihex,
           b"ASCII85Decode": ascii85, b"RunLengthDecode": run_length,
           b"LZWDecode": lzw}


def pdf_stream(data, *filters, more=b"/Type /EmbeddedFile", length=None,
               said=None):
    """An object with a stream, packed by the filters, the last one first."""
    for name in reversed(filters):
        data = FILTERS[name](data)
    said = said or (b"/Filter [" + b" ".join(b"/" + f for f in filters)
                    + b"] " if filters else b"")
    length = b"%d" % len(data) if length is None else length
    return (b"5 0 obj\n<< " + more + b" " + said + b"/Length " + length
            + b" >>\nstream\r\n" + data + b"\nendstream\nendobj\n")


def png_rows(data, how, columns, colors, bits):
    """Rows by PNG's filter number `how`, each behind that number."""
    size, step = (columns * colors * bits + 7) // 8, (colors * bits + 7) // 8
    out, above = bytearray(), bytes(size)
    for at in range(0, len(data), size):
        row = data[at:at + size]
        out.append(how)
        for i, c in enumerate(row):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            up = above[i]
            base = left + up - corner
            nearest = min((left, up, corner), key=lambda v: abs(base - v))
            out.append((c - (0, left, up, (left + up) // 2, nearest)[how])
                       & 255)
        above = row.ljust(size, b"\0")
    return bytes(out)


def tiff_rows(data, columns, colors, bits):
    """The same by TIFF's predictor: each sample less the one before."""
    size = (columns * colors * bits + 7) // 8
    out = bytearray()
    for at in range(0, len(data), size):
        row = data[at:at + size]
        n, spare = min(len(row) * 8 // bits, columns * colors), len(row) * 8
        number = int.from_bytes(row, "big")
        values = [number >> spare - bits * (i + 1) & (1 << bits) - 1
                  for i in range(n)]
        for i, value in enumerate(values):
            before = values[i - colors] if i >= colors else 0
            shift = spare - bits * (i + 1)
            number &= ~((1 << bits) - 1 << shift)
            number |= (value - before & (1 << bits) - 1) << shift
        out += number.to_bytes(len(row), "big")
    return bytes(out)


def pdf(*objects, trailer=b""):
    out, offsets = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate((
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"), 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    for body in objects:
        offsets.append(len(out))
        out += body
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    out += b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return (out + b"trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n"
            b"%%%%EOF\n" % (len(offsets) + 1, trailer, table))


# ---- OLE2

FREE, END, TABLE = 0xffffffff, 0xfffffffe, 0xfffffffd


def ole(streams, scatter=False, storages=()):
    """A compound file of streams by name; scatter: none in one piece."""
    small = {n: d for n, d in streams.items() if len(d) < 4096}
    mini, mini_fat, starts = b"", [], {}
    for name, data in small.items():
        starts[name] = len(mini_fat) if data else END
        count = -(-len(data) // 64)
        mini_fat += [len(mini_fat) + i + 1 for i in range(count - 1)]
        mini_fat += [END] if count else []
        mini += data + bytes(-len(data) % 64)
    sectors, fat = [], []

    def put(data):
        count = -(-len(data) // 512)
        if count == 0:
            return END
        numbers = []
        for _ in range(count):
            if scatter and numbers:
                fat.append(FREE)
                sectors.append(b"\xaa" * 512)
            numbers.append(len(fat))
            fat.append(END)
            sectors.append(None)
        for i, number in enumerate(numbers):
            sectors[number] = data[512 * i:512 * i + 512].ljust(512, b"\0")
            fat[number] = numbers[i + 1] if i + 1 < count else END
        return numbers[0]

    for name, data in streams.items():
        if name not in small:
            starts[name] = put(data)
    mini_at = put(mini)
    mini_fat_at = put(struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(
        -(-len(mini_fat) // 128) * 512, b"\xff"))

    def entry(name, kind, start, size):
        name16 = name.encode("utf-16-le") + b"\0\0"
        return (name16.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(name16), kind, 1, FREE, FREE, FREE) + bytes(36)
            + struct.pack("<IQ", start, size))

    directory = entry("Root Entry", 5, mini_at, len(mini))
    for name in storages:
        directory += entry(name, 1, 0, 0)
    for name, data in streams.items():
        directory += entry(name, 2, starts[name], len(data))
    directory += bytes(-len(directory) % 512)
    directory_at = put(directory)
    tables = 1
    while (len(fat) + tables) > tables * 128:
        tables += 1
    first = len(fat)
    fat += [TABLE] * tables
    raw = struct.pack(f"<{len(fat)}I", *fat).ljust(tables * 512, b"\xff")
    head = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHHHIIIIIIIIII", 0x3e, 3, 0xfffe, 9, 6, 0, 0, 0, tables,
        directory_at, 0, 4096, mini_fat_at, -(-len(mini_fat) // 128), END, 0))
    head += b"".join(struct.pack("<I", first + i if i < tables else FREE)
                     for i in range(109))
    return head + b"".join(sectors) + raw


def package(data, name=b"a.com"):
    """A file as OLE's packager wraps it up; behind its length, Ole10Native."""
    path = b"C:\\tmp\\" + name + b"\0"
    return (b"\2\0" + name + b"\0" + path + struct.pack("<HHI", 0, 3,
                                                        len(path))
            + path + struct.pack("<I", len(data)) + data)


def native(data, name=b"a.com"):
    inner = package(data, name)
    return struct.pack("<I", len(inner)) + inner


def object1(data, kind=b"Package"):
    """An object of OLE 1, as it stands in RTF."""
    kind += b"\0"
    return (struct.pack("<III", 0x501, 2, len(kind)) + kind
            + struct.pack("<III", 0, 0, len(data)) + data)


def vba(text, before=b"compiled" * 9):
    """A module's stream: text packed as MS-OVBA says, without matches but
    for one, where the same octet comes again."""
    out = b"\1"
    for i in range(0, len(text), 4096):
        piece, chunk, at, seen = text[i:i + 4096], b"", 0, 0
        while at < len(piece):
            flags, group = 0, b""
            for bit in range(8):
                if at >= len(piece):
                    break
                run = 0
                while (seen and at + run < len(piece) and run < 10
                       and piece[at + run] == piece[at - 1]):
                    run += 1
                if run >= 3:
                    bits = max((at - 1).bit_length(), 4)
                    flags |= 1 << bit
                    group += struct.pack("<H", run - 3)
                    assert bits <= 12
                    at += run
                else:
                    group += piece[at:at + 1]
                    at += 1
                seen = 1
            chunk += bytes((flags,)) + group
        out += struct.pack("<H", 0xb000 | len(chunk) - 1) + chunk
    return before + out


# ---- others

def rtf(data, coded=None):
    coded = coded or data.hex().encode()
    return (b"{\\rtf1\\ansi hello{\\object\\objemb{\\*\\objclass Package}"
            b"{\\*\\objdata " + coded + b"}}}")


def mso(data, head=50):
    """Word's ActiveMime; where its data begins differs by version."""
    return (b"ActiveMime\0\0\1\xf0\4\0\0\0\xff\xff\xff\xff\0\0\7\xf0"
            + struct.pack("<I", head)).ljust(head, b"\1") + zlib.compress(data)


def onenote(*files):
    out = (bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(1008))
    for data in files:
        out += (bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
                + struct.pack("<QIQ", len(data), 0, 0) + data
                + bytes.fromhex("22a7fb717904334ab1bbd2c88a5e3d55"))
    return out
