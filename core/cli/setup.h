#ifndef PARLEY_CLI_SETUP_H
#define PARLEY_CLI_SETUP_H

#include "core/cli/background.h"
#include "core/cli/key.h"
#include "core/cli/options.h"
#include "core/cli/text_file.h"

/*
 * From the command line to the options of a conversation: the key, the prompt and the script are fetched
 * from where the command line says.
 */
enum { PARLEY_CLI_SETUP_WHY = PARLEY_CLI_FILE_WHY, PARLEY_CLI_SETUP_NAME = 128 };

struct parley_cli_setup {
    struct parley_options options; /* points into this struct and into argv */
    struct parley_cli_key key;
    char user_name[PARLEY_CLI_SETUP_NAME];
    struct parley_cli_background background;
    char *prompt, *sdp, *script, *startup_context; /* from the heap, NULL when there is none */
    char why[PARLEY_CLI_SETUP_WHY];
};

/* Returns PARLEY_OK, or a negative status with the reason in `why`. In both cases wipe it when done. */
int parley_cli_setup_make(struct parley_cli_setup *s, const struct parley_cli_options *o);

/* Wipes the key and frees the texts: right after parley_open, which has copied all of it. */
void parley_cli_setup_wipe(struct parley_cli_setup *s);

#endif
