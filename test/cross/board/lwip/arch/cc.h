/* lwIP's words for this compiler and C library (newlib); its defaults do for the rest. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <sys/time.h>

#define LWIP_TIMEVAL_PRIVATE  0
#define LWIP_ERRNO_STDINCLUDE 1

#endif
