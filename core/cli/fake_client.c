/*
 * A client of `parley fake`. See fake_client.h.
 */
#include "core/cli/fake_client.h"

#include "platform/clock.h"
#include "transport/loopback/script.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SKIP_US = 2000000,             /* with speed 0: the longest wait that is left out */
    LONG_BYTES = 64 * 1024 * 1024, /* of a message that the talk says in pieces */
    ROUND_MESSAGES = 64,           /* said at once: others want their turn */
    ANSWER_BYTES = 512,
};

#define ANSWER_SDP "v=0\r\no=parley-fake 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

struct parley_cli_fake_client {
    struct parley_cli_fake_house *house;
    uint32_t number;
    struct parley_serve *serve;
    bool upgraded, closing;
    bool judged; /* its request, which the log knows of */
    uint64_t now_us, opened_us;
    uint64_t skipped_us; /* with speed 0: what the service's clock is ahead */

    void *memory;
    struct parley_script *script; /* NULL: not upgraded */
    struct parley_loopback_peer *peer;
    uint64_t due_us; /* when the service has something to say, by its clock */
    bool drained;    /* it had nothing more to say */
    char *long_at;   /* a message of several pieces */
    size_t long_bytes;

    struct parley_cli_fake_faults faults;
    bool struck[PARLEY_CLI_FAKE_FAULTS];
    uint64_t random, delay_us, held_us; /* the next message goes no sooner than held_us */
    bool holding;
    size_t frame_bytes;
    unsigned taken, said;
    size_t breaches; /* told to the log */
};

/* ---- the service's clock ----------------------------------------------------------------------- */

static uint64_t service_now(const struct parley_cli_fake_client *c)
{
    uint64_t passed_us = c->now_us - c->opened_us;

    if (c->house->speed == 0)
        return c->now_us + c->skipped_us;
    return c->opened_us + passed_us * c->house->speed;
}

/* A moment of its clock on ours. */
static uint64_t our_time(const struct parley_cli_fake_client *c, uint64_t service_us)
{
    uint64_t now_us = service_now(c);
    uint32_t speed = c->house->speed > 0 ? c->house->speed : 1;

    if (service_us == PARLEY_NEVER)
        return PARLEY_NEVER;
    return parley_clock_add(c->now_us, service_us > now_us ? (service_us - now_us + speed - 1) / speed : 0);
}

/* Without waiting: a moment that is near is now. True when it is. */
static bool skip_to(struct parley_cli_fake_client *c, uint64_t service_us)
{
    uint64_t now_us = service_now(c);

    if (c->house->speed > 0 || service_us <= now_us || service_us - now_us > SKIP_US)
        return false;
    c->skipped_us += service_us - now_us;
    return true;
}

/* ---- broken rules ------------------------------------------------------------------------------ */

static void tell_breaches(struct parley_cli_fake_client *c)
{
    const struct parley_loopback_peer *service = parley_script_service(c->script);
    const struct parley_service_breach *first;
    size_t count = service != NULL ? parley_service_breaches(service, &first) : 0;

    for (; c->breaches < count; c->breaches++)
        parley_cli_fake_log_broken(&c->house->log, c->number, (int)first[c->breaches].rule, c->now_us,
                                   first[c->breaches].excerpt);
}

/* Those that were more than the service remembers. */
static void tell_rest(struct parley_cli_fake_client *c)
{
    const struct parley_loopback_peer *service = parley_script_service(c->script);
    size_t count = service != NULL ? parley_service_breach_count(service) : 0;

    if (count > c->breaches)
        parley_cli_fake_log_more(&c->house->log, c->number, (unsigned)(count - c->breaches));
}

/* What the talk has waited for in vain. */
static void tell_failure(struct parley_cli_fake_client *c)
{
    struct parley_view failure = parley_script_failure(c->script);
    const struct parley_talk_line *line;
    char words[PARLEY_TALK_WHY];
    uint64_t due_us;

    if (failure.len == 0) {
        line = parley_script_line(c->script, &due_us);
        if (line == NULL || line->verb < PARLEY_TALK_EXPECT_SENT || line->verb > PARLEY_TALK_EXPECT_BROKEN)
            return;
        snprintf(words, sizeof words, "line %u was not met: %.*s", line->number,
                 (int)(line->source.len < 100 ? line->source.len : 100), line->source.at);
        failure = parley_view(words);
    }
    parley_cli_fake_log_broken(&c->house->log, c->number, PARLEY_CLI_FAKE_RULE_TALK, c->now_us, failure.at);
}

