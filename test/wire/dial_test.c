/*
 * Happy eyeballs on the fake platform: who is tried when, on a clock that only moves when somebody waits.
 *
 * The linker wraps the start of a connection, to note its time, and the resolver, to let the answers for the
 * two families come one after the other:
 *
 * link: -Wl,--wrap=parley_socket_connect,--wrap=parley_resolver_work
 * link: -Wl,--wrap=parley_resolver_addresses,--wrap=parley_resolver_interest
 */
#include "wire_test.h"

#include "platform/clock.h"
#include "platform/resolve.h"
#include "transport/wss/dial.h"

enum { MEMORY = 16384, MS = 1000, PORT = 443 };

/* An address, what happens to connections to it, and how long after the lookup the resolver tells it (0: all
   at once, by the fake's own resolver). */
struct place {
    const char *address;
    enum parley_fake_answer answer;
    unsigned after_ms, told_ms;
};
enum { PLACES = 17 };

struct row {
    const char *title;
    bool given; /* the host hands the addresses in */
    struct place places[PLACES];
    unsigned resolve_takes_ms; /* with NEVER_MS: for ever */
    const char *attempts;      /* "MS ADDRESS|..." */
    int status;                /* 1: connected, to the address below */
    unsigned ends_ms;
    const char *words; /* the winner, or the reason */
};
#define NEVER_MS  UINT32_MAX
#define NAME      "voice.test"
#define ACCEPT    PARLEY_FAKE_ACCEPT
#define REFUSE    PARLEY_FAKE_REFUSE
#define SILENT    PARLEY_FAKE_SILENT
#define SIX       "2001:db8::1"
#define SIX_2     "2001:db8::2"
#define SIX_3     "2001:db8::3"
#define FOUR      "192.0.2.1"
#define FOUR_2    "192.0.2.2"
#define AT_SIX    "[2001:db8::1]:443"
#define AT_SIX_2  "[2001:db8::2]:443"
#define AT_SIX_3  "[2001:db8::3]:443"
#define AT_FOUR   "192.0.2.1:443"
#define AT_FOUR_2 "192.0.2.2:443"

