#ifndef PARLEY_PLATFORM_RANDOM_H
#define PARLEY_PLATFORM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fills `bytes` bytes at `out` with unpredictable bytes (mask keys, handshake nonces, TLS seeds,
 * jitter). The posix one asks the kernel and cannot fall back to anything weaker; the fake one is
 * a seeded generator, so that a session repeats byte for byte.
 * Returns 0, or PARLEY_ERR_SYSTEM when the system gives none; `out` is then all zero.
 */
int parley_random(void *out, size_t bytes);

/* A number in [0, below) out of parley_random; 0 when below is 0 or 1. */
uint32_t parley_random_below(uint32_t below);

#endif
