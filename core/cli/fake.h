#ifndef PARLEY_CLI_FAKE_H
#define PARLEY_CLI_FAKE_H

/* `parley fake`: the built-in service as a WebSocket server, for clients in any language. Returns the exit
   status. Only in programs with sockets linked in; elsewhere its address is NULL. */
int parley_cli_fake(int argc, char **argv) __attribute__((weak));

#endif
