# DPDK's headers are the system's; their inline functions need the processor that the distribution's build needs.
DPDK_CFLAGS := $(patsubst -I%,-isystem %,$(filter -I%/dpdk,$(call pkg,--cflags-only-I,libdpdk)))
NIC_SRCS := $(wildcard impl/nic/*.c)
$(eval $(call library,ixnic,$(NIC_SRCS)))
CFLAGS_ALL += $(DPDK_CFLAGS)
$(NIC_SRCS:%.c=$(BUILD)/obj/%.o): CFLAGS_ALL += -march=corei7
NIC_LDLIBS := $(call pkg,--libs,libdpdk)
