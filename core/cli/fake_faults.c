/*
 * The faults of `parley fake`: reading them, and drawing those of a connection. See fake_faults.h.
 */
#include "core/cli/fake_faults.h"

#include "platform/clock.h"

#include <stdio.h>

enum unit { NO_AMOUNT, NUMBER, TIME };

static const struct kind {
    const char *name;
    enum unit unit;
    uint64_t usual, most; /* amounts */
    bool lasts;
} kinds[PARLEY_CLI_FAKE_KINDS] = {
    [PARLEY_CLI_FAKE_SPLIT] = {"split", NUMBER, 1, 65536, true},
    [PARLEY_CLI_FAKE_FRAGMENT] = {"fragment", NUMBER, 100, 4096, true},
    [PARLEY_CLI_FAKE_DELAY] = {"delay", TIME, 200000, 60000000, true},
    [PARLEY_CLI_FAKE_SLOW_READ] = {"slow-read", NUMBER, 8000, 1000000000, true},
    [PARLEY_CLI_FAKE_SLOW_WRITE] = {"slow-write", NUMBER, 8000, 1000000000, true},
    [PARLEY_CLI_FAKE_HALF_OPEN] = {"half-open", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_GARBAGE] = {"garbage", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_UNKNOWN] = {"unknown", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_BINARY] = {"binary", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_BAD_FRAME] = {"bad-frame", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_DROP] = {"drop", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_SERVICE] = {"", NO_AMOUNT, 0, 0, false},
    [PARLEY_CLI_FAKE_REFUSE] = {"refuse", NUMBER, 503, 599, true},
    [PARLEY_CLI_FAKE_NO_ANSWER] = {"no-answer", NO_AMOUNT, 0, 0, true},
};

const char parley_cli_fake_faults_help[] =
    "Faults: NAME[:AMOUNT][@WHEN][%CHANCE], several with commas in between. WHEN is a time after the "
    "upgrade\n"
    "(500ms, 2s, 1m) or a number: before the so many-th message said; without it those that last begin at\n"
    "once, and the others come at a moment the seed draws from the first 10 s. CHANCE is in percent of the\n"
    "connections.\n"
    "  last:  split[:BYTES] of a write (1), fragment[:BYTES] of a frame (100), delay[:TIME] of each message, "
    "at\n"
    "         most (200ms), slow-read[:BYTES] a second (8000), slow-write[:BYTES] a second (8000)\n"
    "  once:  half-open, drop, garbage, unknown, binary, bad-frame, and those of the service: error,\n"
    "         fail-reply, filter-reply, empty-reply, fail-transcript, rate-limit, stall:TIME, expire,\n"
    "         close:CODE, break\n"
    "  before the upgrade:  refuse[:STATUS] (503), no-answer\n";

/* ---- reading ----------------------------------------------------------------------------------- */

/* A number of digits alone, of at most `most`. */
static bool read_number(struct parley_view text, uint64_t most, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || *number > most)
            return false;
        *number = *number * 10 + (uint64_t)(text.at[i] - '0');
    }
    return text.len > 0 && *number <= most;
}

static bool ends(struct parley_view text, const char *unit)
{
    size_t len = strlen(unit);

    return text.len > len && memcmp(text.at + text.len - len, unit, len) == 0;
}

/* 500ms, 2s, 1m */
static bool read_time(struct parley_view text, uint64_t *time_us)
{
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"ms", 1000}, {"s", 1000000}, {"m", 60000000}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ends(text, units[i].name)) {
            text.len -= strlen(units[i].name);
            if (!read_number(text, 86400000, time_us))
                return false;
            *time_us *= units[i].us;
            return *time_us <= UINT64_C(86400000000);
        }
    return false;
}

static int wrong(char why[PARLEY_CLI_FAKE_WHY], struct parley_view fault, const char *what)
{
    snprintf(why, PARLEY_CLI_FAKE_WHY, "--faults: \"%.*s\" %s", (int)(fault.len < 60 ? fault.len : 60),
             fault.at, what);
    return PARLEY_ERR_ARGUMENT;
}

/* Takes what stands behind the last `mark` off the end; absent when there is no such mark. */
static struct parley_view take_end(struct parley_view *text, char mark)
{
    for (size_t i = text->len; i-- > 0;)
        if (text->at[i] == mark) {
            struct parley_view end = parley_view_of(text->at + i + 1, text->len - i - 1);

            text->len = i;
            return end;
        }
    return parley_view(NULL);
}

