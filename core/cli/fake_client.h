#ifndef PARLEY_CLI_FAKE_CLIENT_H
#define PARLEY_CLI_FAKE_CLIENT_H

#include "core/cli/fake_door.h"
#include "core/cli/fake_faults.h"
#include "core/cli/fake_log.h"
#include "transport/wss/serve.h"

/*
 * One client of `parley fake`: its connection, and a service of its own behind it, on a clock of its own.
 */
struct parley_cli_fake_client;

/* What all clients share; stays as long as they. */
struct parley_cli_fake_house {
    struct parley_cli_fake_door door;
    struct parley_cli_fake_log log;
    struct parley_cli_fake_faults faults;
    struct parley_serve_options serve; /* but for the functions */
    struct parley_view talk, talk_name;
    uint64_t seed;
    uint32_t speed; /* the service's clock goes so many times as fast; 0: it does not wait */
};

/* Takes a connected socket over, also when it fails (NULL: no memory). Clients are numbered from 1. */
struct parley_cli_fake_client *parley_cli_fake_client_open(struct parley_cli_fake_house *house, int fd,
                                                           uint32_t number, uint64_t now_us);

/* Does what can be done. Returns false once it is over, which it has told the log. */
bool parley_cli_fake_client_work(struct parley_cli_fake_client *c, uint64_t now_us);

/* Closes in good order: the program ends. */
void parley_cli_fake_client_stop(struct parley_cli_fake_client *c);

void parley_cli_fake_client_interest(const struct parley_cli_fake_client *c, struct parley_interest *want);

/* Whether it got as far as speaking WebSocket. */
bool parley_cli_fake_client_upgraded(const struct parley_cli_fake_client *c);

/* NULL is allowed. */
void parley_cli_fake_client_drop(struct parley_cli_fake_client *c);

#endif
