/*
 * The file of a flight recorder: see flight.h. Each piece is written at once, so that the record of a program
 * that crashes ends where it did.
 */
#include "core/cli/flight.h"

#include "platform/file.h"

#include <stdio.h>

int parley_cli_flight_open(struct parley_cli_flight *f, const char *path)
{
    *f = (struct parley_cli_flight){.fd = parley_file_open(path, PARLEY_FILE_PRIVATE)};
    if (f->fd >= 0)
        return PARLEY_OK;
    snprintf(f->why, sizeof f->why, "%.250s: %.100s", path, parley_file_reason());
    f->fd = -1;
    return PARLEY_ERR_FILE;
}

/* A disk that is full, or a pipe nobody reads: then that was all of it. */
static void take(void *flight, struct parley_view piece)
{
    struct parley_cli_flight *f = flight;

    while (f->fd >= 0 && piece.len > 0) {
        int took = parley_file_write(f->fd, piece.at, piece.len);

        if (took <= 0) {
            snprintf(f->why, sizeof f->why, "the record ends here: %.200s",
                     took == 0 ? "it is not taken at once" : parley_file_reason());
            f->failed = true;
            parley_file_close(f->fd);
            f->fd = -1;
            return;
        }
        piece = parley_view_skip(piece, (size_t)took);
    }
}

struct parley_recorder parley_cli_flight_recorder(struct parley_cli_flight *f, uint64_t bytes,
                                                  bool without_audio)
{
    return (struct parley_recorder){
        .state = f, .write = take, .bytes = bytes, .without_audio = without_audio};
}

bool parley_cli_flight_has_failed(struct parley_cli_flight *f)
{
    bool failed = f->failed;

    f->failed = false;
    return failed;
}

void parley_cli_flight_close(struct parley_cli_flight *f)
{
    if (f->fd >= 0)
        parley_file_close(f->fd);
    f->fd = -1;
}
