# Manual pages, made from what each command says to --help, and installation.
MAN_COMMANDS := $(sort $(patsubst harness/cmd_%.c,%,$(wildcard harness/cmd_*.c)))
MAN_PAGES := $(BUILD)/man/ixlab.1 $(patsubst %,$(BUILD)/man/ixlab-%.1,$(MAN_COMMANDS)) $(BUILD)/man/ixdp.1 \
	$(BUILD)/man/ixdp-stat.1 $(BUILD)/man/ixhost.1 $(BUILD)/man/ixload.1
HELP2MAN := help2man --no-info --version-string='$(VERSION)'

# The one-line summary comes from the command's line of `ixlab --help`. help2man takes the first word for the name.
$(BUILD)/man/ixlab-%.1: $(BIN)/ixlab
	@mkdir -p $(@D)
	@$(HELP2MAN) --name="$$($(BIN)/ixlab --help | sed -n 's/^  $* *//p')" -o $@ '$(BIN)/ixlab $*'
	@sed -i -e '/^\.TH/s/.*/.TH "IXLAB-$(shell echo $* | tr a-z A-Z)" "1" "" "ixlab $(VERSION)" "User Commands"/' \
		-e '/^\.SH NAME/{n;s/^.* \\- /ixlab-$* \\- /}' $@

$(BUILD)/man/ixlab.1: $(BIN)/ixlab
	@mkdir -p $(@D)
	@$(HELP2MAN) --name='laboratory for the IX and ZygOS dataplanes' -o $@ $(BIN)/ixlab
	@printf '.SH "SEE ALSO"\n%s\n' "$(patsubst %,\fBixlab-%\fR(1),$(MAN_COMMANDS))" >>$@

$(BUILD)/man/ixdp.1: $(BIN)/ixdp
	@mkdir -p $(@D)
	@$(HELP2MAN) --name='run an application on the IX dataplane' -o $@ $(BIN)/ixdp

$(BUILD)/man/ixdp-stat.1: $(BIN)/ixdp-stat
	@mkdir -p $(@D)
	@$(HELP2MAN) --name='show and steer a dataplane' -o $@ $(BIN)/ixdp-stat

$(BUILD)/man/ixhost.1: $(BIN)/ixhost
	@mkdir -p $(@D)
	@$(HELP2MAN) --name="run an application on the kernel's sockets" -o $@ $(BIN)/ixhost

$(BUILD)/man/ixload.1: $(BIN)/ixload
	@mkdir -p $(@D)
	@$(HELP2MAN) --name='load client: send requests, measure latency' -o $@ $(BIN)/ixload

.PHONY: man
man: $(MAN_PAGES)

INSTALL_DIR = $(DESTDIR)$(PREFIX)
install: all man
	install -d $(INSTALL_DIR)/bin $(INSTALL_DIR)/share/man/man1 $(INSTALL_DIR)/share/ixlab/workloads/costs \
		$(INSTALL_DIR)/share/ixlab/results $(INSTALL_DIR)/share/doc/ixlab
	install -m 755 $(PROGRAMS) $(INSTALL_DIR)/bin
	install -m 644 $(MAN_PAGES) $(INSTALL_DIR)/share/man/man1
	install -m 644 $(wildcard workloads/*.cfg workloads/*.txt workloads/*.csv) $(INSTALL_DIR)/share/ixlab/workloads
	install -m 644 $(wildcard workloads/costs/*.cfg) $(INSTALL_DIR)/share/ixlab/workloads/costs
	install -m 644 results/published.csv results/orderings.csv $(INSTALL_DIR)/share/ixlab/results
	install -m 644 README.md LICENSE $(filter-out docs/README.md,$(wildcard docs/*.md)) $(INSTALL_DIR)/share/doc/ixlab
