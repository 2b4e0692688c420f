# ARMv7 NAS boxes (hard float): Debian's gcc-arm-linux-gnueabihf.
CROSS := arm-linux-gnueabihf-