static const struct row rows[] = {
    {"a good IPv6", false, {{SIX, ACCEPT, 20, 0}, {FOUR, ACCEPT, 5, 0}}, 0, "0 " AT_SIX, 1, 20, AT_SIX},
    {"IPv6 first, whatever the answer's order",
     false,
     {{FOUR, ACCEPT, 5, 0}, {SIX, ACCEPT, 20, 0}},
     0,
     "0 " AT_SIX,
     1,
     20,
     AT_SIX},
    {"IPv4 alone", false, {{FOUR, ACCEPT, 5, 0}}, 30, "30 " AT_FOUR, 1, 35, AT_FOUR},
    {"no route for IPv6: IPv4 at once",
     false,
     {{SIX, REFUSE, 0, 0}, {FOUR, ACCEPT, 5, 0}},
     0,
     "0 " AT_SIX "|0 " AT_FOUR,
     1,
     5,
     AT_FOUR},
    {"IPv6 refused after a while: IPv4 at once",
     false,
     {{SIX, REFUSE, 40, 0}, {FOUR, ACCEPT, 5, 0}},
     0,
     "0 " AT_SIX "|40 " AT_FOUR,
     1,
     45,
     AT_FOUR},
    {"a silent IPv6: IPv4 after 250 ms",
     false,
     {{SIX, SILENT, 0, 0}, {FOUR, ACCEPT, 5, 0}},
     0,
     "0 " AT_SIX "|250 " AT_FOUR,
     1,
     255,
     AT_FOUR},
    {"a slow IPv6 still wins over a slower IPv4",
     false,
     {{SIX, ACCEPT, 300, 0}, {FOUR, ACCEPT, 100, 0}},
     0,
     "0 " AT_SIX "|250 " AT_FOUR,
     1,
     300,
     AT_SIX},
    {"the families take turns, three at a time",
     false,
     {{SIX, SILENT, 0, 0},
      {SIX_2, SILENT, 0, 0},
      {SIX_3, SILENT, 0, 0},
      {FOUR, REFUSE, 1000, 0},
      {FOUR_2, ACCEPT, 5, 0}},
     0,
     "0 " AT_SIX "|250 " AT_FOUR "|500 " AT_SIX_2 "|1250 " AT_FOUR_2,
     1,
     1255,
     AT_FOUR_2},
    {"all refuse",
     false,
     {{SIX, REFUSE, 30, 0}, {FOUR, REFUSE, 10, 0}},
     0,
     "0 " AT_SIX "|30 " AT_FOUR,
     PARLEY_ERR_CONNECT,
     40,
     "connect: " AT_SIX ": Connection refused; " AT_FOUR ": Connection refused"},
    {"the same address twice is tried once",
     false,
     {{FOUR, REFUSE, 10, 0}, {FOUR, REFUSE, 10, 0}},
     0,
     "0 " AT_FOUR,
     PARLEY_ERR_CONNECT,
     10,
     "connect: " AT_FOUR ": Connection refused"},
    {"silence until the deadline",
     false,
     {{SIX, SILENT, 0, 0}, {FOUR, SILENT, 0, 0}},
     0,
     "0 " AT_SIX "|250 " AT_FOUR,
     PARLEY_ERR_TIMEOUT,
     2000,
     "connect: " AT_SIX ": no answer in 2000 ms; " AT_FOUR ": no answer in 2000 ms"},
    {"silence until the deadline, and more addresses than sockets",
     false,
     {{FOUR, SILENT, 0, 0}, {FOUR_2, SILENT, 0, 0}, {"192.0.2.3", SILENT, 0, 0}, {"192.0.2.4", SILENT, 0, 0}},
     0,
     "0 " AT_FOUR "|250 " AT_FOUR_2 "|500 192.0.2.3:443",
     PARLEY_ERR_TIMEOUT,
     2000,
     "192.0.2.3:443: no answer in 2000 ms; 1 not tried"},
    {"more failures than the reason holds",
     false,
     {{"2001:db8:1111:2222:3333:4444:5555:6661", REFUSE, 0, 0},
      {"2001:db8:1111:2222:3333:4444:5555:6662", REFUSE, 0, 0},
      {"2001:db8:1111:2222:3333:4444:5555:6663", REFUSE, 0, 0},
      {"2001:db8:1111:2222:3333:4444:5555:6664", REFUSE, 0, 0},
      {"2001:db8:1111:2222:3333:4444:5555:6665", REFUSE, 0, 0}},
     0,
     NULL,
     PARLEY_ERR_CONNECT,
     0,
     ":6663]:443: Connection refused; and 2 more"},

    /* names */
    {"a slow resolver", false, {{SIX, ACCEPT, 5, 0}}, 999, "999 " AT_SIX, 1, 1004, AT_SIX},
    {"a resolver that never answers",
     false,
     {{SIX, ACCEPT, 5, 0}},
     NEVER_MS,
     "",
     PARLEY_ERR_TIMEOUT,
     1000,
     "resolve: " NAME ": no answer in 1000 ms"},
    {"a name that is not there",
     false,
     {{NULL, ACCEPT, 0, 0}},
     0,
     "",
     PARLEY_ERR_RESOLVE,
     0,
     "resolve: " NAME ": no such name"},

    /* answers that come one by one */
    {"IPv6 is told first: tried at once",
     false,
     {{SIX, ACCEPT, 5, 10}, {FOUR, ACCEPT, 5, 500}},
     500,
     "10 " AT_SIX,
     1,
     15,
     AT_SIX},
    {"IPv4 is told first: it waits 50 ms for IPv6, which comes",
     false,
     {{FOUR, ACCEPT, 5, 10}, {SIX, ACCEPT, 5, 40}},
     40,
     "40 " AT_SIX,
     1,
     45,
     AT_SIX},
    {"IPv4 is told first, IPv6 too late",
     false,
     {{FOUR, SILENT, 5, 10}, {SIX, ACCEPT, 5, 400}},
     400,
     "60 " AT_FOUR "|400 " AT_SIX,
     1,
     405,
     AT_SIX},
    {"IPv4 is told, IPv6 never: the deadline of the resolver ends only the asking",
     false,
     {{FOUR, REFUSE, 100, 10}, {FOUR_2, SILENT, 0, 10}, {SIX, ACCEPT, 5, NEVER_MS}},
     NEVER_MS,
     "60 " AT_FOUR "|160 " AT_FOUR_2,
     PARLEY_ERR_TIMEOUT,
     2060,
     "connect: " AT_FOUR ": Connection refused; " AT_FOUR_2 ": no answer in 2000 ms"},
    {"all that is known refuses, and the rest never comes",
     false,
     {{FOUR, REFUSE, 100, 10}, {SIX, ACCEPT, 5, NEVER_MS}},
     NEVER_MS,
     "60 " AT_FOUR,
     PARLEY_ERR_CONNECT,
     1000,
     "connect: " AT_FOUR ": Connection refused"},
    {"two at a time while the resolver is at work",
     false,
     {{SIX, SILENT, 0, 10}, {SIX_2, SILENT, 0, 10}, {SIX_3, SILENT, 0, 10}, {FOUR, ACCEPT, 5, 700}},
     700,
     "10 " AT_SIX "|260 " AT_SIX_2 "|700 " AT_FOUR,
     1,
     705,
     AT_FOUR},

    /* addresses of the host */
    {"given addresses keep their order, and nothing is asked",
     true,
     {{FOUR, SILENT, 0, 0}, {FOUR_2, SILENT, 0, 0}, {SIX, ACCEPT, 5, 0}},
     NEVER_MS,
     "0 " AT_FOUR "|250 " AT_SIX,
     1,
     255,
     AT_SIX},
    {"a given address that refuses",
     true,
     {{FOUR, REFUSE, 0, 0}},
     NEVER_MS,
     "0 " AT_FOUR,
     PARLEY_ERR_CONNECT,
     0,
     "connect: " AT_FOUR ": Connection refused"},
};

