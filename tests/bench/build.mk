BENCH_BARE_FILES := core/init.c core/def.c core/inet_chksum.c core/ip.c core/mem.c core/memp.c core/netif.c core/pbuf.c \
	core/stats.c core/tcp.c core/tcp_in.c core/tcp_out.c core/udp.c core/ipv4/etharp.c core/ipv4/icmp.c \
	core/ipv4/ip4.c core/ipv4/ip4_addr.c netif/ethernet.c
BENCH_BARE_FLAGS := -std=c17 -D_GNU_SOURCE -O2 -g -w -I. -Itests/bench/bare -isystem $(LWIP_SRC)/src/include

# lwIP as it comes: its text unchanged, its options the bench's own.
$(BIN)/bench/bench_lwip_bare: tests/bench/bench_lwip_bare.c $(wildcard tests/bench/bare/*.h) $(LWIP_SRC)/.complete
	@mkdir -p $(@D)
	$(CC) $(BENCH_BARE_FLAGS) $(CFLAGS) -o $@ $< $(BENCH_BARE_FILES:%=$(LWIP_SRC)/src/%)

$(eval $(call program,bench/bench_tcp,tests/bench/bench_tcp.c,$(TCP_LIBS),$(TCP_LDLIBS)))
$(BIN)/bench/bench_tcp: | $(BIN)/bench/bench_lwip_bare
BENCHES += $(BIN)/bench/bench_tcp
# Beside the benchmarks: prints the table of analysis/README.md.
$(eval $(call program,bench/coverage,tests/bench/coverage.c,analysis models,$(MODELS_LIBS) -lm))
$(eval $(call program,bench/bench_queue,tests/bench/bench_queue.c,analysis models,$(MODELS_LIBS) -lm))
BENCHES += $(BIN)/bench/bench_queue
$(eval $(call program,bench/bench_sim,tests/bench/bench_sim.c,sim ixcore models,$(MODELS_LIBS) -lm))
BENCHES += $(BIN)/bench/bench_sim
$(eval $(call program,bench/bench_packet,tests/bench/bench_packet.c,sim ix $(TCP_LIBS) models,$(MODELS_LIBS) -lm $(TCP_LDLIBS)))
$(BIN)/bench/bench_packet: | $(BIN)/bench/bench_lwip_bare
BENCHES += $(BIN)/bench/bench_packet
# The dataplane beside bare memif and lwIP, many connections, the kernel's sockets, and its schedulers: `make
# bench-dataplane [PARTS=...]`. It wants two processors for itself, and root.
$(eval $(call program,bench/bench_memif_bare,tests/bench/bench_memif_bare.c,,$$(NIC_LDLIBS)))
$(BUILD)/obj/tests/bench/bench_memif_bare.o: CFLAGS_ALL += -march=corei7
.PHONY: bench-dataplane
bench-dataplane:
	+@$(MAKE) --no-print-directory -f rules.mk CC=gcc SANITIZE= all $(BIN)/bench/bench_memif_bare $(BIN)/bench/bench_lwip_bare
	@IXLAB_BIN='$(CURDIR)/$(BIN)' tests/bench/bench_dataplane $(PARTS)
BENCHES += tests/bench/bench_host.sh