/* Which one it is, and how its amount is read. */
static bool find(struct parley_view name, struct parley_cli_fake_fault *fault, struct kind *kind)
{
    for (int i = 0; i < PARLEY_CLI_FAKE_KINDS; i++)
        if (name.len > 0 && parley_view_is(name, kinds[i].name)) {
            fault->kind = (enum parley_cli_fake_kind)i;
            *kind = kinds[i];
            return true;
        }
    fault->kind = PARLEY_CLI_FAKE_SERVICE;
    fault->service = parley_service_fault_named(name);
    *kind = kinds[PARLEY_CLI_FAKE_SERVICE];
    if (fault->service == PARLEY_FAULT_STALL)
        *kind = (struct kind){"stall", TIME, 5000000, 600000000, false};
    if (fault->service == PARLEY_FAULT_CLOSE)
        *kind = (struct kind){"close", NUMBER, 1000, 4999, false};
    return fault->service != PARLEY_FAULT_KINDS;
}

static int read_one(struct parley_cli_fake_fault *fault, struct parley_view text,
                    char why[PARLEY_CLI_FAKE_WHY])
{
    struct parley_view rest = text, chance = take_end(&rest, '%'), when = take_end(&rest, '@');
    struct parley_view amount = take_end(&rest, ':');
    struct kind kind;
    uint64_t number = 100;

    if (!find(rest, fault, &kind))
        return wrong(why, text, "is no fault; see: parley fake --help");
    fault->amount = kind.usual;
    if (amount.at != NULL &&
        (kind.unit == NO_AMOUNT || !(kind.unit == TIME ? read_time(amount, &fault->amount)
                                                       : read_number(amount, kind.most, &fault->amount))))
        return wrong(why, text, kind.unit == NO_AMOUNT ? "takes no amount" : "has an amount that is none");
    if (kind.unit != NO_AMOUNT && (fault->amount == 0 || fault->amount > kind.most))
        return wrong(why, text, "has an amount out of range");
    if (chance.at != NULL && !read_number(chance, 100, &number))
        return wrong(why, text, "has a chance that is no number from 0 to 100");
    fault->percent = (uint32_t)number;
    fault->at_us = kind.lasts ? 0 : PARLEY_NEVER;
    fault->drawn = !kind.lasts && when.at == NULL;
    if (when.at == NULL)
        return PARLEY_OK;
    if (read_number(when, 1000000, &number)) {
        fault->at_us = PARLEY_NEVER;
        fault->at_message = (uint32_t)number;
        return number > 0 ? PARLEY_OK : wrong(why, text, "counts messages from 1");
    }
    return read_time(when, &fault->at_us) ? PARLEY_OK : wrong(why, text, "has a moment that is none");
}

int parley_cli_fake_faults_read(struct parley_cli_fake_faults *faults, const char *spec,
                                char why[PARLEY_CLI_FAKE_WHY])
{
    int status = PARLEY_OK;

    *faults = (struct parley_cli_fake_faults){.count = 0};
    while (status == PARLEY_OK && *spec != '\0') {
        struct parley_view text = parley_view_of(spec, strcspn(spec, ","));

        spec += text.len + (spec[text.len] == ',');
        if (faults->count == PARLEY_CLI_FAKE_FAULTS)
            return wrong(why, text, "is one too many");
        status = read_one(&faults->at[faults->count++], parley_view_trim(text), why);
    }
    return status;
}

const char *parley_cli_fake_fault_name(const struct parley_cli_fake_fault *fault)
{
    return fault->kind == PARLEY_CLI_FAKE_SERVICE ? parley_service_fault_name(fault->service)
                                                  : kinds[fault->kind].name;
}

/* ---- drawing ----------------------------------------------------------------------------------- */

/* splitmix64: any state will do, also those that are close to each other. */
uint64_t parley_cli_fake_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

struct parley_cli_fake_faults parley_cli_fake_faults_draw(const struct parley_cli_fake_faults *all,
                                                          uint64_t seed, uint32_t connection)
{
    struct parley_cli_fake_faults drawn = {.count = 0};
    uint64_t state = seed << 32 ^ connection;

    for (size_t i = 0; i < all->count; i++) {
        struct parley_cli_fake_fault fault = all->at[i];
        bool has = parley_cli_fake_random(&state) % 100 < fault.percent;
        uint64_t moment_us = parley_cli_fake_random(&state) % 10000000;

        if (fault.drawn)
            fault.at_us = moment_us;
        if (has)
            drawn.at[drawn.count++] = fault;
    }
    return drawn;
}
