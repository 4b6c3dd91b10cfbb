/*
 * The background agent: see agent.h. The conversation is reached through three calls of parley.h alone.
 */
#include "core/cli/agent.h"

#include "core/cli/text.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <stdio.h>

enum {
    POLL_US = 100 * 1000,      /* an end shows at the pipes at once; this is for what hides it */
    RETRY_US = 20 * 1000,      /* the model's queue was full */
    KILL_US = 2 * 1000 * 1000, /* from asking it to end to ending it */
    READS_A_ROUND = 16,
};

const char *parley_cli_agent_news_name(enum parley_cli_agent_news news)
{
    switch (news) {
    case PARLEY_CLI_AGENT_STARTED:
        return "started";
    case PARLEY_CLI_AGENT_SAID:
        return "said";
    case PARLEY_CLI_AGENT_FAILED:
        return "failed";
    case PARLEY_CLI_AGENT_LOST:
        return "lost";
    case PARLEY_CLI_AGENT_DROPPED:
        return "dropped";
    case PARLEY_CLI_AGENT_DONE:
        return "done";
    }
    return "?";
}

void parley_cli_agent_open(struct parley_cli_agent *a, const char *command, uint64_t timeout_us,
                           parley_cli_agent_hear *hear, void *user, struct parley_arena *arena)
{
    *a = (struct parley_cli_agent){.command = command, .timeout_us = timeout_us, .hear = hear, .user = user};
    a->input = parley_ring(arena, command != NULL ? PARLEY_CLI_AGENT_INPUT : 0);
}

bool parley_cli_agent_busy(const struct parley_cli_agent *a)
{
    return a->state != PARLEY_CLI_AGENT_IDLE;
}

/* ---- telling the model ----------------------------------------------------------------------- */

/* Makes `text` the next message; the one before must have been told. */
static void say(struct parley_cli_agent *a, struct parley_view text, bool failure)
{
    a->text_len = parley_cli_text_repair(a->text, sizeof a->text, text);
    a->text_is_failure = failure;
}

/* Ends the command and forgets what was kept for it. */
static void abandon(struct parley_cli_agent *a)
{
    parley_cli_program_stop(&a->program);
    parley_ring_clear(&a->input);
    a->input_left = a->raw_len = a->text_len = 0;
    a->refused = 0;
    a->state = PARLEY_CLI_AGENT_IDLE;
}

static int tell_model(struct parley_cli_agent *a, struct parley_conversation *c, struct parley_view text)
{
    int status;

    if (c == NULL && a->independent)
        return PARLEY_OK;
    status = parley_agent_progress(c, parley_id_view(&a->handoff), text);
    return status == PARLEY_ERR_STATE && a->independent ? PARLEY_OK : status;
}

/* Tells the waiting message. False while it cannot be told yet, or when nobody wants it any more. */
static bool told(struct parley_cli_agent *a, struct parley_conversation *c)
{
    struct parley_view text = parley_view_of(a->text, a->text_len);
    bool room = a->room == NULL || a->room(a->user);
    int status = !room ? PARLEY_ERR_FULL : a->text_len > 0 ? tell_model(a, c, text) : PARLEY_OK;

    if (status == PARLEY_ERR_FULL) {
        a->held_back = true;
        return false;
    }
    if (status == PARLEY_ERR_STATE) {
        a->hear(a->user, PARLEY_CLI_AGENT_DROPPED, parley_view("nobody waits for this work any more"));
        abandon(a);
        return false;
    }
    if (a->text_len > 0 && status == PARLEY_OK)
        a->hear(a->user, a->text_is_failure ? PARLEY_CLI_AGENT_FAILED : PARLEY_CLI_AGENT_SAID, text);
    else if (a->text_len > 0)
        a->hear(a->user, PARLEY_CLI_AGENT_LOST, parley_view(parley_status_text(status)));
    a->text_len = 0;
    return true;
}

/* ---- cutting the output ---------------------------------------------------------------------- */

static bool is_blank(struct parley_view line)
{
    return parley_view_trim(line).len == 0;
}

/* Where the first message ends: before the first empty line that follows something; 0 while there is none. */
static size_t message_end(struct parley_view output)
{
    bool something = false;

    for (size_t start = 0; start < output.len;) {
        struct parley_view rest = parley_view_skip(output, start);
        const char *newline = memchr(rest.at, '\n', rest.len);
        struct parley_view line;

        if (newline == NULL)
            return 0;
        line = parley_view_of(rest.at, (size_t)(newline - rest.at));
        if (is_blank(line) && something)
            return start;
        something = something || !is_blank(line);
        start += line.len + 1;
    }
    return 0;
}

/* The last place at or before which a message that is too long may be cut: a line, a word, a character. */
static size_t forced_end(struct parley_view output)
{
    static const char places[] = {'\n', ' '};

    for (size_t i = 0; i < sizeof places; i++)
        for (size_t at = output.len; at > output.len / 2; at--)
            if (output.at[at - 1] == places[i])
                return at;
    return parley_cli_text_whole(output);
}