/* ---- faults ------------------------------------------------------------------------------------ */

static void strike_service(struct parley_cli_fake_client *c, const struct parley_cli_fake_fault *fault)
{
    struct parley_loopback_peer *service = parley_script_service(c->script);
    const struct parley_service_fault what = {.kind = fault->service, .amount = fault->amount};

    if (service != NULL)
        parley_service_strike(service, &what, service_now(c));
}

/* Lets one of them begin, or happen. */
static void strike(struct parley_cli_fake_client *c, const struct parley_cli_fake_fault *fault)
{
    struct parley_serve_screws *screws = parley_serve_screws(c->serve);

    switch (fault->kind) {
    case PARLEY_CLI_FAKE_SPLIT:
        screws->write_bytes = (size_t)fault->amount;
        break;
    case PARLEY_CLI_FAKE_FRAGMENT:
        c->frame_bytes = (size_t)fault->amount;
        break;
    case PARLEY_CLI_FAKE_DELAY:
        c->delay_us = fault->amount;
        break;
    case PARLEY_CLI_FAKE_SLOW_READ:
        screws->read_a_second = (uint32_t)fault->amount;
        break;
    case PARLEY_CLI_FAKE_SLOW_WRITE:
        screws->write_a_second = (uint32_t)fault->amount;
        break;
    case PARLEY_CLI_FAKE_HALF_OPEN:
        screws->frozen = true;
        break;
    case PARLEY_CLI_FAKE_GARBAGE:
        parley_serve_send(c->serve, parley_view("{\"type\":\"response.output_audio.del"), false, 0);
        break;
    case PARLEY_CLI_FAKE_UNKNOWN:
        parley_serve_send(c->serve,
                          parley_view("{\"type\":\"fake.unknown\",\"event_id\":\"event_fake\",\"x\":[1,{}]}"),
                          false, 0);
        break;
    case PARLEY_CLI_FAKE_BINARY:
        parley_serve_send(c->serve, parley_view_of("\0\1\2\3", 4), true, 0);
        break;
    case PARLEY_CLI_FAKE_BAD_FRAME:
        parley_serve_send_raw(c->serve, parley_view("\xf1\x02{}"));
        break;
    case PARLEY_CLI_FAKE_DROP:
        c->closing = true;
        break;
    case PARLEY_CLI_FAKE_SERVICE:
        strike_service(c, fault);
        break;
    case PARLEY_CLI_FAKE_REFUSE:
    case PARLEY_CLI_FAKE_NO_ANSWER:
    case PARLEY_CLI_FAKE_KINDS:
        break;
    }
}

static bool is_before_upgrade(const struct parley_cli_fake_fault *fault)
{
    return fault->kind == PARLEY_CLI_FAKE_REFUSE || fault->kind == PARLEY_CLI_FAKE_NO_ANSWER;
}

/* One that says something has to wait until that can be sent. */
static bool is_ready(const struct parley_cli_fake_client *c, const struct parley_cli_fake_fault *fault)
{
    return (fault->kind != PARLEY_CLI_FAKE_GARBAGE && fault->kind != PARLEY_CLI_FAKE_UNKNOWN &&
            fault->kind != PARLEY_CLI_FAKE_BINARY) ||
           parley_serve_room(c->serve);
}

/* Lets go wrong what is due. */
static void suffer(struct parley_cli_fake_client *c)
{
    for (size_t i = 0; i < c->faults.count && !c->closing; i++) {
        const struct parley_cli_fake_fault *fault = &c->faults.at[i];
        bool now = fault->at_message > 0 ? c->said + 1 >= fault->at_message
                                         : c->now_us >= parley_clock_add(c->opened_us, fault->at_us);

        if (c->struck[i] || !now || is_before_upgrade(fault) || !is_ready(c, fault))
            continue;
        c->struck[i] = true;
        parley_cli_fake_log(&c->house->log, c->number, "fault", "%s", parley_cli_fake_fault_name(fault));
        strike(c, fault);
    }
}

