#ifndef PARLEY_CLI_BACKGROUND_H
#define PARLEY_CLI_BACKGROUND_H

#include "context/startup_context.h"
#include "core/cli/record.h"

/*
 * The startup context of the programs: what the model is told of the folder somebody works in, of earlier
 * conversations, and of the thread that goes on (reference 8).
 */
struct parley_cli_background_wish {
    const char *cwd;    /* NULL: the working folder, to which a relative one belongs */
    const char *home;   /* NULL: that of the user */
    const char *thread; /* the id of the one that goes on; NULL: none */
    bool no_store;      /* nothing is to be known of earlier conversations */
    bool quiet;         /* what is left out of the record is not told on standard error */
};

struct parley_cli_background {
    struct parley_view text;                                 /* absent: there is nothing to tell */
    struct parley_startup_use uses[PARLEY_STARTUP_SECTIONS]; /* what each section took */
    char *memory;
    char why[PARLEY_CLI_RECORD_WHY];
};

/*
 * Makes it, with memory from the heap. Reads the disk: not for the loop. Returns PARLEY_OK, also with nothing
 * to tell; PARLEY_ERR_FILE or PARLEY_ERR_ARGUMENT when there is no such thread or folder, PARLEY_ERR_MEMORY,
 * PARLEY_ERR_STATE in a program built without it, with one line in `why`. Free it in each case.
 */
int parley_cli_background_make(struct parley_cli_background *b,
                               const struct parley_cli_background_wish *wish);
void parley_cli_background_free(struct parley_cli_background *b);

#endif
