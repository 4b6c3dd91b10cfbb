#ifndef PARLEY_PLATFORM_LISTEN_H
#define PARLEY_PLATFORM_LISTEN_H

#include "platform/address.h"

/*
 * The other end of platform/socket.h: taking connections. A file of its own, so that a program that takes
 * none does not link it; ports for boards may leave it out.
 */

/*
 * Listens at *at; port 0 lets the system choose one, which *at then holds. Non-blocking, close-on-exec; a
 * port that a program which has ended left behind can be had again at once.
 * Returns the descriptor (>= 0), or PARLEY_ERR_SYSTEM.
 */
int parley_listen(struct parley_address *at);

/* Takes the connection that waits longest: *fd, to be used and closed as one of parley_socket_connect, and
   who it is from. Returns 1, 0 when none waits (or it has gone again), PARLEY_ERR_SYSTEM. Never blocks. */
int parley_listen_accept(int listening, int *fd, struct parley_address *from);

/* Says on a connection that nothing more will be written; what was written still goes. A server's last word:
   closed while bytes of the client's are unread, the system takes back what is on its way. */
void parley_listen_finish(int fd);

/* The system's words for the last failure ("Address already in use"); static, good until the next call. */
const char *parley_listen_reason(void);

#endif
