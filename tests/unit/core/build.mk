CORE_TEST_NIC := tests/unit/core/memory_nic.c
$(eval $(call test,core_dataplane,tests/unit/core/test_dataplane.c $(CORE_TEST_NIC),ixcore,-lpthread))
