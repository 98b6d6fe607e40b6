CORE_TEST_NIC := tests/unit/core/memory_nic.c
$(eval $(call test,core_dataplane,tests/unit/core/test_dataplane.c $(CORE_TEST_NIC),ixcore,-lpthread))
$(eval $(call test,core_prefetch,tests/unit/core/test_prefetch.c $(CORE_TEST_NIC),ixcore,-lpthread))
$(eval $(call test,core_rss,tests/unit/core/test_rss.c,ixcore))
$(eval $(call test,core_handle,tests/unit/core/test_handle.c,ixcore))
$(eval $(call test,core_metrics,tests/unit/core/test_metrics.c,ixcore,-lm))
$(eval $(call test,core_calls,tests/unit/core/test_calls.c $(CORE_TEST_NIC),ixcore,-lpthread))
$(eval $(call test,core_migration,tests/unit/core/test_migration.c $(CORE_TEST_NIC),ixcore,-lpthread))
$(eval $(call test,core_shuffle,tests/unit/core/test_shuffle.c,ixcore))
$(eval $(call test,core_zygos,tests/unit/core/test_zygos.c $(CORE_TEST_NIC),ixcore,-lpthread))

# Run once more under the thread sanitizer.
$(eval $(call test,core_threads,tests/unit/core/test_threads.c,ix ixcore,-lpthread))
$(eval $(call test,core_zygos_threads,tests/unit/core/test_zygos_threads.c,ix ixcore,-lpthread))
TSAN_TESTS += core_threads core_zygos_threads
$(eval $(call fuzzer,calls,tests/fuzz/fuzz_calls.c $(CORE_TEST_NIC),ixcore,-lpthread))

$(eval $(call program,bench/bench_core,tests/bench/bench_core.c,ixcore))
BENCHES += $(BIN)/bench/bench_core
