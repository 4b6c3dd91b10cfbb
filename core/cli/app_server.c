/*
 * The loop of `app-server`: standard input to the server, its queue to standard output, and one wait for
 * everything. See server.h for what the server does.
 */
#include "core/cli/app_server.h"

#include "core/cli/app_options.h"
#include "core/cli/key.h"
#include "core/cli/line_reader.h"
#include "core/cli/server.h"
#include "core/cli/text_file.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/user.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    INPUT = 0,
    OUTPUT = 1,
    ERRORS = 2,
    LINE_BYTES = 1024 * 1024, /* 15 s of audio */
    ERRORS_BYTES = 32 * 1024,
    OWN_INTERESTS = 3,        /* standard input and error, signals */
    GOODBYE_US = 3000 * 1000, /* for the links, each of which has its own bound below that */
    DRAIN_US = 5000 * 1000,   /* for whoever reads what is left */
};

struct app {
    struct parley_cli_app_options options;
    struct parley_cli_server server;
    struct parley_cli_line_reader lines;
    struct parley_cli_output errors; /* log lines */
    struct parley_cli_key key;
    char no_key[200];
    char user_name[128], cwd[PARLEY_CLI_CWD];
    char *texts[2 + PARLEY_CLI_TEXTS]; /* prompt, startup context, scripts: from the heap */
    struct parley_view scripts[PARLEY_CLI_TEXTS], script_names[PARLEY_CLI_TEXTS];
    void *memory;
    int signals;
    struct parley_interest want[PARLEY_WAIT_MAX];
    size_t want_count;
    uint64_t now_us;
    bool input_full; /* lines wait for room in the queue */
    bool stopping;
    uint64_t stop_us; /* when it began to */
};

static int complain(int status, const char *why)
{
    fprintf(stderr, "parley: %s\n", why);
    return status;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* Without a key the server runs all the same: a start then says that there is none (reference 7.6). */
static int read_key(struct app *a, char *why)
{
    const struct parley_cli_app_options *o = &a->options;
    bool asked = o->key_env != NULL || o->key_file != NULL, wanted = strcmp(parley_transport(), "wss") == 0;
    char reason[PARLEY_CLI_KEY_WHY];
    int status;

    if (!asked && !wanted)
        return PARLEY_OK;
    status =
        parley_cli_key_read(&a->key, o->key_file, o->key_env != NULL ? o->key_env : "OPENAI_API_KEY", reason);
    if (status != PARLEY_OK)
        snprintf(why, PARLEY_CLI_FILE_WHY, "key: %s", reason);
    else if (a->key.len == 0 && o->key_env != NULL)
        snprintf(a->no_key, sizeof a->no_key, "the environment variable %.100s with the key is not set",
                 o->key_env);
    else if (a->key.len == 0)
        snprintf(a->no_key, sizeof a->no_key, "realtime conversation requires API key auth");
    return status;
}

static int read_scripts(struct app *a, char *why)
{
    const struct parley_cli_texts *files = &a->options.scripts;

    for (size_t i = 0; i < files->count; i++) {
        int status = parley_cli_text_file(files->at[i], PARLEY_CLI_SCRIPT_BYTES, &a->texts[2 + i],
                                          &a->scripts[i], why);

        if (status != PARLEY_OK)
            return status;
        a->script_names[i] = parley_view(files->at[i]);
    }
    return PARLEY_OK;
}

static void log_line(void *user, enum parley_log_level level, struct parley_view line)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    struct app *a = user;
    char text[320];
    int len = snprintf(text, sizeof text, "parley: %s: %.*s\n", names[level],
                       (int)(line.len < 260 ? line.len : 260), line.at);

    parley_cli_output_put(&a->errors, text, (size_t)len);
}

