/*
 * A device for a long time: a host that sends silence from its microphone, plays what it gets and goes on
 * with another link whenever one breaks. Each minute it prints what it holds; whatever grows is a leak.
 * usage: soak SECONDS      the service's address in BENCH_URL, the authority in BENCH_CA
 */
#include "core/parley.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FRAME = PARLEY_SAMPLE_RATE / 50, SECOND_US = 1000000 };

struct held {
    size_t heap_bytes, descriptors, resident_kb;
};

static size_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 3; /* . and .. and the folder's own */
}

static struct held look(void)
{
    struct mallinfo2 heap = mallinfo2();
    struct held held = {.heap_bytes = heap.uordblks + heap.hblkhd, .descriptors = count_descriptors()};
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all, resident = 0;

    if (file != NULL && fscanf(file, "%lu %lu", &all, &resident) == 2)
        held.resident_kb = resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
    if (file != NULL)
        fclose(file);
    return held;
}

int main(int argc, char **argv)
{
    static const int16_t silence[FRAME];
    static int16_t heard[FRAME];
    uint64_t begun_us = parley_clock_us(), frames = 0, minute = 0, links = 0;
    uint64_t end_us = begun_us + (argc > 1 ? strtoull(argv[1], NULL, 10) : 60) * SECOND_US;
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_conversation *c;
    struct parley_event event;
    struct parley_stats stats;
    struct parley_error error;
    size_t bytes;

    options.url = parley_view(getenv("BENCH_URL"));
    options.ca_file = parley_view(getenv("BENCH_CA"));
    options.api_key = parley_view("sk-soak");
    options.reconnect.on = true;
    bytes = parley_memory_needed(&options);
    if (parley_open(&c, malloc(bytes), bytes, &options, begun_us, &error) < 0) {
        fprintf(stderr, "soak: %s\n", error.text);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 1024);
    while (parley_run_once(c, 20000) == PARLEY_OK) {
        uint64_t now_us = parley_clock_us();

        while (parley_next_event(c, &event) > 0) {
            if (event.kind == PARLEY_EVENT_STARTED || event.kind == PARLEY_EVENT_RECONNECTED)
                links++;
            else if (event.kind == PARLEY_EVENT_ERROR)
                fprintf(stderr, "soak: %.*s\n", (int)event.text.len, event.text.at);
        }
        for (; begun_us + frames * 20000 < now_us; frames++) {
            parley_send_audio(c, silence, FRAME);
            parley_read_audio(c, heard, FRAME);
        }
        if (now_us - begun_us >= minute * 60 * SECOND_US) {
            struct held held = look();

            parley_stats(c, &stats);
            printf("minute %3llu: heap %zu bytes, %zu descriptors, resident %zu KB, %llu links, %llu "
                   "messages in, %llu out, "
                   "shed %llu\n",
                   (unsigned long long)minute++, held.heap_bytes, held.descriptors, held.resident_kb,
                   (unsigned long long)links, (unsigned long long)stats.messages_in,
                   (unsigned long long)stats.messages_out, (unsigned long long)stats.input_shed);
        }
        if (now_us >= end_us)
            parley_stop(c);
    }
    printf("%s\n", parley_error(c)->text);
    return parley_error(c)->status == PARLEY_ERR_CLOSED ? 0 : 1;
}