/* When the next one is due. */
static uint64_t next_fault_us(const struct parley_cli_fake_client *c)
{
    uint64_t next_us = PARLEY_NEVER;

    for (size_t i = 0; i < c->faults.count; i++) {
        uint64_t at_us = parley_clock_add(c->opened_us, c->faults.at[i].at_us);

        if (!c->struck[i] && !is_before_upgrade(&c->faults.at[i]) && at_us < next_us)
            next_us = at_us;
    }
    return next_us;
}

/* ---- the request ------------------------------------------------------------------------------- */

/* A service of its own: twice through the same code, which counts first. */
static bool open_service(struct parley_cli_fake_client *c)
{
    struct parley_arena arena = parley_arena(NULL, 0);
    char why[PARLEY_TALK_WHY];

    if (parley_script_open(&c->script, &arena, c->house->talk, c->house->talk_name, false, why) < 0)
        return false;
    c->memory = malloc(arena.used);
    if (c->memory == NULL)
        return false;
    arena = parley_arena(c->memory, arena.used);
    if (parley_script_open(&c->script, &arena, c->house->talk, c->house->talk_name, false, why) < 0)
        return false;
    c->peer = parley_script_peer(c->script);
    return true;
}

static void refuse(struct parley_cli_fake_client *c, const struct parley_cli_fake_entry *entry)
{
    char body[ANSWER_BYTES];
    size_t bytes = parley_cli_fake_door_refusal(entry, body, sizeof body);

    c->house->log.refused++;
    parley_cli_fake_log(&c->house->log, c->number, "refused", "%d %s", entry->status, entry->words);
    parley_serve_answer(c->serve, entry->status, entry->headers, "application/json",
                        parley_view_of(body, bytes));
}

static void create_call(struct parley_cli_fake_client *c)
{
    struct parley_loopback_answer answer = {.http_status = 201, .sdp = PARLEY_VIEW(ANSWER_SDP)};
    char headers[80];

    if (open_service(c) && c->peer->called != NULL)
        c->peer->called(c->peer->state, parley_view(""), &answer);
    c->house->log.refused++;
    if (answer.http_status != 201) { /* the script says so */
        parley_cli_fake_log(&c->house->log, c->number, "refused", "%d: no call", answer.http_status);
        parley_serve_answer(c->serve, answer.http_status, "", "application/json", answer.sdp);
        c->script = NULL;
        return;
    }
    snprintf(headers, sizeof headers, "Location: /v1/realtime/calls/rtc_fake_%u\r\n", ++c->house->door.calls);
    parley_cli_fake_log(&c->house->log, c->number, "call", "rtc_fake_%u", c->house->door.calls);
    parley_serve_answer(c->serve, 201, headers, "application/sdp", answer.sdp);
    c->script = NULL;
}

static void let_in(struct parley_cli_fake_client *c, const struct parley_request *request,
                   const struct parley_cli_fake_entry *entry)
{
    const struct parley_cli_fake_entry no_memory = {.status = 503, .words = "No memory.", .headers = ""};

    if (!open_service(c)) {
        refuse(c, &no_memory);
        return;
    }
    c->upgraded = parley_serve_upgrade(c->serve, request, parley_view(entry->realtime ? "realtime" : NULL));
    if (!c->upgraded)
        return;
    c->house->log.connections++;
    c->opened_us = c->now_us;
    parley_cli_fake_log(&c->house->log, c->number, "opened", "%s", entry->model);
    if (entry->names_model && parley_script_service(c->script) != NULL)
        parley_service_model(parley_script_service(c->script), parley_view(entry->model));
    c->peer->opened(c->peer->state, service_now(c));
}

/* The fault that meets it at the door; NULL: none. */
static const struct parley_cli_fake_fault *door_fault(const struct parley_cli_fake_client *c)
{
    for (size_t i = 0; i < c->faults.count; i++)
        if (is_before_upgrade(&c->faults.at[i]))
            return &c->faults.at[i];
    return NULL;
}

