/*
 * Any text as hosts, as resolv.conf, and as an address: limits hold, and an address that is read comes back
 * the same when it is written and read again.
 */
#include "platform/host_files.h"
#include "test/fuzz/fuzz.h"

/* The address inside of "192.0.2.7:443" or "[2001:db8::1]:443". */
static struct parley_view without_port(const char *text)
{
    const char *end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');

    must(end != NULL);
    text += text[0] == '[';
    return parley_view_of(text, (size_t)(end - text));
}

static void check_address(struct parley_view text)
{
    struct parley_address address, again;
    char written[PARLEY_ADDRESS_TEXT];

    if (!parley_address_parse(text, &address))
        return;
    must(address.family == 4 || address.family == 6);
    parley_address_text(&address, written);
    must(parley_address_parse(without_port(written), &again) == 1);
    must(memcmp(&address, &again, sizeof address) == 0);
}

static void check_line(struct parley_resolv_conf *conf, struct parley_view line)
{
    struct parley_address address;

    if (parley_hosts_line(line, parley_view("box.test"), &address))
        must(address.family == 4 || address.family == 6);
    parley_resolv_conf_line(conf, line);
    check_address(line);
    check_address(parley_view_trim(line));
}

static void check_names(const struct parley_resolv_conf *conf)
{
    char name[PARLEY_NAME_BYTES];
    size_t index = 0;
    int made;

    while ((made = parley_resolv_conf_name(conf, parley_view("box"), index, name)) >= 0) {
        must(made == 0 || strlen(name) <= 253);
        index++;
    }
    must(index >= 1 && index <= PARLEY_SEARCH_DOMAINS + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view rest = parley_view_of((const char *)data, size);
    struct parley_resolv_conf conf;

    parley_resolv_conf_begin(&conf);
    while (rest.len > 0) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t length = end != NULL ? (size_t)(end - rest.at) : rest.len;

        check_line(&conf, parley_view_of(rest.at, length));
        rest = parley_view_skip(rest, length + 1);
    }
    parley_resolv_conf_end(&conf);
    must(conf.server_count >= 1 && conf.server_count <= PARLEY_NAME_SERVERS);
    must(conf.attempts >= 1 && conf.timeout_ms >= 1000 && conf.search_bytes <= PARLEY_SEARCH_BYTES);
    check_names(&conf);
    return 0;
}
