/*
 * Reads the two files that say which names this machine knows by itself, and whom to ask for the others.
 */
#include "platform/host_files.h"

enum { DNS_PORT = 53, TIMEOUT_S_MAX = 30, ATTEMPTS_MAX = 5, NDOTS_MAX = 15, NAME_MAX_TEXT = 253 };

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes the next word off the front of *line; empty at its end. */
static struct parley_view take_word(struct parley_view *line)
{
    struct parley_view word = parley_view_trim(*line);
    size_t end = 0;

    while (end < word.len && !is_space(word.at[end]))
        end++;
    *line = parley_view_skip(word, end);
    word.len = end;
    return word;
}

static struct parley_view without_last_dot(struct parley_view name)
{
    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    return name;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_name(struct parley_view a, struct parley_view b)
{
    a = without_last_dot(a);
    b = without_last_dot(b);
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool parley_hosts_line(struct parley_view line, struct parley_view host, struct parley_address *address)
{
    const char *comment = line.len > 0 ? memchr(line.at, '#', line.len) : NULL;
    struct parley_view literal, name;

    if (comment != NULL)
        line.len = (size_t)(comment - line.at);
    literal = take_word(&line);
    do {
        name = take_word(&line);
        if (name.len > 0 && same_name(name, host))
            return parley_address_parse(literal, address) == 1;
    } while (name.len > 0);
    return false;
}

void parley_resolv_conf_begin(struct parley_resolv_conf *conf)
{
    memset(conf, 0, sizeof *conf);
    conf->timeout_ms = 2000;
    conf->attempts = 2;
    conf->ndots = 1;
}

/* A decimal number up to `most` (larger ones count as that); -1 when it is none. */
static int number(struct parley_view text, int most)
{
    int value = 0;

    if (text.len == 0)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return -1;
        if (value <= most)
            value = value * 10 + (text.at[i] - '0');
    }
    return value < most ? value : most;
}

/* "[address]:port" becomes the address, and its port in *port. */
static struct parley_view split_port(struct parley_view text, uint16_t *port)
{
    const char *bracket = text.len > 0 && text.at[0] == '[' ? memchr(text.at, ']', text.len) : NULL;
    struct parley_view address, behind;
    int given;

    if (bracket == NULL)
        return text;
    address = parley_view_of(text.at + 1, (size_t)(bracket - text.at - 1));
    behind = parley_view_skip(text, address.len + 2);
    given =
        parley_view_starts(behind, parley_view(":")) ? number(parley_view_skip(behind, 1), UINT16_MAX) : -1;
    if (given > 0)
        *port = (uint16_t)given;
    return address;
}

static void add_server(struct parley_resolv_conf *conf, struct parley_view text)
{
    struct parley_address server;
    uint16_t port = DNS_PORT;

    if (conf->server_count == PARLEY_NAME_SERVERS || !parley_address_parse(split_port(text, &port), &server))
        return;
    server.port = port;
    conf->servers[conf->server_count++] = server;
}

/* The last search or domain line counts. */
static void set_search(struct parley_resolv_conf *conf, struct parley_view domains, size_t most)
{
    conf->search_bytes = 0;
    for (size_t count = 0; count < most; count++) {
        struct parley_view domain = without_last_dot(take_word(&domains));

        if (domain.len == 0 || domain.len >= sizeof conf->search - conf->search_bytes ||
            memchr(domain.at, '\0', domain.len) != NULL)
            return;
        memcpy(conf->search + conf->search_bytes, domain.at, domain.len);
        conf->search[conf->search_bytes + domain.len] = '\0';
        conf->search_bytes += domain.len + 1;
    }
}

static void set_option(struct parley_resolv_conf *conf, struct parley_view option)
{
    const char *colon = memchr(option.at, ':', option.len);
    struct parley_view name = parley_view_of(option.at, colon != NULL ? (size_t)(colon - option.at) : 0);
    struct parley_view value = parley_view_skip(option, name.len + 1);
    int read;

    if (parley_view_is(name, "timeout") && (read = number(value, TIMEOUT_S_MAX)) > 0)
        conf->timeout_ms = (uint32_t)read * 1000;
    else if (parley_view_is(name, "attempts") && (read = number(value, ATTEMPTS_MAX)) > 0)
        conf->attempts = (unsigned)read;
    else if (parley_view_is(name, "ndots") && (read = number(value, NDOTS_MAX)) >= 0)
        conf->ndots = (unsigned)read;
}

void parley_resolv_conf_line(struct parley_resolv_conf *conf, struct parley_view line)
{
    struct parley_view key = take_word(&line);

    if (parley_view_is(key, "nameserver")) {
        add_server(conf, take_word(&line));
    } else if (parley_view_is(key, "search")) {
        set_search(conf, line, PARLEY_SEARCH_DOMAINS);
    } else if (parley_view_is(key, "domain")) {
        set_search(conf, line, 1);
    } else if (parley_view_is(key, "options")) {
        for (struct parley_view option = take_word(&line); option.len > 0; option = take_word(&line))
            set_option(conf, option);
    }
}

void parley_resolv_conf_end(struct parley_resolv_conf *conf)
{
    if (conf->server_count == 0)
        add_server(conf, parley_view("127.0.0.1"));
}

/* The domain in the `index`th place; absent behind the last. */
static struct parley_view domain_at(const struct parley_resolv_conf *conf, size_t index)
{
    for (size_t at = 0; at < conf->search_bytes; index--) {
        struct parley_view domain = parley_view(conf->search + at);

        if (index == 0)
            return domain;
        at += domain.len + 1;
    }
    return parley_view(NULL);
}

static size_t count_dots(struct parley_view name)
{
    size_t dots = 0;

    for (size_t i = 0; i < name.len; i++)
        dots += name.at[i] == '.';
    return dots;
}

static size_t count_domains(const struct parley_resolv_conf *conf)
{
    size_t count = 0;

    for (size_t i = 0; i < conf->search_bytes; i++)
        count += conf->search[i] == '\0';
    return count;
}

int parley_resolv_conf_name(const struct parley_resolv_conf *conf, struct parley_view host, size_t index,
                            char out[PARLEY_NAME_BYTES])
{
    bool absolute = host.len > 0 && host.at[host.len - 1] == '.';
    size_t domains = absolute ? 0 : count_domains(conf);
    bool alone_first = count_dots(host) >= conf->ndots;
    struct parley_view domain = parley_view(NULL);

    host = without_last_dot(host);
    if (index > domains)
        return -1;
    if (index != (alone_first ? 0 : domains))
        domain = domain_at(conf, alone_first ? index - 1 : index);
    if (host.len + (domain.len > 0) + domain.len > NAME_MAX_TEXT)
        return 0;
    memcpy(out, host.at, host.len);
    if (domain.len > 0) {
        out[host.len] = '.';
        memcpy(out + host.len + 1, domain.at, domain.len);
        host.len += 1 + domain.len;
    }
    out[host.len] = '\0';
    return 1;
}
