$(foreach t,experiment sweep pool,$(eval $(call test,test_$(t),tests/unit/harness/test_$(t).c,$(HARNESS_LINK),$(HARNESS_LIBS))))
$(foreach t,dist_file explain point slo measure calibrate,$(eval $(call test,test_$(t),tests/unit/harness/test_$(t).c,$(HARNESS_LINK),$(HARNESS_LIBS))))
