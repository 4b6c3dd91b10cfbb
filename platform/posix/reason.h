#ifndef PARLEY_PLATFORM_POSIX_REASON_H
#define PARLEY_PLATFORM_POSIX_REASON_H

#include <stddef.h>

/* The system's words for an errno, always terminated; 0 stands for the orderly end of a stream. In a file of
   its own because glibc and POSIX give strerror_r different shapes, and the feature macro that chooses hides
   what other files need. */
void parley_posix_reason(int error, char *out, size_t bytes);

#endif
