/* What platform/lwip wants of lwIP; a board adds its memory, its checksums and its interfaces. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                  0 /* sockets need tasks */
#define LWIP_SOCKET             1
#define LWIP_COMPAT_SOCKETS     0 /* no macros called read or close */
#define LWIP_SOCKET_SELECT      0
#define LWIP_SOCKET_POLL        1
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_TCP_KEEPALIVE      1
#define LWIP_DNS                1
#define LWIP_IPV4               1
#define LWIP_IPV6               1
#define SO_REUSE                1

#define MEM_ALIGNMENT             4
#define TCP_MSS                   1460
#define TCP_WND                   (8 * TCP_MSS)
#define TCP_SND_BUF               (8 * TCP_MSS)
#define TCPIP_MBOX_SIZE           16
#define DEFAULT_TCP_RECVMBOX_SIZE 16
#define DEFAULT_ACCEPTMBOX_SIZE   4
#define TCPIP_THREAD_STACKSIZE    2048

#endif
