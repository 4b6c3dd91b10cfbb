/*
 * How options are read: see option_table.h.
 */
#include "core/cli/option_table.h"

#include <stdio.h>

int parley_cli_option_wrong(char why[PARLEY_CLI_OPTIONS_WHY], const char *option, const char *what)
{
    snprintf(why, PARLEY_CLI_OPTIONS_WHY, "%.40s %s", option, what);
    return PARLEY_ERR_ARGUMENT;
}

/* ---- one option ------------------------------------------------------------------------------ */

/* Digits only, within the option's bounds. */
static int read_number(uint32_t *number, const struct parley_cli_option *option, const char *value, char *why)
{
    uint64_t sum = 0;
    char what[80];

    for (const char *at = value; *at >= '0' && *at <= '9' && sum <= option->largest; at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    if (value[0] == '\0' || value[strspn(value, "0123456789")] != '\0' || sum < option->smallest ||
        sum > option->largest) {
        snprintf(what, sizeof what, "wants a whole number from %u to %u", option->smallest, option->largest);
        return parley_cli_option_wrong(why, option->name, what);
    }
    *number = (uint32_t)sum;
    return PARLEY_OK;
}

static int read_choice(unsigned *choice, const struct parley_cli_option *option, const char *value, char *why)
{
    const char *words = option->value;
    char what[80];

    for (unsigned i = 0; *words != '\0'; i++) {
        size_t len = strcspn(words, "|");

        if (strlen(value) == len && memcmp(value, words, len) == 0) {
            *choice = option->smallest + i;
            return PARLEY_OK;
        }
        words += len + (words[len] == '|');
    }
    words = option->value;
    snprintf(what, sizeof what, "wants %.*s or %s", (int)strcspn(words, "|"), words, strchr(words, '|') + 1);
    return parley_cli_option_wrong(why, option->name, what);
}

/* A header "Name: value", or a parameter "name=value". */
static int read_pair(struct parley_cli_headers *headers, const struct parley_cli_option *option,
                     const char *value, char *why)
{
    bool is_header = option->kind == PARLEY_CLI_OPTION_HEADER;
    const char *middle = strchr(value, is_header ? ':' : '=');
    struct parley_header *header = &headers->at[headers->count];

    if (headers->count == PARLEY_CLI_HEADERS)
        return parley_cli_option_wrong(why, option->name, "may be given 16 times, not more");
    if (middle == NULL || middle == value)
        return parley_cli_option_wrong(why, option->name,
                                       is_header ? "wants 'Name: value'" : "wants 'name=value'");
    header->name = parley_view_of(value, (size_t)(middle - value));
    header->value = parley_view(middle + 1);
    if (is_header) {
        header->name = parley_view_trim(header->name);
        header->value = parley_view_trim(header->value);
    }
    headers->count++;
    return PARLEY_OK;
}

static int read_text(struct parley_cli_texts *texts, const struct parley_cli_option *option,
                     const char *value, char *why)
{
    if (texts->count == PARLEY_CLI_TEXTS)
        return parley_cli_option_wrong(why, option->name, "may be given 8 times, not more");
    texts->at[texts->count++] = value;
    return PARLEY_OK;
}

static int read_view(struct parley_cli_views *views, const struct parley_cli_option *option,
                     const char *value, char *why)
{
    if (views->count == PARLEY_CLI_TEXTS)
        return parley_cli_option_wrong(why, option->name, "may be given 8 times, not more");
    views->at[views->count++] = parley_view(value);
    return PARLEY_OK;
}

static int read_value(void *fields, const struct parley_cli_option *option, const char *value, char *why)
{
    void *field = (char *)fields + option->offset;

    switch (option->kind) {
    case PARLEY_CLI_OPTION_TEXT:
        memcpy(field, &value, sizeof value);
        return PARLEY_OK;
    case PARLEY_CLI_OPTION_TEXTS:
        return read_text(field, option, value, why);
    case PARLEY_CLI_OPTION_NUMBER:
        return read_number(field, option, value, why);
    case PARLEY_CLI_OPTION_CHOICE:
        return read_choice(field, option, value, why);
    case PARLEY_CLI_OPTION_HEADER:
    case PARLEY_CLI_OPTION_PARAMETER:
        return read_pair(field, option, value, why);
    case PARLEY_CLI_OPTION_VIEWS:
        return read_view(field, option, value, why);
    case PARLEY_CLI_OPTION_FLAG:
        break;
    }
    *(bool *)field = true;
    return PARLEY_OK;
}

/* ---- the command line ------------------------------------------------------------------------ */

/* The option whose name `argument` is, or is up to '='. */
static const struct parley_cli_option *find(const struct parley_cli_option *table, size_t count,
                                            const char *argument)
{
    size_t len = strcspn(argument, "=");

    if (strcmp(argument, "-h") == 0)
        argument = "--help", len = 6;
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i].name) == len && memcmp(table[i].name, argument, len) == 0)
            return &table[i];
    return NULL;
}

/* Reads the option at argv[*i], and its value from behind '=' or from the next argument. */
static int read_one(void *fields, const struct parley_cli_option *option, int argc, char **argv, int *i,
                    char *why)
{
    const char *value = strchr(argv[*i], '=');

    if (option->kind == PARLEY_CLI_OPTION_FLAG)
        return value == NULL ? read_value(fields, option, NULL, why)
                             : parley_cli_option_wrong(why, option->name, "takes no value");
    if (value != NULL)
        return read_value(fields, option, value + 1, why);
    if (*i + 1 >= argc) {
        char what[40];

        snprintf(what, sizeof what, "wants a value: %s", option->value);
        return parley_cli_option_wrong(why, option->name, what);
    }
    return read_value(fields, option, argv[++*i], why);
}

int parley_cli_option_table_read(void *fields, const struct parley_cli_option *table, size_t count, int argc,
                                 char **argv, char why[PARLEY_CLI_OPTIONS_WHY])
{
    for (int i = 1; i < argc; i++) {
        const struct parley_cli_option *option = find(table, count, argv[i]);
        char what[80];
        int status;

        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            snprintf(what, sizeof what, "is not an option; %.40s takes options only", argv[0]);
            return parley_cli_option_wrong(why, argv[i], what);
        }
        if (option == NULL) {
            snprintf(why, PARLEY_CLI_OPTIONS_WHY, "unknown option %.*s", (int)strcspn(argv[i], "="), argv[i]);
            return PARLEY_ERR_ARGUMENT;
        }
        status = read_one(fields, option, argc, argv, &i, why);
        if (status != PARLEY_OK)
            return status;
    }
    return PARLEY_OK;
}

void parley_cli_option_table_help(const struct parley_cli_option *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("  %s%s%s\n        %s\n", table[i].name, table[i].value != NULL ? " " : "",
               table[i].value != NULL ? table[i].value : "", table[i].help);
}
