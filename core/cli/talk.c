/*
 * `parley talk`, and `parley call`, which is the same without sound. One loop serves the conversation, the
 * sound, the agent, the typed line and the screen; nothing in it blocks but the one wait, and after the start
 * nothing asks for memory.
 */
#include "core/cli/talk.h"

#include "core/cli/agent.h"
#include "core/cli/audio_in.h"
#include "core/cli/audio_out.h"
#include "core/cli/flight.h"
#include "core/cli/lull.h"
#include "core/cli/options.h"
#include "core/cli/record.h"
#include "core/cli/report.h"
#include "core/cli/setup.h"
#include "core/cli/terminal.h"
#include "core/cli/typed.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STDIN = 0,
    STDOUT = 1,
    STDERR = 2,
    ARENA_BYTES = 2560 * 1024, /* all buffers of the program; the conversation has its own block */
    FAULT_BYTES = 400,
    DRAIN_US = 2 * 1000 * 1000, /* at the end, for readers that are slow */
    INTERESTS = PARLEY_INTERESTS + PARLEY_CLI_REPORT_INTERESTS + PARLEY_CLI_AUDIO_IN_INTERESTS +
                PARLEY_CLI_AUDIO_OUT_INTERESTS + PARLEY_CLI_AGENT_INTERESTS + 3,
};

static const char default_mic[] = "arecord -q -t raw -f S16_LE -r 24000 -c 1";
static const char default_speaker[] = "aplay -q -t raw -f S16_LE -r 24000 -c 1";

struct talk {
    struct parley_cli_options options;
    struct parley_conversation *c;
    void *memory, *arena_memory;
    struct parley_arena arena;

    struct parley_cli_report report;
    struct parley_cli_audio_in in;
    struct parley_cli_audio_out out;
    struct parley_cli_typed typed;
    struct parley_cli_agent agent;
    struct parley_cli_lull lull;
    struct parley_cli_record record;
    struct parley_cli_flight flight;
    int signals; /* descriptor */

    struct parley_interest want[INTERESTS]; /* what the last wait was for, and what it found */
    size_t want_count;
    uint64_t now_us;
    bool started, stopping, closed;
    bool line_sent;          /* the typed line is out, the request for a reply is not */
    char fault[FAULT_BYTES]; /* why the exit status will be 1; empty: it will not */
};

/* ---- opening --------------------------------------------------------------------------------- */

static int complain(int status, const char *why)
{
    fprintf(stderr, "parley: %s\n", why);
    return status;
}

static bool at_terminal(void)
{
    return parley_file_is_terminal(STDIN) && parley_file_is_terminal(STDOUT);
}

/* The program to use: the one asked for, or the usual one where somebody sits at a terminal. */
static const char *choose_program(const struct parley_cli_options *o, const char *asked, const char *name,
                                  const char *usual)
{
    if (asked != NULL)
        return strcmp(asked, "none") == 0 ? NULL : asked;
    if (o->call || o->in != NULL || o->out != NULL || !at_terminal() || !parley_process_exists(name))
        return NULL;
    return usual;
}

/* The input first, so that a file that cannot be spoken is told before anything is asked of anybody. */
static int open_input(struct talk *t)
{
    const char *mic = choose_program(&t->options, t->options.mic, "arecord", default_mic);

    t->in = (struct parley_cli_audio_in){.fd = -1};
    if (t->options.in != NULL && parley_cli_audio_in_file(&t->in, t->options.in) != PARLEY_OK)
        return complain(2, t->in.why);
    if (mic != NULL)
        parley_cli_audio_in_program(&t->in, mic);
    return 0;
}

/* The output last: opening empties the file, which nothing else should be able to spoil. */
static int open_output(struct talk *t)
{
    const struct parley_cli_options *o = &t->options;
    const char *speaker = choose_program(o, o->speaker, "aplay", default_speaker);
    bool both;

    parley_cli_audio_out_nowhere(&t->out);
    if (o->out != NULL && parley_cli_audio_out_file(&t->out, o->out, &t->arena) != PARLEY_OK)
        return complain(2, t->out.why);
    if (speaker != NULL && o->modality == PARLEY_MODALITY_AUDIO)
        parley_cli_audio_out_program(&t->out, speaker);
    both = t->in.kind == PARLEY_CLI_IN_PROGRAM && t->out.has_program;
    t->in.gate.on = o->echo_gate == PARLEY_CLI_ON || (o->echo_gate == PARLEY_CLI_AUTO && both);
    return 0;
}

