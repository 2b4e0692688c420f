# 24Kc routers, big-endian, 16 MB flash and 64 MB RAM at least; musl, static.
CROSS := mips-linux-gnu-
LIBC := musl
STATIC := yes
# -mno-shared -mplt: no table of addresses in a program that lies at a fixed
# place, an eighth of the code.  MIPS16 is a third smaller and slower: for what
# waits for disks and people.
override CFLAGS += -msoft-float -mips32r2 -mno-shared -mplt
OPT := -Os -minterlink-mips16
COLD := -mips16
# Debian's libgcc is hard-float; there is no floating point in gatepost
override LDFLAGS += -Wl,--no-warn-mismatch
