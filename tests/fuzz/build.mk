$(eval $(call fuzzer,experiment,tests/fuzz/fuzz_experiment.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
$(eval $(call fuzzer,dist_file,tests/fuzz/fuzz_dist_file.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
$(eval $(call fuzzer,frames,tests/fuzz/fuzz_frames.c tests/unit/tcp/pair.c tests/unit/tcp/raw.c,$(TCP_LIBS),$(TCP_LDLIBS) -lcmocka))
