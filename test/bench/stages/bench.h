#ifndef PARLEY_BENCH_H
#define PARLEY_BENCH_H

/*
 * What the files of the benchmark of stages share. A stage is a piece of work over one input, done in several
 * ways: a copy of the bytes as the floor, parley's own, and those of other libraries. Each library stands in
 * a file of its own, which is linked if the library is there; some are C++.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_ROOM = 65536, BENCH_SPARE = 64 };

/* Does the work once. `text` is a copy of the input, may be changed, and BENCH_SPARE zero bytes follow it.
   False when the result is not what it should be. */
typedef bool bench_run(char *text, size_t len);

/* What a JSON library makes of the events: the members an application reads, and of audio its PCM in
   bench_out. */
struct bench_json {
    const char *name;
    bench_run *audio, *transcript, *done;
};

/* What a base64 library does, both into bench_out. */
struct bench_base64 {
    const char *name;
    bench_run *decode, *encode;
};

struct bench_way {
    const char *name;
    bench_run *run; /* NULL: it is not here */
};

extern char bench_out[BENCH_ROOM];
extern size_t bench_pcm_bytes; /* how much audio the input holds */
extern char bench_frame[BENCH_ROOM], bench_deflated[BENCH_ROOM];
extern size_t bench_deflated_bytes;

/* Base64 by four tables, for those who bring none; returns the bytes written. */
size_t bench_table_decode(char *out, const char *text, size_t len);
size_t bench_table_encode(char *out, const char *from, size_t bytes);

/* The ways of parley, and of what it stands on; ended by one without a name. */
extern const struct bench_way bench_audio[], bench_transcript[], bench_done[], bench_decode[], bench_encode[],
    bench_append[], bench_send[], bench_receive[], bench_utf8[], bench_inflate[];

/* False for what the program that only counts instructions is linked without: the objects of plain C. */
bool bench_is_here(bench_run *run);

/* Makes ready what the last four work with: a frame and its compressed form of `text`. */
void bench_wire_prepare(const char *text, size_t len);

#ifdef __cplusplus
}
#endif
#endif
