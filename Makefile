# What people type. Each target first sees to it that the machine has what is needed (setup/), then hands over to
# rules.mk, which builds everything below build/. SETUP=no skips the first step. See README.md.
SETUP ?= yes
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
MAKE_BUILD = +@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS)) -f rules.mk

.PHONY: all demo check check-vm bench bench-dataplane fuzz lint format install clean setup
all demo check check-vm bench bench-dataplane fuzz lint format: setup
	$(MAKE_BUILD) $@

install: setup
	$(MAKE_BUILD) install PREFIX='$(PREFIX)'

setup:
ifneq ($(SETUP),no)
	@./setup/install.sh
endif

clean:
	rm -rf build
