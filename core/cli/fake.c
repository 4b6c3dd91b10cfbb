/*
 * The command `fake`: see fake.h. Its command line, and the loop around its clients.
 */
#include "core/cli/fake.h"

#include "core/cli/fake_client.h"
#include "core/cli/key.h"
#include "core/cli/option_table.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/listen.h"
#include "platform/process.h"
#include "transport/loopback/include.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 200,            /* at a time; PARLEY_WAIT_MAX bounds them */
    TALK_BYTES = 1024 * 1024, /* with what it includes */
    HEAD_BYTES = 256,         /* of the lines put in front of it */
    BODY_BYTES = 65536,       /* of a request */
    MESSAGE_BYTES =
        24 * 1024 * 1024, /* what 15 MiB of sound are as an append, and some: the service judges */
    CLOSE_MS = 1000,
    DEAF_US = 100 * 1000, /* after the system has refused a descriptor */
    STOP_MS = 2000,       /* at the end of the program, for goodbyes */
    OWN_INTERESTS = 2
};

struct options {
    const char *listen, *script, *faults, *cert, *key, *key_env;
    uint32_t seed, speed, max_connections, head_ms, idle_ms, stall_ms;

    bool strict, lenient, json, quiet, once, help;
};

struct program {
    struct options options;
    struct parley_cli_fake_house house;
    struct parley_cli_key key;
    struct parley_address at;
    int listening, signals;
    struct parley_cli_fake_client *clients[CLIENTS];
    size_t count;
    uint32_t number;  /* of the latest client */
    uint64_t deaf_us; /* until then no client is taken: the last time the system refused one */
    bool finished;    /* --once, and it has been */
    char *talk;
};

