$(eval $(call fuzzer,experiment,tests/fuzz/fuzz_experiment.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
$(eval $(call fuzzer,dist_file,tests/fuzz/fuzz_dist_file.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