/* Makes the next message out of what the command wrote. False when more is needed first. */
static bool cut_message(struct parley_cli_agent *a)
{
    struct parley_view output = parley_view_of(a->raw, a->raw_len);
    size_t end = message_end(output);

    if (end == 0 && a->raw_len == sizeof a->raw)
        end = forced_end(output);
    if (end == 0 && a->output_ended)
        end = a->raw_len;
    if (end == 0)
        return false;
    say(a, parley_view_trim(parley_view_of(a->raw, end)), false);
    a->raw_len -= end;
    memmove(a->raw, a->raw + end, a->raw_len);
    return true;
}

/* Reads what the command wrote. False when nothing came. */
static bool read_output(struct parley_cli_agent *a)
{
    size_t room = sizeof a->raw - a->raw_len;
    int got = a->output_ended ? 0 : parley_file_read(a->program.process.out, a->raw + a->raw_len, room);

    if (got > 0)
        a->raw_len += (size_t)got;
    /* What the command wrote is there before its exit can be seen, so "nothing now" is then the end, even
       if something it left behind still holds the pipe. */
    if (got < 0 || (got == 0 && a->program.process.exited)) {
        a->output_ended = true;
        parley_process_close(&a->program.process.out);
    }
    return got > 0;
}

/* Reads, cuts and tells. True once all of the output has been told. */
static bool tell_output(struct parley_cli_agent *a, struct parley_conversation *c)
{
    for (int round = 0; round < READS_A_ROUND; round++) {
        do
            if (!told(a, c))
                return false;
        while (cut_message(a));
        if (a->output_ended)
            return true;
        if (!read_output(a) && !a->output_ended)
            return false;
    }
    return false;
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool keep_request(struct parley_cli_agent *a, struct parley_view request)
{
    if (parley_ring_free(&a->input) < sizeof request.len + request.len)
        return false;
    parley_ring_put(&a->input, &request.len, sizeof request.len);
    parley_ring_put(&a->input, request.at, request.len);
    return true;
}

static bool request_waits(const struct parley_cli_agent *a)
{
    return a->input_left == 0 && parley_ring_used(&a->input) > 0;
}

/* Gives the command as much of its request as it takes, and then the end of input. One that does not want to
   read it is free not to. */
static void write_request(struct parley_cli_agent *a)
{
    while (a->input_left > 0) {
        char piece[4096];
        size_t most = a->input_left < sizeof piece ? a->input_left : sizeof piece;
        size_t count = parley_ring_peek(&a->input, 0, piece, most);
        int taken = parley_file_write(a->program.process.in, piece, count);

        if (taken == 0)
            return;
        count = taken > 0 ? (size_t)taken : a->input_left;
        parley_ring_take(&a->input, NULL, count);
        a->input_left -= count;
    }
    if (a->program.process.in >= 0)
        parley_process_close(&a->program.process.in);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void fail(struct parley_cli_agent *a, const char *how)
{
    char text[PARLEY_CLI_VERDICT + 80];

    snprintf(text, sizeof text, "The background agent failed: %s", how);
    say(a, parley_view(text), true);
}

static void start_run(struct parley_cli_agent *a, uint64_t now_us)
{
    parley_ring_take(&a->input, &a->input_left, sizeof a->input_left);
    a->output_ended = a->timed_out = a->killed = false;
    a->raw_len = 0;
    a->deadline_us = parley_clock_add(now_us, a->timeout_us);
    if (parley_cli_program_start(&a->program, a->command, PARLEY_PIPE_IN | PARLEY_PIPE_OUT) == PARLEY_OK) {
        a->state = PARLEY_CLI_AGENT_RUNNING;
        a->hear(a->user, PARLEY_CLI_AGENT_STARTED, parley_view(NULL));
        write_request(a);
        return;
    }
    parley_ring_take(&a->input, NULL, a->input_left);
    a->input_left = 0;
    a->state = PARLEY_CLI_AGENT_FINISHING;
    fail(a, "the command could not be started");
}

/* Time is up: ask it to end, then end it. */
static void watch_time(struct parley_cli_agent *a, uint64_t now_us)
{
    if (a->program.process.exited || now_us < a->deadline_us)
        return;
    parley_process_kill(&a->program.process, a->timed_out);
    a->killed = a->timed_out;
    a->timed_out = true;
    a->deadline_us = a->killed ? PARLEY_NEVER : parley_clock_add(now_us, KILL_US);
}

static void end_run(struct parley_cli_agent *a)
{
    char how[PARLEY_CLI_VERDICT];

    parley_ring_take(&a->input, NULL, a->input_left); /* what it did not want to read */
    a->input_left = 0;
    parley_cli_program_verdict(&a->program, how);
    if (a->timed_out) {
        snprintf(how, sizeof how, "it was stopped, as it took longer than %llu s",
                 (unsigned long long)(a->timeout_us / 1000000));
        fail(a, how);
    } else if (a->program.process.exit_code != 0) {
        fail(a, how);
    }
    parley_cli_program_stop(&a->program);
    a->state = PARLEY_CLI_AGENT_FINISHING;
}

static void work_run(struct parley_cli_agent *a, struct parley_conversation *c, uint64_t now_us)
{
    write_request(a);
    parley_cli_program_work(&a->program);
    watch_time(a, now_us);
    if (tell_output(a, c) && a->program.process.exited)
        end_run(a);
}

/* ---- the end of a handoff -------------------------------------------------------------------- */

static void tell_refused(struct parley_cli_agent *a)
{
    char text[120];

    snprintf(text, sizeof text,
             "%u further request%s could not be given to the background agent: too much was waiting already",
             a->refused, a->refused == 1 ? "" : "s");
    say(a, parley_view(text), true);
    a->refused = 0;
}

static void work_finish(struct parley_cli_agent *a, struct parley_conversation *c, uint64_t now_us)
{
    int status;

    if (!told(a, c))
        return;
    if (request_waits(a)) {
        start_run(a, now_us);
        return;
    }
    if (a->refused > 0) {
        tell_refused(a);
        if (!told(a, c))
            return;
    }
    status = c != NULL || !a->independent ? parley_agent_done(c, parley_id_view(&a->handoff)) : PARLEY_OK;
    a->held_back = status == PARLEY_ERR_FULL;
    if (a->held_back)
        return;
    a->state = PARLEY_CLI_AGENT_IDLE;
    a->hear(a->user, PARLEY_CLI_AGENT_DONE, parley_view(NULL));
}

/* ---- the outside ----------------------------------------------------------------------------- */

static void begin(struct parley_cli_agent *a, struct parley_view request, uint64_t now_us)
{
    a->state = PARLEY_CLI_AGENT_FINISHING;
    if (a->command == NULL)
        say(a, parley_view("There is no background agent here, so this cannot be done."), true);
    else if (keep_request(a, request))
        start_run(a, now_us);
    else
        fail(a, "the request is longer than it can be given");
}

void parley_cli_agent_ask(struct parley_cli_agent *a, struct parley_view request, uint64_t now_us)
{
    if (!parley_cli_agent_busy(a))
        begin(a, request, now_us);
    else if (a->command != NULL && !keep_request(a, request))
        a->refused++;
}

void parley_cli_agent_handoff(struct parley_cli_agent *a, const struct parley_event *event, uint64_t now_us)
{
    if (event->delegation.len == 0)
        return; /* nothing was asked; the conversation has answered it already */
    if (!event->steering && parley_cli_agent_busy(a) && !a->independent) {
        a->hear(a->user, PARLEY_CLI_AGENT_DROPPED, parley_view("other work takes the place of this one"));
        abandon(a);
    }
    /* Steering that finds no run here is for work that the conversation still counts as active. */
    if (!parley_cli_agent_busy(a))
        parley_id_set(&a->handoff, event->steering || a->independent ? parley_view(NULL) : event->handoff_id);
    parley_cli_agent_ask(a, event->delegation, now_us);
}

void parley_cli_agent_work(struct parley_cli_agent *a, struct parley_conversation *c, uint64_t now_us)
{
    a->held_back = false;
    if (a->state == PARLEY_CLI_AGENT_RUNNING)
        work_run(a, c, now_us);
    if (a->state == PARLEY_CLI_AGENT_FINISHING)
        work_finish(a, c, now_us);
}

size_t parley_cli_agent_interest(const struct parley_cli_agent *a, uint64_t now_us,
                                 struct parley_interest *want)
{
    const struct parley_process *process = &a->program.process;
    uint64_t look_us = now_us + (a->held_back ? RETRY_US : POLL_US);
    size_t count = 0;

    if (a->state == PARLEY_CLI_AGENT_IDLE)
        return 0;
    want[count++] = (struct parley_interest){
        .fd = -1,
        .deadline_us =
            look_us < a->deadline_us || a->state != PARLEY_CLI_AGENT_RUNNING ? look_us : a->deadline_us};
    if (a->state != PARLEY_CLI_AGENT_RUNNING)
        return count;
    if (process->in >= 0)
        want[count++] =
            (struct parley_interest){.fd = process->in, .write = true, .deadline_us = PARLEY_NEVER};
    if (process->out >= 0 && !a->held_back)
        want[count++] =
            (struct parley_interest){.fd = process->out, .read = true, .deadline_us = PARLEY_NEVER};
    return count + parley_cli_program_interest(&a->program, want + count);
}

void parley_cli_agent_close(struct parley_cli_agent *a)
{
    abandon(a);
}
