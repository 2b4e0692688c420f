# 24Kc routers, little-endian, 16 MB flash and 64 MB RAM at least.
CROSS := mipsel-linux-gnu-
override CFLAGS += -msoft-float -mips32r2
OPT := -Os
