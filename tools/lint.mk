# ---- lint: each part is a target of its own ----------------------------------

LINT := $(BUILD)/lint
LINT_C := $(SRC) src/main.c $(SUPPORT) $(wildcard tests/unit/*.c tests/powerloss/*.c tests/fuzz/*.c tools/*/*.c)
LINT_CPP := $(CPPFLAGS) -Itests
LINT_CFLAGS := -std=c11 -O2 -fPIE $(WARN)
SCRIPTS_SH = $(shell grep -lE '^\#!/bin/(ba)?sh' .ci/* tools/* tools/*/* tests/* tests/*/* 2>/dev/null)
SCRIPTS_PY = $(shell grep -lE '^\#!/usr/bin/python3' tools/* tools/*/* tests/* 2>/dev/null) $(wildcard tests/*/*.py tools/*/*.py tests/*.py)
LINTS := lint-floors lint-size lint-banned lint-format lint-gcc lint-clang \
	lint-tidy lint-cppcheck lint-shell lint-python

.PHONY: lint $(LINTS)

lint: ## every check of the sources; -k shows all findings
	@$(MAKE) --no-print-directory -k -j2 INSTALL=no $(LINTS)
	@echo "lint: all of $(words $(LINTS)) checks passed"

lint-floors: $(OBJ) ## includes only downwards, no circles, known symbols
	@tools/check-floors --build $(BUILD)

lint-size: ## length, complexity, nesting of functions, length of files
	@tools/check-size

lint-banned: ## calls and words that must not be in src/
	@tools/check-banned

lint-format: ## clang-format agrees with every source
	@clang-format --dry-run -Werror $(LINT_C) $(wildcard src/*/*.h src/*.h tests/*/*.h tools/*/*.h)

# gcc's own analyzer is for code that may do harm: the program itself
lint-gcc: $(patsubst %.c,$(LINT)/%.gcc,$(LINT_C)) ## gcc with warnings as errors, -fanalyzer on src/
lint-clang: $(patsubst %.c,$(LINT)/%.clang,$(LINT_C)) ## clang with warnings as errors
lint-tidy: $(patsubst %.c,$(LINT)/%.tidy,$(SRC) src/main.c) ## clang-tidy over src/, see .clang-tidy

$(LINT)/%.gcc: %.c $(BUILD)/flags | $(BUILD)/config.h
	@mkdir -p $(@D)
	@gcc $(LINT_CPP) $(LINT_CFLAGS) $(if $(filter src/%,$<),-fanalyzer) -MMD -MP -MT $@ -MF $@.d -c -o $@ $<

$(LINT)/%.clang: %.c $(BUILD)/flags | $(BUILD)/config.h
	@mkdir -p $(@D)
	@clang $(LINT_CPP) $(LINT_CFLAGS) -MMD -MP -MT $@ -MF $@.d -c -o $@ $<

# after clang, so that what clang refuses is said once
$(LINT)/%.tidy: $(LINT)/%.clang .clang-tidy
	@clang-tidy --quiet $*.c -- $(LINT_CPP) -std=c11 >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

lint-cppcheck: $(BUILD)/config.h ## cppcheck over src/
	@mkdir -p $(LINT)/cppcheck
	@cppcheck -q -j2 --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem --cppcheck-build-dir=$(LINT)/cppcheck \
		-Isrc -I$(BUILD) -D_GNU_SOURCE '-D__attribute__(x)=' \
		--include=tools/cppcheck.h \
		$(SRC) src/main.c

lint-shell: ## shellcheck over every shell script
	@shellcheck $(SCRIPTS_SH)

lint-python: ## pyflakes, and a compile, of every Python script
	@pyflakes3 $(SCRIPTS_PY)
