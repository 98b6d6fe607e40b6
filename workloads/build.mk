# `make demo`: from the experiment files to figures and a report, in build/demo.
demo: all
	@IXLAB_BIN='$(BIN)' workloads/demo.sh $(BUILD)/demo
