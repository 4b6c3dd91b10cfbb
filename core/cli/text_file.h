#ifndef PARLEY_CLI_TEXT_FILE_H
#define PARLEY_CLI_TEXT_FILE_H

#include "platform/view.h"

/*
 * Texts that the command line names a file for: prompts and scripts.
 */
enum {
    PARLEY_CLI_PROMPT_BYTES = 128 * 1024,
    PARLEY_CLI_SCRIPT_BYTES = 1024 * 1024,
    PARLEY_CLI_FILE_WHY = 400
};

/*
 * Reads a file of at most `most` bytes into memory from the heap, which is the caller's to free. Returns
 * PARLEY_OK, or PARLEY_ERR_MEMORY, PARLEY_ERR_TOO_LONG, PARLEY_ERR_FILE with "path: reason" in `why`.
 */
int parley_cli_text_file(const char *path, size_t most, char **memory, struct parley_view *text,
                         char why[PARLEY_CLI_FILE_WHY]);

/* The same for a text of the command line, of which "@FILE" stands for what is in the file. NULL gives the
   absent text. */
int parley_cli_text_or_file(const char *text, char **memory, struct parley_view *view,
                            char why[PARLEY_CLI_FILE_WHY]);

#endif
