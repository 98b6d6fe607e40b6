# To link what runs applications on the kernel's sockets.
HOST_LINK := ixhost ixapps ix analysis models
HOST_LIBS := -levent_core -lpthread
$(eval $(call program,ixhost,$(wildcard harness/host/*.c),harness $(HOST_LINK),$(HOST_LIBS) $(HARNESS_LIBS)))
PROGRAMS += $(BIN)/ixhost
