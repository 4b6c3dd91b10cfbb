#ifndef PARLEY_CLI_WAY_H
#define PARLEY_CLI_WAY_H

#include "core/cli/option_table.h"

/*
 * The way to the service, as every command that talks to it asks for it: address, proxy, trust, and what goes
 * with the request. One part of each command's options.
 */
struct parley_cli_way {
    const char *url, *proxy; /* NULL: not given */
    const char *ca_file, *ca_dir, *client_cert, *client_key;
    struct parley_cli_views pins;
    unsigned clock_unset; /* enum parley_clock_unset */
    bool insecure_no_verify;
    struct parley_cli_headers headers, query;
};

enum { PARLEY_CLI_CLOCK_REFUSE = PARLEY_CLOCK_UNSET_REFUSE };

/* Their rows in the table of a command that has a `struct parley_cli_way` at `at`. */
/* clang-format off */
#define PARLEY_CLI_WAY_FIELD(at, name) ((at) + offsetof(struct parley_cli_way, name))
#define PARLEY_CLI_WAY_OPTIONS(at) \
    {"--url", "URL", PARLEY_CLI_OPTION_TEXT, PARLEY_CLI_WAY_FIELD(at, url), 0, 0, "the service (default https://api.openai.com/v1); http(s) or ws(s)"}, \
    {"--query", "'K=V'", PARLEY_CLI_OPTION_PARAMETER, PARLEY_CLI_WAY_FIELD(at, query), 0, 0, "a further parameter of the URL; up to 16 times"}, \
    {"--header", "'N: V'", PARLEY_CLI_OPTION_HEADER, PARLEY_CLI_WAY_FIELD(at, headers), 0, 0, "a further header of the request; up to 16 times"}, \
    {"--proxy", "URL|none", PARLEY_CLI_OPTION_TEXT, PARLEY_CLI_WAY_FIELD(at, proxy), 0, 0, "http://[USER:PASSWORD@]HOST[:PORT] to go through (default: HTTPS_PROXY, for ws:// http_proxy, else ALL_PROXY, except to what NO_PROXY names)"}, \
    {"--ca-file", "FILE", PARLEY_CLI_OPTION_TEXT, PARLEY_CLI_WAY_FIELD(at, ca_file), 0, 0, "PEM file of the authorities to trust instead of the system's (default: SSL_CERT_FILE)"}, \
    {"--ca-dir", "DIR", PARLEY_CLI_OPTION_TEXT, PARLEY_CLI_WAY_FIELD(at, ca_dir), 0, 0, "folder of such files (default: SSL_CERT_DIR)"}, \
    {"--pin", "sha256/BASE64", PARLEY_CLI_OPTION_VIEWS, PARLEY_CLI_WAY_FIELD(at, pins), 0, 0, "public key that a certificate of the chain must have, or one of several; up to 8 times"}, \
    {"--client-cert", "FILE", PARLEY_CLI_OPTION_TEXT, PARLEY_CLI_WAY_FIELD(at, client_cert), 0, 0, "PEM file of our own certificate, for a service that wants one"}, \
    {"--client-key", "FILE", PARLEY_CLI_OPTION_TEXT, PARLEY_CLI_WAY_FIELD(at, client_key), 0, 0, "PEM file of its key (default: in the same file)"}, \
    {"--clock-unset", "refuse|ignore-dates", PARLEY_CLI_OPTION_CHOICE, PARLEY_CLI_WAY_FIELD(at, clock_unset), PARLEY_CLI_CLOCK_REFUSE, 0, "what to do about certificates while the clock is not set, as on a board without a battery (default refuse)"}, \
    {"--insecure-no-verify", NULL, PARLEY_CLI_OPTION_FLAG, PARLEY_CLI_WAY_FIELD(at, insecure_no_verify), 0, 0, "trust any certificate; for experiments"}
/* clang-format on */

/* What does not go together. Returns PARLEY_OK, or PARLEY_ERR_ARGUMENT with one line in `why`. */
int parley_cli_way_check(const struct parley_cli_way *way, char why[PARLEY_CLI_OPTIONS_WHY]);

/*
 * Sets what a conversation needs to know of the way. What the command line leaves open comes from the
 * environment: SSL_CERT_FILE and SSL_CERT_DIR if neither file nor folder is given, and the proxy. Texts point
 * into *way and into the environment.
 */
void parley_cli_way_apply(const struct parley_cli_way *way, struct parley_options *options);

/* Says on standard error what is not checked, on every run. */
void parley_cli_way_warn(const struct parley_cli_way *way);

#endif
