/*
 * What to do about each way a link can fail. A table: the first row that fits speaks. See advice.h.
 */
#include "core/cli/advice.h"

#include "platform/status.h"

#include <stddef.h>

static const struct row {
    const char *stage;
    int status, http_status; /* 0: any; http_status 400 stands for all of 400 to 499, and so on */
    const char *words;       /* in the reason; NULL: any */
    const char *advice;
} rows[] = {
    {"setup", PARLEY_ERR_FILE, 0, "no bundle", "install the package ca-certificates, or give --ca-file"},
    {"setup", PARLEY_ERR_FILE, 0, NULL, "check the file that is named"},
    {"setup", 0, 0, "key", "set OPENAI_API_KEY, or give --key-env or --key-file"},
    {"setup", 0, 0, NULL, "correct the option that is named; parley doctor --help lists them"},

    {"resolve", PARLEY_ERR_TIMEOUT, 0, NULL,
     "no name server answers: check the network and /etc/resolv.conf; where only a proxy knows names, give "
     "--proxy"},
    {"resolve", 0, 0, NULL,
     "check the host's name in --url (or --proxy); where only a proxy knows names, give --proxy"},

    {"connect", 0, 0, "refused", "nothing listens there: check host and port in --url (or --proxy)"},
    {"connect", 0, 0, NULL,
     "check the network and its firewall; where only a proxy may go out, give --proxy or set HTTPS_PROXY"},

    {"proxy", PARLEY_ERR_AUTH, 0, NULL,
     "give user name and password: --proxy http://USER:PASSWORD@HOST:PORT"},
    {"proxy", PARLEY_ERR_REFUSED, 0, NULL,
     "the proxy does not let us through: ask whoever runs it, or go around it with NO_PROXY or --proxy none"},
    {"proxy", PARLEY_ERR_HTTP, 0, NULL, "this is no HTTP proxy: check host and port in --proxy"},
    {"proxy", 0, 0, NULL, "the proxy does not answer: check host and port in --proxy, and the proxy"},

    {"tls", PARLEY_ERR_CERTIFICATE, 0, "clock says",
     "set the clock (NTP does it at boot), or accept the risk with --clock-unset ignore-dates"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, "no pin fits",
     "if the service has a new key, and you know that from elsewhere, give its --pin; otherwise do not go "
     "on"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, "expired",
     "check this machine's date; if it is right, the service has to renew its certificate"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, "not valid before", "check this machine's date"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, "authority",
     "if that is an authority of yours (a company's, say), give it with --ca-file; otherwise somebody is in "
     "between"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, "self-signed",
     "if that certificate is yours, give it with --ca-file; otherwise somebody is in between"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, "not for",
     "check the host in --url: it has to be one the certificate names"},
    {"tls", PARLEY_ERR_CERTIFICATE, 0, NULL, "the service needs another certificate"},
    {"tls", 0, 0, "does not speak TLS", "check scheme and port in --url: without TLS it is ws:// or http://"},
    {"tls", 0, 0, "certificate required",
     "the service wants a certificate of ours: give --client-cert and --client-key"},
    {"tls", 0, 0, "handshake failure",
     "the service may want a certificate of ours (--client-cert), or is too old for TLS 1.2 with forward "
     "secrecy"},
    {"tls", PARLEY_ERR_TIMEOUT, 0, NULL,
     "what answers there does not go on: check the port in --url, and the firewall"},
    {"tls", 0, 0, NULL, "check scheme and port in --url; something in between may break TLS"},

    {"upgrade", 0, 401, NULL, "the service does not accept the key: check it, or give another"},
    {"upgrade", 0, 403, NULL, "the key is not allowed to do this: check its rights, and --model"},
    {"upgrade", 0, 404, NULL, "there is nothing at this path: check --url and --model"},
    {"upgrade", 0, 407, NULL, "something in between wants a password: give --proxy"},
    {"upgrade", 0, 429, NULL, "too many requests, or the quota is used up: wait, or look at the account"},
    {"upgrade", 0, 300, NULL, "give the address it points to as --url, if you trust it"},
    {"upgrade", 0, 500, NULL, "the service has trouble: try again later"},
    {"upgrade", 0, 400, NULL,
     "the service does not like the request: check --url, --model, --query and --header"},
    {"upgrade", PARLEY_ERR_HTTP, 0, "TLS", "the service wants TLS: give --url with wss:// or https://"},
    {"upgrade", PARLEY_ERR_HTTP, 0, NULL, "this is no such service: check host, port and path in --url"},
    {"upgrade", 0, 0, NULL, "the service does not answer: check --url; try again later"},

    {"session", PARLEY_ERR_TIMEOUT, 0, NULL,
     "the service takes the connection and says nothing: check --url and --model"},
    {"session", 0, 0, NULL,
     "the service ends the conversation at once: check the key's rights, --model and the account"},
};

static bool holds(struct parley_view text, const char *words)
{
    size_t len = strlen(words);

    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.at + i, words, len) == 0)
            return true;
    return false;
}

static bool is_status(int wanted, int http_status)
{
    return wanted == http_status || (wanted % 100 == 0 && http_status / 100 * 100 == wanted);
}

const char *parley_cli_advice(const char *stage, int status, struct parley_view reason, int http_status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].stage, stage) == 0 && (rows[i].status == 0 || rows[i].status == status) &&
            (rows[i].http_status == 0 || is_status(rows[i].http_status, http_status)) &&
            (rows[i].words == NULL || holds(reason, rows[i].words)))
            return rows[i].advice;
    return "try again";
}
