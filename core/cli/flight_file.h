#ifndef PARLEY_CLI_FLIGHT_FILE_H
#define PARLEY_CLI_FLIGHT_FILE_H

#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * The record of a flight recorder (core/recorder.h tells its lines), read line by line. Whatever stands in it
 * is answered by words that name file and line. Memory is from the heap and no more than what lines need.
 */
enum { PARLEY_CLI_FLIGHT_FILE_WHY = 600, PARLEY_CLI_FLIGHT_MEMBERS = 32 };

/* A line taken apart. Views point into the line. */
struct parley_cli_flight_line {
    struct parley_view text; /* all of it, without its break */
    struct {
        struct parley_view name, raw;
    } members[PARLEY_CLI_FLIGHT_MEMBERS];
    size_t count;
};

struct parley_cli_flight_file {
    const char *path;
    int fd;
    char *at;
    size_t size, start, end;
    bool input_ended;
    unsigned long number;               /* of the present line, from 1 */
    struct parley_cli_flight_line line; /* it; `text` absent when there is none */
    bool torn;                          /* the file ends within a line, or with what is none */
    char why[PARLEY_CLI_FLIGHT_FILE_WHY];
};

/* Opens it and takes its first line, which has to be that of a record this program can read. Returns
   PARLEY_OK, or a negative status with "file: ..." in `why`; close it in both cases. */
int parley_cli_flight_file_open(struct parley_cli_flight_file *f, const char *path);

/* Goes on to the next line. Returns 1, 0 at the end (`torn` tells how), PARLEY_ERR_FILE, _ERR_MEMORY,
   _ERR_JSON for a line that is none although others follow, with "file:line: ..." in `why`. */
int parley_cli_flight_file_next(struct parley_cli_flight_file *f);

/* The line `ahead` lines behind the present one. Returns false when there is none. The present line's views
   stay good. */
bool parley_cli_flight_file_peek(struct parley_cli_flight_file *f, size_t ahead,
                                 struct parley_cli_flight_line *line);

void parley_cli_flight_file_close(struct parley_cli_flight_file *f);

/* Puts "file:line: what" into `why`. Returns PARLEY_ERR_JSON. */
int parley_cli_flight_file_wrong(struct parley_cli_flight_file *f, const char *what);

/* ---- members ------------------------------------------------------------------------------------ */

/* Takes one object apart. Returns false for what is no object, or has more members than there may be. */
bool parley_cli_flight_take_apart(struct parley_cli_flight_line *line, struct parley_view text);

/* A member as it stands; absent when there is none. */
struct parley_view parley_cli_flight_raw(const struct parley_cli_flight_line *line, const char *name);

/* A member that is a number; false when there is none. */
bool parley_cli_flight_number(const struct parley_cli_flight_line *line, const char *name, int64_t *number);

/* The same, with 0 for none. */
int64_t parley_cli_flight_amount(const struct parley_cli_flight_line *line, const char *name);

/* True when a member is exactly this word. */
bool parley_cli_flight_is(const struct parley_cli_flight_line *line, const char *name, const char *word);

/*
 * A member that is a text, or NAME_hex, which is the same in hexadecimal; into memory from the heap, which is
 * the caller's to free. The absent text when there is none or no memory.
 */
struct parley_view parley_cli_flight_text(const struct parley_cli_flight_line *line, const char *name);

#endif
