/* lwIP as it comes, with its own IP, ARP and Ethernet, for the floor of bench_tcp: one connection, no operating system.
 */
#ifndef IX_TCP_LWIPOPTS_H
#define IX_TCP_LWIPOPTS_H

#define NO_SYS                1
#define SYS_LIGHTWEIGHT_PROT  0
#define LWIP_NETCONN          0
#define LWIP_SOCKET           0
#define LWIP_STATS            0
#define LWIP_RAW              0
#define LWIP_TIMERS           0
#define LWIP_DHCP             0
#define LWIP_DNS              0
#define MEM_LIBC_MALLOC       1
#define MEMP_MEM_MALLOC       1
#define MEM_ALIGNMENT         8
#define TCP_MSS               1460
#define TCP_WND               65535
#define TCP_SND_BUF           65535
#define TCP_SND_QUEUELEN      256
#define IP_REASSEMBLY         0
#define IP_FRAG               0
#define LWIP_NETIF_LOOPBACK   0
#define LWIP_ERRNO_STDINCLUDE 1

#endif