/* What every conversation starts from. */
static int make_options(struct app *a, struct parley_options *options, char *why)
{
    const struct parley_cli_app_options *o = &a->options;
    int status;

    if (o->user_name == NULL)
        parley_user_first_name(a->user_name, sizeof a->user_name);
    parley_cli_way_apply(&o->way, options);
    options->call_url = parley_view(o->call_url);
    options->model = parley_view(o->model);
    options->voice = parley_view(o->voice);
    options->user_first_name = parley_view(o->user_name != NULL ? o->user_name : a->user_name);
    options->compress = (enum parley_compress)o->compress;
    options->protocol = (enum parley_protocol)o->protocol;
    options->mode = (enum parley_mode)o->mode;
    options->close_on_error = true;
    options->limits.output_audio_ms = PARLEY_LIMIT_NONE; /* the client plays */
    if (o->verbose)
        options->log = (struct parley_log){log_line, a, PARLEY_LOG_DEBUG};
    status = read_key(a, why);
    options->api_key = parley_view_of(a->key.len > 0 ? a->key.text : NULL, a->key.len);
    if (status == PARLEY_OK)
        status = parley_cli_text_or_file(o->backend_prompt, &a->texts[0], &options->prompt_override, why);
    if (status == PARLEY_OK && (o->startup_context == NULL || strcmp(o->startup_context, "off") != 0))
        status = parley_cli_text_or_file(o->startup_context, &a->texts[1], &options->startup_context, why);
    return status == PARLEY_OK ? read_scripts(a, why) : status;
}

