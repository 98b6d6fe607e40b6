CONFIG_FUZZERS := experiment figure_file
$(foreach t,$(CONFIG_FUZZERS),$(eval $(call fuzzer,$(t),tests/fuzz/fuzz_$(t).c tests/fuzz/libconfig_leaks.c,$(HARNESS_LINK),$(HARNESS_LIBS))))
$(eval $(call fuzzer,dist_file,tests/fuzz/fuzz_dist_file.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
$(eval $(call fuzzer,frames,tests/fuzz/fuzz_frames.c tests/unit/tcp/pair.c tests/unit/tcp/raw.c,$(TCP_LIBS),$(TCP_LDLIBS) -lcmocka))
$(eval $(call fuzzer,tcp_calls,tests/fuzz/fuzz_tcp_calls.c tests/fuzz/mirror.c tests/fuzz/ledger.c,$(TCP_LIBS),$(TCP_LDLIBS)))
$(eval $(call fuzzer,http,tests/fuzz/fuzz_http.c impl/apps/http_parse.c))
$(eval $(call fuzzer,kv,tests/fuzz/fuzz_kv.c tests/fuzz/fake_libix.c $(addprefix impl/apps/,kv_ascii.c kv_binary.c kv_session.c \
	kv_store.c kv_item.c),,-lpthread))