/* ---- what the linker wraps --------------------------------------------------------------------- */

static uint64_t began_us;
static char attempts[1024];
static const struct row *one_by_one; /* its places are told one after the other; NULL: the fake's resolver */

int __real_parley_socket_connect(const struct parley_address *to);
int __real_parley_resolver_work(struct parley_resolver *r, uint64_t now_us);
const struct parley_address *__real_parley_resolver_addresses(const struct parley_resolver *r, size_t *count);
size_t __real_parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want);
int __wrap_parley_socket_connect(const struct parley_address *to);
int __wrap_parley_resolver_work(struct parley_resolver *r, uint64_t now_us);
const struct parley_address *__wrap_parley_resolver_addresses(const struct parley_resolver *r, size_t *count);
size_t __wrap_parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want);

int __wrap_parley_socket_connect(const struct parley_address *to)
{
    char text[PARLEY_ADDRESS_TEXT];
    size_t used = strlen(attempts);

    parley_address_text(to, text);
    snprintf(attempts + used, sizeof attempts - used, "%s%u %s", used > 0 ? "|" : "",
             (unsigned)((parley_clock_us() - began_us) / MS), text);
    return __real_parley_socket_connect(to);
}

static uint64_t when_us(unsigned after_ms)
{
    return after_ms == NEVER_MS ? PARLEY_NEVER : began_us + (uint64_t)after_ms * MS;
}

static size_t count_places(const struct row *row)
{
    size_t count = 0;

    while (count < PLACES && row->places[count].address != NULL)
        count++;
    return count;
}

int __wrap_parley_resolver_work(struct parley_resolver *r, uint64_t now_us)
{
    if (one_by_one == NULL)
        return __real_parley_resolver_work(r, now_us);
    return now_us >= when_us(one_by_one->resolve_takes_ms) ? (int)count_places(one_by_one) : 0;
}

const struct parley_address *__wrap_parley_resolver_addresses(const struct parley_resolver *r, size_t *count)
{
    static struct parley_address told[PLACES];

    if (one_by_one == NULL)
        return __real_parley_resolver_addresses(r, count);
    *count = 0;
    for (const struct place *place = one_by_one->places; place->address != NULL; place++)
        if (parley_clock_us() >= when_us(place->told_ms)) {
            parley_address_parse(parley_view(place->address), &told[*count]);
            told[(*count)++].port = PORT;
        }
    return told;
}

