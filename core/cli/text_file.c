/*
 * Files of the command line: see text_file.h.
 */
#include "core/cli/text_file.h"

#include "platform/file.h"
#include "platform/status.h"

#include <stdio.h>
#include <stdlib.h>

static int refuse(char *why, int status, const char *path, const char *reason)
{
    snprintf(why, PARLEY_CLI_FILE_WHY, "%.120s: %.240s", path, reason);
    return status;
}

int parley_cli_text_file(const char *path, size_t most, char **memory, struct parley_view *text,
                         char why[PARLEY_CLI_FILE_WHY])
{
    int got;

    *memory = malloc(most);
    if (*memory == NULL)
        return refuse(why, PARLEY_ERR_MEMORY, path, "no memory to read it");
    got = parley_file_load(path, *memory, most);
    if (got == PARLEY_ERR_TOO_LONG)
        return refuse(why, got, path, "the file is too long");
    if (got < 0)
        return refuse(why, got, path, parley_file_reason());
    *text = parley_view_of(*memory, (size_t)got);
    return PARLEY_OK;
}

int parley_cli_text_or_file(const char *text, char **memory, struct parley_view *view,
                            char why[PARLEY_CLI_FILE_WHY])
{
    if (text != NULL && text[0] == '@')
        return parley_cli_text_file(text + 1, PARLEY_CLI_PROMPT_BYTES, memory, view, why);
    *view = parley_view(text);
    return PARLEY_OK;
}
