/*
 * `parley threads`: see threads.h.
 */
#include "core/cli/threads.h"

#include "core/cli/record.h"
#include "parser/utf8.h"
#include "platform/file.h"
#include "platform/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WHEN = 24, ASK_BYTES = 100 };

static int complain(int status, const char *what, const char *why)
{
    fprintf(stderr, "parley: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
    return status;
}

static void help(void)
{
    printf("parley threads                   list the recorded conversations, the newest first\n"
           "parley threads show ID           print what was said in one\n"
           "parley threads delete ID...      delete some for good\n"
           "parley threads delete --all      delete all\n\n"
           "They are files in $XDG_STATE_HOME/parley/threads (default ~/.local/state/parley/threads): the "
           "newest\n"
           "200 are kept, for 90 days. parley talk --thread ID goes on with one, --no-store leaves none "
           "behind.\n"
           "Exit status: 0 fine; 1 one cannot be read or deleted; 2 the command line cannot be used.\n");
}

/* In the time of this place. */
static void write_when(char out[WHEN], int64_t at_s)
{
    time_t at = (time_t)at_s;
    const struct tm *local = localtime(&at);

    if (local == NULL || strftime(out, WHEN, "%Y-%m-%d %H:%M:%S", local) == 0)
        snprintf(out, WHEN, "?");
}

/* At most `most` bytes of a text of somebody else, fit for a terminal. */
static void print_tame(struct parley_view text, size_t most)
{
    struct parley_view rest = parley_utf8_cut(text, most);
    bool cut = rest.len < text.len;
    char piece[512];

    while (rest.len > 0) {
        struct parley_view part = parley_utf8_cut(rest, sizeof piece);

        memcpy(piece, rest.at, part.len);
        parley_text_tame(piece, part.len);
        fwrite(piece, 1, part.len, stdout);
        rest = parley_view_skip(rest, part.len);
    }
    if (cut)
        fputs("...", stdout);
}

/* ---- list ------------------------------------------------------------------------------------ */

static void print_summary(const struct parley_thread_summary *t)
{
    char when[WHEN];

    write_when(when, t->updated_s);
    printf("%s  %s  %zu asked, %zu answered  ", t->id, when, t->asks, t->replies);
    print_tame(parley_view(t->cwd), sizeof t->cwd);
    if (t->branch[0] != '\0') {
        fputs(" (", stdout);
        print_tame(parley_view(t->branch), sizeof t->branch);
        fputs(")", stdout);
    }
    fputs("\n    ", stdout);
    print_tame(parley_view(t->ask), ASK_BYTES);
    fputs("\n", stdout);
}

static int list(struct parley_thread_store *s)
{
    struct parley_thread_summary *threads = calloc(PARLEY_THREAD_FILES, sizeof *threads);
    size_t count;

    if (threads == NULL)
        return complain(1, "no memory", "");
    count = parley_thread_store_list(s, threads, PARLEY_THREAD_FILES);
    for (size_t i = 0; i < count; i++)
        print_summary(&threads[i]);
    if (count == 0)
        complain(0, "no conversation is recorded in", s->folder);
    free(threads);
    return 0;
}

/* ---- show ------------------------------------------------------------------------------------ */

/* Further lines of a text stand below its first. */
static void print_text(const char *label, struct parley_view text)
{
    fputs(label, stdout);
    for (;;) {
        const char *feed = text.len > 0 ? memchr(text.at, '\n', text.len) : NULL;
        size_t len = feed != NULL ? (size_t)(feed - text.at) : text.len;

        print_tame(parley_view_of(text.at, len), len);
        fputs("\n", stdout);
        if (feed == NULL)
            break;
        fputs("                     ", stdout);
        text = parley_view_skip(text, len + 1);
    }
}

static void print_session(const struct parley_thread_line *line)
{
    fputs("in ", stdout);
    print_tame(line->cwd, line->cwd.len);
    if (line->branch.len > 0) {
        fputs(", on branch ", stdout);
        print_tame(line->branch, line->branch.len);
    }
    fputs("\n", stdout);
}

static void print_line(const struct parley_thread_line *line)
{
    char when[WHEN];

    write_when(when, line->at_s);
    printf("%s  ", when);
    switch (line->kind) {
    case PARLEY_THREAD_SESSION:
        print_session(line);
        break;
    case PARLEY_THREAD_USER:
        print_text("you: ", line->text);
        break;
    case PARLEY_THREAD_ASSISTANT:
        print_text("parley: ", line->text);
        break;
    case PARLEY_THREAD_HANDOFF:
        print_text("[agent] asked: ", line->text);
        break;
    }
}

static const char *why_not(int status)
{
    return status == PARLEY_ERR_ARGUMENT   ? "this is not the name of a thread"
           : status == PARLEY_ERR_TOO_LONG ? "the file is too long"
                                           : parley_file_reason();
}

static int show(struct parley_thread_store *s, const char *id)
{
    struct parley_thread_reader reader;
    struct parley_thread_line line;
    int status = parley_thread_store_read(s, parley_view(id), &reader);

    if (status != PARLEY_OK)
        return complain(1, id, why_not(status));
    while (parley_thread_reader_next(&reader, &line) == 1)
        print_line(&line);
    fflush(stdout);
    parley_thread_store_tell(s, parley_view(id), &reader);
    return 0;
}

/* ---- delete ---------------------------------------------------------------------------------- */

static int delete_some(struct parley_thread_store *s, int count, char **ids)
{
    int result = 0;

    for (int i = 0; i < count; i++) {
        int status = parley_thread_store_remove(s, parley_view(ids[i]));

        if (status != PARLEY_OK)
            result = complain(1, ids[i], why_not(status));
    }
    return result;
}

static int delete_all(struct parley_thread_store *s)
{
    printf("%zu deleted\n", parley_thread_store_prune(s, 0, INT64_C(1) << 40));
    return 0;
}

/* ---- the command line ------------------------------------------------------------------------ */

static int run(struct parley_thread_store *s, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";

    if (strcmp(verb, "list") == 0 && argc <= 2)
        return list(s);
    if (strcmp(verb, "show") == 0 && argc == 3)
        return show(s, argv[2]);
    if (strcmp(verb, "delete") == 0 && argc == 3 && strcmp(argv[2], "--all") == 0)
        return delete_all(s);
    if (strcmp(verb, "delete") == 0 && argc >= 3)
        return delete_some(s, argc - 2, argv + 2);
    return complain(2, verb, "threads takes nothing, show ID, delete ID... or delete --all");
}

int parley_cli_threads(int argc, char **argv)
{
    const struct parley_log log = {parley_cli_store_warn, NULL, PARLEY_LOG_WARN};
    struct parley_cli_store store;
    char why[PARLEY_CLI_RECORD_WHY];
    int status;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help();
        return 0;
    }
    if (parley_cli_store_open(&store, &log, why) != PARLEY_OK)
        return complain(1, why, "");
    status = run(&store.files, argc, argv);
    parley_cli_store_close(&store);
    return status;
}
