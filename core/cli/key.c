/*
 * The one place of the programs that touches the key.
 */
#define _POSIX_C_SOURCE 200809L /* unsetenv: the platform has no port for it */
#include "core/cli/key.h"

#include "platform/arena.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/status.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void parley_cli_key_wipe(struct parley_cli_key *key)
{
    parley_wipe(key, sizeof *key);
}

/* Moves the variable's value into the key; nothing of it stays where a child or /proc would show it. */
static int from_environment(struct parley_cli_key *key, const char *variable, char *why)
{
    const char *value = parley_process_environment(variable);

    if (value == NULL)
        return PARLEY_OK;
    key->len = strlen(value);
    if (key->len > sizeof key->text) {
        snprintf(why, PARLEY_CLI_KEY_WHY, "%.80s: the key is longer than %d bytes", variable, PARLEY_CLI_KEY);
        return PARLEY_ERR_TOO_LONG;
    }
    memcpy(key->text, value, key->len);
    parley_wipe((void *)(uintptr_t)value, key->len);
    unsetenv(variable);
    return PARLEY_OK;
}

static int from_file(struct parley_cli_key *key, const char *file, char *why)
{
    int got = parley_file_load(file, key->text, sizeof key->text);

    if (got < 0) {
        snprintf(why, PARLEY_CLI_KEY_WHY, "%.120s: %.80s", file,
                 got == PARLEY_ERR_TOO_LONG ? "longer than a key can be" : parley_file_reason());
        return got;
    }
    key->len = (size_t)got;
    return PARLEY_OK;
}

/* The first line without the spaces around it. */
static void keep_first_line(struct parley_cli_key *key)
{
    const char *newline = memchr(key->text, '\n', key->len);
    struct parley_view line =
        parley_view_of(key->text, newline != NULL ? (size_t)(newline - key->text) : key->len);

    line = parley_view_trim(line);
    memmove(key->text, line.at, line.len);
    parley_wipe(key->text + line.len, sizeof key->text - line.len);
    key->len = line.len;
}

/* A key goes into an HTTP header: visible ASCII only. */
static int check(const struct parley_cli_key *key, const char *where, char *why)
{
    const char *wrong = key->len == 0 ? "holds no key" : NULL;

    for (size_t i = 0; i < key->len; i++)
        if (key->text[i] <= ' ' || key->text[i] > '~')
            wrong = "holds a key with a space or a character that no key has";
    if (wrong == NULL)
        return PARLEY_OK;
    snprintf(why, PARLEY_CLI_KEY_WHY, "%.120s %s", where, wrong);
    return PARLEY_ERR_ARGUMENT;
}

int parley_cli_key_read(struct parley_cli_key *key, const char *file, const char *variable,
                        char why[PARLEY_CLI_KEY_WHY])
{
    int status = file != NULL ? from_file(key, file, why) : from_environment(key, variable, why);
    const char *where = file != NULL ? file : variable;

    if (status != PARLEY_OK) {
        parley_cli_key_wipe(key);
        return status;
    }
    if (file == NULL && key->len == 0)
        return PARLEY_OK;
    keep_first_line(key);
    status = check(key, where, why);
    if (status != PARLEY_OK)
        parley_cli_key_wipe(key);
    return status;
}
