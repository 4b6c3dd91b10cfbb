#ifndef PARLEY_PLATFORM_PAGES_H
#define PARLEY_PLATFORM_PAGES_H

#include <stddef.h>

/*
 * Tells that nobody will look at what these bytes hold: the system may take back whole pages of them, and
 * gives fresh ones when they are written to again. The bytes stay the caller's; each holds anything from now
 * on. Never fails: where the system takes nothing (memory that is locked, a board) nothing happens. The posix
 * one is one call of the system; the fake one overwrites them, so that a test fails if somebody does look.
 */
void parley_pages_give_back(void *at, size_t bytes);

#endif
