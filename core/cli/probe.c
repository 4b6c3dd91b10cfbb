/*
 * Name and addresses, tried one by one: see probe.h.
 */
#include "core/cli/probe.h"

#include "platform/clock.h"
#include "platform/status.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the name ---------------------------------------------------------------------------------- */

static int wait_for_answer(struct parley_resolver *r, uint64_t until_us)
{
    int found;

    while ((found = parley_resolver_work(r, parley_clock_us())) == 0 && parley_clock_us() < until_us) {
        struct parley_interest want[PARLEY_RESOLVE_INTERESTS];
        size_t count = parley_resolver_interest(r, want);

        if (parley_wait(want, count, until_us) < 0)
            return PARLEY_ERR_SYSTEM;
    }
    return found != 0 ? found : PARLEY_ERR_TIMEOUT;
}

static void keep_addresses(struct parley_cli_probe *p, const struct parley_resolver *r, uint16_t port)
{
    const struct parley_address *list = parley_resolver_addresses(r, &p->count);

    for (size_t i = 0; i < p->count; i++) {
        p->at[i] = (struct parley_cli_probe_address){.address = list[i]};
        p->at[i].address.port = port;
    }
}

int parley_cli_probe_resolve(struct parley_cli_probe *p, const char *host, uint16_t port, uint32_t most_ms)
{
    struct parley_resolver *r = calloc(1, parley_resolver_size());
    uint64_t now_us = parley_clock_us();
    struct parley_view reason;
    int status;

    memset(p, 0, sizeof *p);
    if (r == NULL)
        return PARLEY_ERR_MEMORY;
    status = parley_resolver_start(r, parley_view(host), port, now_us);
    if (status == 0)
        status = wait_for_answer(r, now_us + UINT64_C(1000) * most_ms);
    reason = parley_resolver_reason(r);
    if (status > 0)
        keep_addresses(p, r, port);
    else if (reason.len > 0)
        snprintf(p->why, sizeof p->why, "%.*s", (int)reason.len, reason.at);
    else
        snprintf(p->why, sizeof p->why, "%.100s: %s", host, parley_status_text(status));
    parley_resolver_stop(r);
    free(r);
    return status > 0 ? PARLEY_OK : status;
}

/* ---- each address ------------------------------------------------------------------------------ */

static void end(struct parley_cli_probe_address *a, int *fd, uint64_t began_us, const char *reason)
{
    a->connected = reason == NULL;
    a->took_ms = (uint32_t)((parley_clock_us() - began_us) / 1000);
    snprintf(a->reason, sizeof a->reason, "%s", reason != NULL ? reason : "");
    parley_socket_close(*fd);
    *fd = -1;
}

/* Sees what has become of those under way; returns how many still are. */
static size_t look(struct parley_cli_probe *p, int *fds, uint64_t began_us, struct parley_interest *want)
{
    size_t count = 0;

    for (size_t i = 0; i < p->count; i++) {
        int connected = fds[i] >= 0 ? parley_socket_connected(fds[i]) : 0;

        if (connected != 0)
            end(&p->at[i], &fds[i], began_us, connected < 0 ? parley_socket_reason() : NULL);
        if (fds[i] >= 0)
            want[count++] =
                (struct parley_interest){.fd = fds[i], .write = true, .deadline_us = PARLEY_NEVER};
    }
    return count;
}

size_t parley_cli_probe_connect(struct parley_cli_probe *p, uint32_t most_ms)
{
    uint64_t began_us = parley_clock_us(), until_us = began_us + UINT64_C(1000) * most_ms;
    struct parley_interest want[PARLEY_RESOLVE_ADDRESSES];
    int fds[PARLEY_RESOLVE_ADDRESSES];
    size_t under_way, accepted = 0;

    for (size_t i = 0; i < p->count; i++) {
        fds[i] = parley_socket_connect(&p->at[i].address);
        if (fds[i] < 0)
            end(&p->at[i], &fds[i], began_us, parley_socket_reason());
    }
    while ((under_way = look(p, fds, began_us, want)) > 0 && parley_clock_us() < until_us)
        if (parley_wait(want, under_way, until_us) < 0)
            break;
    for (size_t i = 0; i < p->count; i++) {
        if (fds[i] >= 0)
            end(&p->at[i], &fds[i], began_us, "no answer");
        accepted += p->at[i].connected;
    }
    return accepted;
}
