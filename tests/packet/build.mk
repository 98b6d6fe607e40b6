# Packet scripts (README.md): the runner over the shared core, over the dataplane's ports, its own tests, and the fuzzer.
PACKET_COMMON := $(addprefix tests/packet/,lexer.c script.c script_options.c script_packet.c frame.c frame_text.c run.c \
	run_packet.c run_application.c device.c corpus.c)
PACKET_SRCS := $(PACKET_COMMON) tests/packet/wire_memory.c
$(foreach t,packet_script test_mutation test_language,$(eval $(call test,packet/$(t),tests/packet/$(t).c $(PACKET_SRCS),\
	$(TCP_LIBS),$(TCP_LDLIBS))))
$(eval $(call test,packet/packet_script_ports,tests/packet/packet_script.c tests/packet/wire_ports.c $(PACKET_COMMON),\
	$(IXDP_LINK),$(IXDP_LDLIBS)))
$(BUILD)/obj/tests/packet/wire_ports.o: CFLAGS_ALL += -march=corei7
$(eval $(call fuzzer,script,tests/fuzz/fuzz_script.c $(filter-out tests/packet/corpus.c,$(PACKET_SRCS)),$(TCP_LIBS),\
	$(TCP_LDLIBS)))
