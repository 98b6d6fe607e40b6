$(eval $(call library,load,$(filter-out harness/load/ixload.c,$(wildcard harness/load/*.c))))
$(eval $(call program,ixload,harness/load/ixload.c,$(HOST_LINK),$(HOST_LIBS) $(HARNESS_LIBS)))
PROGRAMS += $(BIN)/ixload
