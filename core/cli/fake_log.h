#ifndef PARLEY_CLI_FAKE_LOG_H
#define PARLEY_CLI_FAKE_LOG_H

#include "transport/loopback/rules.h"
#include <stdint.h>

/*
 * What `parley fake` tells on standard output, a line for each thing that happens, as text or as JSON; and
 * what comes of it.
 */
enum { PARLEY_CLI_FAKE_RULE_WEBSOCKET = PARLEY_RULES_END, PARLEY_CLI_FAKE_RULE_TALK, PARLEY_CLI_FAKE_RULES };

struct parley_cli_fake_log {
    bool json, quiet; /* quiet: broken rules alone, and the summary */
    uint64_t start_us, now_us;
    unsigned connections, refused, taken, said;
    unsigned broken, times[PARLEY_CLI_FAKE_RULES];
};

/* Something about a connection (0: none): a word for what, and words about it, in which may stand what a
   client sent. */
void parley_cli_fake_log(const struct parley_cli_fake_log *log, uint32_t connection, const char *what,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A rule is broken: one of rules.h, or one of those above. */
void parley_cli_fake_log_broken(struct parley_cli_fake_log *log, uint32_t connection, int rule,
                                uint64_t at_us, const char *excerpt);

/* Rules that were broken and of which nothing more is known. */
void parley_cli_fake_log_more(struct parley_cli_fake_log *log, uint32_t connection, unsigned count);

/* The last line. */
void parley_cli_fake_log_summary(const struct parley_cli_fake_log *log);

#endif
