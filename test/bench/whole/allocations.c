/* To be preloaded: counts what a process asks of the heap and tells it at the end, in the file
 * BENCH_ALLOCATIONS: in all, and from the first bench_mark to the last, -1 without two of them. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

static atomic_ulong count;
static unsigned long first, last;
static unsigned marks;

void bench_mark(void);
void bench_mark(void)
{
    last = count;
    if (marks++ == 0)
        first = last;
}

void *malloc(size_t bytes)
{
    count++;
    return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes)
{
    count++;
    return __libc_calloc(items, bytes);
}

void *realloc(void *old, size_t bytes)
{
    count++;
    return __libc_realloc(old, bytes);
}

__attribute__((destructor)) static void tell(void)
{
    const char *name = getenv("BENCH_ALLOCATIONS");
    unsigned long all = count;
    FILE *file = name != NULL ? fopen(name, "w") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%lu %ld\n", all, marks < 2 ? -1L : (long)(last - first));
    fclose(file);
}
