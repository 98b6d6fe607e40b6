# What `make check`, `make lint`, `make format` and `make bench` do.
#
# A test is one of
#   - a cmocka program, registered with $(call test,...) by the build.mk beside it: run as built by gcc, and again with
#     the address, leak and undefined-behaviour sanitizers (not those in PLAIN_ONLY, long runs of code tested elsewhere);
#     those with threads, named in TSAN_TESTS, a third time with the thread sanitizer;
#   - an executable script tests/property/test_* or tests/integration/FOLDER/test_*: run once, exit code 0 is a pass,
#     77 a skip; lines "ok N - name" and "not ok N - name" count as tests of their own. The repository root is the
#     current directory, $IXLAB_BIN holds the programs, $TMPDIR is an empty directory that is removed afterwards;
#   - a libFuzzer program, registered with $(call fuzzer,...): FUZZ_RUNS inputs from a fixed seed, starting from the files
#     of tests/fuzz/corpus/NAME/ in order, at fixed addresses: the same search each time, so that a check needs no luck.
#     `make fuzz` searches anew, FUZZ_SECONDS for each, and keeps what it finds in build/fuzz/NAME/.
# Everything is also compiled by clang. TESTS_ONLY=pattern (of grep -E) picks tests by name.
FUZZ_RUNS ?= 20000
# These face what comes from outside a process: about a minute each on one core.
FUZZ_RUNS_frames ?= 60000
FUZZ_RUNS_calls ?= 60000
FUZZ_RUNS_script ?= 60000
FUZZ_RUNS_tcp_calls ?= 30000
FUZZ_SECONDS ?= 600
SANITIZERS := address,undefined
FUZZ_VARIANT := CC=clang SANITIZE=$(SANITIZERS),fuzzer-no-link

PLAIN_BUILD := build
SANITIZED_BUILD := build/sanitize-$(subst $(comma),-,$(SANITIZERS))
TSAN_BUILD := build/sanitize-thread
FUZZ_BUILD := build/clang-sanitize-$(subst $(comma),-,$(SANITIZERS))-fuzzer-no-link
TEST_SCRIPTS = $(filter-out %.c %.h %.mk %.md,$(wildcard tests/property/test_* tests/integration/*/test_*))
NAMED_TESTS = $(patsubst $(BIN)/tests/%,%,$(TESTS))
NAMED_FUZZERS = $(patsubst $(BIN)/fuzz/%,%,$(FUZZERS))

fuzz_corpus = $(sort $(wildcard tests/fuzz/corpus/$(1)/*))
fuzz_seeds = $(if $(call fuzz_corpus,$(1)),-seed_inputs=$(subst $(space),$(comma),$(call fuzz_corpus,$(1))))

define test_list
$(foreach t,$(NAMED_TESTS),plain	$(PLAIN_BUILD)/bin/tests/$(t)
)$(foreach t,$(filter-out $(PLAIN_ONLY),$(NAMED_TESTS)),sanitized	$(SANITIZED_BUILD)/bin/tests/$(t)
)$(foreach t,$(TEST_SCRIPTS),script	$(t)
)$(foreach t,$(TSAN_TESTS),threads	$(TSAN_BUILD)/bin/tests/$(t)
)$(foreach t,$(NAMED_FUZZERS),fuzz	setarch -R $(FUZZ_BUILD)/bin/fuzz/$(t) -seed=1 -runs=$(or $(FUZZ_RUNS_$(t)),$(FUZZ_RUNS)) -shuffle=0 -error_exitcode=1 -artifact_prefix=$(FUZZ_BUILD)/ -print_final_stats=1 $(call fuzz_seeds,$(t))
)
endef

.PHONY: run-tests

SUB_MAKE = $(MAKE) --no-print-directory --silent -f rules.mk

check:
	@echo 'building with gcc, plainly and with sanitizers, and with clang'
	+@$(SUB_MAKE) CC=gcc SANITIZE= all test-programs
	+@$(SUB_MAKE) CC=gcc SANITIZE=$(SANITIZERS) test-programs
	+@$(SUB_MAKE) CC=gcc SANITIZE=thread tsan-programs
	+@$(SUB_MAKE) CC=clang SANITIZE= all test-programs
	+@$(SUB_MAKE) $(FUZZ_VARIANT) fuzz-programs
	+@$(SUB_MAKE) CC=gcc SANITIZE= run-tests

run-tests:
	$(file >$(PLAIN_BUILD)/tests.list,$(test_list))
	@$(if $(TESTS_ONLY),grep -E -e '$(TESTS_ONLY)' $(PLAIN_BUILD)/tests.list >$(PLAIN_BUILD)/tests.some;) \
	IXLAB_BIN='$(CURDIR)/$(PLAIN_BUILD)/bin' tests/run_tests.sh $(PLAIN_BUILD)/tests.$(if $(TESTS_ONLY),some,list)

fuzz:
	+@$(SUB_MAKE) $(FUZZ_VARIANT) fuzz-programs
	@for name in $(NAMED_FUZZERS); do \
		mkdir -p build/fuzz/$$name && \
		$(FUZZ_BUILD)/bin/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/$$name- \
			build/fuzz/$$name $$(ls -d tests/fuzz/corpus/$$name 2>/dev/null) || exit 1; done

# Benchmarks: programs that print their figures; never part of `check`.
bench:
	+@$(MAKE) --no-print-directory -f rules.mk CC=gcc SANITIZE= all $(BENCHES)
	@for bench in $(BENCHES); do $$bench || exit 1; done

C_FILES = $(sort $(shell find $(wildcard models analysis impl sim harness tests) -name '*.[ch]'))
C_SOURCES = $(filter %.c,$(C_FILES))
SCRIPTS = $(shell grep -rlE '^\#!/(bin/sh|usr/bin/env bash|bin/bash)' .ci setup tests harness workloads)
TIDY_FLAGS = $(filter-out -Werror -MMD -MP,$(CFLAGS_ALL))

lint: all # for the headers that the build makes
	@for script in $(SCRIPTS); do \
		case $$(head -n 1 $$script) in *bash) bash -n $$script;; *) sh -n $$script;; esac || exit 1; done
	@clang-format --dry-run -Werror $(C_FILES)
	@cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 \
		--suppress=missingIncludeSystem --suppress=checkersReport -j $$(nproc) -I. -I$(BUILD)/gen $(C_SOURCES)
	@printf '%s\n' $(C_SOURCES) | xargs -P $$(nproc) -n 1 sh -c 'clang-tidy --quiet "$$1" -- $(TIDY_FLAGS) 2>/dev/null' tidy
	@echo 'lint: $(words $(C_FILES)) C files and $(words $(SCRIPTS)) scripts are clean'

format:
	@clang-format -i $(C_FILES)

# The dataplane on a card with RSS, in a virtual machine: minutes, and a kernel from the network; never part of `check`.
check-vm:
	+@$(SUB_MAKE) CC=gcc SANITIZE= all
	@IXLAB_BIN='$(CURDIR)/$(PLAIN_BUILD)/bin' tests/vm/check.sh
.PHONY: check-vm
