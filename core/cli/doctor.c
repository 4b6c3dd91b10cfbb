/*
 * `parley doctor`: see doctor.h. Name and addresses are tried by hand, each of them; the rest of the way is
 * gone by a conversation as talk would hold it, whose link tells what it found.
 */
#include "core/cli/doctor.h"

#include "core/cli/advice.h"
#include "core/cli/json_write.h"
#include "core/cli/probe.h"
#include "core/cli/setup.h"
#include "core/conversation.h"

#include <stdio.h>
#include <stdlib.h>

enum stage { SETUP = 1, RESOLVE, CONNECT, PROXY, TLS, UPGRADE, SESSION, STAGES };
static const char *const stage_names[STAGES] = {"",      "setup", "resolve", "connect",
                                                "proxy", "tls",   "upgrade", "session"};

enum {
    TEXT_BYTES = 640,
    LINE_BYTES = 8192,
    RESOLVE_MS = 10000,
    CONNECT_MS = 5000,
    SESSION_MS = 10000, /* for the first word of the service */
};

struct doctor {
    struct parley_cli_options options;
    struct parley_cli_probe probe;
    struct parley_conversation *c;
    const struct parley_facts *facts;
    void *memory;
    int failed; /* the stage, 0: none */
};

/* ---- what is said ------------------------------------------------------------------------------ */

enum verdict { FINE, SKIPPED, FAILED };

static void print_line(const struct doctor *d, enum stage stage, enum verdict verdict, const char *text,
                       const char *advice)
{
    static const char *const words[] = {"ok", "-", "FAILED"};

    printf("%d %-8s %-6s  %s%s%s\n", (int)stage, stage_names[stage], words[verdict], text,
           advice != NULL ? ". What to do: " : "", advice != NULL ? advice : "");
    for (size_t i = 0; stage == TLS && verdict != SKIPPED && i < d->facts->chain_count; i++) {
        const struct parley_fact_certificate *at = &d->facts->chain[i];

        printf("                    %s, by %s, %s to %s, %s\n", at->subject, at->issuer, at->from, at->to,
               at->pin);
    }
    for (size_t i = 0; stage == CONNECT && i < d->probe.count; i++) {
        char address[PARLEY_ADDRESS_TEXT];

        parley_address_text(&d->probe.at[i].address, address);
        printf("                    %s: %s (%u ms)\n", address,
               d->probe.at[i].connected ? "connected" : d->probe.at[i].reason,
               (unsigned)d->probe.at[i].took_ms);
    }
}

static void write_addresses(struct parley_render *r, const struct parley_cli_probe *p)
{
    parley_cli_json_open(r, "addresses", '[');
    for (size_t i = 0; i < p->count; i++) {
        char address[PARLEY_ADDRESS_TEXT];

        parley_address_text(&p->at[i].address, address);
        parley_cli_json_open(r, NULL, '{');
        parley_cli_json_word(r, "address", address);
        parley_cli_json_bool(r, "connected", p->at[i].connected);
        if (!p->at[i].connected)
            parley_cli_json_word(r, "reason", p->at[i].reason);
        parley_cli_json_number(r, "took_ms", p->at[i].took_ms);
        parley_cli_json_close(r, '}');
    }
    parley_cli_json_close(r, ']');
}

static void write_tls(struct parley_render *r, const struct parley_facts *facts)
{
    parley_cli_json_text(r, "version", parley_view(facts->tls_version));
    parley_cli_json_text(r, "cipher", parley_view(facts->cipher));
    parley_cli_json_open(r, "chain", '[');
    for (size_t i = 0; i < facts->chain_count; i++) {
        const struct parley_fact_certificate *at = &facts->chain[i];

        parley_cli_json_open(r, NULL, '{');
        parley_cli_json_word(r, "subject", at->subject);
        parley_cli_json_word(r, "issuer", at->issuer);
        parley_cli_json_word(r, "names", at->names);
        parley_cli_json_word(r, "from", at->from);
        parley_cli_json_word(r, "to", at->to);
        parley_cli_json_word(r, "pin", at->pin);
        parley_cli_json_close(r, '}');
    }
    parley_cli_json_close(r, ']');
}

