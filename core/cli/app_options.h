#ifndef PARLEY_CLI_APP_OPTIONS_H
#define PARLEY_CLI_APP_OPTIONS_H

#include "core/cli/way.h"

/*
 * The command line of `app-server`, read into one struct: what every conversation starts from, and the bounds
 * of the server. Pure, as all of option_table.h.
 */
struct parley_cli_app_options {
    const char *call_url;                                                     /* NULL: as url */
    const char *model, *voice, *backend_prompt, *startup_context, *user_name; /* NULL: not given */
    const char *key_env, *key_file, *agent;
    const char *record;                /* the folder of the flight recorder */
    unsigned protocol, mode, compress; /* enum parley_protocol, parley_mode, parley_compress */
    unsigned record_audio;             /* enum parley_cli_switch */
    bool no_store, no_realtime, verbose, help;
    uint32_t agent_timeout_s, max_threads, record_bytes;
    struct parley_cli_way way;
    struct parley_cli_texts scripts;
};

/* Reads argv[1..]; `transport` is parley_transport(). Returns as parley_cli_option_table_read. */
int parley_cli_app_options_read(struct parley_cli_app_options *o, int argc, char **argv,
                                const char *transport, char why[PARLEY_CLI_OPTIONS_WHY]);

/* What `app-server --help` says, to standard output. */
void parley_cli_app_options_help(void);

#endif