static void requested(void *user, const struct parley_request *request, struct parley_view body)
{
    struct parley_cli_fake_client *c = user;
    struct parley_cli_fake_entry entry = parley_cli_fake_door_judge(&c->house->door, request);
    const struct parley_cli_fake_fault *fault = door_fault(c);

    (void)body;
    c->judged = true;
    if (fault != NULL && fault->kind == PARLEY_CLI_FAKE_NO_ANSWER) {
        c->house->log.refused++;
        parley_cli_fake_log(&c->house->log, c->number, "fault", "%s", parley_cli_fake_fault_name(fault));
        parley_serve_screws(c->serve)->frozen = true;
        parley_serve_answer(c->serve, 503, "", "text/plain", parley_view(""));
        return;
    }
    if (fault != NULL)
        entry = (struct parley_cli_fake_entry){
            .status = (int)fault->amount, .words = "A fault of --faults.", .headers = ""};
    if (entry.status == 101)
        let_in(c, request, &entry);
    else if (entry.status == 201)
        create_call(c);
    else
        refuse(c, &entry);
}

static void received(void *user, struct parley_view message)
{
    struct parley_cli_fake_client *c = user;

    c->taken++;
    c->drained = false;
    c->peer->received(c->peer->state, message, service_now(c));
    tell_breaches(c);
}

/* ---- what the service says --------------------------------------------------------------------- */

/* Sends a message, or keeps a piece of it until the others are there. False when that cannot be. */
static bool pass_on(struct parley_cli_fake_client *c, const struct parley_fragment *said)
{
    struct parley_view whole = said->bytes;
    bool sent;

    if (!said->last || c->long_bytes > 0) {
        size_t bytes = c->long_bytes + whole.len;
        char *grown = bytes <= LONG_BYTES ? realloc(c->long_at, bytes) : NULL;

        if (grown == NULL)
            return false;
        memcpy(grown + c->long_bytes, whole.at, whole.len);
        c->long_at = grown;
        c->long_bytes = bytes;
        whole = parley_view_of(grown, bytes);
    }
    if (!said->last)
        return true;
    sent = parley_serve_send(c->serve, whole, said->binary, c->frame_bytes);
    c->long_bytes = 0;
    c->holding = false;
    c->said++;
    return sent;
}

/* The service ends the link. */
static void end_link(struct parley_cli_fake_client *c, int status)
{
    char words[100] = "";
    struct parley_view reason = {0};

    if (c->peer->reason != NULL)
        reason = c->peer->reason(c->peer->state);
    snprintf(words, sizeof words, "%.*s", (int)(reason.len < 90 ? reason.len : 90), reason.at);
    if (status == PARLEY_ERR_PEER_CLOSED)
        parley_serve_close(c->serve, c->peer->close_code != 0 ? c->peer->close_code : 1000, words);
    else
        c->closing = true; /* abruptly */
}

/* With a fault: whether the next message still has to wait. */
static bool is_held(struct parley_cli_fake_client *c)
{
    if (c->delay_us == 0)
        return false;
    if (!c->holding)
        c->held_us = c->now_us + parley_cli_fake_random(&c->random) % (c->delay_us + 1);
    c->holding = true;
    return c->now_us < c->held_us;
}

static void speak(struct parley_cli_fake_client *c)
{
    struct parley_fragment message;

    for (int i = 0; i < ROUND_MESSAGES && parley_serve_room(c->serve) && !c->closing && !is_held(c); i++) {
        int said = c->peer->say(c->peer->state, service_now(c), &message, &c->due_us);

        c->drained = said == 0;
        if (said < 0)
            end_link(c, said);
        else if (said > 0 && !pass_on(c, &message))
            c->closing = true;
        else if (said == 0 && !skip_to(c, c->due_us))
            break;
        suffer(c);
    }
}

/* ---- life -------------------------------------------------------------------------------------- */

