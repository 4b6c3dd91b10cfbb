#ifndef PARLEY_CLI_OPTION_TABLE_H
#define PARLEY_CLI_OPTION_TABLE_H

#include "core/parley.h"

/*
 * Command lines by table: it says for each option how it is read, into which field of the command's own
 * struct, and what the help tells about it. Pure: opens nothing and looks at nothing but argv, into which the
 * texts point.
 */
enum { PARLEY_CLI_HEADERS = 16, PARLEY_CLI_TEXTS = 8, PARLEY_CLI_OPTIONS_WHY = 240 };

enum parley_cli_option_kind {
    PARLEY_CLI_OPTION_TEXT,   /* const char * */
    PARLEY_CLI_OPTION_TEXTS,  /* struct parley_cli_texts: may be given several times */
    PARLEY_CLI_OPTION_FLAG,   /* bool */
    PARLEY_CLI_OPTION_NUMBER, /* uint32_t from `smallest` to `largest` */
    PARLEY_CLI_OPTION_CHOICE, /* unsigned: which of the words in `value`, the first counting as `smallest` */
    PARLEY_CLI_OPTION_HEADER, /* struct parley_cli_headers: "Name: value", may be given several times */
    PARLEY_CLI_OPTION_PARAMETER, /* the same, as "name=value" */
    PARLEY_CLI_OPTION_VIEWS,     /* struct parley_cli_views: may be given several times */
};

/* What more than one command reads by such a table. */
enum parley_cli_switch { PARLEY_CLI_AUTO, PARLEY_CLI_ON, PARLEY_CLI_OFF };
enum { PARLEY_CLI_RECORD_BYTES_MIN = 65536 };

struct parley_cli_texts {
    const char *at[PARLEY_CLI_TEXTS];
    size_t count;
};

struct parley_cli_views {
    struct parley_view at[PARLEY_CLI_TEXTS];
    size_t count;
};

struct parley_cli_headers {
    struct parley_header at[PARLEY_CLI_HEADERS];
    size_t count;
};

struct parley_cli_option {
    const char *name;  /* "--url" */
    const char *value; /* "URL", or for a choice "audio|text"; NULL for a flag */
    enum parley_cli_option_kind kind;
    size_t offset; /* of the field */
    uint32_t smallest, largest;
    const char *help;
};

/*
 * Reads argv[1..] into *fields; argv[0] is the command's own name. "-h" is "--help". Returns PARLEY_OK, or
 * PARLEY_ERR_ARGUMENT with one line in `why` that names the option, but never shows the value of a header,
 * which may be secret.
 */
int parley_cli_option_table_read(void *fields, const struct parley_cli_option *table, size_t count, int argc,
                                 char **argv, char why[PARLEY_CLI_OPTIONS_WHY]);

/* "--option what", for what else is wrong with one. Returns PARLEY_ERR_ARGUMENT. */
int parley_cli_option_wrong(char why[PARLEY_CLI_OPTIONS_WHY], const char *option, const char *what);

/* The lines of the help that are about the options, to standard output. */
void parley_cli_option_table_help(const struct parley_cli_option *table, size_t count);

#endif
