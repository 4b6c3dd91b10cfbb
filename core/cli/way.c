/*
 * The way to the service, from the command line and the environment: see way.h.
 */
#include "core/cli/way.h"

#include "core/cli/proxy.h"
#include "platform/process.h"

#include <stdio.h>

int parley_cli_way_check(const struct parley_cli_way *way, char why[PARLEY_CLI_OPTIONS_WHY])
{
    static const char trust[] = "says whom to trust, --insecure-no-verify trusts anybody: give one";
    const struct {
        bool wrong;
        const char *option, *what;
    } rules[] = {
        {way->ca_file != NULL && way->insecure_no_verify, "--ca-file", trust},
        {way->ca_dir != NULL && way->insecure_no_verify, "--ca-dir", trust},
        {way->client_key != NULL && way->client_cert == NULL, "--client-key", "needs --client-cert"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].wrong)
            return parley_cli_option_wrong(why, rules[i].option, rules[i].what);
    return PARLEY_OK;
}

/* The value of a variable, NULL also when it is empty. */
static const char *set_in_environment(const char *variable)
{
    const char *value = parley_process_environment(variable);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

void parley_cli_way_apply(const struct parley_cli_way *way, struct parley_options *options)
{
    bool asked = way->ca_file != NULL || way->ca_dir != NULL;

    options->url = parley_view(way->url);
    options->proxy = parley_view(parley_cli_proxy(way->proxy, way->url));
    options->ca_file = parley_view(asked ? way->ca_file : set_in_environment("SSL_CERT_FILE"));
    options->ca_dir = parley_view(asked ? way->ca_dir : set_in_environment("SSL_CERT_DIR"));
    options->pins = way->pins.at;
    options->pin_count = way->pins.count;
    options->client_cert = parley_view(way->client_cert);
    options->client_key = parley_view(way->client_key);
    options->clock_unset = (enum parley_clock_unset)way->clock_unset;
    options->insecure_no_verify = way->insecure_no_verify;
    options->headers = way->headers.at;
    options->header_count = way->headers.count;
    options->query = way->query.at;
    options->query_count = way->query.count;
}

void parley_cli_way_warn(const struct parley_cli_way *way)
{
    if (way->insecure_no_verify)
        fprintf(stderr, "parley: warning: the certificate of the service is not checked "
                        "(--insecure-no-verify)\n");
    else if (way->clock_unset == PARLEY_CLOCK_UNSET_IGNORE_DATES)
        fprintf(stderr,
                "parley: warning: while the clock is not set, the dates of certificates are not checked "
                "(--clock-unset ignore-dates)\n");
}
