/* What lwIP needs of compiler and platform. An assertion of lwIP that fails is counted, and ends the process only where
 * tests ask for it: input must not be able to do that. */
#ifndef IX_TCP_CC_H
#define IX_TCP_CC_H

void ix_tcp_assertion(const char *text);

#define LWIP_PLATFORM_ASSERT(text) ix_tcp_assertion(text)
#define LWIP_PLATFORM_DIAG(text)                                                                                       \
	do {                                                                                                           \
	} while (0)
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS
#define lwip_htons(x)        __builtin_bswap16(x)
#define lwip_htonl(x)        __builtin_bswap32(x)
#define LWIP_RAND()          0u /* ports and sequence numbers are chosen by us */
#define LWIP_NO_INTTYPES_H   0
#define LWIP_TIMEVAL_PRIVATE 0

#endif