static void write_facts(struct parley_render *r, const struct doctor *d, enum stage stage)
{
    if (stage == CONNECT)
        write_addresses(r, &d->probe);
    else if (stage == PROXY && d->facts->proxy_status != 0)
        parley_cli_json_number(r, "http_status", (uint64_t)d->facts->proxy_status);
    else if (stage == TLS)
        write_tls(r, d->facts);
    else if (stage == UPGRADE && d->facts->http_status != 0)
        parley_cli_json_number(r, "http_status", (uint64_t)d->facts->http_status);
}

static void print_json(const struct doctor *d, enum stage stage, enum verdict verdict, const char *text,
                       const char *advice)
{
    static const char *const words[] = {"ok", "skipped", "failed"};
    char line[LINE_BYTES];
    struct parley_render r = parley_render(line, sizeof line);

    parley_cli_json_open(&r, NULL, '{');
    parley_cli_json_number(&r, "number", (uint64_t)stage);
    parley_cli_json_word(&r, "stage", stage_names[stage]);
    parley_cli_json_word(&r, "verdict", words[verdict]);
    parley_cli_json_word(&r, "text", text);
    if (advice != NULL)
        parley_cli_json_word(&r, "advice", advice);
    if (verdict != SKIPPED)
        write_facts(&r, d, stage);
    parley_cli_json_close(&r, '}');
    printf("%.*s\n", (int)r.used, line);
}

static void tell(struct doctor *d, enum stage stage, enum verdict verdict, const char *text,
                 const char *advice)
{
    (d->options.json ? print_json : print_line)(d, stage, verdict, text, advice);
    fflush(stdout);
}

/* The stage that failed, and those behind it, which were not tried. Returns its number. */
static int fail(struct doctor *d, enum stage stage, int status, const char *reason)
{
    const char *why = reason;
    size_t name = strlen(stage_names[stage]);
    int http_status = d->facts != NULL ? d->facts->http_status : 0;

    if (strncmp(why, stage_names[stage], name) == 0 && strncmp(why + name, ": ", 2) == 0)
        why += name + 2; /* it stands at the beginning of the line */
    tell(d, stage, FAILED, why,
         parley_cli_advice(stage_names[stage], status, parley_view(reason), http_status));
    for (int later = (int)stage + 1; later < STAGES; later++)
        tell(d, (enum stage)later, SKIPPED, "not tried", NULL);
    return d->failed = (int)stage;
}