static int open_flight(struct talk *t, struct parley_options *options)
{
    const struct parley_cli_options *o = &t->options;

    if (o->record == NULL)
        return PARLEY_OK;
    if (parley_cli_flight_open(&t->flight, o->record) != PARLEY_OK)
        return PARLEY_ERR_FILE;
    options->recorder =
        parley_cli_flight_recorder(&t->flight, o->record_bytes, o->record_audio == PARLEY_CLI_OFF);
    return PARLEY_OK;
}

static int open_conversation(struct talk *t)
{
    struct parley_cli_setup setup;
    struct parley_error error = {0};
    size_t bytes;
    int status = parley_cli_setup_make(&setup, &t->options);

    if (status == PARLEY_OK) {
        status = open_flight(t, &setup.options);
        snprintf(setup.why, sizeof setup.why, "%.390s", t->flight.why);
    }
    if (status == PARLEY_OK) {
        if (t->options.verbose)
            setup.options.log = (struct parley_log){parley_cli_report_log, &t->report, PARLEY_LOG_DEBUG};
        bytes = parley_memory_needed(&setup.options);
        t->memory = bytes > 0 ? malloc(bytes) : NULL; /* without one parley_open says what is wrong */
        status = parley_open(&t->c, t->memory, bytes, &setup.options, t->now_us, &error);
        snprintf(setup.why, sizeof setup.why, "%s",
                 error.text[0] != '\0' ? error.text : parley_status_text(status));
    }
    if (status != PARLEY_OK)
        complain(2, setup.why);
    parley_cli_setup_wipe(&setup);
    return status == PARLEY_OK ? 0 : 2;
}

/* A thread that cannot go on is a mistake of the user; anything else is no reason not to talk. */
static int open_record(struct talk *t)
{
    char why[PARLEY_CLI_RECORD_WHY];

    if (t->options.no_store || parley_cli_record_open(&t->record, t->options.thread, why) == PARLEY_OK)
        return 0;
    if (t->options.thread != NULL)
        return complain(2, why);
    parley_cli_report_wrong(&t->report, why);
    return 0;
}

/* Standard input is typed lines unless it is sound, or belongs to whoever is in front of the terminal. */
static void open_typed(struct talk *t)
{
    bool is_sound = t->options.in != NULL && strcmp(t->options.in, "-") == 0;
    bool terminal = parley_file_is_terminal(STDIN);
    bool readable = !is_sound && (!terminal || parley_cli_terminal_in_front(STDIN));
    bool edits =
        readable && terminal && t->report.screen.live && !t->options.quiet && parley_cli_terminal_edit(STDIN);

    t->report.screen.prompts = edits;
    parley_cli_typed_open(&t->typed, readable ? STDIN : -1, edits);
}