size_t __wrap_parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want)
{
    if (one_by_one == NULL)
        return __real_parley_resolver_interest(r, want);
    *want = (struct parley_interest){.fd = -1, .deadline_us = when_us(one_by_one->resolve_takes_ms)};
    for (const struct place *place = one_by_one->places; place->address != NULL; place++)
        if (when_us(place->told_ms) > parley_clock_us() && when_us(place->told_ms) < want->deadline_us)
            want->deadline_us = when_us(place->told_ms);
    return 1;
}

/* ---- one dial ---------------------------------------------------------------------------------- */

static unsigned char memory[MEMORY];

static void set_the_scene(const struct row *row)
{
    parley_fake_reset();
    one_by_one = row->places[0].told_ms > 0 ? row : NULL;
    attempts[0] = '\0';
    began_us = parley_clock_us();
    for (size_t i = 0; i < count_places(row); i++) {
        const struct place *place = &row->places[i];

        parley_fake_address(place->address, PORT, place->answer, (uint64_t)place->after_ms * MS);
        if (!row->given)
            parley_fake_name(NAME, place->address);
    }
    if (row->resolve_takes_ms > 0)
        parley_fake_name_delay_us(NAME, when_us(row->resolve_takes_ms) - began_us);
}

static struct parley_dial *dial(const char *host, const struct parley_address *given, size_t given_count)
{
    struct parley_dial_options options = {.host = parley_view(host),
                                          .port = PORT,
                                          .addresses = given,
                                          .address_count = given_count,
                                          .resolve_ms = 1000,
                                          .connect_ms = 2000};
    struct parley_arena count = parley_arena(NULL, 0), arena = parley_arena(memory, sizeof memory);

    assert_null(parley_dial_open(&count, &options));
    assert_in_range(count.used, 1, sizeof memory);
    return parley_dial_open(&arena, &options);
}

/* Works until it ends, waking up only when the interest says so. */
static int finish(struct parley_dial *d)
{
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS + 1];
    int status, rounds = 0;

    while ((status = parley_dial_work(d, parley_clock_us())) == 0) {
        size_t count = parley_dial_interest(d, want);

        assert_in_range(count, 1, PARLEY_TRANSPORT_INTERESTS);
        parley_wait(want, count, PARLEY_NEVER);
        assert_true(++rounds < 50);
    }
    assert_int_equal(parley_dial_work(d, parley_clock_us() + 1), status); /* and so it stays */
    return status;
}

/* Every connection but the winner's is closed. */
static void expect_closed(const char *title, int winner)
{
    for (int i = 0; i < parley_fake_connections(); i++)
        expect_int(title, parley_fake_connection_closed(i), i != winner);
}

static void expect_winner(const struct row *row, struct parley_dial *d)
{
    char text[PARLEY_ADDRESS_TEXT];
    int fd = parley_dial_take(d), winner = -1;

    assert_true(fd >= 0);
    assert_int_equal(parley_dial_take(d), -1);
    for (int i = 0; i < parley_fake_connections(); i++)
        if (parley_fake_connection_open(i))
            winner = i;
    assert_true(winner >= 0);
    parley_address_text(parley_fake_connection_to(winner), text);
    expect_text(row->title, text, row->words);
    expect_text(row->title, parley_dial_reason(d).at, "");
    expect_closed(row->title, winner);
    parley_socket_close(fd);
}

static void expect_failure(const struct row *row, struct parley_dial *d)
{
    const char *reason = parley_dial_reason(d).at;
    const char *words = strstr(reason, row->words);

    if (words == NULL || strcmp(words, row->words) != 0)
        fail_msg("%s:\n\"%s\" has to end with\n\"%s\"", row->title, reason, row->words);
    assert_int_equal(parley_dial_take(d), -1);
    expect_closed(row->title, -1);
}

