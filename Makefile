# gatepost: build, run, test.  `make help` lists the targets.
#
#   BOARD=name    one of board/*; everything built lands in build/BOARD/
#   SAN=1         the same with ASan and UBSan, in build/BOARD-san/
#   INSTALL=no    never ask the package manager (cross builds, no root)
BOARD ?= host
SAN ?=
INSTALL ?= yes
FUZZING ?=
BUILD := build/$(BOARD)$(if $(FUZZING),-fuzz,$(if $(SAN),-san))
PYTHON := /usr/bin/python3

# all processors, unless the caller says how many jobs
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

CROSS :=
-include board/$(BOARD)/board.mk

ifeq ($(wildcard board/$(BOARD)/defconfig)$(CONFIG),)
$(error BOARD=$(BOARD): there is no such board; there are: $(patsubst board/%/defconfig,%,$(sort $(wildcard board/*/defconfig))))
endif

# relative relocations take an eighth of the room where the loader knows them
ifneq ($(filter host x86-64,$(BOARD)),)
RELR := -Wl,-z,pack-relative-relocs
endif
ifneq ($(CROSS),)
CC := $(CROSS)gcc
AR := $(CROSS)ar
# zlib, BearSSL, cmocka and perhaps musl for the board (tools/cross); DEPS= for
# a compiler that finds its own
DEPS ?= build/cross/$(BOARD)
ifneq ($(and $(DEPS),$(filter musl,$(LIBC))),)
CC += -specs=$(CURDIR)/$(DEPS)/lib/musl-gcc.specs
endif
endif

# ---- packages: asked once, before anything is built ------------------------

GOALS := $(or $(MAKECMDGOALS),all)
GROUPS := $(if $(filter-out help clean install,$(GOALS)),build) \
	$(if $(filter test unit san diff-scan diff-open,$(GOALS)),test) \
	$(if $(filter lint lint-%,$(GOALS)),lint test) \
	$(if $(CROSS)$(DEPS),$(shell grep -q '^$(BOARD) ' tools/packages && echo $(BOARD))) \
	$(if $(filter run,$(GOALS)),run) \
	$(if $(filter router,$(GOALS)),router-mipsel router) \
	$(if $(filter powerloss-disk,$(GOALS)),disk) \
	$(if $(filter fuzz fuzzers,$(GOALS)),fuzz) \
	$(if $(filter bench bench-%,$(GOALS)),bench)

ifeq ($(INSTALL)$(findstring n,$(firstword -$(MAKEFLAGS))),yes)
ifneq ($(strip $(GROUPS)),)
INSTALLED := $(shell tools/install $(GROUPS) >&2; echo $$?)
ifneq ($(INSTALLED),0)
$(error packages are missing, see above)
endif
ifneq ($(filter test,$(GOALS)),)
UNPACKED := $(shell tools/unpack >&2)
endif
endif
endif

# ---- flags -----------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Werror=undef -Wvla -Wcast-qual -Wwrite-strings -Wpointer-arith \
	-Wconversion -Wno-sign-conversion -Wno-string-conversion -Wformat=2 -Werror=format-security \
	-Wswitch-enum -Werror
ifneq ($(FUZZING),)
OPT := -O1 -fno-omit-frame-pointer
HARDEN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
else ifeq ($(SAN),)
# small: routers' flash; no tables for unwinding, which C code never does
OPT ?= -Os
OPT += -fno-asynchronous-unwind-tables -fno-unwind-tables
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wframe-larger-than=1024 -fstack-usage
else
OPT := -O1 -fno-omit-frame-pointer
# instrumented code misleads the warnings that follow values
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wno-format-truncation -Wno-maybe-uninitialized -Wno-stringop-overflow
endif
# GCC pads tables on x86 for speed: 4 KB
ALIGN := $(shell $(CC) -malign-data=abi -E -x c /dev/null >/dev/null 2>&1 && echo -malign-data=abi)
BOARD_CFLAGS := $(CFLAGS)
override CFLAGS += -std=c11 $(OPT) -g -ffunction-sections -fdata-sections \
	$(if $(STATIC),-fno-pie,-fPIE) $(ALIGN) $(HARDEN) $(WARN)
# what touches every byte of a message, or is most of a handshake, is built for speed
HOT_FILES := codec/base64 codec/dot codec/dot_out codec/header codec/inflate64 codec/line \
	codec/lzarj codec/mime codec/mime_files codec/pieces codec/prefix codec/refrom codec/repair codec/sevenbit \
	codec/sevenbit_body scan/find scan/html scan/html_value scan/match scan/program \
	scan/kind scan/normal scan/normal_text scan/rules scan/unblob scan/unlzh scan/unmac scan/unmail scan/unpack scan/unprogram scan/within \
	policy/sha256
$(HOT_FILES:%=$(BUILD)/obj/src/%.o): HOT = $(if $(SAN)$(FUZZING),,-O2)
# and what does not, as small as the board can
$(BUILD)/obj/src/policy/%.o $(BUILD)/obj/src/store/%.o $(BUILD)/obj/src/service/%.o: HOT = $(COLD)
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Isrc -I$(BUILD) \
	-isystem $(or $(DEPS:%=%/include),/usr/include/bearssl)
override LDFLAGS += $(if $(STATIC),-static -no-pie,-pie) $(DEPS:%=-L%/lib) -Wl,-z,relro,-z,now -Wl,--gc-sections $(RELR)
# the libraries' tables for unwinding, too: 20 KB
override LDFLAGS += $(if $(SAN)$(FUZZING)$(STATIC),,-Wl,-Ttools/no-unwind.ld -Wl,--no-eh-frame-hdr)
# asked when something is linked: the configuration is made by then
LIBS = -Wl,-Bstatic -lbearssl $(shell grep -q 'ENABLE_NETTLE 1' $(BUILD)/config.h && echo -lnettle) \
	$(shell grep -q 'ENABLE_HOGWEED 1' $(BUILD)/config.h && echo -lhogweed -lnettle -lgmp) \
	$(shell grep -q 'ENABLE_LIBDEFLATE 1' $(BUILD)/config.h && echo -ldeflate) \
	$(shell grep -q 'LIBARCHIVE_LINKED 1' $(BUILD)/config.h && echo -larchive -lbz2 -llzma) -lz -lresolv \
	$(if $(STATIC),,-Wl,-Bdynamic)

# ---- files -----------------------------------------------------------------

SRC := $(filter-out src/main.c,$(wildcard src/*.c src/*/*.c))
OBJ := $(SRC:%.c=$(BUILD)/obj/%.o)
LIB := $(BUILD)/libgatepost.a

SUPPORT := $(wildcard tests/support/*.c)
SUPPORT_OBJ := $(SUPPORT:%.c=$(BUILD)/obj/%.o)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
POWERLOSS := $(patsubst tests/powerloss/%.c,$(BUILD)/powerloss/%,$(wildcard tests/powerloss/*.c))
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY := $(FUZZ_NAMES:%=$(BUILD)/replay/%)
FUZZERS := $(FUZZ_NAMES:%=$(BUILD)/%)

.PHONY: all help install deps test programs san unit fuzz fuzzers clean FORCE

# ---- building --------------------------------------------------------------

all: $(BUILD)/gatepost ## build the program for BOARD (default: host)

help: ## list the targets
	@echo 'make TARGET [BOARD=host] [SAN=1] [INSTALL=no]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install the Debian packages of all groups (build test lint fuzz)
	@tools/install build test lint fuzz

# CONFIG=file: a finished .config, used as it is; needs no Python.
# Otherwise the board's defconfig, or what "make menuconfig" left, is brought
# up to date with Kconfig.  Its warnings are mistakes.
CONFIG ?=
KCONFIG = KCONFIG_CONFIG=$(BUILD)/.config $(PYTHON) -m

ifneq ($(CONFIG),)
$(BUILD)/.config: $(CONFIG)
	@mkdir -p $(@D)
	@cp $< $@
else
$(BUILD)/.config: board/$(BOARD)/defconfig Kconfig
	@mkdir -p $(@D)
	@if [ -f $@ ] && [ ! $< -nt $@ ]; then $(KCONFIG) olddefconfig Kconfig; \
		else KCONFIG_WARN_UNDEF_ASSIGN=y $(KCONFIG) defconfig --kconfig Kconfig $<; fi >$@.log 2>&1 || \
		{ cat $@.log; rm -f $@; exit 1; }
	@if grep -i warning $@.log; then rm -f $@; exit 1; fi
	@touch $@
endif

menuconfig: $(BUILD)/.config ## choose features and sizes for BOARD
	@$(KCONFIG) menuconfig Kconfig

savedefconfig: $(BUILD)/.config ## make that choice the board's default
	@$(KCONFIG) savedefconfig --kconfig Kconfig --out board/$(BOARD)/defconfig
	@echo "board/$(BOARD)/defconfig written"

.PHONY: menuconfig savedefconfig

$(BUILD)/config.h: $(BUILD)/.config Kconfig tools/genconfig
	@tools/genconfig Kconfig $< >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# another board's libraries, before anything is compiled; with
# DEPS=build/cross/host this machine's, BearSSL for speed: Debian's is for size
ifneq ($(DEPS),)
ARCHIVE := $(shell grep -q '^CONFIG_LIBARCHIVE_LINKED=y' board/$(BOARD)/defconfig && echo yes)
$(DEPS)/done: tools/cross $(wildcard board/$(BOARD)/board.mk) $(if $(ARCHIVE),board/$(BOARD)/defconfig)
	@CROSS='$(CROSS)' FLAGS='$(BOARD_CFLAGS) $(if $(CROSS),,-fPIC)' LIBC='$(LIBC)' ARCHIVE='$(ARCHIVE)' \
		TLS_OPT='$(if $(CROSS),-Os,-O2)' INSTALL='$(INSTALL)' tools/cross $(BOARD)
	@touch $@

$(BUILD)/flags: | $(DEPS)/done
endif

# a change of compiler or flags rebuilds; a change of nothing does not
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(HOT_FILES)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(HOT_FILES)' >$@

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/config.h
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CPPFLAGS) $(if $(filter tests/%,$<),-Itests) $(CFLAGS) $(HOT) -MMD -MP -c -o $@ $<

# made anew when a source goes away, too
$(BUILD)/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJ)' | cmp -s - $@ || echo '$(OBJ)' >$@

$(LIB): $(OBJ) $(BUILD)/objects
	@rm -f $@
	@$(AR) rcs $@ $(OBJ)

define link
@mkdir -p $(@D)
@echo "  LD   $@"
@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)
endef

$(BUILD)/gatepost: $(BUILD)/obj/src/main.o $(LIB)
	$(link) $(LIBS)
	@$(if $(SAN)$(FUZZING),,SIZE=$(CROSS)size tools/check-budget $(BUILD))

size: $(BUILD)/gatepost ## flash, static RAM and largest stack frames of each module
	@SIZE=$(CROSS)size tools/check-budget $(BUILD) modules

.PHONY: size

$(BUILD)/settings-image: $(BUILD)/obj/tools/settings-image.o $(LIB)
	$(link) $(LIBS)

# made and shown by a program of this machine, whatever the board
IMAGE := $(if $(CROSS),build/host,$(BUILD))/settings-image

ifneq ($(CROSS),)
$(IMAGE): FORCE
	@$(MAKE) --no-print-directory BOARD=host CONFIG= SAN= INSTALL=no $@
endif

$(BUILD)/factory.img: firmware/factory.settings $(IMAGE) $(BUILD)/.config
	@$(IMAGE) build $< $@ $$(sed -n 's/^CONFIG_SETTINGS_BANK_KIB=//p' $(BUILD)/.config)

factory: $(BUILD)/factory.img ## compile firmware/factory.settings to a flash image
	@$(IMAGE) show $<
	@echo '# $<'

.PHONY: factory

# ---- tests -----------------------------------------------------------------

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(SUPPORT_OBJ) $(LIB)
	$(link) -lcmocka $(LIBS)

$(BUILD)/powerloss/%: $(BUILD)/obj/tests/powerloss/%.o $(SUPPORT_OBJ) $(LIB)
	$(link) -lcmocka $(LIBS)

$(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(LIB)
	$(link) $(LIBS)

.SECONDARY:

unit: $(UNIT) ## build and run the unit tests only
	@mkdir -p build
	@for t in $(UNIT); do $$t >$$t.log 2>&1 || { cat $$t.log; exit 1; }; done; echo "$(words $(UNIT)) unit test programs passed"

programs: $(BUILD)/gatepost $(UNIT) $(POWERLOSS) $(REPLAY) ## build the program and all test programs

san: ## the same with sanitizers, in build/BOARD-san
	@$(MAKE) --no-print-directory SAN=1 INSTALL=no programs

# T=word runs only what has the word in its name
test: ## run every test: unit, sanitizer twins, corpora, power cuts, end to end (T=word: some)
	@$(MAKE) --no-print-directory -j2 INSTALL=no programs
	@$(MAKE) --no-print-directory -j2 INSTALL=no SAN=1 programs
	@$(PYTHON) tests/run --board $(BOARD) $(T)

# each cut with 500 outcomes instead of 8: about 100,000 cuts a program
powerloss: programs ## the power-cut tests at length (SEEDS=500)
	@for t in $(POWERLOSS); do echo "  CUT  $$t"; \
		SEEDS=$(or $(SEEDS),500) $$t >$$t.log 2>&1 || { cat $$t.log; exit 1; }; \
		grep -E '^[0-9]+ (changes|cut points)' $$t.log; done

.PHONY: powerloss

# Needs root, loop devices and FUSE; DISK="--fs xfs" and kin go to the script.
$(BUILD)/disk/load: $(BUILD)/obj/tests/powerloss/disk/load.o $(LIB)
	$(link) $(LIBS)

$(BUILD)/disk/logdisk: $(BUILD)/obj/tests/powerloss/disk/logdisk.o
	$(link) -lfuse3

$(BUILD)/obj/tests/powerloss/disk/logdisk.o: CPPFLAGS += -isystem /usr/include/fuse3

powerloss-disk: $(BUILD)/disk/load $(BUILD)/disk/logdisk ## cut the power of a real ext4 on a logged disk (root)
	@$(PYTHON) tests/powerloss/disk/run.py $(BUILD)/disk $(DISK)

.PHONY: powerloss-disk

killnine: $(BUILD)/gatepost ## kill -9 the server under load, ROUNDS=200 times
	@ROUNDS=$(or $(ROUNDS),200) $(PYTHON) tests/e2e/test_killnine.py
	@ROUNDS=$(or $(ROUNDS),100) QUEUED=$(or $(QUEUED),3000) $(PYTHON) tests/e2e/test_relaykill.py

.PHONY: killnine

cuts: $(BUILD)/powerloss/power_kv $(BUILD)/powerloss/power_settings ## lose power at every byte of every settings operation (many minutes)
	@$(BUILD)/powerloss/power_settings long
	@$(BUILD)/powerloss/power_kv long
	@$(BUILD)/powerloss/power_kv pairs

.PHONY: cuts

# the same verdicts as clamscan's; DIFF="--seed 7" and kin go to the script
diff-scan: $(BUILD)/gatepost ## 10,000 generated signatures: our verdicts equal clamscan's
	@tools/diff-scan --program $< $(DIFF)

diff-open: $(BUILD)/gatepost ## damaged archives and mails: what others still unpack is not called clean
	@tools/diff-open --program $< $(DIFF)

.PHONY: diff-scan diff-open

# What a router has and this machine lacks: an MTD, MIPS, little memory.  The
# settings lie on the flash there.  ROUTER="--rounds 50" and kin go to the script
ROUTER_BUILD := build/router-mtd

router: ## an emulated router: settings on MTD, mail in and out, 25 power cuts (15 minutes)
	@INSTALL=$(INSTALL) tools/foreign mipsel linux-image-4kc-malta busybox-static
	@$(MAKE) --no-print-directory BOARD=router-mipsel INSTALL=no build/router-mipsel/.config
	@mkdir -p $(ROUTER_BUILD)
	@sed 's/^CONFIG_SETTINGS_MTD=.*/CONFIG_SETTINGS_MTD="settings"/' \
		build/router-mipsel/.config >$(ROUTER_BUILD)/wanted
	@cmp -s $(ROUTER_BUILD)/wanted $(ROUTER_BUILD)/finished || cp $(ROUTER_BUILD)/wanted $(ROUTER_BUILD)/finished
	@$(MAKE) --no-print-directory BOARD=router-mipsel INSTALL=$(INSTALL) \
		BUILD=$(ROUTER_BUILD) CONFIG=$(ROUTER_BUILD)/finished all $(ROUTER_BUILD)/bench/barrier
	@$(MAKE) --no-print-directory BOARD=router-mipsel INSTALL=no all
	@$(PYTHON) tests/router/run.py --program $(ROUTER_BUILD)/gatepost --plain build/router-mipsel/gatepost $(ROUTER)

.PHONY: router

# ---- fuzzing ---------------------------------------------------------------

ifneq ($(FUZZING),)
$(FUZZERS): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIB)
	$(link) -fsanitize=fuzzer $(LIBS)

fuzzers: $(FUZZERS)
endif

# FUZZ=name for one target, SECONDS=n for each.  What is found new stays in
# build/; copy what is worth keeping to tests/fuzz/corpus/NAME/.
SECONDS ?= 60
FUZZ ?= $(FUZZ_NAMES)

fuzz: ## fuzz every target for SECONDS=60 (FUZZ=name: one)
	@$(MAKE) --no-print-directory -j2 INSTALL=no FUZZING=1 CC=clang fuzzers
	@for name in $(FUZZ); do \
		[ -x build/$(BOARD)-fuzz/$$name ] || \
			{ echo "fuzz: $$name: no such target; there are: $(FUZZ_NAMES)"; exit 1; }; \
		new=build/$(BOARD)-fuzz/new/$$name; \
		mkdir -p $$new tests/fuzz/corpus/$$name; \
		echo "  FUZZ $$name, $(SECONDS) s"; \
		build/$(BOARD)-fuzz/$$name -max_total_time=$(SECONDS) -timeout=5 \
			-rss_limit_mb=1024 -print_final_stats=1 \
			-artifact_prefix=build/$(BOARD)-fuzz/$$name- \
			$$(find tests/fuzz/dict -name $$name -printf '-dict=%p') \
			$$new tests/fuzz/corpus/$$name >$$new.log 2>&1 || \
			{ tail -n 60 $$new.log; echo "fuzz: $$name: finding, see above"; exit 1; }; \
		grep -E 'number_of_executed|DONE' $$new.log; \
	done

$(BUILD)/bench/%: $(BUILD)/obj/tools/bench/%.o $(LIB)
	$(link) -lpthread $(LIBS)

# the load generator is a client, not a part of gatepost: OpenSSL, no library
$(BUILD)/bench/load: tools/bench/load.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -D_GNU_SOURCE -o $@ $< -lssl -lcrypto

$(BUILD)/bench/sink: tools/bench/sink.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -D_GNU_SOURCE -o $@ $<

bench-barrier: $(BUILD)/bench/barrier ## measure ways of making mail durable in DIR (default: build)
	@d=$$(mktemp -d $(or $(DIR),build)/barrier.XXXXXX) && $< $$d $(MS); rm -rf $$d

bench: all $(BUILD)/bench/load $(BUILD)/bench/sink $(BUILD)/bench/handshake ## measure gatepost, and Postfix and Dovecot beside it if installed
	@tools/bench/run $(BENCH)
	@$(if $(BENCH),,tools/feature-sizes --spine)

bench-queue: all $(BUILD)/bench/sink ## what a queue of N=100000 messages costs: memory, start, list, drain
	@tools/bench/queue $(N)

# SCAN="--counts 1000 --mib 20" for a part
bench-scan: all ## the scanner beside Debian's clamd and yara: 1, 1,000, 50,000 signatures
	@tools/bench/scan $(SCAN)

.PHONY: bench bench-barrier bench-queue bench-scan

include tools/lint.mk

# STATE=dir for another state folder, PORTS=n for other ports
run: $(BUILD)/gatepost ## start it here, on high loopback ports, with a connection card
	@tools/run $<

.PHONY: run

clean: ## remove everything built
	rm -rf build

-include $(wildcard $(BUILD)/obj/src/*.d $(BUILD)/obj/*/*/*.d \
	$(LINT)/*/*.d $(LINT)/*/*/*.d)
