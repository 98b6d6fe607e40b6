# To link what runs applications on the kernel's sockets.
HOST_LINK := ixhost ixapps load harness ix analysis models
HOST_LIBS := -levent_core $(call pkg,--libs,jansson gsl) -lm -lpthread
$(eval $(call program,ixhost,$(wildcard harness/host/*.c),$(HOST_LINK),$(HOST_LIBS) $(HARNESS_LIBS)))
PROGRAMS += $(BIN)/ixhost
