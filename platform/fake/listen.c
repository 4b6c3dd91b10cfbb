/*
 * Nobody comes to a fake network from outside: a test that plays a server makes both ends of its connections
 * with parley_socket_connect and fake.h.
 */
#include "platform/listen.h"

#include "platform/status.h"

int parley_listen(struct parley_address *at)
{
    (void)at;
    return PARLEY_ERR_SYSTEM;
}

int parley_listen_accept(int listening, int *fd, struct parley_address *from)
{
    (void)listening;
    (void)from;
    *fd = -1;
    return 0;
}

void parley_listen_finish(int fd)
{
    (void)fd; /* the test sees that it is closed, a moment later */
}

const char *parley_listen_reason(void)
{
    return "this network is a fake";
}
