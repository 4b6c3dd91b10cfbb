/*
 * `parley limits`: what a conversation costs, as the library itself counts it; see limits.h.
 */
#include "core/cli/limits.h"

#include "core/cli/json_write.h"
#include "core/cli/option_table.h"

#include <stddef.h>
#include <stdio.h>

enum { ALL_PROFILES = 3, TEXT_BYTES = 8192 };

struct options {
    unsigned profile; /* ALL_PROFILES: all of them */
    bool json, help;
};

#define FIELD(name) offsetof(struct options, name)

/* clang-format off */
static const struct parley_cli_option table[] = {
    {"--profile", "board|tiny|server", PARLEY_CLI_OPTION_CHOICE, FIELD(profile), PARLEY_PROFILE_BOARD, 0, "only this one (default: all)"},
    {"--json", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(json), 0, 0, "as one object of JSON"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
};
/* clang-format on */

static const char *const names[ALL_PROFILES] = {
    [PARLEY_PROFILE_BOARD] = "board", [PARLEY_PROFILE_TINY] = "tiny", [PARLEY_PROFILE_SERVER] = "server"};
static const enum parley_profile order[ALL_PROFILES] = {PARLEY_PROFILE_TINY, PARLEY_PROFILE_BOARD,
                                                        PARLEY_PROFILE_SERVER};

/* ---- figures ----------------------------------------------------------------------------------- */

struct figures {
    struct parley_limits limits;
    struct parley_memory memory;
    size_t tls; /* of memory.link: what there would not be without TLS */
};

static struct figures figures_of(enum parley_profile profile)
{
    struct figures f = {.limits = parley_limits_for(profile)};
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_memory plain;

    options.limits = f.limits;
    parley_memory_split(&options, &f.memory, NULL);
    options.url = parley_view("http://api.openai.com/v1");
    parley_memory_split(&options, &plain, NULL);
    f.tls = f.memory.link - plain.link;
    return f;
}

struct part {
    const char *name, *what;
    size_t offset; /* in struct parley_memory */
};

#define PART(name, what)                                                                                     \
    {                                                                                                        \
#name, what, offsetof(struct parley_memory, name)                                                    \
    }
static const struct part parts[] = {
    PART(conversation, "state, texts of the options"),
    PART(workspace, "inbox, a message of sound, a handoff's text; before: session.update"),
    PART(outbox, "messages and microphone audio for the network"),
    PART(output_audio, "reply audio, and the account of it"),
    PART(transcript, "what was said since the last handoff"),
    PART(notices, "events that are no messages of the service"),
    PART(extras, "reconnect, calls, recorder (here: none)"),
    PART(link, "buffers and state of the link"),
};
enum { PARTS = sizeof parts / sizeof *parts };

static size_t part_bytes(const struct figures *f, size_t i)
{
    size_t bytes;

    memcpy(&bytes, (const char *)&f->memory + parts[i].offset, sizeof bytes);
    return bytes;
}

struct bound {
    const char *name, *unit, *full;
    bool wide; /* a size_t, else a uint32_t */
    size_t offset;
};

#define BOUND(name, unit, wide, full)                                                                        \
    {                                                                                                        \
#name, unit, full, wide, offsetof(struct parley_limits, name)                                        \
    }
static const struct bound bounds[] = {
    BOUND(inbox_bytes, "bytes", true, "a longer message is skipped, and reported (SKIPPED)"),
    BOUND(outbox_bytes, "bytes", true, "PARLEY_ERR_FULL to the host; a part is kept for our own messages"),
    BOUND(input_audio_ms, "ms", false, "the oldest is dropped, and reported (SHED)"),
    BOUND(output_audio_ms, "ms", false, "nothing more is read from the service until some is played"),
    BOUND(transcript_bytes, "bytes", true, "the oldest goes, and the next handoff says how much"),
    BOUND(reply_items, "replies", false, "the oldest that was cut is forgotten, or nothing more is read"),
    BOUND(link_recv_bytes, "bytes", true, "nothing more is read from the network"),
    BOUND(link_send_bytes, "bytes", true, "messages wait in the outbox"),
};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

/* The bound; UINT32_MAX where there is no such queue. */
static uint64_t bound_of(const struct figures *f, const struct bound *bound)
{
    const char *at = (const char *)&f->limits + bound->offset;
    uint32_t narrow;
    size_t wide;

    memcpy(&narrow, at, sizeof narrow);
    if (!bound->wide)
        return narrow;
    memcpy(&wide, at, sizeof wide);
    return wide;
}

/* In milliseconds, as struct parley_timeouts has them. */
static const struct {
    const char *name;
    unsigned ms;
} timeouts[] = {{"resolve_ms", 10000}, {"connect_ms", 15000}, {"proxy_ms", 15000}, {"tls_ms", 15000},
                {"upgrade_ms", 15000}, {"close_ms", 2000},    {"ping_ms", 20000},  {"pong_ms", 20000}};
enum { TIMEOUTS = sizeof timeouts / sizeof *timeouts };

/* Beside the block, in bytes, as measured: by ./build.sh bench tls, and held to by test/stack.sh. The heap is
   that of wss: for a link, and for each authority until the handshake is over. */
enum {
    HEAP_TLS = 37 * 1024,
    HEAP_WSLAY = 4400,
    HEAP_AUTHORITY = 3380,
    STACK_OPEN = 22 * 1024,
    STACK = 10 * 1024
};

static bool is_wss(void)
{
    return strcmp(parley_transport(), "wss") == 0;
}

/* ---- as text ----------------------------------------------------------------------------------- */

static void print_profile(enum parley_profile profile)
{
    struct figures f = figures_of(profile);

    printf("%s: a block of %lu bytes (%s)", names[profile], (unsigned long)f.memory.all, parley_transport());
    if (f.tls > 0)
        printf(", %lu of them for TLS", (unsigned long)f.tls);
    printf("\n\n");
    for (size_t i = 0; i < PARTS; i++)
        printf("  %-14s %9lu  %s\n", parts[i].name, (unsigned long)part_bytes(&f, i), parts[i].what);
    printf("\n");
    for (size_t i = 0; i < BOUNDS; i++) {
        uint64_t bound = bound_of(&f, &bounds[i]);

        if (bound == PARLEY_LIMIT_NONE)
            printf("  %-17s     none          the host takes it from the events\n", bounds[i].name);
        else
            printf("  %-17s %8lu %-7s  when full: %s\n", bounds[i].name, (unsigned long)bound, bounds[i].unit,
                   bounds[i].full);
    }
    printf("\n");
}

static void print_rest(void)
{
    printf("deadlines, in milliseconds:");
    for (size_t i = 0; i < TIMEOUTS; i++)
        printf(" %s %u", timeouts[i].name, timeouts[i].ms);
    printf("\ndescriptors: 1 for a link that is up; while it comes up at most %d\n", PARLEY_INTERESTS);
    if (is_wss())
        printf("heap, beside the block, in bytes: mbedTLS %d for each link (./build.sh bench tls), and until "
               "the\n"
               "handshake is over %d for each authority that is trusted; wslay %d\n",
               HEAP_TLS, HEAP_AUTHORITY, HEAP_WSLAY);
    printf("stack, beside mbedTLS, in bytes: at most %d in parley_open, %d in all else (test/stack.sh)\n",
           STACK_OPEN, STACK);
}

/* ---- as JSON ----------------------------------------------------------------------------------- */

static void write_profile(struct parley_render *r, enum parley_profile profile)
{
    struct figures f = figures_of(profile);

    parley_cli_json_open(r, names[profile], '{');
    parley_cli_json_number(r, "bytes", f.memory.all);
    parley_cli_json_number(r, "tls", f.tls);
    parley_cli_json_open(r, "parts", '{');
    for (size_t i = 0; i < PARTS; i++)
        parley_cli_json_number(r, parts[i].name, part_bytes(&f, i));
    parley_cli_json_close(r, '}');
    parley_cli_json_open(r, "limits", '{');
    for (size_t i = 0; i < BOUNDS; i++) {
        uint64_t bound = bound_of(&f, &bounds[i]);

        if (bound == PARLEY_LIMIT_NONE)
            parley_cli_json_null(r, bounds[i].name);
        else
            parley_cli_json_number(r, bounds[i].name, bound);
    }
    parley_cli_json_close(r, '}');
    parley_cli_json_close(r, '}');
}

static void print_json(const struct options *o)
{
    static char text[TEXT_BYTES];
    struct parley_render r = parley_render(text, sizeof text);

    parley_cli_json_open(&r, NULL, '{');
    parley_cli_json_word(&r, "transport", parley_transport());
    parley_cli_json_open(&r, "profiles", '{');
    for (size_t i = 0; i < ALL_PROFILES; i++)
        if (o->profile == ALL_PROFILES || o->profile == (unsigned)order[i])
            write_profile(&r, order[i]);
    parley_cli_json_close(&r, '}');
    parley_cli_json_open(&r, "timeouts", '{');
    for (size_t i = 0; i < TIMEOUTS; i++)
        parley_cli_json_number(&r, timeouts[i].name, timeouts[i].ms);
    parley_cli_json_close(&r, '}');
    parley_cli_json_number(&r, "descriptors", PARLEY_INTERESTS);
    if (is_wss()) {
        parley_cli_json_open(&r, "heap", '{');
        parley_cli_json_number(&r, "mbedtls", HEAP_TLS);
        parley_cli_json_number(&r, "authority", HEAP_AUTHORITY);
        parley_cli_json_number(&r, "wslay", HEAP_WSLAY);
        parley_cli_json_close(&r, '}');
    }
    parley_cli_json_open(&r, "stack", '{');
    parley_cli_json_number(&r, "open", STACK_OPEN);
    parley_cli_json_number(&r, "other", STACK);
    parley_cli_json_close(&r, '}');
    parley_cli_json_close(&r, '}');
    printf("%.*s\n", (int)r.used, r.at);
}

int parley_cli_limits(int argc, char **argv)
{
    struct options o = {.profile = ALL_PROFILES};
    char why[PARLEY_CLI_OPTIONS_WHY];

    if (parley_cli_option_table_read(&o, table, sizeof table / sizeof *table, argc, argv, why) < 0) {
        fprintf(stderr, "parley: %s\n", why);
        return 2;
    }
    if (o.help) {
        printf(
            "parley limits [OPTION...]: print the block of memory a conversation needs, by what it is for,\n"
            "and the bound of everything that can fill up, for each kind of host.\n\n");
        parley_cli_option_table_help(table, sizeof table / sizeof *table);
        return 0;
    }
    if (o.json) {
        print_json(&o);
        return 0;
    }
    for (size_t i = 0; i < ALL_PROFILES; i++)
        if (o.profile == ALL_PROFILES || o.profile == (unsigned)order[i])
            print_profile(order[i]);
    print_rest();
    return 0;
}
