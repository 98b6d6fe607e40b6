# lwIP's TCP from the distribution's source package, made thread-local (README.md), and our port around it.
LWIP_CACHE ?= .cache/lwip
LWIP_SRC := $(LWIP_CACHE)/lwip-2.1.3
LWIP := $(BUILD)/lwip
LWIP_FILES := core/tcp.c core/tcp_in.c core/tcp_out.c core/pbuf.c core/mem.c core/memp.c core/def.c core/ip.c \
	core/ipv4/ip4_addr.c
LWIP_OBJS := $(LWIP_FILES:%.c=$(BUILD)/obj/lwip/%.o)
LWIP_INCLUDES = -Iimpl/tcp/port -isystem $(LWIP)/include
LWIP_CFLAGS := -std=c17 -D_GNU_SOURCE -O2 -g -fno-common -ftls-model=initial-exec -w $(if $(SANITIZE),-fsanitize=$(SANITIZE) \
	-fno-omit-frame-pointer -fno-sanitize=alignment$(comma)shift$(comma)bounds -fno-sanitize-recover=all) $(CFLAGS)

$(LWIP_SRC)/.complete: | impl/tcp/fetch.sh
	impl/tcp/fetch.sh $(LWIP_CACHE) >/dev/null

$(LWIP)/.complete: $(LWIP_SRC)/.complete $(wildcard impl/tcp/port/*.h impl/tcp/port/arch/*.h) impl/tcp/thread_local.sh \
		impl/tcp/objects.txt
	impl/tcp/thread_local.sh $(LWIP_SRC)/src $(LWIP) impl/tcp/objects.txt $(CC) -std=c17 -O1 -Iimpl/tcp/port \
		-I$(LWIP_SRC)/src/include -- $(LWIP_FILES)

$(LWIP_OBJS): $(BUILD)/obj/lwip/%.o: $(LWIP)/.complete
	@mkdir -p $(@D)
	$(CC) $(LWIP_CFLAGS) $(LWIP_INCLUDES) -c -o $@ $(LWIP)/$*.c

# The gate: no library without it. (Sanitizers add objects of their own; the plain build checks the same text.)
$(LWIP)/.gate: $(LWIP_OBJS) impl/tcp/gate.sh
	$(if $(SANITIZE),,impl/tcp/gate.sh $(LWIP_OBJS))
	@touch $@

$(BUILD)/lib/liblwip.a: $(LWIP_OBJS) $(LWIP)/.gate
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $(LWIP_OBJS)
ALL_LIBS += $(BUILD)/lib/liblwip.a

TCP_SRCS := $(wildcard impl/tcp/*.c)
$(eval $(call library,ixtcp,$(TCP_SRCS)))
# For all, so that the static analysis of any file finds them.
CFLAGS_ALL += $(LWIP_INCLUDES)
$(TCP_SRCS:%.c=$(BUILD)/obj/%.o): CFLAGS_ALL += -ftls-model=initial-exec
lint: $(LWIP)/.complete
$(TCP_SRCS:%.c=$(BUILD)/obj/%.o): $(LWIP)/.complete
TCP_LIBS := ixtcp ixcore lwip
TCP_LDLIBS := -lurcu-qsbr -lurcu-common -lpthread
