/*
 * `parley context`: see context.h.
 */
#include "core/cli/context.h"

#include "core/cli/background.h"
#include "core/cli/option_table.h"

#include <stddef.h>
#include <stdio.h>

struct options {
    const char *cwd, *home, *thread;
    bool budget, no_store, help;
};

#define FIELD(name) offsetof(struct options, name)

/* clang-format off */
static const struct parley_cli_option table[] = {
    {"--cwd", "DIR", PARLEY_CLI_OPTION_TEXT, FIELD(cwd), 0, 0, "the folder to be told about (default: this one)"},
    {"--home", "DIR", PARLEY_CLI_OPTION_TEXT, FIELD(home), 0, 0, "the user's folder in it (default: yours)"},
    {"--thread", "ID", PARLEY_CLI_OPTION_TEXT, FIELD(thread), 0, 0, "the thread that would go on: see parley threads"},
    {"--budget", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(budget), 0, 0, "say on standard error how many tokens each section takes, and may take"},
    {"--no-store", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(no_store), 0, 0, "leave out what was recorded of earlier conversations"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
};
/* clang-format on */

#define COUNT (sizeof table / sizeof table[0])

static int complain(int status, const char *why)
{
    fprintf(stderr, "parley: %s\n", why);
    return status;
}

static void help(void)
{
    printf("parley context [OPTION...]: print what the model would be told at the start of a conversation,\n"
           "exactly as talk would send it from here.\n\n");
    parley_cli_option_table_help(table, COUNT);
    printf("\nExit status: 0 fine; 2 the command line cannot be used, or a folder or thread it names.\n");
}

/* Tokens are estimated everywhere as a quarter of the bytes. */
static void tell_budget(const struct parley_cli_background *b)
{
    fprintf(stderr, "%-26s %6s %6s\n", "section", "tokens", "of");
    for (size_t i = 0; i < PARLEY_STARTUP_SECTIONS; i++)
        fprintf(stderr, "%-26s %6zu %6zu\n", b->uses[i].title, b->uses[i].tokens, b->uses[i].budget);
    fprintf(stderr, "%-26s %6zu, in %zu bytes\n", "the whole", parley_tokens(b->text.len), b->text.len);
}

static int print(const struct options *o)
{
    const struct parley_cli_background_wish wish = {
        .cwd = o->cwd, .home = o->home, .thread = o->thread, .no_store = o->no_store};
    struct parley_cli_background b;
    int status = parley_cli_background_make(&b, &wish);

    if (status == PARLEY_OK && b.text.at == NULL)
        complain(0, "there is nothing to tell: no folder with anything in it, no repository, no earlier "
                    "conversation");
    if (status == PARLEY_OK && b.text.at != NULL)
        printf("%.*s\n", (int)b.text.len, b.text.at);
    fflush(stdout);
    if (status == PARLEY_OK && o->budget)
        tell_budget(&b);
    if (status != PARLEY_OK)
        complain(2, b.why);
    parley_cli_background_free(&b);
    return status == PARLEY_OK ? 0 : 2;
}

int parley_cli_context(int argc, char **argv)
{
    struct options o = {.help = false};
    char why[PARLEY_CLI_OPTIONS_WHY];

    if (parley_cli_option_table_read(&o, table, COUNT, argc, argv, why) != PARLEY_OK)
        return complain(2, why);
    if (o.no_store && o.thread != NULL)
        return complain(2, "--no-store leaves out what --thread asks for: give one");
    if (o.help) {
        help();
        return 0;
    }
    return print(&o);
}
