/*
 * Randomness from the kernel.
 */
#define _GNU_SOURCE
#include "platform/random.h"
#include "platform/status.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int parley_random(void *out, size_t bytes)
{
    unsigned char *at = out;
    size_t left = bytes;

    /* Without blocking: a board that has just started and has no entropy yet gets an error to try again
       after, not a loop that stands still. */
    while (left > 0) {
        ssize_t got = getrandom(at, left, GRND_NONBLOCK);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            memset(out, 0, bytes);
            return PARLEY_ERR_SYSTEM;
        }
        at += got;
        left -= (size_t)got;
    }
    return 0;
}
