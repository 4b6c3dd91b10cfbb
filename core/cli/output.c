/*
 * The way out of the programs' loop: nothing in it may wait for a terminal or a pipe.
 */
#include "core/cli/output.h"

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/status.h"

/* A pipe or terminal that polls as writable takes this much without blocking, whoever shares it. */
enum { SAFE_BYTES = 512 };

void parley_cli_output_open(struct parley_cli_output *o, int fd, bool nonblocking, struct parley_arena *arena,
                            size_t bytes)
{
    *o = (struct parley_cli_output){.fd = fd, .nonblocking = nonblocking};
    o->ring = parley_ring(arena, bytes);
}

bool parley_cli_output_put(struct parley_cli_output *o, const void *bytes, size_t count)
{
    if (o->status == 0 && parley_ring_free(&o->ring) >= count) {
        parley_ring_put(&o->ring, bytes, count);
        return true;
    }
    o->lost += count;
    return false;
}

size_t parley_cli_output_room(const struct parley_cli_output *o)
{
    return o->status != 0 ? o->ring.size : parley_ring_free(&o->ring);
}

bool parley_cli_output_waiting(const struct parley_cli_output *o)
{
    return parley_ring_used(&o->ring) > 0;
}

static void break_off(struct parley_cli_output *o, int status)
{
    o->status = status;
    o->lost += parley_ring_used(&o->ring);
    parley_ring_clear(&o->ring);
}

void parley_cli_output_flush(struct parley_cli_output *o, bool ready)
{
    while ((ready || o->nonblocking) && parley_cli_output_waiting(o)) {
        unsigned char piece[SAFE_BYTES];
        size_t count = parley_ring_peek(&o->ring, 0, piece, sizeof piece);
        int written = parley_file_write(o->fd, piece, count);

        if (written < 0)
            break_off(o, written);
        if (written <= 0)
            return;
        parley_ring_take(&o->ring, NULL, (size_t)written);
        ready = false; /* one piece for one "ready" */
    }
}

size_t parley_cli_output_interest(const struct parley_cli_output *o, struct parley_interest *want)
{
    if (!parley_cli_output_waiting(o))
        return 0;
    *want = (struct parley_interest){.fd = o->fd, .write = true, .deadline_us = PARLEY_NEVER};
    return 1;
}
