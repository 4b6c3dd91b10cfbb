#ifndef PARLEY_CLI_FLIGHT_H
#define PARLEY_CLI_FLIGHT_H

#include "core/parley.h"

/*
 * The file of a flight recorder (struct parley_recorder): what `--record` of the programs asks for. Not the
 * record of conversations for the next ones, which is core/cli/record.h.
 */
enum { PARLEY_CLI_FLIGHT_WHY = 400 };

struct parley_cli_flight {
    int fd;      /* -1: nothing is recorded any more, or was */
    bool failed; /* it could not be written; told once, by whoever looks */
    char why[PARLEY_CLI_FLIGHT_WHY];
};

/* Makes the file, or empties it, for this user's eyes alone. Returns PARLEY_OK, or PARLEY_ERR_FILE with one
   line in `why`. */
int parley_cli_flight_open(struct parley_cli_flight *f, const char *path);

/* What the options of a conversation are to say. *f stays where it is until the conversation is closed. */
struct parley_recorder parley_cli_flight_recorder(struct parley_cli_flight *f, uint64_t bytes,
                                                  bool without_audio);

/* True once: it has failed since, as `why` says. */
bool parley_cli_flight_has_failed(struct parley_cli_flight *f);

/* Behind parley_close. Also of one that was never opened, if it is zeroed or has no file. */
void parley_cli_flight_close(struct parley_cli_flight *f);

#endif