static int make_settings(struct app *a, struct parley_cli_server_settings *settings, char *why)
{
    int status = make_options(a, &settings->options, why);

    if (parley_file_working_folder(a->cwd, sizeof a->cwd) < 0)
        snprintf(a->cwd, sizeof a->cwd, ".");
    settings->cwd = a->cwd;
    settings->no_key = a->no_key[0] != '\0' ? a->no_key : NULL;
    settings->scripts = a->scripts;
    settings->script_names = a->script_names;
    settings->script_count = a->options.scripts.count;
    settings->agent = a->options.agent;
    settings->agent_timeout_us = a->options.agent_timeout_s * UINT64_C(1000000);
    settings->background = a->options.startup_context == NULL;
    settings->no_store = a->options.no_store;
    settings->no_realtime = a->options.no_realtime;
    settings->max_threads = a->options.max_threads;
    settings->record = a->options.record;
    settings->record_bytes = a->options.record_bytes;
    settings->record_silent = a->options.record_audio == PARLEY_CLI_OFF;
    if (settings->record != NULL && parley_file_make_folder(settings->record) != PARLEY_OK) {
        snprintf(why, PARLEY_CLI_FILE_WHY, "%.200s: %.100s", settings->record, parley_file_reason());
        return PARLEY_ERR_FILE;
    }
    return status;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static void carve(struct app *a, struct parley_arena *arena,
                  const struct parley_cli_server_settings *settings)
{
    parley_cli_line_reader_open(&a->lines, INPUT, arena, LINE_BYTES);
    parley_cli_output_open(&a->errors, ERRORS, false, arena, ERRORS_BYTES);
    parley_cli_server_open(&a->server, settings, OUTPUT, false, arena);
}

/* Returns 0, or the exit status. */
static int open_all(struct app *a)
{
    struct parley_cli_server_settings settings = {.agent = NULL};
    struct parley_arena arena = parley_arena(NULL, 0);
    char why[PARLEY_CLI_FILE_WHY] = "";

    if (make_settings(a, &settings, why) != PARLEY_OK)
        return complain(2, why);
    parley_cli_way_warn(&a->options.way);
    carve(a, &arena, &settings);
    a->memory = malloc(arena.used);
    if (a->memory == NULL)
        return complain(1, "no memory");
    arena = parley_arena(a->memory, arena.used);
    carve(a, &arena, &settings);
    a->signals = parley_process_catch_signals();
    return a->signals >= 0 ? 0 : complain(1, "signals cannot be caught");
}

static void close_all(struct app *a)
{
    if (a->memory != NULL)
        parley_cli_server_close(&a->server);
    parley_cli_key_wipe(&a->key);
    for (size_t i = 0; i < sizeof a->texts / sizeof *a->texts; i++)
        free(a->texts[i]);
    free(a->memory);
}

static void stop(struct app *a)
{
    if (a->stopping)
        return;
    a->stopping = true;
    a->stop_us = a->now_us;
    parley_cli_server_stop(&a->server);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool is_ready(const struct app *a, int fd)
{
    for (size_t i = 0; i < a->want_count; i++)
        if (a->want[i].fd == fd && a->want[i].ready)
            return true;
    return false;
}

/* True once no link is left, or those that are have had their time to say goodbye. */
static bool links_are_gone(const struct app *a)
{
    return parley_cli_server_idle(&a->server) || a->now_us >= parley_clock_add(a->stop_us, GOODBYE_US);
}

static void wait(struct app *a)
{
    struct parley_interest *want = a->want;
    size_t count = parley_cli_server_interest(&a->server, want, PARLEY_WAIT_MAX - OWN_INTERESTS, a->now_us);
    uint64_t until_us =
        a->stopping ? parley_clock_add(a->stop_us, links_are_gone(a) ? DRAIN_US : GOODBYE_US) : PARLEY_NEVER;

    want[count++] = (struct parley_interest){.fd = a->signals, .read = true, .deadline_us = PARLEY_NEVER};
    count += parley_cli_output_interest(&a->errors, want + count);
    if (!a->stopping && !a->input_full && parley_cli_line_reader_wants(&a->lines))
        want[count++] = (struct parley_interest){.fd = INPUT, .read = true, .deadline_us = PARLEY_NEVER};
    a->want_count = count;
    if (parley_wait(want, count, until_us) < 0)
        a->lines.ended = true; /* nothing can be waited for: then it is over */
    a->now_us = parley_clock_us();
}

static void heed_signals(struct app *a)
{
    char marks[8];

    while (parley_file_read(a->signals, marks, sizeof marks) > 0)
        ; /* the count is what matters; a mark left would end every wait */
    if (parley_process_signals() > 0)
        stop(a);
}

/* Takes lines while their answers have room; the end of input is the end of it all. */
static void read_lines(struct app *a)
{
    char *line;
    size_t len;

    if (is_ready(a, INPUT))
        parley_cli_line_reader_fill(&a->lines);
    while (!a->stopping && !(a->input_full = !parley_cli_server_room(&a->server))) {
        switch (parley_cli_line_reader_next(&a->lines, &line, &len)) {
        case PARLEY_CLI_LINE_READ_NONE:
            if (a->lines.ended)
                stop(a);
            return;
        case PARLEY_CLI_LINE_READ_WHOLE:
            parley_cli_server_line(&a->server, line, len, a->now_us);
            break;
        case PARLEY_CLI_LINE_READ_TOO_LONG:
            parley_cli_server_long_line(&a->server, line, len);
            break;
        }
    }
}

/* True once all is said and done, or its time is over, or somebody insists. */
static bool is_over(const struct app *a)
{
    bool told = !parley_cli_output_waiting(&a->server.out.queue) && !parley_cli_output_waiting(&a->errors);

    if (!a->stopping)
        return false;
    return (links_are_gone(a) && told) || a->now_us >= parley_clock_add(a->stop_us, DRAIN_US) ||
           parley_process_signals() > 1;
}

static int run(struct app *a)
{
    const struct parley_cli_output *out = &a->server.out.queue;

    a->now_us = parley_clock_us();
    while (!is_over(a)) {
        wait(a);
        heed_signals(a);
        read_lines(a);
        parley_cli_server_work(&a->server, a->want, a->want_count, a->now_us);
        parley_cli_output_flush(&a->errors, is_ready(a, ERRORS));
        if (out->status != 0)
            stop(a);
    }
    return out->status == 0 ? 0 : complain(1, "standard output: nobody reads it any more");
}

int parley_cli_app_server(int argc, char **argv)
{
    char why[PARLEY_CLI_OPTIONS_WHY];
    struct app *a = calloc(1, sizeof *a);
    int status;

    if (a == NULL)
        return complain(1, "no memory");
    if (parley_cli_app_options_read(&a->options, argc, argv, parley_transport(), why) != PARLEY_OK)
        status = complain(2, why);
    else if (a->options.help)
        parley_cli_app_options_help(), status = 0;
    else if ((status = open_all(a)) == 0)
        status = run(a);
    close_all(a);
    free(a);
    return status;
}
