# Packet scripts (README.md): the runner over the shared core, its own tests, and the fuzzer.
PACKET_SRCS := $(addprefix tests/packet/,lexer.c script.c script_options.c script_packet.c frame.c frame_text.c run.c \
	run_packet.c run_application.c device_core.c corpus.c)
$(foreach t,packet_script test_mutation test_language,$(eval $(call test,packet/$(t),tests/packet/$(t).c $(PACKET_SRCS),\
	$(TCP_LIBS),$(TCP_LDLIBS))))
$(eval $(call fuzzer,script,tests/fuzz/fuzz_script.c $(filter-out tests/packet/corpus.c,$(PACKET_SRCS)),$(TCP_LIBS),\
	$(TCP_LDLIBS)))
