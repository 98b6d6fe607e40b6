/*
 * The `message` stack: one packet is one request, and one SENDV one reply packet; no protocol, so that scheduling
 * studies are fast. A packet starts with the header below. The number indexes the connections of the packet's flow
 * group: whoever makes packets numbers the connections within each group, from 0. A connection exists from its first
 * packet on; that packet's RECV comes without a KNOCK, and with cookie 0 until ACCEPT names one. A reply carries the
 * connection's header and hash. Nothing is acknowledged, hence no SENT: a SENDV is done when it has returned.
 */
#ifndef IX_STACK_MESSAGE_H
#define IX_STACK_MESSAGE_H

#include <stdint.h>

struct ix_message_header {
	uint32_t connection; /* within the flow group, below connections_per_group */
	uint32_t reserved;
};

struct ix_message_options {
	uint32_t connections_per_group; /* packets of others are refused and counted */
};

extern const struct ix_message_options ix_message_options_default; /* 65,536; the table grows as they come */

#endif
