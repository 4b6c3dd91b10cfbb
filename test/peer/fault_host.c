/*
 * usage: fault_host URL [NAME=VALUE...]
 * A whole host on the public interface for fault_matrix.sh: opens a conversation with the deadlines and the
 * trust it is told, and prints each event as a line ("skipped ERR_TOO_LONG ..."), then how it ended and what
 * it took:
 *
 *     verdict ERR_CERTIFICATE tls: the certificate comes from an unknown authority (Somebody Else)
 *     figures 4148 KB, mbedTLS 2
 *
 * KB is the most memory the process ever had (Linux tells; elsewhere 0). Names: ca_file, pin, proxy, address
 * (ADDRESS:PORT, up to 8 times), KIND_ms (each deadline), inbox_bytes, compress=auto, clock=1970, resolv_conf
 * (a file to read in place of the system's), stop (parley_stop at the first event of this name).
 *
 * link: -Wl,--wrap=parley_clock_unix_s,--wrap=time,--wrap=parley_file_open
 */
#include "core/parley.h"
#include "platform/file.h"

#include <mbedtls/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- what the linker wraps ------------------------------------------------------------------- */

static bool in_1970;
static const char *resolv_conf = "/etc/resolv.conf";

int64_t __real_parley_clock_unix_s(void);
int64_t __wrap_parley_clock_unix_s(void);
time_t __real_time(time_t *at);
time_t __wrap_time(time_t *at);
int __real_parley_file_open(const char *path, enum parley_file_mode mode);
int __wrap_parley_file_open(const char *path, enum parley_file_mode mode);

int64_t __wrap_parley_clock_unix_s(void)
{
    return in_1970 ? 3600 : __real_parley_clock_unix_s();
}

/* mbedTLS's calendar. */
time_t __wrap_time(time_t *at)
{
    return in_1970 ? 3600 : __real_time(at);
}

int __wrap_parley_file_open(const char *path, enum parley_file_mode mode)
{
    return __real_parley_file_open(strcmp(path, "/etc/resolv.conf") == 0 ? resolv_conf : path, mode);
}

/* ---- the command line ------------------------------------------------------------------------ */

enum { ADDRESSES = 8 };
static struct parley_address addresses[ADDRESSES];
static struct parley_view pin;
static const char *stop_at = "";

static const struct {
    const char *name;
    size_t offset;
} deadlines[] = {
#define DEADLINE(name)                                                                                       \
    {                                                                                                        \
#name, offsetof(struct parley_timeouts, name)                                                        \
    }
    DEADLINE(resolve_ms), DEADLINE(connect_ms), DEADLINE(proxy_ms), DEADLINE(tls_ms),
    DEADLINE(upgrade_ms), DEADLINE(close_ms),   DEADLINE(ping_ms),  DEADLINE(pong_ms),
};

static bool set_deadline(struct parley_timeouts *to, const char *name, const char *value)
{
    uint32_t ms = (uint32_t)strtoul(value, NULL, 10);

    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
        if (strcmp(deadlines[i].name, name) == 0) {
            memcpy((char *)to + deadlines[i].offset, &ms, sizeof ms);
            return true;
        }
    return false;
}

static bool add_address(struct parley_options *options, const char *value)
{
    const char *port = strrchr(value, ':');
    struct parley_address *to = &addresses[options->address_count];

    if (port == NULL || port == value || options->address_count == ADDRESSES)
        return false;
    bool bracketed = *value == '[' && port[-1] == ']';
    size_t len = (size_t)(port - value) - (bracketed ? 2 : 0);
    if (!parley_address_parse(parley_view_of(value + bracketed, len), to))
        return false;
    to->port = (uint16_t)strtoul(port + 1, NULL, 10);
    options->addresses = addresses;
    options->address_count++;
    return true;
}

static bool set(struct parley_options *options, const char *name, const char *value)
{
    if (strcmp(name, "ca_file") == 0)
        options->ca_file = parley_view(value);
    else if (strcmp(name, "pin") == 0) {
        pin = parley_view(value);
        options->pins = &pin;
        options->pin_count = 1;
    } else if (strcmp(name, "proxy") == 0)
        options->proxy = parley_view(value);
    else if (strcmp(name, "inbox_bytes") == 0)
        options->limits.inbox_bytes = strtoul(value, NULL, 10);
    else if (strcmp(name, "compress") == 0)
        options->compress = PARLEY_COMPRESS_AUTO;
    else if (strcmp(name, "clock") == 0)
        in_1970 = true;
    else if (strcmp(name, "resolv_conf") == 0)
        resolv_conf = value;
    else if (strcmp(name, "stop") == 0)
        stop_at = value;
    else
        return strcmp(name, "address") == 0 ? add_address(options, value)
                                            : set_deadline(&options->timeouts, name, value);
    return true;
}

static bool read_arguments(struct parley_options *options, int count, char **arguments)
{
    if (count < 2)
        return false;
    options->url = parley_view(arguments[1]);
    for (int i = 2; i < count; i++) {
        char *value = strchr(arguments[i], '=');

        if (value == NULL)
            return false;
        *value++ = '\0';
        if (!set(options, arguments[i], value))
            return false;
    }
    return true;
}

/* ---- the conversation ------------------------------------------------------------------------ */

static void print_events(struct parley_conversation *c)
{
    struct parley_event event;

    while (parley_next_event(c, &event) > 0) {
        const char *name = parley_event_name(event.kind);

        printf("%s %s %.*s\n", name, parley_status_name(event.status), (int)event.text.len,
               event.text.len > 0 ? event.text.at : "");
        if (strcmp(name, stop_at) == 0)
            parley_stop(c);
    }
}

/* 0: not known, as the sanitizer's own memory counts. */
static unsigned long peak_kb(void)
{
#if SANITIZED
    return 0;
#else
    FILE *file = fopen("/proc/self/status", "r");
    unsigned long kb = 0;
    char line[256];

    while (file != NULL && kb == 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lu", &kb) != 1)
            kb = 0;
    if (file != NULL)
        fclose(file);
    return kb;
#endif
}

static void converse(struct parley_conversation *c)
{
    while (parley_run_once(c, 1000000) == PARLEY_OK)
        print_events(c);
    print_events(c);
}

int main(int count, char **arguments)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_error error = {PARLEY_ERR_MEMORY, ""};
    struct parley_conversation *c = NULL;

    options.api_key = parley_view("sk-test-key");
    if (!read_arguments(&options, count, arguments)) {
        fprintf(stderr, "usage: fault_host URL [NAME=VALUE...]\n");
        return 2;
    }
    size_t bytes = parley_memory_needed(&options);
    void *block = malloc(bytes + 1);
    if (block != NULL) {
        memset(block, 1,
               bytes + 1); /* resident, so that rows about memory see only what is taken beside it */
        parley_open(&c, block, bytes, &options, parley_clock_us(), &error);
    }
    if (c != NULL) {
        converse(c);
        error = *parley_error(c);
    }
    printf("verdict %s %s\n", parley_status_name(error.status), error.text);
    printf("figures %lu KB, mbedTLS %d\n", peak_kb(), MBEDTLS_VERSION_MAJOR);
    parley_close(c);
    free(block);
    return 0;
}
