/*
 * The command `timeline`: see timeline.h.
 */
#include "core/cli/timeline.h"

#include "core/cli/option_table.h"
#include "core/cli/picture.h"
#include "platform/file.h"

#include <stddef.h>
#include <stdio.h>

enum {
    PICTURE_STRIP_S = 15,
    TEXT_STRIP_S = 20,
    STRIPS_MAX = 10000 /* nobody scrolls that far: a record that asks for more is damaged */
};

struct options {
    const char *out;
    uint32_t strip_s, columns;
    bool help;
};

#define FIELD(name) offsetof(struct options, name)

/* clang-format off */
static const struct parley_cli_option table[] = {
    {"--out", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(out), 0, 0, "a picture instead of text: its name ends in .svg or .html; also -o"},
    {"--strip", "SECONDS", PARLEY_CLI_OPTION_NUMBER, FIELD(strip_s), 1, 3600, "seconds beside each other (default 15, of text 20)"},
    {"--columns", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(columns), 40, 1000, "how wide text is (default 100)"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
};
/* clang-format on */

static int help(void)
{
    printf(
        "usage: parley timeline [OPTION...] FILE\n\n"
        "Shows a recorded conversation (--record) as lanes of time: the user's speech, replies as they came\n"
        "and as they were heard, the agent, responses and the link, with the times between them.\n\n");
    parley_cli_option_table_help(table, sizeof table / sizeof *table);
    return 0;
}

static int complain(int status, const char *what, const char *why)
{
    fprintf(stderr, "parley timeline: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
    return status;
}

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);

    return len >= tail && strcmp(name + len - tail, end) == 0;
}

static int write_file(const char *path, const struct parley_cli_sheet *sheet)
{
    struct parley_view rest = {sheet->at, sheet->used};
    int fd = parley_file_open(path, PARLEY_FILE_CREATE);

    if (fd < 0)
        return complain(2, path, parley_file_reason());
    while (rest.len > 0) {
        int took = parley_file_write(fd, rest.at, rest.len);

        if (took <= 0)
            break;
        rest = parley_view_skip(rest, (size_t)took);
    }
    parley_file_close(fd);
    return rest.len == 0 ? 0 : complain(1, path, "it cannot be written to its end");
}

static int draw(struct parley_cli_sheet *sheet, const struct parley_cli_story *story, const char *path,
                const struct options *o)
{
    unsigned usual_s = o->out == NULL ? TEXT_STRIP_S : PICTURE_STRIP_S;
    unsigned strip_s = o->strip_s != 0 ? o->strip_s : usual_s;
    uint64_t wide_us;

    if (parley_cli_story_strips(story, strip_s, &wide_us) > STRIPS_MAX)
        return complain(2, path, "it lasts too long to be shown in strips so short (--strip)");
    if (o->out == NULL)
        parley_cli_picture_text(sheet, story, strip_s, o->columns != 0 ? o->columns : 100);
    else
        parley_cli_picture_svg(sheet, story, strip_s, ends_in(o->out, ".html"));
    return sheet->failed ? complain(1, "no memory", "") : 0;
}

static int show(const char *path, const struct options *o)
{
    struct parley_cli_story story;
    struct parley_cli_sheet sheet = {.at = NULL};
    char why[PARLEY_CLI_FLIGHT_FILE_WHY];
    int status = parley_cli_story_read(&story, path, why) == PARLEY_OK ? 0 : complain(2, why, "");

    if (status == 0)
        status = draw(&sheet, &story, path, o);
    if (status == 0 && o->out != NULL)
        status = write_file(o->out, &sheet);
    else if (status == 0 && sheet.at != NULL && fwrite(sheet.at, 1, sheet.used, stdout) != sheet.used)
        status = 1;
    parley_cli_sheet_free(&sheet);
    parley_cli_story_free(&story);
    return status;
}

int parley_cli_timeline(int argc, char **argv)
{
    struct options options = {.out = NULL};
    const char *file = NULL;
    char why[PARLEY_CLI_OPTIONS_WHY], out[] = "--out";
    char *arguments[16];
    int count = 0;

    /* The file stands anywhere between the options. */
    for (int i = 0; i < argc && count < 16; i++) {
        bool has_value = i > 0 && argv[i - 1][0] == '-' && strcmp(argv[i - 1], "--help") != 0 &&
                         strchr(argv[i - 1], '=') == NULL;

        if (i > 0 && argv[i][0] != '-' && !has_value && file == NULL)
            file = argv[i];
        else
            arguments[count++] = strcmp(argv[i], "-o") == 0 ? out : argv[i];
    }
    if (parley_cli_option_table_read(&options, table, sizeof table / sizeof *table, count, arguments, why) !=
        PARLEY_OK)
        return complain(2, why, "");
    if (options.help)
        return help();
    if (file == NULL)
        return complain(2, "which record? See: parley timeline --help", "");
    if (options.out != NULL && !ends_in(options.out, ".svg") && !ends_in(options.out, ".html"))
        return complain(2, options.out, "a picture's name ends in .svg or .html");
    return show(file, &options);
}
