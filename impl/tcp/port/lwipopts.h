/*
 * lwIP as this project uses it: the TCP state machine and its buffers. Addresses, ARP, IP, ICMP, UDP, look-up of
 * connections and timers are impl/tcp's own. What varies from host to host (window, send buffer) is read from the
 * options of the instance that is entered.
 */
#ifndef IX_TCP_LWIPOPTS_H
#define IX_TCP_LWIPOPTS_H

#include <stddef.h>
#include <stdint.h>

/* The host whose turn it is on this operating-system thread; instance.c. */
extern _Thread_local uint32_t ix_tcp_window_bytes, ix_tcp_send_bytes, ix_tcp_ooseq_packets;
uint32_t ix_tcp_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port);
void *ix_tcp_malloc(size_t size);
void *ix_tcp_calloc(size_t count, size_t size);
void ix_tcp_free(void *memory);

#define NO_SYS                1
#define SYS_LIGHTWEIGHT_PROT  0
#define LWIP_TIMERS           0
#define LWIP_NETCONN          0
#define LWIP_SOCKET           0
#define LWIP_STATS            0
#define LWIP_RAW              0
#define LWIP_UDP              0
#define LWIP_ICMP             0
#define LWIP_ARP              0
#define LWIP_IPV4             1
#define LWIP_IPV6             0
#define IP_REASSEMBLY         0
#define IP_FRAG               0
#define LWIP_ERRNO_STDINCLUDE 1

#define MEM_LIBC_MALLOC  1
#define MEMP_MEM_MALLOC  1
#define MEM_ALIGNMENT    8
#define mem_clib_malloc  ix_tcp_malloc
#define mem_clib_calloc  ix_tcp_calloc
#define mem_clib_free    ix_tcp_free
#define MEMP_NUM_TCP_PCB 1 /* unused with MEMP_MEM_MALLOC */

#define LWIP_TCP                                  1
#define TCP_MSS                                   1460 /* the most; the interface's MTU lowers it */
#define TCP_CALCULATE_EFF_SEND_MSS                1
#define LWIP_WND_SCALE                            1
#define TCP_RCV_SCALE                             7
#define TCP_WND                                   ((tcpwnd_size_t)ix_tcp_window_bytes)
#define TCP_SND_BUF                               ((tcpwnd_size_t)ix_tcp_send_bytes)
#define TCP_WND_UPDATE_THRESHOLD                  LWIP_MIN((TCP_WND / 4), (TCP_MSS * 4))
#define TCP_SND_QUEUELEN                          8192 /* pbufs: bounds small segments in flight */
#define TCP_SNDLOWAT                              1
#define TCP_SNDQUEUELOWAT                         1
#define TCP_QUEUE_OOSEQ                           1
#define TCP_OOSEQ_BYTES_LIMIT(pcb)                TCP_WND
#define TCP_OOSEQ_PBUFS_LIMIT(pcb)                ix_tcp_ooseq_packets
#define TCP_LISTEN_BACKLOG                        0
#define LWIP_TCP_TIMESTAMPS                       0
#define LWIP_TCP_SACK_OUT                         0
#define LWIP_TCP_KEEPALIVE                        0
#define TCP_OVERSIZE                              0 /* payloads are referenced, never copied into room to spare */
#define LWIP_CHECKSUM_ON_COPY                     0
#define CHECKSUM_GEN_TCP                          0 /* ip.c sums the packet that it has made */
#define CHECKSUM_CHECK_TCP                        0 /* input.c has done it */
#define LWIP_TCP_PCB_NUM_EXT_ARGS                 1
#define LWIP_CALLBACK_API                         1
#define LWIP_HOOK_TCP_ISN(lip, lport, rip, rport) ix_tcp_isn((lip)->addr, lport, (rip)->addr, rport)

#define LWIP_SUPPORT_CUSTOM_PBUF        1
#define PBUF_LINK_HLEN                  14
#define LWIP_NETIF_TX_SINGLE_PBUF       0
#define LWIP_DISABLE_TCP_SANITY_CHECKS  1 /* they are for constants; options.c checks ours */
#define LWIP_DISABLE_MEMP_SANITY_CHECKS 1

#endif
