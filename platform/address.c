/*
 * Address literals to bytes and back, for every platform alike: the strict dotted form of IPv4 (four decimal
 * numbers without leading zeros), RFC 4291 section 2.2 and RFC 4007 section 11 for IPv6, written as RFC 5952
 * says.
 */
#include "platform/address.h"
#include "platform/scope.h"

#include <stdio.h>

enum { V4_BYTES = 4, V6_BYTES = 16, GROUPS = 8, SCOPE_NAME = 32 };

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : -1;
}

static int hex_of(char c)
{
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return digit_of(c);
}

/* Reads one decimal number of an IPv4 address off the front of *text. */
static bool take_octet(struct parley_view *text, uint8_t *octet)
{
    size_t digits = 0;
    int value = 0;

    for (; digits < text->len && digits < 3 && digit_of(text->at[digits]) >= 0; digits++)
        value = value * 10 + digit_of(text->at[digits]);
    if (digits == 0 || value > 255 || (digits > 1 && text->at[0] == '0'))
        return false;
    *octet = (uint8_t)value;
    *text = parley_view_skip(*text, digits);
    return true;
}

/* Removes `mark` from the front of *text, if it is there. */
static bool take(struct parley_view *text, struct parley_view mark)
{
    if (!parley_view_starts(*text, mark))
        return false;
    *text = parley_view_skip(*text, mark.len);
    return true;
}

static bool parse_v4(struct parley_view text, uint8_t out[V4_BYTES])
{
    for (int i = 0; i < V4_BYTES; i++)
        if ((i > 0 && !take(&text, parley_view("."))) || !take_octet(&text, &out[i]))
            return false;
    return text.len == 0;
}

/* Reads one to four hexadecimal digits off the front of *text. */
static bool take_group(struct parley_view *text, uint8_t out[2])
{
    size_t digits = 0;
    int value = 0;

    for (; digits < text->len && digits < 4 && hex_of(text->at[digits]) >= 0; digits++)
        value = value * 16 + hex_of(text->at[digits]);
    if (digits == 0)
        return false;
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)(value & 0xff);
    *text = parley_view_skip(*text, digits);
    return true;
}

/* Puts the zeros that "::" stands for between the `gap` bytes before it and the rest. */
static void widen(uint8_t out[V6_BYTES], size_t gap, size_t filled)
{
    memmove(out + V6_BYTES - (filled - gap), out + gap, filled - gap);
    memset(out + gap, 0, V6_BYTES - filled);
}

static bool parse_v6(struct parley_view text, uint8_t out[V6_BYTES])
{
    const size_t none = V6_BYTES + 1;
    size_t filled = 0, gap = none;
    bool more = true; /* a group has to follow */

    if (take(&text, parley_view("::"))) {
        gap = 0;
        more = text.len > 0;
    }
    while (more) {
        if (filled <= V6_BYTES - V4_BYTES && parse_v4(text, out + filled)) {
            filled += V4_BYTES;
            break;
        }
        if (filled == V6_BYTES || !take_group(&text, out + filled))
            return false;
        filled += 2;
        if (gap == none && take(&text, parley_view("::"))) {
            gap = filled;
            more = text.len > 0;
        } else {
            more = text.len > 0;
            if (more && !take(&text, parley_view(":")))
                return false;
        }
    }
    if (gap == none)
        return filled == V6_BYTES;
    if (filled == V6_BYTES) /* nothing left for "::" to stand for */
        return false;
    widen(out, gap, filled);
    return true;
}

/* The interface index behind '%': a number, or a name the system knows; 0 when it is neither. */
static uint32_t parse_scope(struct parley_view text)
{
    char name[SCOPE_NAME];
    uint64_t number = 0;
    size_t digits = 0;

    if (text.len >= sizeof name || memchr(text.at, '\0', text.len) != NULL)
        return 0;
    while (digits < text.len && digit_of(text.at[digits]) >= 0 && number <= UINT32_MAX)
        number = number * 10 + (uint64_t)digit_of(text.at[digits++]);
    if (digits == text.len)
        return number <= UINT32_MAX ? (uint32_t)number : 0;
    memcpy(name, text.at, text.len);
    name[text.len] = '\0';
    return parley_scope_index(name);
}

/* fe80::/10, and multicast on the interface or the link: the addresses that mean nothing without a scope. */
static bool takes_scope(const uint8_t bytes[V6_BYTES])
{
    return (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
           (bytes[0] == 0xff && ((bytes[1] & 0x0f) == 1 || (bytes[1] & 0x0f) == 2));
}

int parley_address_parse(struct parley_view text, struct parley_address *address)
{
    struct parley_address read = {0};
    const char *percent = text.len > 0 ? memchr(text.at, '%', text.len) : NULL;
    struct parley_view plain = percent != NULL ? parley_view_of(text.at, (size_t)(percent - text.at)) : text;

    if (parse_v4(text, read.bytes)) {
        read.family = 4;
    } else if (parse_v6(plain, read.bytes)) {
        read.family = 6;
        if (percent != NULL)
            read.scope = parse_scope(parley_view_skip(text, plain.len + 1));
        if (percent != NULL && (read.scope == 0 || !takes_scope(read.bytes)))
            return 0;
    } else {
        return 0;
    }
    *address = read;
    return 1;
}

static unsigned group_at(const uint8_t bytes[V6_BYTES], size_t index)
{
    return (unsigned)bytes[2 * index] << 8 | bytes[2 * index + 1];
}

/* The first of the longest runs of zero groups: its start, and its length in *length (0: none of two). */
static size_t longest_zeros(const uint8_t bytes[V6_BYTES], size_t *length)
{
    size_t best = 0, run = 0;

    *length = 0;
    for (size_t i = 0; i < GROUPS; i++) {
        run = group_at(bytes, i) == 0 ? run + 1 : 0;
        if (run > 1 && run > *length) {
            *length = run;
            best = i + 1 - run;
        }
    }
    return best;
}

/* Writes an IPv6 address without brackets or scope; returns its length. */
static size_t write_v6(const uint8_t bytes[V6_BYTES], char *out, size_t room)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    size_t length, zeros = longest_zeros(bytes, &length), at = 0;

    if (memcmp(bytes, mapped, sizeof mapped) == 0)
        return (size_t)snprintf(out, room, "::ffff:%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
    for (size_t i = 0; i < GROUPS; i++) {
        if (length > 0 && i == zeros) {
            at += (size_t)snprintf(out + at, room - at, "::");
            i += length - 1;
        } else {
            const char *colon = i == 0 || (length > 0 && i == zeros + length) ? "" : ":";

            at += (size_t)snprintf(out + at, room - at, "%s%x", colon, group_at(bytes, i));
        }
    }
    return at;
}

void parley_address_text(const struct parley_address *address, char out[PARLEY_ADDRESS_TEXT])
{
    const uint8_t *bytes = address->bytes;
    size_t at = 0;

    if (address->family != 6) {
        snprintf(out, PARLEY_ADDRESS_TEXT, "%u.%u.%u.%u:%u", bytes[0], bytes[1], bytes[2], bytes[3],
                 address->port);
        return;
    }
    out[at++] = '[';
    at += write_v6(bytes, out + at, PARLEY_ADDRESS_TEXT - at);
    if (address->scope != 0)
        at += (size_t)snprintf(out + at, PARLEY_ADDRESS_TEXT - at, "%%%lu", (unsigned long)address->scope);
    snprintf(out + at, PARLEY_ADDRESS_TEXT - at, "]:%u", address->port);
}
