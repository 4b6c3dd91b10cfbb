#ifndef PARLEY_CLI_OPTIONS_H
#define PARLEY_CLI_OPTIONS_H

#include "core/cli/way.h"

/*
 * The command line of `talk` and `call`, read into one struct. Pure: opens nothing, looks at nothing but
 * argv. Texts point into argv.
 */
struct parley_cli_options {
    const char *model, *voice, *prompt, *session_id, *user_name; /* NULL: not given */
    const char *startup_context;                                 /* "off": none */
    const char *thread;
    const char *key_env, *key_file, *script;
    const char *sdp, *answer, *call_id, *call_url; /* of `call` */
    const char *in, *out, *mic, *speaker;          /* "none" switches mic or speaker off */
    const char *agent;
    const char *record; /* the flight recorder's file */
    enum parley_modality modality;
    enum parley_compress compress;
    enum parley_cli_switch echo_gate, reconnect, record_audio;
    bool call; /* it is `call` */
    bool no_store, json, quiet, verbose, help;
    uint32_t agent_timeout_s, linger_ms, record_bytes;
    struct parley_cli_way way;
};

/*
 * Reads argv[1..] (argv[0] is the command's own name: "call", or any other for `talk`). `transport` is
 * parley_transport(): some options belong to one of them. Returns PARLEY_OK, or PARLEY_ERR_ARGUMENT with one
 * line in `why` that names the option; never the value of a header, which may be secret.
 */
int parley_cli_options_read(struct parley_cli_options *o, int argc, char **argv, const char *transport,
                            char why[PARLEY_CLI_OPTIONS_WHY]);

/* What --help says, to standard output. */
void parley_cli_options_help(bool call);

#endif
