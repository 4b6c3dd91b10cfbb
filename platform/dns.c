/*
 * The DNS messages the resolvers of the platforms exchange. Everything read here may come from anybody: each
 * step is bounded, by the end of the message, the length of a name, or compression pointers that only go
 * back.
 */
#include "platform/dns.h"

enum {
    HEADER = 12,
    FLAG_RESPONSE = 0x80,  /* in the third byte of the header */
    FLAG_AUTHORITY = 0x04, /* answered out of its own zone */
    FLAG_CUT = 0x02,
    OPCODE = 0x78,
    FLAG_RECURSION_DESIRED = 0x01,
    FLAG_RECURSION = 0x80, /* in the fourth: the server asks others for us */
    RCODE = 0x0f,
    RCODE_NXDOMAIN = 3,
    CLASS_IN = 1,
    TYPE_CNAME = 5,
    LABEL_MAX = 63,
    NAME_MAX_TEXT = 253, /* 255 bytes on the wire: one length more at the front, a zero at the end */
    CNAMES_MAX = 16,
};

/* ---- names and questions ---------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool may_stand_in_name(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* The label at the front of `name`, without its dot. */
static struct parley_view first_label(struct parley_view name)
{
    const char *dot = name.len > 0 ? memchr(name.at, '.', name.len) : NULL;

    return dot != NULL ? parley_view_of(name.at, (size_t)(dot - name.at)) : name;
}

static struct parley_view without_last_dot(struct parley_view name)
{
    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    return name;
}

static const char *character_fault(struct parley_view label)
{
    for (size_t i = 0; i < label.len; i++) {
        unsigned char c = (unsigned char)label.at[i];

        if (c <= ' ' || c == 0x7f)
            return "it has a space or control character in it";
        if (c >= 0x80)
            return "it is not ASCII: write the xn-- form of an international name";
        if (!may_stand_in_name(label.at[i]))
            return "it has a character in it that no host name has";
    }
    return NULL;
}

/* No top-level domain is a number: such a name is a mistyped IPv4 address (and must not be looked up). */
static bool is_number(struct parley_view label)
{
    size_t digits = 0;

    while (digits < label.len && is_digit(label.at[digits]))
        digits++;
    return digits == label.len;
}

const char *parley_dns_name_fault(struct parley_view host)
{
    struct parley_view rest = without_last_dot(host), label = rest;

    if (rest.len == 0)
        return "it is empty";
    if (rest.len > NAME_MAX_TEXT)
        return "it is longer than 253 characters";
    for (bool last = false; !last; rest = parley_view_skip(rest, label.len + 1)) {
        const char *fault;

        label = first_label(rest);
        last = label.len == rest.len;
        fault = character_fault(label);
        if (fault != NULL)
            return fault;
        if (label.len == 0)
            return "it has nothing between two dots";
        if (label.len > LABEL_MAX)
            return "one of its parts is longer than 63 characters";
    }
    return is_number(label) ? "it looks like an IPv4 address and is none" : NULL;
}

