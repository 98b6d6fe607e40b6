# Packet scripts (README.md): the runner over the shared core, and the test that every expectation can fail.
PACKET_SRCS := $(addprefix tests/packet/,lexer.c script.c script_options.c script_packet.c frame.c frame_text.c run.c \
	run_packet.c run_application.c device_core.c corpus.c)
$(eval $(call test,packet_script,tests/packet/packet_script.c $(PACKET_SRCS),$(TCP_LIBS),$(TCP_LDLIBS)))
