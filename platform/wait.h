#ifndef PARLEY_PLATFORM_WAIT_H
#define PARLEY_PLATFORM_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What somebody waits for: a descriptor becoming readable or writable, or a moment. fd -1, or neither read
 * nor write, means that only the moment counts; deadline_us PARLEY_NEVER means that only the descriptor does.
 * `ready` is an answer: parley_wait sets it when the descriptor can be read or written (or has failed).
 */
struct parley_interest {
    int fd;
    bool read, write;
    bool ready;
    uint64_t deadline_us; /* on the clock of parley_clock_us */
};

/* The most interests parley_wait takes in one call. */
enum { PARLEY_WAIT_MAX = 256 };

/*
 * Waits until one of `count` descriptors is ready, one of the deadlines has come, or `until_us`.
 * A signal also ends the wait. The posix one is poll(); the fake one never sleeps: if no fake
 * descriptor is ready it moves the virtual clock to the earliest deadline, and fails when there is none.
 *
 * Returns how many entries have `ready` set, 0 when time or a signal ended the wait,
 * PARLEY_ERR_ARGUMENT for too many entries, PARLEY_ERR_SYSTEM when poll fails.
 */
int parley_wait(struct parley_interest *want, size_t count, uint64_t until_us);

#endif
