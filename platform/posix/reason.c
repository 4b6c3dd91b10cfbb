/*
 * The words for errno, safe in a program with threads (strerror is not).
 */
#define _POSIX_C_SOURCE 200809L
#include "platform/posix/reason.h"

#include <stdio.h>
#include <string.h>

void parley_posix_reason(int error, char *out, size_t bytes)
{
    if (error == 0)
        snprintf(out, bytes, "the other end closed it");
    else if (strerror_r(error, out, bytes) != 0)
        snprintf(out, bytes, "error %d", error);
}
