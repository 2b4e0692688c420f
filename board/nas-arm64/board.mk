# AArch64 NAS boxes: Debian's gcc-aarch64-linux-gnu.
CROSS := aarch64-linux-gnu-