struct parley_cli_fake_client *parley_cli_fake_client_open(struct parley_cli_fake_house *house, int fd,
                                                           uint32_t number, uint64_t now_us)
{
    struct parley_cli_fake_client *c = calloc(1, sizeof *c);
    struct parley_serve_options options = house->serve;

    if (c == NULL) {
        parley_socket_close(fd);
        return NULL;
    }
    c->house = house;
    c->number = number;
    c->now_us = now_us;
    c->due_us = 0;
    c->random = house->seed ^ (uint64_t)number << 32;
    c->faults = parley_cli_fake_faults_draw(&house->faults, house->seed, number);
    options.user = c;
    options.requested = requested;
    options.received = received;
    if (parley_serve_open(&c->serve, fd, &options, now_us) < 0) {
        free(c);
        return NULL;
    }
    return c;
}

/* What did not get as far as a request that could be judged. */
static void tell_door(struct parley_cli_fake_client *c, const struct parley_serve_end *how)
{
    struct parley_cli_fake_log *log = &c->house->log;

    if (c->judged)
        return;
    log->refused++;
    if (how->http_status != 0)
        parley_cli_fake_log(log, c->number, "refused", "%d: no request that can be read", how->http_status);
    else
        parley_cli_fake_log(log, c->number, "left", "%s",
                            how->why[0] != '\0' ? how->why : "without a request");
}

/* What the log tells of how it ended. */
static void tell_end(struct parley_cli_fake_client *c, int status)
{
    struct parley_serve_end how = parley_serve_ended(c->serve);
    struct parley_cli_fake_log *log = &c->house->log;

    if (!c->upgraded) {
        tell_door(c, &how);
        return;
    }
    c->peer->closed(c->peer->state, how.heard == 1006 ? 0 : how.heard, service_now(c));
    parley_script_settle(c->script, service_now(c));
    log->taken += c->taken;
    log->said += c->said;
    if (how.violated)
        parley_cli_fake_log_broken(log, c->number, PARLEY_CLI_FAKE_RULE_WEBSOCKET, c->now_us,
                                   how.said == 1002   ? "closed with 1002: a frame is malformed"
                                   : how.said == 1003 ? "closed with 1003: a binary message"
                                   : how.said == 1007 ? "closed with 1007: a text that is not UTF-8"
                                                      : "closed with 1009: a message that is too long");
    tell_failure(c);
    tell_rest(c);
    parley_cli_fake_log(log, c->number, "closed", "code %u, the client's %u%s%s; %u messages taken, %u said",
                        how.said, how.heard, status != PARLEY_ERR_CLOSED && how.why[0] != '\0' ? "; " : "",
                        status != PARLEY_ERR_CLOSED ? how.why : "", c->taken, c->said);
}

bool parley_cli_fake_client_work(struct parley_cli_fake_client *c, uint64_t now_us)
{
    int status;

    c->now_us = now_us;
    status = parley_serve_work(c->serve, now_us);
    if (status > 0) {
        suffer(c);
        speak(c);
        status = c->closing ? PARLEY_ERR_LOST : parley_serve_work(c->serve, now_us);
    }
    if (status < 0)
        tell_end(c, status);
    return status >= 0;
}

void parley_cli_fake_client_stop(struct parley_cli_fake_client *c)
{
    if (c->upgraded)
        parley_serve_close(c->serve, 1001, "the fake service ends");
    else
        c->closing = true;
}

void parley_cli_fake_client_interest(const struct parley_cli_fake_client *c, struct parley_interest *want)
{
    uint64_t due_us = PARLEY_NEVER;

    parley_serve_interest(c->serve, want);
    if (!c->upgraded)
        return;
    if (parley_serve_room(c->serve)) {
        due_us = c->drained ? our_time(c, c->due_us) : 0;
        if (c->holding && c->held_us > due_us)
            due_us = c->held_us;
        if (next_fault_us(c) < due_us)
            due_us = next_fault_us(c);
    }
    if (due_us < want->deadline_us)
        want->deadline_us = due_us;
}

bool parley_cli_fake_client_upgraded(const struct parley_cli_fake_client *c)
{
    return c->upgraded;
}

void parley_cli_fake_client_drop(struct parley_cli_fake_client *c)
{
    if (c == NULL)
        return;
    parley_serve_drop(c->serve);
    free(c->memory);
    free(c->long_at);
    free(c);
}
