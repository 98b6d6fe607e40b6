$(eval $(call library,load,$(filter-out harness/load/ixload.c harness/load/ixdp_load.c,$(wildcard harness/load/*.c))))
$(eval $(call program,ixload,harness/load/ixload.c,$(HOST_LINK),$(HOST_LIBS) $(HARNESS_LIBS)))
PROGRAMS += $(BIN)/ixload
# For tests and benchmarks of the dataplane; not installed.
$(eval $(call program,ixdp-load,harness/load/ixdp_load.c,ixdp load harness ixapps ix ixtcp lwip ixnic ixcore analysis models,$(HARNESS_LIBS) $$(IXDP_LDLIBS)))
LOCAL_PROGRAMS += $(BIN)/ixdp-load
