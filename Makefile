# gatepost: build, run, test.  `make help` lists the targets.
BOARD ?= host
BUILD := build/$(BOARD)
PYTHON := /usr/bin/python3

.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

-include board/$(BOARD)/board.mk

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Werror=undef -Wvla -Wcast-qual -Wwrite-strings -Wpointer-arith \
	-Wconversion -Wno-sign-conversion -Wformat=2 -Werror=format-security \
	-Wframe-larger-than=1024 -Wswitch-enum -Werror
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
OPT ?= -O2
override CFLAGS += -std=c11 $(OPT) -g -ffunction-sections -fdata-sections $(HARDEN) $(WARN)
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Isrc -I$(BUILD) -isystem /usr/include/bearssl
override LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--gc-sections
LIBS := -Wl,-Bstatic -lbearssl -lz -Wl,-Bdynamic

SRC := $(filter-out src/main.c,$(wildcard src/*.c src/*/*.c))
OBJ := $(SRC:%.c=$(BUILD)/obj/%.o)
LIB := $(BUILD)/libgatepost.a

UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
SUPPORT := $(wildcard tests/support/*.c)

.PHONY: all help deps test unit clean

all: $(BUILD)/gatepost ## build the program for BOARD (default: host)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

$(BUILD)/.config: board/$(BOARD)/defconfig Kconfig
	@mkdir -p $(@D)
	@KCONFIG_CONFIG=$@ $(PYTHON) -m defconfig --kconfig Kconfig $< >$@.log 2>&1 || { cat $@.log; exit 1; }
	@! grep -i warning $@.log

$(BUILD)/config.h: $(BUILD)/.config Kconfig tools/genconfig
	@tools/genconfig Kconfig $< >$@

$(BUILD)/obj/%.o: %.c $(BUILD)/config.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/gatepost: $(BUILD)/obj/src/main.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: tests/unit/%.c $(SUPPORT) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -o $@ $< $(SUPPORT) $(LIB) -lcmocka $(LIBS)

unit: $(UNIT) ## build and run the unit tests only
	@for t in $(UNIT); do $$t >$$t.log 2>&1 || { cat $$t.log; exit 1; }; done; echo "$(words $(UNIT)) unit test programs passed"

clean: ## remove everything built
	rm -rf build

-include $(OBJ:.o=.d) $(UNIT:=.d)
