/*
 * The negotiation of permessage-deflate. What the answer may hold is little, and anything else would leave
 * the two sides with different ideas of what the bytes mean, so it ends the upgrade, by name.
 */
#include "transport/wss/extension.h"

#include "transport/wss/http.h"
#include "transport/wss/why.h"

#include <stdio.h>

const char parley_extension_offer[] = "permessage-deflate; client_max_window_bits";

enum { NAME_SHOWN = 48 };

/* ---- the list ---------------------------------------------------------------------------------- */

/* Takes what stands before the first `end` outside of quotes off the front of `text`, and `end` itself. */
static struct parley_view take_until(struct parley_view *text, char end)
{
    struct parley_view all = *text;
    bool quoted = false;
    size_t len = 0;

    while (len < all.len && (quoted || all.at[len] != end)) {
        quoted = quoted != (all.at[len] == '"');
        len++;
    }
    *text = parley_view_skip(all, len < all.len ? len + 1 : len);
    return parley_view_trim(parley_view_of(all.at, len));
}

/* A value may stand in quotes (RFC 6455, 9.1). */
static struct parley_view unquote(struct parley_view text)
{
    if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
        return parley_view_of(text.at + 1, text.len - 2);
    return text;
}

/* ---- what it says ------------------------------------------------------------------------------ */

static int wrong(char why[PARLEY_EXTENSION_WHY], const char *what, struct parley_view name)
{
    char shown[NAME_SHOWN];

    parley_why_clean(shown, sizeof shown, name);
    snprintf(why, PARLEY_EXTENSION_WHY, "%s (%s)", what, shown);
    return PARLEY_ERR_HTTP;
}

/* The window of a parameter: 8 to 15, without a zero in front. 0 when it is none. */
static uint8_t read_bits(struct parley_view value)
{
    unsigned bits = 0;

    for (size_t i = 0; i < value.len && i < 2; i++)
        bits = value.at[i] >= '0' && value.at[i] <= '9' ? 10 * bits + (unsigned)(value.at[i] - '0') : 99;
    if (value.len > 2 || (value.len == 2 && bits < 10) || bits < PARLEY_EXTENSION_WINDOW_MIN ||
        bits > PARLEY_EXTENSION_WINDOW_MAX)
        return 0;
    return (uint8_t)bits;
}

static int read_flag(bool *flag, bool has_value, struct parley_view parameter, char *why)
{
    if (has_value)
        return wrong(why, "its permessage-deflate gives a value to a parameter that has none", parameter);
    if (*flag)
        return wrong(why, "its permessage-deflate has a parameter twice", parameter);
    *flag = true;
    return 0;
}

static int read_window(uint8_t *bits, struct parley_view value, struct parley_view parameter, char *why)
{
    uint8_t read = read_bits(value);

    if (read == 0)
        return wrong(why, "its permessage-deflate has a window that is not 8 to 15", parameter);
    if (*bits != 0)
        return wrong(why, "its permessage-deflate has a parameter twice", parameter);
    *bits = read;
    return 0;
}

static int read_parameter(struct parley_extension *x, struct parley_view parameter, char *why)
{
    struct parley_view value = parameter, name = take_until(&value, '=');
    bool has_value = name.len < parameter.len;

    value = unquote(parley_view_trim(value));
    if (parley_http_is(name, "server_no_context_takeover"))
        return read_flag(&x->server_no_context_takeover, has_value, parameter, why);
    if (parley_http_is(name, "client_no_context_takeover"))
        return read_flag(&x->client_no_context_takeover, has_value, parameter, why);
    if (parley_http_is(name, "server_max_window_bits"))
        return read_window(&x->server_bits, value, parameter, why);
    if (parley_http_is(name, "client_max_window_bits"))
        return read_window(&x->client_bits, value, parameter, why);
    return wrong(why, "its permessage-deflate has an unknown parameter", parameter);
}

static int read_extension(struct parley_extension *x, struct parley_view rest, bool offered, char *why)
{
    struct parley_view name = take_until(&rest, ';');
    int status = 0;

    if (!offered || !parley_http_is(name, "permessage-deflate"))
        return wrong(why, "it sets an extension nobody asked for", name);
    if (x->agreed)
        return wrong(why, "it sets an extension twice", name);
    x->agreed = true;
    while (rest.len > 0 && status == 0)
        status = read_parameter(x, take_until(&rest, ';'), why);
    if (x->server_bits == 0)
        x->server_bits = PARLEY_EXTENSION_WINDOW_MAX;
    if (x->client_bits == 0)
        x->client_bits = PARLEY_EXTENSION_WINDOW_MAX;
    return status;
}

int parley_extension_read(struct parley_extension *x, struct parley_view value, bool offered,
                          char why[PARLEY_EXTENSION_WHY])
{
    int status = 0;

    while (value.len > 0 && status == 0) {
        struct parley_view one = take_until(&value, ',');

        if (one.len > 0) /* a list may have empty places (RFC 9110, 5.6.1) */
            status = read_extension(x, one, offered, why);
    }
    return status;
}