static void put_16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static unsigned get_16(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

size_t parley_dns_question(unsigned char out[PARLEY_DNS_QUESTION], uint16_t id, struct parley_view host,
                           enum parley_dns_type type)
{
    struct parley_view rest = without_last_dot(host);
    size_t at = HEADER;

    if (parley_dns_name_fault(host) != NULL)
        return 0;
    memset(out, 0, HEADER);
    put_16(out, id);
    out[2] = FLAG_RECURSION_DESIRED;
    put_16(out + 4, 1); /* one question */
    while (rest.len > 0) {
        struct parley_view label = first_label(rest);

        out[at++] = (unsigned char)label.len;
        memcpy(out + at, label.at, label.len);
        at += label.len;
        rest = parley_view_skip(rest, label.len + 1);
    }
    out[at++] = 0;
    put_16(out + at, type);
    put_16(out + at + 2, CLASS_IN);
    return at + 4;
}

/* ---- answers ---------------------------------------------------------------------------------- */

/* A message and how far it has been read. */
struct reader {
    const unsigned char *at;
    size_t bytes, next;
};

/* A name as it stands on the wire without compression, in lower case: two are equal when the bytes are. */
struct name {
    unsigned char at[255];
    size_t len;
};

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* Appends the label that stands at `from` in the message. False when it leaves the message or the name. */
static bool add_label(struct name *name, const struct reader *message, size_t from)
{
    size_t len = message->at[from];

    if (len >= message->bytes - from || name->len + len + 2 > sizeof name->at)
        return false;
    name->at[name->len++] = (unsigned char)len;
    for (size_t i = 1; i <= len; i++)
        name->at[name->len++] = lower(message->at[from + i]);
    return true;
}

/* Where the compression pointer at `at` points to; `limit` when it is none that may be followed: each has
   to go further back than all before it, so that they come to an end (RFC 1035 section 4.1.4). */
static size_t pointed_to(const struct reader *message, size_t at, size_t limit)
{
    size_t to = message->bytes - at < 2 ? limit : get_16(message->at + at) & 0x3fff;

    return to < limit ? to : limit;
}

/* Reads the name that comes next, following pointers. */
static bool read_name(struct reader *message, struct name *name)
{
    size_t at = message->next, limit = message->next;
    bool jumped = false;

    name->len = 0;
    for (;;) {
        size_t to;

        if (at >= message->bytes)
            return false;
        if (message->at[at] == 0)
            break;
        if (message->at[at] <= LABEL_MAX) {
            if (!add_label(name, message, at))
                return false;
            at += 1U + message->at[at];
            continue;
        }
        to = message->at[at] >= 0xc0 ? pointed_to(message, at, limit) : limit;
        if (to == limit)
            return false;
        if (!jumped)
            message->next = at + 2;
        jumped = true;
        at = limit = to;
    }
    if (!jumped)
        message->next = at + 1;
    name->at[name->len++] = 0;
    return true;
}

static bool names_equal(const struct name *a, const struct name *b)
{
    return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

/* A resource record; its data starts at `data` in the message. */
struct record {
    struct name owner;
    unsigned type, class;
    size_t data, data_bytes;
};

static bool read_record(struct reader *message, struct record *record)
{
    const unsigned char *fixed;

    if (!read_name(message, &record->owner) || message->bytes - message->next < 10)
        return false;
    fixed = message->at + message->next;
    record->type = get_16(fixed);
    record->class = get_16(fixed + 2);
    record->data_bytes = get_16(fixed + 8); /* the time to live before it does not matter here */
    record->data = message->next + 10;
    if (record->data_bytes > message->bytes - record->data)
        return false;
    message->next = record->data + record->data_bytes;
    return true;
}

/* True when the message repeats the question. A server that could not read it, or does not want to, may
   leave it out. */
static bool same_question(const unsigned char *question, size_t question_bytes, const unsigned char *message,
                          size_t bytes)
{
    if (get_16(message + 4) == 0)
        return (message[3] & RCODE) != 0 && (message[3] & RCODE) != RCODE_NXDOMAIN;
    if (get_16(message + 4) != 1 || bytes < question_bytes)
        return false;
    for (size_t i = HEADER; i < question_bytes; i++)
        if (lower(message[i]) != lower(question[i]))
            return false;
    return true;
}

static void keep_address(struct parley_dns_answer *answer, const unsigned char *data, size_t bytes)
{
    struct parley_address *address = &answer->addresses[answer->count];

    if (answer->count == PARLEY_DNS_ADDRESSES)
        return;
    memset(address, 0, sizeof *address);
    address->family = bytes == 4 ? 4 : 6;
    memcpy(address->bytes, data, bytes);
    answer->count++;
}

/* Reads the name a CNAME record consists of. */
static bool read_alias(const struct reader *message, const struct record *record, struct name *alias)
{
    struct reader data = {message->at, message->bytes, record->data};

    return read_name(&data, alias) && data.next == record->data + record->data_bytes;
}

enum walk { WALK_END, WALK_ALIAS, WALK_BROKEN };

/*
 * Goes over the answer section once, for one name: keeps its addresses, or replaces *name by what it is an
 * alias of.
 */
static enum walk walk(struct parley_dns_answer *answer, struct reader message, struct name *name,
                      unsigned type, bool cut)
{
    unsigned records = get_16(message.at + 6);
    size_t bytes = type == PARLEY_DNS_A ? 4 : 16;
    struct name alias = {.len = 0};

    while (records-- > 0) {
        struct record record;

        if (!read_record(&message, &record)) {
            if (cut)
                break;
            return WALK_BROKEN;
        }
        if (record.class != CLASS_IN || !names_equal(&record.owner, name))
            continue;
        if (record.type == type && record.data_bytes != bytes)
            return WALK_BROKEN;
        if (record.type == type)
            keep_address(answer, message.at + record.data, bytes);
        else if (record.type == TYPE_CNAME && !read_alias(&message, &record, &alias))
            return WALK_BROKEN;
    }
    if (answer->count > 0 || alias.len == 0)
        return WALK_END;
    *name = alias;
    return WALK_ALIAS;
}

/* Follows the aliases from the name asked for to its addresses, in whatever order the records come. */
static enum parley_dns_verdict read_addresses(struct parley_dns_answer *answer, struct reader message,
                                              unsigned type, bool cut)
{
    struct name name;
    enum walk end = WALK_ALIAS;

    if (!read_name(&message, &name))
        return PARLEY_DNS_UNUSABLE;
    message.next += 4; /* type and class of the question */
    for (int i = 0; i <= CNAMES_MAX && end == WALK_ALIAS; i++)
        end = walk(answer, message, &name, type, cut);
    if (end != WALK_END)
        return PARLEY_DNS_UNUSABLE;
    return answer->count > 0 ? PARLEY_DNS_FOUND : PARLEY_DNS_NODATA;
}

enum parley_dns_verdict parley_dns_answer(struct parley_dns_answer *answer, const unsigned char *question,
                                          size_t question_bytes, const unsigned char *message, size_t bytes,
                                          bool cut)
{
    struct reader reader = {message, bytes, HEADER};
    enum parley_dns_verdict verdict;

    answer->rcode = 0;
    answer->count = 0;
    if (bytes < HEADER || (message[2] & (FLAG_RESPONSE | OPCODE)) != FLAG_RESPONSE ||
        memcmp(message, question, 2) != 0 || !same_question(question, question_bytes, message, bytes))
        return PARLEY_DNS_FOREIGN;
    answer->rcode = message[3] & RCODE;
    if (answer->rcode == RCODE_NXDOMAIN)
        return PARLEY_DNS_NXDOMAIN;
    if (answer->rcode != 0)
        return PARLEY_DNS_FAILED;
    if ((message[2] & FLAG_CUT) != 0)
        return PARLEY_DNS_TRUNCATED;
    verdict = read_addresses(answer, reader, get_16(question + question_bytes - 4), cut);
    /* Neither an authority nor willing to ask one: that there was nothing in it says nothing. */
    if (verdict == PARLEY_DNS_NODATA && (message[2] & FLAG_AUTHORITY) == 0 &&
        (message[3] & FLAG_RECURSION) == 0)
        return PARLEY_DNS_UNUSABLE;
    return verdict;
}

const char *parley_dns_rcode_name(unsigned rcode)
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};

    return rcode < sizeof names / sizeof names[0] ? names[rcode] : "an unknown error";
}
