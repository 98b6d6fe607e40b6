$(eval $(call test,apps_host,tests/unit/apps/test_host.c tests/unit/apps/upper.c,$(HOST_LINK),$(HOST_LIBS)))

# Run once more under the thread sanitizer.
$(eval $(call test,apps_kv_threads,tests/unit/apps/test_kv_threads.c,ixapps ix models,-lgsl -lgslcblas -lm -lpthread))
$(eval $(call test,apps_host_threads,tests/unit/apps/test_host_threads.c,$(HOST_LINK),$(HOST_LIBS)))
TSAN_TESTS += apps_kv_threads apps_host_threads
