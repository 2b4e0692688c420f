# 24Kc routers, big-endian, 16 MB flash and 64 MB RAM at least.
CROSS := mips-linux-gnu-
override CFLAGS += -msoft-float -mips32r2
OPT := -Os
