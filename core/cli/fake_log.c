/*
 * The lines of `parley fake`. See fake_log.h.
 */
#include "core/cli/fake_log.h"

#include "core/cli/json_write.h"
#include "transport/wss/why.h"

#include <stdarg.h>
#include <stdio.h>

enum { WORDS = PARLEY_TRANSPORT_REASON, LINE = 4 * WORDS, KEY_MIN = 8 };

/* A rule's id and title, also of those that are not the service's. */
static struct parley_rule_row row_of(int rule)
{
    static const struct parley_rule_row websocket = {"websocket", "",
                                                     "a client speaks WebSocket as RFC 6455 says", "RFC 6455",
                                                     'c'},
                                        talk = {"talk", "", "what the talk expects comes",
                                                "test/talk/README.md", 'c'};

    return rule == PARLEY_CLI_FAKE_RULE_WEBSOCKET ? websocket
           : rule == PARLEY_CLI_FAKE_RULE_TALK    ? talk
                                                  : *parley_rule((enum parley_rule)rule);
}

/* Keys that stand in the middle of a word as well, behind a quote say. */
static void hide_keys(char *text)
{
    for (char *at = strstr(text, "sk-"); at != NULL; at = strstr(at, "sk-")) {
        size_t bytes = strspn(at, "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

        if (bytes > KEY_MIN)
            memset(at, '*', bytes);
        at += bytes;
    }
}

/* What a client had a part in, fit for one line. */
static void clean(char out[WORDS], const char *text)
{
    parley_why_clean(out, WORDS, parley_view(text));
    hide_keys(out);
}

/* ---- lines ------------------------------------------------------------------------------------- */

static struct parley_render begin_json(const struct parley_cli_fake_log *log, char *line, uint32_t connection,
                                       const char *what, uint64_t at_us)
{
    struct parley_render r = parley_render(line, LINE);

    parley_cli_json_open(&r, NULL, '{');
    parley_cli_json_number(&r, "t_ms", (at_us - log->start_us) / 1000);
    if (connection > 0)
        parley_cli_json_number(&r, "connection", connection);
    parley_cli_json_word(&r, "event", what);
    return r;
}

static void print(struct parley_render *r)
{
    struct parley_view line;

    parley_cli_json_close(r, '}');
    line = parley_rendered(r);
    if (line.at != NULL)
        printf("%.*s\n", (int)line.len, line.at);
}

/* "  1.250s 3 broken " */
static void print_head(const struct parley_cli_fake_log *log, uint32_t connection, const char *what,
                       uint64_t at_us)
{
    uint64_t ms = (at_us - log->start_us) / 1000;

    printf("%4lu.%03us ", (unsigned long)(ms / 1000), (unsigned)(ms % 1000));
    if (connection > 0)
        printf("#%u ", connection);
    printf("%s ", what);
}

void parley_cli_fake_log(const struct parley_cli_fake_log *log, uint32_t connection, const char *what,
                         const char *format, ...)
{
    char words[WORDS], text[WORDS], line[LINE];
    va_list list;

    if (log->quiet)
        return;
    va_start(list, format);
    vsnprintf(words, sizeof words, format, list);
    va_end(list);
    clean(text, words);
    if (log->json) {
        struct parley_render r = begin_json(log, line, connection, what, log->now_us);

        parley_cli_json_text(&r, "text", parley_view(text));
        print(&r);
        return;
    }
    print_head(log, connection, what, log->now_us);
    printf("%s\n", text);
}

void parley_cli_fake_log_broken(struct parley_cli_fake_log *log, uint32_t connection, int rule,
                                uint64_t at_us, const char *excerpt)
{
    struct parley_rule_row row = row_of(rule);
    char text[WORDS], line[LINE];

    log->broken++;
    log->times[rule]++;
    clean(text, excerpt);
    if (log->json) {
        struct parley_render r = begin_json(log, line, connection, "broken", at_us);

        parley_cli_json_word(&r, "rule", row.id);
        parley_cli_json_word(&r, "title", row.title);
        parley_cli_json_text(&r, "excerpt", parley_view(text));
        print(&r);
        return;
    }
    print_head(log, connection, "broken", at_us);
    printf("%s (%s): %s\n", row.id, row.title, text);
}

void parley_cli_fake_log_more(struct parley_cli_fake_log *log, uint32_t connection, unsigned count)
{
    log->broken += count;
    parley_cli_fake_log(log, connection, "broken", "%u more times", count);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void print_counts(const struct parley_cli_fake_log *log)
{
    printf("%u connection%s, %u request%s not upgraded, %u messages taken, %u said, %u broken rule%s",
           log->connections, log->connections == 1 ? "" : "s", log->refused, log->refused == 1 ? "" : "s",
           log->taken, log->said, log->broken, log->broken == 1 ? "" : "s");
    for (int i = 1, count = 0; i < PARLEY_CLI_FAKE_RULES; i++)
        if (log->times[i] > 0)
            printf("%s%s %u", count++ == 0 ? ": " : ", ", row_of(i).id, log->times[i]);
    printf("\n");
}

void parley_cli_fake_log_summary(const struct parley_cli_fake_log *log)
{
    char line[LINE * 4];
    struct parley_render r;

    if (!log->json) {
        print_counts(log);
        return;
    }
    r = begin_json(log, line, 0, "summary", log->now_us);
    r.size = sizeof line;
    parley_cli_json_number(&r, "connections", log->connections);
    parley_cli_json_number(&r, "not_upgraded", log->refused);
    parley_cli_json_number(&r, "taken", log->taken);
    parley_cli_json_number(&r, "said", log->said);
    parley_cli_json_number(&r, "broken", log->broken);
    parley_cli_json_open(&r, "rules", '{');
    for (int i = 1; i < PARLEY_CLI_FAKE_RULES; i++)
        if (log->times[i] > 0)
            parley_cli_json_number(&r, row_of(i).id, log->times[i]);
    parley_cli_json_close(&r, '}');
    print(&r);
}
