#ifndef PARLEY_CLI_KEY_H
#define PARLEY_CLI_KEY_H

#include "platform/view.h"

/*
 * The key of the service: from a file or the environment, in memory only as long as it is needed, and not
 * in that of programs started from here.
 */
enum { PARLEY_CLI_KEY = 4096, PARLEY_CLI_KEY_WHY = 240 };

struct parley_cli_key {
    char text[PARLEY_CLI_KEY];
    size_t len;
};

/*
 * Reads the key from the first line of `file`, else from the environment variable `variable`, which is then
 * wiped and taken out of the environment, so that programs started later do not inherit it.
 * Returns PARLEY_OK (len 0: the variable is not set), or PARLEY_ERR_FILE, PARLEY_ERR_TOO_LONG,
 * PARLEY_ERR_ARGUMENT (empty, or with spaces or control characters) with the reason in `why`, which never
 * holds any of the key.
 */
int parley_cli_key_read(struct parley_cli_key *key, const char *file, const char *variable,
                        char why[PARLEY_CLI_KEY_WHY]);

void parley_cli_key_wipe(struct parley_cli_key *key);

#endif
