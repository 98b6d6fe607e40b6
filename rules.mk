# How everything is built. One fragment per folder (FOLDER/build.mk) names its library, programs and tests with the
# macros below; objects, libraries and binaries go to $(BUILD), headers are tracked.
#   WERROR=1        warnings are errors
#   SANITIZE=LIST   gcc/clang -fsanitize=LIST; builds into build/sanitize-LIST
#   CC=clang        builds into build/clang (with SANITIZE: both names)
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
comma := ,
empty :=
space := $(empty) $(empty)
variant := $(subst $(comma),-,$(if $(SANITIZE),sanitize-$(SANITIZE)))
compiler := $(if $(filter default undefined,$(origin CC)),gcc,$(notdir $(CC)))
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
BUILD := $(patsubst %/,%,build/$(if $(filter-out gcc,$(compiler)),$(compiler)$(if $(variant),-))$(variant))
BIN := $(BUILD)/bin

# -ffp-contract=off: the same results with and without fused multiply-add, by any compiler.
CFLAGS_ALL := -std=c17 -D_GNU_SOURCE -O2 -g -fno-math-errno -ffp-contract=off -Wall -Wextra -Wshadow -Wpointer-arith \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter -I. -I$(BUILD)/gen -MMD -MP \
	$(if $(WERROR),-Werror) $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
	$(CFLAGS)
LDFLAGS_ALL := $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
pkg = $(shell pkg-config $(1) $(2))

# library(name, sources): $(BUILD)/lib/libNAME.a
define library
$(BUILD)/lib/lib$(1).a: $(patsubst %.c,$(BUILD)/obj/%.o,$(2))
	@mkdir -p $$(@D)
	@rm -f $$@
	ar rcs $$@ $$^
ALL_LIBS += $(BUILD)/lib/lib$(1).a
ALL_SRCS += $(2)
endef

# program(name, sources, libraries of ours in link order, linker flags): $(BIN)/NAME
define program
$(BIN)/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,$(2)) $(patsubst %,$(BUILD)/lib/lib%.a,$(3))
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS_ALL) -o $$@ $$^ $(4)
ALL_SRCS += $(2)
endef

# test(name, sources, libraries of ours, linker flags): a cmocka program that `make check` runs, plainly and sanitized
define test
$(call program,tests/$(1),$(2),$(3),$(4) -lcmocka)
TESTS += $(BIN)/tests/$(1)
endef

# fuzzer(name, sources, libraries of ours, linker flags): a libFuzzer program (LLVMFuzzerTestOneInput), built by clang
# with SANITIZE=address,undefined,fuzzer-no-link; `make check` runs it shortly (tests/build.mk)
define fuzzer
$(call program,fuzz/$(1),$(2),$(3),$(4) -fsanitize=fuzzer)
FUZZERS += $(BIN)/fuzz/$(1)
endef

$(BUILD)/obj/%.o: %.c | $(BUILD)/gen/version.h $(BUILD)/gen/paths.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

# The version is part of every stored row; the file changes only when the version does.
VERSION := $(shell cat VERSION)$(shell git rev-parse --short=10 HEAD 2>/dev/null | sed 's/^/+g/')
$(BUILD)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define IXLAB_VERSION "$(VERSION)"' | cmp -s - $@ || echo '#define IXLAB_VERSION "$(VERSION)"' > $@

# Where the installed programs find their data files.
PREFIX ?= /usr/local
$(BUILD)/gen/paths.h: FORCE
	@mkdir -p $(@D)
	@echo '#define IXLAB_SHARE "$(PREFIX)/share/ixlab"' | cmp -s - $@ || \
		echo '#define IXLAB_SHARE "$(PREFIX)/share/ixlab"' > $@

FORCE:
.PHONY: all demo check bench lint format install FORCE

include $(wildcard */build.mk */*/build.mk */*/*/build.mk)

.PHONY: test-programs tsan-programs fuzz-programs
all: $(ALL_LIBS) $(PROGRAMS) $(LOCAL_PROGRAMS)
test-programs: $(TESTS)
tsan-programs: $(patsubst %,$(BIN)/tests/%,$(TSAN_TESTS))
fuzz-programs: $(FUZZERS)

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(sort $(ALL_SRCS)))
