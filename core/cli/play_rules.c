/*
 * The command `rules`: see play_rules.h. test/talk/RULES.md is what `rules --markdown` prints.
 */
#include "core/cli/play_rules.h"
#include "transport/loopback/rules.h"

#include <stdio.h>

static int help(void)
{
    printf(
        "usage: parley-loopback rules [--markdown]\n\n"
        "Prints the rules of the built-in service: id, what it answers, what the rule is, where it is from.\n"
        "In a talk, `expect broken ID` says that the client breaks one.\n\n"
        "  --markdown  as a page with a table\n");
    return 0;
}

/* Whose rule it is. */
static const char *kind(const struct parley_rule_row *row)
{
    return row->kind == 'c' ? "client" : row->kind == 'f' ? "form" : "service";
}

static void page(void)
{
    printf(
        "# The rules of the built-in service\n\n"
        "Written by `parley-loopback rules --markdown`, out of transport/loopback/rules.h. A rule of kind\n"
        "*client* is the client's to keep: who breaks it is answered with an error of that code, and the\n"
        "conversation goes on. *form* is the same, but a lenient service lets it pass. *service* is what "
        "the\n"
        "service does by itself. test/unit/transport_rules_test.c tests each of them, kept and broken.\n\n"
        "| id | kind | answer | rule | source |\n|---|---|---|---|---|\n");
    for (int i = 1; i < PARLEY_RULES_END; i++) {
        const struct parley_rule_row *row = parley_rule((enum parley_rule)i);

        printf("| %s | %s | `%s` | %s | %s |\n", row->id, kind(row), row->answer, row->title, row->source);
    }
    printf("\n%d rules.\n", PARLEY_RULES_END - 1);
}

static void table(void)
{
    for (int i = 1; i < PARLEY_RULES_END; i++) {
        const struct parley_rule_row *row = parley_rule((enum parley_rule)i);

        printf("%-22s %-8s %-42s %s (%s)\n", row->id, kind(row), row->answer, row->title, row->source);
    }
    printf("%d rules\n", PARLEY_RULES_END - 1);
}

int parley_cli_rules(int argc, char **argv)
{
    bool markdown = argc == 2 && strcmp(argv[1], "--markdown") == 0;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help();
    if (argc > 1 && !markdown) {
        fprintf(stderr, "parley-loopback rules: unknown option %.60s; see: parley-loopback rules --help\n",
                argv[1]);
        return 2;
    }
    if (markdown)
        page();
    else
        table();
    return 0;
}
