/*
 * usage: measure COMMAND...      runs it and prints what it cost, in one line:
 *
 *   started_ns=N cpu_us=N rss_kb=N status=N
 *
 * A program of its own, and a small one: a process inherits as its largest resident set that of whoever
 * starts it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec started;
    struct rusage usage;
    int status;

    (void)argc;
    clock_gettime(CLOCK_MONOTONIC, &started);
    if (fork() == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (wait4(-1, &status, 0, &usage) < 0)
        return 127;
    printf("started_ns=%lld cpu_us=%lld rss_kb=%ld status=%d\n",
           (long long)started.tv_sec * 1000000000ll + started.tv_nsec,
           (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ll + usage.ru_utime.tv_usec +
               usage.ru_stime.tv_usec,
           usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
