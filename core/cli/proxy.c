/*
 * The environment's word on proxies. Nobody has standardised it; this is what curl, Go and Python agree on,
 * and for networks and addresses what the last two do. See proxy.h.
 */
#include "core/cli/proxy.h"

#include "platform/address.h"
#include "platform/process.h"

/* ---- NO_PROXY ---------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static size_t find(struct parley_view text, const char *any)
{
    size_t i = 0;

    while (i < text.len && (text.at[i] == '\0' || strchr(any, text.at[i]) == NULL))
        i++;
    return i;
}

static struct parley_view without_dot(struct parley_view name)
{
    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    return name;
}

/* Digits only; false when it is no number up to `largest`. */
static bool read_number(struct parley_view text, unsigned largest, unsigned *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(text.at[i] - '0');
        if (*number > largest)
            return false;
    }
    return text.len > 0;
}

static bool same_bits(const struct parley_address *a, const struct parley_address *b, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if (((a->bytes[i / 8] ^ b->bytes[i / 8]) >> (7 - i % 8)) & 1)
            return false;
    return true;
}

/* An address, or "address/bits". */
static bool names_network(struct parley_view entry, const struct parley_address *host)
{
    size_t slash = find(entry, "/");
    unsigned whole = host->family == 6 ? 128 : 32, bits = whole;
    struct parley_address network;

    if (!parley_address_parse(parley_view_of(entry.at, slash), &network) || network.family != host->family)
        return false;
    if (slash < entry.len && !read_number(parley_view_skip(entry, slash + 1), whole, &bits))
        return false;
    return same_bits(&network, host, bits);
}

/* The name itself, or one below it. */
static bool names_domain(struct parley_view domain, struct parley_view host)
{
    size_t start;

    if (domain.len > 1 && domain.at[0] == '*' && domain.at[1] == '.')
        domain = parley_view_skip(domain, 1);
    if (domain.len > 0 && domain.at[0] == '.')
        domain = parley_view_skip(domain, 1);
    domain = without_dot(domain);
    if (domain.len == 0 || domain.len > host.len)
        return false;
    start = host.len - domain.len;
    for (size_t i = 0; i < domain.len; i++)
        if (lower(host.at[start + i]) != lower(domain.at[i]))
            return false;
    return start == 0 || host.at[start - 1] == '.';
}

/* Takes ":port" off an entry; false when it is for another port. */
static bool is_for_port(struct parley_view *entry, unsigned port)
{
    bool brackets = entry->len > 0 && entry->at[0] == '[';
    size_t close = brackets ? find(*entry, "]") : 0,
           colon = close + find(parley_view_skip(*entry, close), ":");
    struct parley_view rest = parley_view_skip(*entry, colon + 1);
    unsigned number;

    if (colon < entry->len && (brackets || find(rest, ":") == rest.len)) {
        if (!read_number(rest, 65535, &number) || number != port)
            return false;
        entry->len = colon;
    }
    if (brackets && close < entry->len)
        *entry = parley_view_of(entry->at + 1, close - 1);
    return true;
}

static bool excepts(struct parley_view entry, struct parley_view host, unsigned port)
{
    struct parley_address address;

    if (parley_view_is(entry, "*"))
        return true;
    if (!is_for_port(&entry, port))
        return false;
    if (parley_address_parse(host, &address))
        return names_network(entry, &address);
    return names_domain(entry, without_dot(host));
}

bool parley_cli_proxy_excepts(struct parley_view list, struct parley_view host, unsigned port)
{
    while (list.len > 0) {
        size_t len = find(list, ", \t");

        if (len > 0 && excepts(parley_view_of(list.at, len), host, port))
            return true;
        list = parley_view_skip(list, len + 1);
    }
    return false;
}

/* ---- which proxy ------------------------------------------------------------------------------- */

/* As much of a URL as matters here; whether it is a good one is for others to say. */
struct target {
    struct parley_view host;
    unsigned port;
    bool tls;
};

static struct target read_url(const char *url)
{
    struct parley_view text = parley_view_trim(parley_view(url)), port;
    struct target target = {.tls = true};
    const char *scheme = strstr(url, "://");
    size_t end, at;

    if (scheme != NULL && scheme > text.at) {
        size_t len = (size_t)(scheme - text.at);

        target.tls =
            lower(scheme[-1]) == 's' && !(len == 2 && lower(text.at[0]) == 'w'); /* https, wss; not ws */
        text = parley_view_skip(text, len + 3);
    }
    text.len = find(text, "/?#");
    at = find(text, "@");
    if (at < text.len)
        text = parley_view_skip(text, at + 1);
    end = text.len > 0 && text.at[0] == '[' ? find(text, "]") : find(text, ":");
    port = parley_view_skip(text, end + find(parley_view_skip(text, end), ":") + 1);
    target.host = parley_view_of(text.at, end);
    if (text.len > 0 && text.at[0] == '[')
        target.host = parley_view_skip(target.host, 1);
    if (!read_number(port, 65535, &target.port))
        target.port = target.tls ? 443 : 80;
    return target;
}

/* The first of these variables that is set; set and empty means none. */
static const char *first_set(const char *const names[])
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = parley_process_environment(names[i]);

        if (value != NULL)
            return value[0] != '\0' ? value : NULL;
    }
    return NULL;
}

const char *parley_cli_proxy(const char *asked, const char *url)
{
    static const char *const for_tls[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
    static const char *const for_plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
    struct target target = read_url(url != NULL ? url : "https://api.openai.com");
    const char *proxy;

    if (asked != NULL)
        return asked[0] == '\0' || strcmp(asked, "none") == 0 ? NULL : asked;
    proxy = first_set(target.tls ? for_tls : for_plain);
    if (proxy == NULL ||
        parley_cli_proxy_excepts(parley_view(first_set(exceptions)), target.host, target.port))
        return NULL;
    return proxy;
}