/* ---- the command line -------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct parley_cli_options, name)

/* clang-format off */
static const struct parley_cli_option options[] = {
    PARLEY_CLI_WAY_OPTIONS(FIELD(way)),
    {"--model", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(model), 0, 0, "the model (default gpt-realtime-1.5)"},
    {"--session-id", "ID", PARLEY_CLI_OPTION_TEXT, FIELD(session_id), 0, 0, "sent as x-session-id"},
    {"--key-env", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(key_env), 0, 0, "environment variable with the key (default OPENAI_API_KEY)"},
    {"--key-file", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(key_file), 0, 0, "file with the key in its first line"},
    {"--json", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(json), 0, 0, "one stage per line, as JSON"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
};
/* clang-format on */
enum { OPTIONS = sizeof options / sizeof options[0] };

static int print_help(void)
{
    printf("parley doctor [OPTION...]: try the way to the service, stage by stage.\n\n");
    parley_cli_option_table_help(options, OPTIONS);
    printf("\nEach stage is told in a line: 1 setup, 2 resolve, 3 connect, 4 proxy, 5 tls, 6 upgrade, 7 "
           "session.\n"
           "Exit status: 0 all of them are fine; else the number of the one that failed.\n");
    return 0;
}

static int read_options(struct doctor *d, int argc, char **argv)
{
    char why[PARLEY_CLI_OPTIONS_WHY];
    int status = parley_cli_option_table_read(&d->options, options, OPTIONS, argc, argv, why);

    if (status == PARLEY_OK && !d->options.help)
        status = parley_cli_way_check(&d->options.way, why);
    d->options.startup_context = "off"; /* nobody will speak */
    d->options.no_store = true;
    return status == PARLEY_OK ? 0 : fail(d, SETUP, status, why);
}

/* ---- the stages -------------------------------------------------------------------------------- */

static void say_setup(struct doctor *d, const struct parley_options *o)
{
    char text[TEXT_BYTES];

    if (d->facts->host == NULL)
        snprintf(text, sizeof text, "no network in this program (%s)", parley_transport());
    else
        snprintf(text, sizeof text, "%s %s, port %u; %s; authorities %s; %zu pins%s",
                 d->facts->proxied ? "proxy" : "service", d->facts->host, (unsigned)d->facts->port,
                 o->api_key.len > 0 ? "with a key" : "without a key",
                 o->insecure_no_verify                           ? "NOT asked, as was wished"
                 : o->ca_file.at != NULL || o->ca_dir.at != NULL ? "as given"
                                                                 : "of the system",
                 o->pin_count, o->client_cert.at != NULL ? "; with a certificate of our own" : "");
    tell(d, SETUP, FINE, text, NULL);
}

static int set_up(struct doctor *d)
{
    static struct parley_cli_setup setup;
    struct parley_error error = {0};
    int status = parley_cli_setup_make(&setup, &d->options);
    const char *why = setup.why;
    size_t bytes;

    if (status == PARLEY_OK) {
        bytes = parley_memory_needed(&setup.options);
        d->memory = bytes > 0 ? malloc(bytes) : NULL;
        status = parley_open(&d->c, d->memory, bytes, &setup.options, parley_clock_us(), &error);
        why = error.text[0] != '\0' ? error.text : parley_status_text(status);
    }
    if (status == PARLEY_OK) {
        d->facts = d->c->facts;
        say_setup(d, &setup.options);
    } else
        fail(d, SETUP, status, why);
    parley_cli_setup_wipe(&setup);
    return d->failed;
}

static int try_name(struct doctor *d)
{
    char text[TEXT_BYTES];
    int status = parley_cli_probe_resolve(&d->probe, d->facts->host, d->facts->port, RESOLVE_MS);
    size_t used;

    if (status != PARLEY_OK)
        return fail(d, RESOLVE, status, d->probe.why);
    used = (size_t)snprintf(text, sizeof text, "%s:", d->facts->host);
    for (size_t i = 0; i < d->probe.count && used + PARLEY_ADDRESS_TEXT + 2 < sizeof text; i++) {
        char address[PARLEY_ADDRESS_TEXT];

        parley_address_text(&d->probe.at[i].address, address);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s", i > 0 ? "," : "", address);
    }
    tell(d, RESOLVE, FINE, text, NULL);
    return 0;
}

static int try_addresses(struct doctor *d)
{
    char text[TEXT_BYTES];
    size_t accepted = parley_cli_probe_connect(&d->probe, CONNECT_MS);

    snprintf(text, sizeof text, "%zu of %zu addresses answer%s%s", accepted, d->probe.count,
             accepted == 0 ? ": " : "", accepted == 0 ? d->probe.at[0].reason : "");
    if (accepted == 0)
        return fail(d, CONNECT, PARLEY_ERR_CONNECT, text);
    tell(d, CONNECT, FINE, text, NULL);
    return 0;
}

/* True for what only the service can have said. */
static bool is_of_service(const struct parley_event *event)
{
    return event->kind != PARLEY_EVENT_LINK && event->kind != PARLEY_EVENT_STARTED &&
           event->kind != PARLEY_EVENT_CLOSED && event->kind != PARLEY_EVENT_SHED && !event->fatal;
}

static void say_tls(struct doctor *d)
{
    char text[TEXT_BYTES];

    if (!d->facts->tls) {
        tell(d, TLS, SKIPPED, "not asked for: everybody on the way can listen", NULL);
        return;
    }
    snprintf(text, sizeof text, "%s, %s; the certificate is for %s%s",
             d->facts->tls_version != NULL ? d->facts->tls_version : "?",
             d->facts->cipher != NULL ? d->facts->cipher : "?", d->facts->chain[0].names,
             d->options.way.insecure_no_verify ? "; it was NOT checked" : "");
    tell(d, TLS, FINE, text, NULL);
}

/* The stages of the link up to, and without, `until`. */
static void say_fine(struct doctor *d, enum stage until)
{
    char text[TEXT_BYTES];

    if (until > PROXY && !d->facts->proxied)
        tell(d, PROXY, SKIPPED, "none is used", NULL);
    else if (until > PROXY) {
        snprintf(text, sizeof text, "HTTP %d, the way to the service is open", d->facts->proxy_status);
        tell(d, PROXY, FINE, text, NULL);
    }
    if (until > TLS)
        say_tls(d);
    if (until > UPGRADE) {
        snprintf(text, sizeof text, "HTTP %d, the service speaks WebSocket", d->facts->http_status);
        tell(d, UPGRADE, FINE, text, NULL);
    }
}

/* What the link said of the stage it was in when it ended stands before the reason. */
static enum stage stage_of(const char *reason)
{
    for (int stage = RESOLVE; stage < STAGES; stage++) {
        size_t len = strlen(stage_names[stage]);

        if (strncmp(reason, stage_names[stage], len) == 0 && reason[len] == ':')
            return (enum stage)stage;
    }
    return SESSION;
}

static int fail_link(struct doctor *d)
{
    const struct parley_error *error = parley_error(d->c);
    enum stage stage = stage_of(error->text);

    if (d->facts->host != NULL)
        say_fine(d, stage);
    return fail(d, stage, error->status, error->text);
}

static int end_session(struct doctor *d, const struct parley_event *event, uint64_t took_us)
{
    char text[TEXT_BYTES];

    if (d->facts->host != NULL)
        say_fine(d, SESSION);
    if (event == NULL)
        return fail(d, SESSION, PARLEY_ERR_TIMEOUT, "the service has said nothing for 10 s");
    if (event->kind == PARLEY_EVENT_ERROR) {
        snprintf(text, sizeof text, "%.*s", (int)(event->text.len < 400 ? event->text.len : 400),
                 event->text.at != NULL ? event->text.at : "");
        return fail(d, SESSION, event->status, text);
    }
    snprintf(text, sizeof text, "the service says %s %u ms after the start", parley_event_name(event->kind),
             (unsigned)(took_us / 1000));
    tell(d, SESSION, FINE, text, NULL);
    return 0;
}

/* Goes the rest of the way until the service has said something. */
static int try_link(struct doctor *d)
{
    uint64_t began_us = parley_clock_us(), until_us = PARLEY_NEVER;
    struct parley_event event;

    while (parley_clock_us() < until_us) {
        int status = parley_run_once(d->c, 100000);

        while (parley_next_event(d->c, &event) > 0) {
            if (event.kind == PARLEY_EVENT_STARTED)
                until_us = parley_clock_us() + UINT64_C(1000) * SESSION_MS;
            if (event.kind == PARLEY_EVENT_CLOSED)
                return fail_link(d);
            if (is_of_service(&event))
                return end_session(d, &event, parley_clock_us() - began_us);
        }
        if (status < 0)
            return fail_link(d);
    }
    return end_session(d, NULL, 0);
}

/* Says goodbye as is proper; nobody needs to know how that went. */
static void leave(struct doctor *d)
{
    struct parley_event event;

    if (d->c == NULL)
        return;
    parley_stop(d->c);
    while (parley_run_once(d->c, 100000) == PARLEY_OK)
        while (parley_next_event(d->c, &event) > 0)
            ;
    parley_close(d->c);
    free(d->memory);
}

int parley_cli_doctor(int argc, char **argv)
{
    static struct doctor d;
    int failed = read_options(&d, argc, argv);

    if (failed == 0 && d.options.help)
        return print_help();
    if (failed == 0) {
        parley_cli_way_warn(&d.options.way);
        failed = set_up(&d);
    }
    for (int stage = RESOLVE; failed == 0 && d.facts->host == NULL && stage <= UPGRADE; stage++)
        tell(&d, (enum stage)stage, SKIPPED, "no network", NULL);
    if (failed == 0 && d.facts->host != NULL)
        failed = try_name(&d);
    if (failed == 0 && d.facts->host != NULL)
        failed = try_addresses(&d);
    if (failed == 0)
        failed = try_link(&d);
    leave(&d);
    return failed;
}
