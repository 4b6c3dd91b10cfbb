#ifndef PARLEY_CORE_LIMITS_H
#define PARLEY_CORE_LIMITS_H

#include "core/parley.h"

/* The limits of the options, none of them 0. */
struct parley_limits parley_limits_fill(const struct parley_options *o);

/* Checks those. Returns PARLEY_OK, or PARLEY_ERR_ARGUMENT with the field and its bounds in *error. */
int parley_limits_check(const struct parley_limits *limits, struct parley_error *error);

/* Of the outbox, what is kept for the conversation itself. */
size_t parley_limits_reserve(const struct parley_limits *limits);

#endif