#define FIELD(name) offsetof(struct options, name)
static const struct parley_cli_option table[] = {
    {"--listen", "[ADDRESS:]PORT", PARLEY_CLI_OPTION_TEXT, FIELD(listen), 0, 0,
     "where to listen (127.0.0.1:0); port 0: one that is free, which the first line tells"},
    {"--script", "FILE.talk", PARLEY_CLI_OPTION_TEXT, FIELD(script), 0, 0,
     "what the service says and hears, see test/talk/README.md; its settings go before --seed and --lenient"},
    {"--strict", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(strict), 0, 0,
     "every rule counts (as it is without a word)"},
    {"--lenient", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(lenient), 0, 0, "what is only a matter of form passes"},
    {"--seed", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(seed), 0, UINT32_MAX,
     "varies how long the service thinks, how its sound comes, and the faults (0: it does not vary)"},
    {"--speed", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(speed), 0, 1000,
     "the service's clock goes so many times as fast (1); 0: it waits for nothing that is less than 2 s "
     "away"},
    {"--faults", "SPEC", PARLEY_CLI_OPTION_TEXT, FIELD(faults), 0, 0, "what goes wrong, see below"},
    {"--cert", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(cert), 0, 0,
     "PEM certificate, with its chain: wss:// instead of ws://"},
    {"--key", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(key), 0, 0,
     "its key, if it does not stand in the same file"},
    {"--key-env", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(key_env), 0, 0,
     "the environment variable with the only API key that is taken; without it any is"},
    {"--max-connections", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(max_connections), 1, CLIENTS,
     "at a time (128); more have to wait"},
    {"--upgrade-ms", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(head_ms), 10, 600000,
     "for a client's request, TLS included (10000)"},
    {"--idle-ms", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(idle_ms), 10, 86400000,
     "without a byte of a client's, which is pinged halfway, until it is closed with 1001 (300000)"},
    {"--stall-ms", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(stall_ms), 10, 86400000,
     "in which a client reads nothing until it is dropped (30000)"},
    {"--once", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(once), 0, 0, "end when the first conversation has ended"},
    {"--json", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(json), 0, 0, "the log as one JSON object per line"},
    {"--quiet", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(quiet), 0, 0, "broken rules and the summary alone"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
};

static int complain(int status, const char *what)
{
    fprintf(stderr, "parley fake: %s\n", what);
    return status;
}

static void help(void)
{
    printf("usage: parley fake [OPTION...]\n\n"
           "The built-in service as a WebSocket server, to test clients in any language against: it answers\n"
           "at /v1/realtime?model=NAME as the real one does, keeps its rules, and tells on standard output\n"
           "which of them a client has broken (parley-loopback rules lists all). POST /v1/realtime/calls is\n"
           "answered as well, and the call can be joined by call_id; there is no sound of it.\n\n"
           "  parley fake --listen 8080 &                  then: ws://127.0.0.1:8080/v1/realtime?model=any\n"
           "  parley fake --once --json --seed 7           one conversation, for a script\n"
           "  parley fake --faults drop%%50,split:3         half of the connections break\n\n");
    parley_cli_option_table_help(table, sizeof table / sizeof table[0]);
    printf("\n%s"
           "\nThe first line of output is \"listening on ws://ADDRESS:PORT\" (with --json the member url), "
           "once\n"
           "clients can connect. SIGINT and SIGTERM end it.\n"
           "Exit status: 0 no rule was broken; 1 one was, or it cannot listen; 2 the command line cannot be "
           "used.\n",
           parley_cli_fake_faults_help);
}

/* ---- the command line -------------------------------------------------------------------------- */

/* "8080", "127.0.0.1:8080", "[::1]:8080" */
static bool read_address(const char *text, struct parley_address *address)
{
    const char *colon = strrchr(text, ':'), *digits = colon != NULL ? colon + 1 : text;
    struct parley_view host = parley_view_of(text, colon != NULL ? (size_t)(colon - text) : 0);
    unsigned long port = 0;

    if (digits[0] == '\0' || strlen(digits) > 5 || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    for (; *digits != '\0'; digits++)
        port = port * 10 + (unsigned long)(*digits - '0');
    if (colon == NULL)
        host = parley_view("127.0.0.1");
    if (host.len > 1 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        host = parley_view_of(host.at + 1, host.len - 2);
    if (port > 65535 || !parley_address_parse(host, address))
        return false;
    address->port = (uint16_t)port;
    return true;
}

static int read_options(struct program *p, int argc, char **argv)
{
    struct options *o = &p->options;
    char why[PARLEY_CLI_OPTIONS_WHY];
    int status;

    *o = (struct options){.listen = "0",
                          .speed = 1,
                          .max_connections = 128,
                          .head_ms = 10000,
                          .idle_ms = 300000,
                          .stall_ms = 30000};
    status = parley_cli_option_table_read(o, table, sizeof table / sizeof table[0], argc, argv, why);
    if (status == PARLEY_OK && !read_address(o->listen, &p->at))
        status = parley_cli_option_wrong(why, "--listen", "wants PORT, ADDRESS:PORT or [ADDRESS]:PORT");
    if (status == PARLEY_OK && o->strict && o->lenient)
        status = parley_cli_option_wrong(why, "--lenient", "and --strict are opposites");
    if (status == PARLEY_OK && o->key != NULL && o->cert == NULL)
        status = parley_cli_option_wrong(why, "--key", "goes with --cert");
    if (status == PARLEY_OK && o->faults != NULL)
        status = parley_cli_fake_faults_read(&p->house.faults, o->faults, why);
    return status == PARLEY_OK ? 0 : complain(2, why);
}

/* ---- the talk ---------------------------------------------------------------------------------- */

/* The settings of the command line stand in front of the talk's own. */
static size_t write_settings(const struct options *o, char *into, const char *name)
{
    char seed[32] = "";
    int used;

    if (o->seed > 0)
        snprintf(seed, sizeof seed, "service seed %u\n", o->seed);
    used = snprintf(into, HEAD_BYTES, "%s%sservice rules %s\n#@ 1 %.120s\n",
                    o->script == NULL ? "use service\n" : "", seed, o->lenient ? "lenient" : "strict", name);
    return used > 0 && used < HEAD_BYTES ? (size_t)used : 0;
}

static int load_talk(struct program *p)
{
    const struct options *o = &p->options;
    const char *name = o->script != NULL ? o->script : "talk";
    struct parley_talk talk = {.name = parley_view(name)};
    struct parley_talk_settings settings = {.service = true};
    char why[PARLEY_TALK_WHY], head[HEAD_BYTES];
    long bytes = 0;
    size_t before;

    p->talk = malloc(HEAD_BYTES + TALK_BYTES);
    if (p->talk == NULL)
        return complain(1, "no memory");
    if (o->script != NULL)
        bytes = parley_talk_load(o->script, p->talk + HEAD_BYTES, TALK_BYTES, why);
    if (bytes < 0)
        return complain(2, why);
    talk.text = parley_view_of(p->talk + HEAD_BYTES, (size_t)bytes);
    if (o->script != NULL && parley_talk_check(&talk, &settings, why) != PARLEY_OK)
        return complain(2, why);
    before = settings.service ? write_settings(o, head, name) : 0;
    memcpy(p->talk + HEAD_BYTES - before, head, before);
    p->house.talk = parley_view_of(p->talk + HEAD_BYTES - before, before + (size_t)bytes);
    p->house.talk_name = parley_view(name);
    talk = (struct parley_talk){.text = p->house.talk, .name = p->house.talk_name};
    return parley_talk_check(&talk, &settings, why) == PARLEY_OK ? 0 : complain(2, why);
}

/* ---- beginning --------------------------------------------------------------------------------- */

/* The words are those of a client's options; ours are called otherwise. */
static int complain_of_files(const char *why)
{
    static const char client_cert[] = "client_cert", client_key[] = "client_key";
    bool cert = strncmp(why, client_cert, sizeof client_cert - 1) == 0;
    bool key = strncmp(why, client_key, sizeof client_key - 1) == 0;

    if (!cert && !key)
        return complain(2, why);
    fprintf(stderr, "parley fake: --%s%s\n", cert ? "cert" : "key",
            why + (cert ? sizeof client_cert : sizeof client_key) - 1);
    return 2;
}

static int open_keys(struct program *p)
{
    const struct options *o = &p->options;
    char why[PARLEY_TRANSPORT_REASON], key_why[PARLEY_CLI_KEY_WHY];

    if (o->cert != NULL &&
        parley_serve_keys_open(&p->house.serve.keys, parley_view(o->cert), parley_view(o->key), why) < 0)
        return complain_of_files(why);
    if (o->key_env == NULL)
        return 0;
    if (parley_cli_key_read(&p->key, NULL, o->key_env, key_why) < 0)
        return complain(2, key_why);
    if (p->key.len == 0)
        return complain(2, "--key-env names a variable that is not set");
    p->house.door.key = parley_view_of(p->key.text, p->key.len);
    return 0;
}

static void fill_house(struct program *p)
{
    const struct options *o = &p->options;
    struct parley_cli_fake_house *house = &p->house;

    house->serve.message_bytes = MESSAGE_BYTES;
    house->serve.body_bytes = BODY_BYTES;
    house->serve.head_ms = o->head_ms;
    house->serve.idle_ms = o->idle_ms;
    house->serve.stall_ms = o->stall_ms;
    house->serve.close_ms = CLOSE_MS;
    house->seed = o->seed;
    house->speed = o->speed;
    house->log =
        (struct parley_cli_fake_log){.json = o->json, .quiet = o->quiet, .start_us = parley_clock_us()};
}

static void tell_address(const struct program *p)
{
    char text[PARLEY_ADDRESS_TEXT];
    const char *scheme = p->options.cert != NULL ? "wss" : "ws";

    parley_address_text(&p->at, text);
    if (p->options.json)
        printf("{\"event\":\"listening\",\"url\":\"%s://%s\"}\n", scheme, text);
    else
        printf("listening on %s://%s\n", scheme, text);
    fflush(stdout);
}

static int begin(struct program *p)
{
    char what[200];
    int status = load_talk(p);

    if (status == 0)
        status = open_keys(p);
    if (status != 0)
        return status;
    fill_house(p);
    p->signals = parley_process_catch_signals();
    p->listening = parley_listen(&p->at);
    if (p->signals < 0)
        return complain(1, "signals cannot be caught");
    if (p->listening < 0) {
        snprintf(what, sizeof what, "cannot listen at %.80s: %s", p->options.listen, parley_listen_reason());
        return complain(1, what);
    }
    tell_address(p);
    return 0;
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static void take_clients(struct program *p, uint64_t now_us)
{
    struct parley_address from;
    int fd, got = 0;

    while (p->count < p->options.max_connections &&
           (got = parley_listen_accept(p->listening, &fd, &from)) == 1) {
        struct parley_cli_fake_client *made = parley_cli_fake_client_open(&p->house, fd, ++p->number, now_us);

        if (made != NULL)
            p->clients[p->count++] = made;
        else
            parley_cli_fake_log(&p->house.log, p->number, "left", "no memory");
    }
    if (got < 0) /* no descriptor is free, say: the client still waits, and would wake us at once */
        p->deaf_us = now_us + DEAF_US;
}

static void work_clients(struct program *p, uint64_t now_us)
{
    size_t kept = 0;

    p->house.log.now_us = now_us;
    for (size_t i = 0; i < p->count; i++) {
        struct parley_cli_fake_client *c = p->clients[i];

        if (parley_cli_fake_client_work(c, now_us)) {
            p->clients[kept++] = c;
            continue;
        }
        p->finished = p->finished || (p->options.once && parley_cli_fake_client_upgraded(c));
        parley_cli_fake_client_drop(c);
    }
    p->count = kept;
    fflush(stdout);
}

/* Waits until there is something to do. `accepting`: also for clients. */
static void wait(struct program *p, bool accepting, uint64_t until_us)
{
    struct parley_interest want[CLIENTS + OWN_INTERESTS];
    size_t count = 0;

    want[count++] = (struct parley_interest){.fd = p->signals, .read = true, .deadline_us = PARLEY_NEVER};
    if (accepting && p->deaf_us > parley_clock_us())
        want[0].deadline_us = p->deaf_us;
    else if (accepting && p->count < p->options.max_connections)
        want[count++] =
            (struct parley_interest){.fd = p->listening, .read = true, .deadline_us = PARLEY_NEVER};
    for (size_t i = 0; i < p->count; i++)
        parley_cli_fake_client_interest(p->clients[i], &want[count++]);
    parley_wait(want, count, until_us);
}

static void run(struct program *p)
{
    while (!p->finished && parley_process_signals() == 0) {
        uint64_t now_us = parley_clock_us();

        take_clients(p, now_us);
        work_clients(p, now_us);
        if (!p->finished)
            wait(p, true, PARLEY_NEVER);
    }
}

/* Those that are there are told that it ends, and have a while to say goodbye. */
static void say_goodbye(struct program *p)
{
    uint64_t until_us = parley_clock_us() + (uint64_t)STOP_MS * 1000;

    for (size_t i = 0; i < p->count; i++)
        parley_cli_fake_client_stop(p->clients[i]);
    while (p->count > 0 && parley_clock_us() < until_us && parley_process_signals() < 2) {
        work_clients(p, parley_clock_us());
        if (p->count > 0)
            wait(p, false, until_us);
    }
}

static void end(struct program *p)
{
    for (size_t i = 0; i < p->count; i++)
        parley_cli_fake_client_drop(p->clients[i]);
    parley_socket_close(p->listening);
    parley_serve_keys_drop(p->house.serve.keys);
    parley_cli_key_wipe(&p->key);
    free(p->talk);
}

int parley_cli_fake(int argc, char **argv)
{
    static struct program p = {.listening = -1};
    int status = read_options(&p, argc, argv);

    if (status == 0 && p.options.help) {
        help();
        return 0;
    }
    if (status == 0)
        status = begin(&p);
    if (status == 0) {
        run(&p);
        say_goodbye(&p);
        p.house.log.now_us = parley_clock_us();
        parley_cli_fake_log_summary(&p.house.log);
        fflush(stdout);
        status = p.house.log.broken > 0;
    }
    end(&p);
    return status;
}
