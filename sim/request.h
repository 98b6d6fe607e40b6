/*
 * What travels between client and server at the system level: a request says how long its service takes, and is stamped
 * on its way; the reply carries it back.
 */
#ifndef IXLAB_SIM_REQUEST_H
#define IXLAB_SIM_REQUEST_H

#include "impl/core/packet.h"
#include "impl/core/stack_message.h"

/* Moments of a request at the server, in order. */
enum sim_stage {
	SIM_STAGE_ARRIVED,   /* in the receive ring */
	SIM_STAGE_POLLED,    /* taken off it by software */
	SIM_STAGE_PROCESSED, /* through the protocol stack: its event waits for the application */
	SIM_STAGE_BEGUN,     /* the application began its service */
	SIM_STAGE_SERVED,    /* its service ended */
	SIM_STAGE_CALLED,    /* the send call ran, on the home thread */
	SIM_STAGE_LEFT,      /* the reply was given to the wire */
	SIM_STAGE_COUNT
};

struct sim_request {
	uint64_t intended_ns; /* when the client meant to send it */
	uint64_t sent_ns;     /* when it did: later where the connection's requests in flight are limited */
	uint64_t service_ns;
	uint32_t connection;
	uint32_t sequence; /* within its connection */
	uint16_t extra_rx; /* packets that the server's stack receives and sends for it beside its own (handshake, */
	uint16_t extra_tx; /* acknowledgements): their processing is charged with it */
	uint32_t request_wire_bytes, reply_wire_bytes; /* of all its packets, with what Ethernet adds to each */
	uint64_t at_ns[SIM_STAGE_COUNT];
};

/* A packet's data. */
struct sim_message {
	struct ix_message_header header;
	struct sim_request request;
};

static inline struct sim_request *sim_request_in(const struct ix_packet *packet)
{
	return &((struct sim_message *)(void *)packet->data)->request;
}

static inline void sim_stamp(const struct ix_packet *packet, enum sim_stage stage, uint64_t now_ns)
{
	sim_request_in(packet)->at_ns[stage] = now_ns;
}

#endif
