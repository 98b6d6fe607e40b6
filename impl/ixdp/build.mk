$(eval $(call library,ixdp,$(filter-out impl/ixdp/ixdp.c impl/ixdp/stat.c,$(wildcard impl/ixdp/*.c))))
# Written out or put off, for the fragments of the others are read later.
$(eval $(call program,ixdp,impl/ixdp/ixdp.c,ixdp ixapps ix ixtcp lwip ixnic ixcore,$$(TCP_LDLIBS) $(call pkg,--libs,libconfig) $$(NIC_LDLIBS)))
PROGRAMS += $(BIN)/ixdp
