/*
 * Pages that go back to the system.
 */
#define _GNU_SOURCE
#include "platform/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void parley_pages_give_back(void *at, size_t bytes)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t size = page > 0 ? (size_t)page : 0, skip;

    if (size == 0)
        return;
    skip = (size - (uintptr_t)at % size) % size; /* up to the first that begins in there */
    if (bytes < skip + size)
        return;
    /* Not posix_madvise, which does nothing by this name in glibc. Locked memory is refused: let it be. */
    (void)madvise((char *)at + skip, (bytes - skip) / size * size, MADV_DONTNEED);
}
