#ifndef PARLEY_CLI_PLAY_WRITE_H
#define PARLEY_CLI_PLAY_WRITE_H

#include "core/cli/play_again.h"

/*
 * A recorded conversation as a talk (test/talk/README.md): what the service said, what the host did and when,
 * and what came of it as expectations. Sound of the service becomes sound of the same length; the
 * microphone's is left out, as a service that plays a script does not listen. A talk has one link: it ends
 * with the first.
 */
struct parley_play_write {
    int fd;
    bool failed, up, over;
    bool closing; /* by us: nobody hears the service any more */
    uint64_t up_us, now_us;
    char line[64 * 1024]; /* the call being written, until it is known what it gave; or any other line */
    size_t used;
    bool waits;
    bool reconnects;
};

/* Makes the file. Returns PARLEY_OK or PARLEY_ERR_FILE (see parley_file_reason). */
int parley_play_write_open(struct parley_play_write *w, const char *path, const char *record);

/* As in struct parley_play_watch. */
void parley_play_write_line(struct parley_play_write *w, const struct parley_cli_flight_line *line,
                            uint64_t now_us);

/* Returns false when something could not be written. */
bool parley_play_write_close(struct parley_play_write *w);

#endif
