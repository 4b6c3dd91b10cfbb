/*
 * Names a test makes up.
 */
#include "platform/resolve.h"
#include "platform/clock.h"
#include "platform/dns.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/scope.h"
#include "platform/status.h"

#include <stdio.h>

enum { NAMES = 16, NAME_BYTES = 256, FAKE_INTERFACE = 2 };

struct entry {
    char name[NAME_BYTES];
    struct parley_address addresses[PARLEY_RESOLVE_ADDRESSES];
    size_t count;
    uint64_t after_us;
    int status; /* it fails with this one, for this reason */
    const char *words;
};

static struct entry entries[NAMES];
static size_t entry_count;

struct parley_resolver {
    uint64_t due_us;
    int result; /* once it is due */
    struct parley_address addresses[PARLEY_RESOLVE_ADDRESSES];
    size_t count; /* of those, but none is known before it is due */
    bool done;
    char reason[NAME_BYTES + 128];
};

void parley_fake_reset_names(void)
{
    entry_count = 0;
}

/* The one interface of the fake machine. */
uint32_t parley_scope_index(const char *interface_name)
{
    return strcmp(interface_name, "eth0") == 0 ? FAKE_INTERFACE : 0;
}

static struct entry *find(struct parley_view name)
{
    for (size_t i = 0; i < entry_count; i++)
        if (parley_view_is(name, entries[i].name))
            return &entries[i];
    return NULL;
}

/* The entry for a name, made if there is none yet. */
static struct entry *entry_for(const char *name)
{
    struct entry *entry = find(parley_view(name));

    if (entry != NULL)
        return entry;
    PARLEY_FAKE_MUST(entry_count < NAMES && strlen(name) < NAME_BYTES,
                     "a place for the name, and it is not too long");
    entry = &entries[entry_count++];
    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name, strlen(name));
    return entry;
}

void parley_fake_name(const char *name, const char *address)
{
    struct entry *entry = entry_for(name);
    struct parley_address parsed;
    int is_address = parley_address_parse(parley_view(address), &parsed);

    PARLEY_FAKE_MUST(is_address && entry->count < PARLEY_RESOLVE_ADDRESSES, "an address, and a place for it");
    entry->addresses[entry->count++] = parsed;
}

void parley_fake_name_delay_us(const char *name, uint64_t after_us)
{
    entry_for(name)->after_us = after_us;
}

void parley_fake_name_fails(const char *name, int status, const char *words)
{
    struct entry *entry = entry_for(name);

    entry->status = status;
    entry->words = words;
}

size_t parley_resolver_size(void)
{
    return sizeof(struct parley_resolver);
}

static int fail(struct parley_resolver *r, struct parley_view host, int status, const char *words)
{
    snprintf(r->reason, sizeof r->reason, "%.*s: %s", (int)(host.len < NAME_BYTES ? host.len : NAME_BYTES),
             host.at != NULL ? host.at : "", words);
    return r->result = status;
}

static void answer(struct parley_resolver *r, const struct parley_address *addresses, size_t count,
                   uint16_t port)
{
    for (size_t i = 0; i < count; i++) {
        r->addresses[i] = addresses[i];
        r->addresses[i].port = port;
    }
    r->count = count;
    r->result = (int)count;
}

int parley_resolver_start(struct parley_resolver *r, struct parley_view host, uint16_t port, uint64_t now_us)
{
    struct parley_address literal;
    const struct entry *entry = find(host);

    memset(r, 0, sizeof *r);
    r->due_us = now_us;
    if (parley_address_parse(host, &literal)) {
        answer(r, &literal, 1, port);
        return 0;
    }
    r->done = parley_dns_name_fault(host) != NULL;
    if (r->done)
        return fail(r, host, PARLEY_ERR_RESOLVE, parley_dns_name_fault(host));
    if (entry == NULL) {
        fail(r, host, PARLEY_ERR_RESOLVE, "no such name");
        return 0;
    }
    r->due_us = parley_clock_add(now_us, entry->after_us);
    if (entry->status != 0)
        fail(r, host, entry->status, entry->words);
    else if (entry->count == 0)
        fail(r, host, PARLEY_ERR_RESOLVE, "the name has no address");
    else
        answer(r, entry->addresses, entry->count, port);
    return 0;
}

int parley_resolver_work(struct parley_resolver *r, uint64_t now_us)
{
    if (now_us >= r->due_us)
        r->done = true;
    return r->done ? r->result : 0;
}

const struct parley_address *parley_resolver_addresses(const struct parley_resolver *r, size_t *count)
{
    *count = r->done ? r->count : 0;
    return r->addresses;
}

size_t parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want)
{
    if (r->done || r->due_us == 0)
        return 0;
    *want = (struct parley_interest){.fd = -1, .deadline_us = r->due_us};
    return 1;
}

struct parley_view parley_resolver_reason(const struct parley_resolver *r)
{
    return r->done ? parley_view(r->reason) : parley_view("");
}

void parley_resolver_stop(struct parley_resolver *r)
{
    memset(r, 0, sizeof *r);
}
