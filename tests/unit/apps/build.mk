$(eval $(call test,apps_host,tests/unit/apps/test_host.c tests/unit/apps/upper.c,$(HOST_LINK),$(HOST_LIBS)))
