IXDP_STAT_SRCS := impl/ixdp/stat.c impl/ixdp/stat_print.c
$(eval $(call library,ixdp,$(filter-out impl/ixdp/ixdp.c $(IXDP_STAT_SRCS),$(wildcard impl/ixdp/*.c))))
# Written out or put off, for the fragments of the others are read later.
IXDP_LINK := ixdp ixapps load harness analysis models ix ixtcp lwip ixnic ixcore
IXDP_LDLIBS = $(TCP_LDLIBS) $(call pkg,--libs,libconfig jansson gsl) $(NIC_LDLIBS)
$(eval $(call program,ixdp,impl/ixdp/ixdp.c,$(IXDP_LINK),$$(IXDP_LDLIBS)))
$(eval $(call program,ixdp-stat,$(IXDP_STAT_SRCS),ixdp,$(call pkg,--libs,jansson)))
PROGRAMS += $(BIN)/ixdp $(BIN)/ixdp-stat