static void tries(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct parley_address given[PLACES];
        size_t given_count = row->given ? count_places(row) : 0;

        set_the_scene(row);
        for (size_t at = 0; at < given_count; at++) /* port 0: that of the URL */
            assert_int_equal(parley_address_parse(parley_view(row->places[at].address), &given[at]), 1);
        struct parley_dial *d = dial(NAME, given, given_count);
        expect_text(row->title, parley_dial_stage(d), row->given ? "connect" : "resolve");
        expect_int(row->title, finish(d), row->status);
        expect_int(row->title, (long)(parley_clock_us() - began_us) / MS, (long)row->ends_ms);
        if (row->attempts != NULL)
            expect_text(row->title, attempts, row->attempts);
        if (row->status == 1)
            expect_winner(row, d);
        else
            expect_failure(row, d);
        parley_dial_drop(d);
        parley_dial_drop(d);
        expect_closed(row->title, -1);
    }
}

/* ---- what is no table --------------------------------------------------------------------------- */

static const struct row nothing = {.title = "", .places = {{NULL, ACCEPT, 0, 0}}};

static void takes_literals_without_asking(void **state)
{
    (void)state;
    set_the_scene(&nothing);
    parley_fake_address("::1", 0, ACCEPT, 0);
    struct parley_dial *d = dial("::1", NULL, 0);

    assert_string_equal(parley_dial_stage(d), "connect");
    assert_int_equal(finish(d), 1);
    assert_string_equal(attempts, "0 [::1]:443");
    parley_dial_drop(d);
}

static void tells_why_a_name_was_not_found(void **state)
{
    (void)state;
    set_the_scene(&nothing);
    parley_fake_name_fails(NAME, PARLEY_ERR_TIMEOUT, "no server answers");
    parley_fake_name_delay_us(NAME, 300 * MS);
    struct parley_dial *d = dial(NAME, NULL, 0);

    assert_int_equal(finish(d), PARLEY_ERR_TIMEOUT);
    assert_int_equal(parley_clock_us() - began_us, 300 * MS);
    assert_string_equal(parley_dial_reason(d).at, "resolve: " NAME ": no server answers");

    d = dial("a..b", NULL, 0);
    assert_int_equal(finish(d), PARLEY_ERR_RESOLVE);
    assert_true(parley_view_starts(parley_dial_reason(d), parley_view("resolve: a..b: ")));
}

static void tries_sixteen_of_the_given_addresses(void **state)
{
    (void)state;
    struct parley_address given[PARLEY_RESOLVE_ADDRESSES + 4];

    set_the_scene(&nothing);
    for (size_t i = 0; i < COUNT(given); i++)
        given[i] = (struct parley_address){.family = 4, .bytes = {192, 0, 2, (uint8_t)i}, .port = 1};
    struct parley_dial *d = dial(NAME, given, COUNT(given));

    assert_int_equal(finish(d), PARLEY_ERR_CONNECT);
    assert_string_equal(parley_dial_reason(d).at,
                        "connect: 192.0.2.0:1: No route to host; 192.0.2.1:1: No route to host; "
                        "192.0.2.2:1: No route to host; 192.0.2.3:1: No route to host; "
                        "192.0.2.4:1: No route to host; 192.0.2.5:1: No route to host; and 10 more");
}

static void can_be_dropped_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int rounds = 0; rounds < 6; rounds++) {
            struct parley_interest want[PARLEY_TRANSPORT_INTERESTS + 1];
            struct parley_address given = {.family = 4, .bytes = {192, 0, 2, 1}};

            set_the_scene(&rows[i]);
            struct parley_dial *d = dial(NAME, &given, rows[i].given);
            for (int round = 0; round < rounds && parley_dial_work(d, parley_clock_us()) == 0; round++)
                parley_wait(want, parley_dial_interest(d, want), PARLEY_NEVER);
            parley_dial_drop(d);
            expect_closed(rows[i].title, -1);
        }
    parley_dial_drop(NULL);
}

static void says_when_the_arena_is_too_small(void **state)
{
    (void)state;
    struct parley_dial_options options = {.host = parley_view(NAME)};
    struct parley_arena small = parley_arena(memory, 100);

    assert_null(parley_dial_open(&small, &options));
    assert_true(small.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries),
        cmocka_unit_test(takes_literals_without_asking),
        cmocka_unit_test(tells_why_a_name_was_not_found),
        cmocka_unit_test(tries_sixteen_of_the_given_addresses),
        cmocka_unit_test(can_be_dropped_at_any_time),
        cmocka_unit_test(says_when_the_arena_is_too_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