/* Returns 0, or the exit status. */
static int open_all(struct talk *t)
{
    bool out_is_sound = t->options.out != NULL && strcmp(t->options.out, "-") == 0;
    const struct parley_cli_options *o = &t->options;
    int status;

    t->now_us = parley_clock_us();
    t->flight.fd = -1;
    t->arena_memory = malloc(ARENA_BYTES);
    if (t->arena_memory == NULL)
        return complain(1, "no memory");
    t->arena = parley_arena(t->arena_memory, ARENA_BYTES);
    t->signals = parley_process_catch_signals();
    if (t->signals < 0)
        return complain(1, "signals cannot be caught");
    parley_cli_way_warn(&o->way);
    parley_cli_report_open(&t->report, o, out_is_sound ? STDERR : STDOUT, &t->arena, t->now_us);
    parley_cli_agent_open(&t->agent, o->agent, o->agent_timeout_s * 1000000ull, parley_cli_report_agent,
                          &t->report, &t->arena);
    status = open_input(t);
    if (status == 0)
        status = open_conversation(t);
    if (status == 0)
        status = open_record(t);
    if (status == 0)
        status = open_output(t);
    if (status == 0 && t->arena.failed)
        status = complain(1, "no memory");
    if (status == 0)
        open_typed(t);
    return status;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void stop(struct talk *t)
{
    if (!t->stopping)
        parley_stop(t->c);
    t->stopping = true;
}

/* Something of ours broke: say so at the end, and end in good order. */
static void fault(struct talk *t, const char *why)
{
    if (t->fault[0] == '\0')
        snprintf(t->fault, sizeof t->fault, "%s", why);
    stop(t);
}

static void heed_signals(struct talk *t)
{
    int signals = parley_process_signals();
    char marks[8];

    while (parley_file_read(t->signals, marks, sizeof marks) > 0)
        ; /* the count is what matters; a mark left would end every wait */
    if (signals > 0)
        stop(t);
    if (signals > 1)
        t->closed = true;
}

/* True when nobody will say anything any more. A terminal may be left open beside a file, which ends; beside
   a microphone the end of typed lines ends nothing. */
static bool input_over(const struct talk *t)
{
    switch (t->in.kind) {
    case PARLEY_CLI_IN_FILE:
        return t->in.over;
    case PARLEY_CLI_IN_PROGRAM:
        return t->in.over && parley_cli_typed_over(&t->typed);
    case PARLEY_CLI_IN_NONE:
        break;
    }
    return parley_cli_typed_over(&t->typed);
}

static bool is_busy(const struct talk *t)
{
    struct parley_view line;

    return !input_over(t) || parley_cli_audio_out_playing(&t->out, t->c, t->now_us) ||
           parley_cli_agent_busy(&t->agent) ||
           parley_cli_typed_line(&t->typed, &line) != PARLEY_CLI_LINE_NONE;
}

static void watch_end(struct talk *t)
{
    if (!t->started || t->stopping)
        return;
    if (is_busy(t))
        parley_cli_lull_busy(&t->lull, t->now_us);
    else if (t->now_us >= parley_cli_lull_end_us(&t->lull))
        stop(t);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void on_started(struct talk *t)
{
    t->started = true;
    parley_cli_lull_start(&t->lull, t->options.linger_ms * 1000ull, t->now_us);
    parley_cli_audio_in_start(&t->in, t->now_us);
    parley_cli_audio_out_start(&t->out, t->now_us);
}

static void on_closed(struct talk *t, const struct parley_event *event)
{
    const struct parley_error *error = parley_error(t->c);

    if (event->closed != PARLEY_CLOSED_REQUESTED)
        fault(t, error->text[0] != '\0' ? error->text : parley_status_text(event->status));
}

/* Puts the answer of a call where it is wanted. True when that is not the report. */
static bool save_answer(struct talk *t, struct parley_view answer)
{
    const char *path = t->options.answer;
    int fd, put = 0;

    if (path == NULL)
        return false;
    fd = parley_file_open(path, PARLEY_FILE_CREATE);
    while (fd >= 0 && answer.len > 0 && (put = parley_file_write(fd, answer.at, answer.len)) > 0)
        answer = parley_view_skip(answer, (size_t)put);
    if (fd < 0 || answer.len > 0) {
        char why[FAULT_BYTES];

        snprintf(why, sizeof why, "%.120s: %.240s", path,
                 fd < 0 || put < 0 ? parley_file_reason() : "it does not take the answer");
        fault(t, why);
    }
    if (fd >= 0)
        parley_file_close(fd);
    return true;
}

static void report(struct talk *t, const struct parley_event *event)
{
    struct parley_event told = *event;

    if (event->kind == PARLEY_EVENT_SDP && save_answer(t, event->text))
        told.text = parley_view(NULL);
    parley_cli_report_event(&t->report, &told);
}

static void on_event(struct talk *t, const struct parley_event *event)
{
    report(t, event);
    parley_cli_record_event(&t->record, event, &t->report);
    parley_cli_lull_event(&t->lull, event, t->now_us);
    switch (event->kind) {
    case PARLEY_EVENT_STARTED:
        on_started(t);
        break;
    case PARLEY_EVENT_HANDOFF:
        parley_cli_agent_handoff(&t->agent, event, t->now_us);
        break;
    case PARLEY_EVENT_INTERRUPTED:
        parley_cli_audio_out_cut(&t->out, t->now_us);
        break;
    case PARLEY_EVENT_CLOSED:
        on_closed(t, event);
        break;
    default: /* for the report alone */
        break;
    }
}

/* While the report has no room events wait, which slows the service down; at the end nothing waits. */
static void take_events(struct talk *t)
{
    struct parley_event event;
    int got = 0;

    while ((t->stopping || parley_cli_report_room(&t->report)) && (got = parley_next_event(t->c, &event)) > 0)
        on_event(t, &event);
    if (got < 0)
        t->closed = true;
}

/* ---- what is typed --------------------------------------------------------------------------- */

/* Sends the typed line and asks for a reply. False: not now. */
static bool send_line(struct talk *t, struct parley_view line)
{
    int status = PARLEY_OK;

    if (!t->line_sent) {
        status = parley_send_text(t->c, line);
        if (status == PARLEY_ERR_FULL)
            return false;
        if (status == PARLEY_OK) {
            parley_cli_report_typed(&t->report, line);
            parley_cli_record_typed(&t->record, line, &t->report);
            parley_interrupt(t->c, PARLEY_REASON_TEXT);
        }
    }
    if (status == PARLEY_OK) {
        t->line_sent = true;
        status = parley_request_reply(t->c);
        if (status == PARLEY_ERR_FULL)
            return false;
        parley_cli_lull_expect(&t->lull, t->now_us);
    }
    if (status != PARLEY_OK)
        parley_cli_report_wrong(&t->report, status == PARLEY_ERR_TOO_LONG
                                                ? "the line is too long for one message: it was not sent"
                                                : parley_status_text(status));
    t->line_sent = false;
    return true;
}

/* Does what a typed line asks for. False: it has to wait. */
static bool heed_line(struct talk *t, enum parley_cli_line kind, struct parley_view line)
{
    switch (kind) {
    case PARLEY_CLI_LINE_NONE:
        return false;
    case PARLEY_CLI_LINE_TEXT:
        return send_line(t, line);
    case PARLEY_CLI_LINE_EMPTY:
        parley_interrupt(t->c, PARLEY_REASON_HOST);
        return true;
    case PARLEY_CLI_LINE_TOO_LONG:
        parley_cli_report_wrong(&t->report, "the line is longer than 8192 bytes: it was not sent");
        return true;
    case PARLEY_CLI_LINE_INVALID:
        parley_cli_report_wrong(&t->report, "the line is not UTF-8: it was not sent");
        return true;
    }
    return true;
}

static void work_typed(struct talk *t, bool ready)
{
    struct parley_view line;

    parley_cli_typed_work(&t->typed, ready);
    while (t->started && heed_line(t, parley_cli_typed_line(&t->typed, &line), line))
        parley_cli_typed_taken(&t->typed);
    parley_cli_report_typing(&t->report, parley_cli_typed_unfinished(&t->typed));
}

/* ---- sound ----------------------------------------------------------------------------------- */

/* A program that was not asked for may fail: then typing and reading are left. */
static void watch_sound(struct talk *t)
{
    char text[PARLEY_CLI_AUDIO_OUT_WHY + 40];

    if (t->in.failed && t->in.kind == PARLEY_CLI_IN_PROGRAM && t->options.mic == NULL) {
        snprintf(text, sizeof text, "no microphone: %s", t->in.why);
        parley_cli_report_wrong(&t->report, text);
        parley_cli_audio_in_close(&t->in);
    } else if (t->in.failed) {
        fault(t, t->in.why);
    }
    if (t->out.failed && t->out.has_program && t->options.speaker == NULL) {
        snprintf(text, sizeof text, "no loudspeaker: %s", t->out.why);
        parley_cli_report_wrong(&t->report, text);
        parley_cli_audio_out_close(&t->out);
        parley_cli_audio_out_nowhere(&t->out);
        parley_cli_audio_out_start(&t->out, t->now_us);
    } else if (t->out.failed) {
        fault(t, t->out.why);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool is_ready(const struct talk *t, int fd)
{
    for (size_t i = 0; i < t->want_count; i++)
        if (t->want[i].fd == fd && t->want[i].ready)
            return true;
    return false;
}

static void wait(struct talk *t)
{
    struct parley_interest *want = t->want;
    bool ends = t->started && !t->stopping && !is_busy(t);
    size_t count = parley_interest(t->c, want);

    want[count++] = (struct parley_interest){.fd = t->signals, .read = true, .deadline_us = PARLEY_NEVER};
    count += parley_cli_report_interest(&t->report, want + count);
    if (!t->stopping) {
        count += parley_cli_typed_interest(&t->typed, want + count);
        count += parley_cli_audio_in_interest(&t->in, t->now_us, want + count);
        count += parley_cli_audio_out_interest(&t->out, t->c, t->now_us, want + count);
        count += parley_cli_agent_interest(&t->agent, t->now_us, want + count);
    }
    t->want_count = count;
    if (parley_wait(want, count, ends ? parley_cli_lull_end_us(&t->lull) : PARLEY_NEVER) < 0)
        fault(t, "waiting failed");
    t->now_us = parley_clock_us();
}

static void work(struct talk *t)
{
    t->report.now_us = t->now_us;
    parley_service(t->c, t->now_us);
    take_events(t);
    if (!t->stopping && !t->closed) {
        work_typed(t, is_ready(t, t->typed.fd));
        parley_cli_audio_out_work(&t->out, t->c, is_ready(t, t->out.file.fd), t->now_us);
        parley_cli_audio_in_work(&t->in, t->c, parley_cli_audio_out_playing(&t->out, t->c, t->now_us),
                                 t->now_us);
        watch_sound(t);
    }
    if (!t->stopping && !t->closed)
        parley_cli_agent_work(&t->agent, t->c, t->now_us);
    watch_end(t);
    parley_cli_screen_playing(&t->report.screen, parley_cli_audio_out_playing(&t->out, t->c, t->now_us));
    parley_cli_report_work(&t->report, is_ready(t, t->report.out.fd), is_ready(t, STDERR), t->now_us);
    if (parley_cli_flight_has_failed(&t->flight))
        parley_cli_report_wrong(&t->report, t->flight.why);
    if (t->report.out.status != 0)
        fault(t, "standard output: nobody reads it any more");
}

/* The last lines go out, unless nobody takes them. */
static void drain(struct talk *t)
{
    uint64_t until_us = parley_clock_add(parley_clock_us(), parley_process_signals() > 1 ? 0 : DRAIN_US);
    struct parley_interest want[PARLEY_CLI_REPORT_INTERESTS + 1];
    size_t count;

    parley_cli_report_close(&t->report);
    do {
        struct parley_cli_output *outputs[] = {&t->report.out, &t->report.errors, &t->out.file};

        count = 0;
        for (size_t i = 0; i < 3; i++)
            count += outputs[i]->fd >= 0 ? parley_cli_output_interest(outputs[i], want + count) : 0;
        if (count == 0 || parley_wait(want, count, until_us) <= 0)
            break;
        for (size_t i = 0; i < 3; i++)
            for (size_t k = 0; k < count; k++)
                if (want[k].ready && want[k].fd == outputs[i]->fd)
                    parley_cli_output_flush(outputs[i], true);
    } while (parley_clock_us() < until_us);
}

static void close_all(struct talk *t)
{
    parley_cli_agent_close(&t->agent);
    parley_cli_audio_in_close(&t->in);
    drain(t);
    parley_cli_audio_out_close(&t->out);
    parley_cli_record_close(&t->record);
    parley_close(t->c);
    parley_cli_flight_close(&t->flight);
    parley_cli_terminal_restore();
    free(t->memory);
    free(t->arena_memory);
}

static int run(struct talk *t)
{
    int status = open_all(t);

    while (status == 0 && !t->closed) {
        wait(t);
        heed_signals(t);
        work(t);
    }
    if (t->arena_memory != NULL)
        close_all(t);
    if (status == 0 && t->fault[0] != '\0')
        status = complain(1, t->fault);
    return status;
}

int parley_cli_talk(int argc, char **argv)
{
    char why[PARLEY_CLI_OPTIONS_WHY];
    struct talk *t = calloc(1, sizeof *t);
    int status;

    if (t == NULL)
        return complain(1, "no memory");
    if (parley_cli_options_read(&t->options, argc, argv, parley_transport(), why) != PARLEY_OK)
        status = complain(2, why);
    else if (t->options.help)
        parley_cli_options_help(t->options.call), status = 0;
    else
        status = run(t);
    free(t);
    return status;
}
