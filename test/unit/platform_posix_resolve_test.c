/*
 * The resolver against name servers inside of this process, on UDP and TCP of the loopback, driven in the
 * same loop. The time the resolver is told is made up: where nobody answers it jumps to the next deadline, so
 * that nothing here takes seconds.
 */
#define _GNU_SOURCE
#include "platform/clock.h"
#include "platform/dns.h"
#include "platform/posix/resolve_files.h"
#include "platform/resolve.h"
#include "platform/status.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SERVERS = 2, IDLE_US = 100000, MUTE_US = 5000, MESSAGE = 4096, QUESTION_TAIL = 4 };

/* ---- the name servers ------------------------------------------------------------------------- */

/* What a server makes of every question, whatever it is about. */
enum mood {
    HELPFUL,
    FAILING,
    REFUSING,
    MUTE,
    DEAF, /* nobody listens on UDP */
    /* These are helpful on UDP, but on TCP */
    TIRED,  /* nobody listens */
    STUCK,  /* nothing comes back */
    GRUMPY, /* the connection is closed */
    EMPTY,  /* a message of no bytes comes back */
};

struct server {
    enum mood mood;
    int udp, tcp, client; /* -1: not there */
    uint16_t port;
    unsigned asked, asked_tcp;
    uint16_t ids[64], ports[64]; /* of the questions, by UDP */
    char names[64][256];
    unsigned char in[MESSAGE];
    size_t in_bytes;
};

static struct server servers[SERVERS];

/* A message under construction. */
struct message {
    unsigned char at[MESSAGE];
    size_t len;
};

static void put(struct message *m, const void *bytes, size_t count)
{
    assert_true(m->len + count <= sizeof m->at);
    memcpy(m->at + m->len, bytes, count);
    m->len += count;
}

/* Copies header and question, as an answer with this code. */
static void start_answer(struct message *m, const unsigned char *query, size_t bytes, unsigned char rcode)
{
    m->len = 0;
    put(m, query, bytes);
    m->at[2] = 0x81;
    m->at[3] = (unsigned char)(0x80 | rcode);
}

/* Adds a record for the name at `owner` in the message (12: the one asked for). */
static void add(struct message *m, size_t owner, unsigned char type, const void *data, size_t bytes)
{
    const unsigned char fixed[] = {(unsigned char)(0xc0 | owner >> 8),
                                   (unsigned char)owner,
                                   0,
                                   type,
                                   0,
                                   1,
                                   0,
                                   0,
                                   0,
                                   60,
                                   0,
                                   (unsigned char)bytes};

    put(m, fixed, sizeof fixed);
    put(m, data, bytes);
    if (++m->at[7] == 0)
        m->at[6]++;
}

static void add_address(struct message *m, size_t owner, const char *text)
{
    struct parley_address address;
    unsigned char type;

    assert_int_equal(parley_address_parse(parley_view(text), &address), 1);
    type = address.family == 4 ? PARLEY_DNS_A : PARLEY_DNS_AAAA;
    add(m, owner, type, address.bytes, address.family == 4 ? 4 : 16);
}

/* The name asked for, with dots, and the type. */
static unsigned read_question(const unsigned char *query, size_t bytes, char name[256])
{
    size_t at = 12, len = 0;

    while (at < bytes && query[at] != 0) {
        assert_true(at + 1U + query[at] < bytes && len + query[at] + 1U < 256);
        memcpy(name + len, query + at + 1, query[at]);
        len += query[at];
        at += 1U + query[at];
        name[len++] = '.';
    }
    name[len > 0 ? len - 1 : 0] = '\0';
    assert_int_equal(at + 1 + QUESTION_TAIL, bytes);
    return query[bytes - 3];
}

/* The names there are. */
static const struct {
    const char *name, *v4, *v6; /* NULL: no such address; "": the question is not answered */
} zone[] = {
    {"both.test", "192.0.2.7", "2001:db8::7"},
    {"four.test", "192.0.2.4", NULL},
    {"six.test", NULL, "2001:db8::6"},
    {"empty.test", NULL, NULL},
    {"mute4.test", "", "2001:db8::7"},
    {"mute6.test", "192.0.2.7", ""},
    {"forged.test", "192.0.2.7", NULL},
    {"broken.test", "192.0.2.7", NULL},
    {"big.test", "192.0.2.1", NULL},
    {"huge.test", "192.0.2.1", NULL},
    {"alias.test", "192.0.2.7", "2001:db8::7"},
    {"box.far.test", "192.0.2.8", NULL},
    {"near.far.test", "192.0.2.9", NULL},
    {"near", "192.0.2.10", NULL},
};

static void answer_alias(struct message *m, const char *address)
{
    size_t target = m->len + 12;

    add(m, 12, 5, "\4both\xc0\x12", 7); /* "both" and the "test" of alias.test, which stands at 18 */
    add_address(m, target, address);
}

static void answer_many(struct message *m, int count, bool tcp)
{
    char text[32];

    if (!tcp) {
        m->at[2] |= 2; /* truncated */
        return;
    }
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, "192.0.2.%d", 1 + i % 250);
        add_address(m, 12, text);
    }
}

/* The answer to a question; its length, 0 for silence. */
static void answer(struct message *m, const unsigned char *query, size_t bytes, bool tcp)
{
    char name[256] = "";
    unsigned type = read_question(query, bytes, name);
    const char *address = NULL;
    size_t i = 0;

    while (i < sizeof zone / sizeof zone[0] && strcasecmp(zone[i].name, name) != 0)
        i++;
    start_answer(m, query, bytes, i < sizeof zone / sizeof zone[0] ? 0 : 3);
    if (i == sizeof zone / sizeof zone[0])
        return;
    address = type == PARLEY_DNS_A ? zone[i].v4 : zone[i].v6;
    if (address != NULL && address[0] == '\0')
        m->len = 0;
    else if (address != NULL && strcmp(name, "alias.test") == 0)
        answer_alias(m, address);
    else if (address != NULL && strcmp(name, "big.test") == 0)
        answer_many(m, 20, tcp);
    else if (address != NULL && strcmp(name, "huge.test") == 0)
        answer_many(m, 200, tcp);
    else if (address != NULL)
        add_address(m, 12, address);
    if (address != NULL && strcmp(name, "broken.test") == 0)
        m->len -= 2;
}

static void reply(struct server *s, struct message *m, const unsigned char *query, size_t bytes, bool tcp)
{
    m->len = 0;
    if (s->mood == HELPFUL || (s->mood >= TIRED && !tcp))
        answer(m, query, bytes, tcp);
    else if (s->mood == FAILING || s->mood == REFUSING)
        start_answer(m, query, bytes, s->mood == FAILING ? 2 : 5);
}

static void serve_udp(struct server *s)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    unsigned char query[512];
    struct message m;
    ssize_t got;

    while (s->udp >= 0 && (got = recvfrom(s->udp, query, sizeof query, MSG_DONTWAIT, (struct sockaddr *)&from,
                                          &length)) > 0) {
        assert_true(s->asked < 64);
        s->ids[s->asked] = (uint16_t)(query[0] << 8 | query[1]);
        s->ports[s->asked] = from.sin_port;
        read_question(query, (size_t)got, s->names[s->asked++]);
        reply(s, &m, query, (size_t)got, false);
        if (m.len > 0 && memcmp(query + 12, "\6forged", 7) == 0 && m.at[7] > 0) { /* a forger is faster */
            struct message forged = m;

            forged.at[1] ^= 1;
            forged.at[forged.len - 1] = 66;
            sendto(s->udp, forged.at, forged.len, 0, (struct sockaddr *)&from, length);
            sendto(s->udp, "", 0, 0, (struct sockaddr *)&from, length);
        }
        if (m.len > 0)
            sendto(s->udp, m.at, m.len, 0, (struct sockaddr *)&from, length);
    }
}

static void serve_tcp(struct server *s)
{
    unsigned char prefix[2];
    struct message m;
    ssize_t got;

    if (s->tcp >= 0 && s->client < 0) {
        s->client = accept4(s->tcp, NULL, NULL, SOCK_NONBLOCK);
        s->in_bytes = 0;
        s->asked_tcp += s->client >= 0;
    }
    if (s->client < 0)
        return;
    got = read(s->client, s->in + s->in_bytes, sizeof s->in - s->in_bytes);
    if (got > 0)
        s->in_bytes += (size_t)got;
    if (got != 0 && (s->in_bytes < 2 || s->in_bytes < 2U + (size_t)(s->in[0] << 8 | s->in[1])))
        return;
    if (got != 0 && s->mood == STUCK)
        return;
    if (got != 0 && s->mood != GRUMPY) {
        reply(s, &m, s->in + 2, s->in_bytes - 2, true);
        prefix[0] = (unsigned char)(m.len >> 8);
        prefix[1] = (unsigned char)m.len;
        assert_int_equal(write(s->client, prefix, 1), 1); /* in pieces, as networks do it */
        assert_int_equal(write(s->client, prefix + 1, 1), 1);
        assert_int_equal(write(s->client, m.at, m.len), m.len);
    }
    close(s->client);
    s->client = -1;
}

static void open_server(struct server *s, enum mood mood)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof name;

    *s = (struct server){.mood = mood, .client = -1};
    do { /* a port that is free for both */
        s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        name.sin_port = 0;
        assert_int_equal(bind(s->udp, (struct sockaddr *)&name, sizeof name), 0);
        assert_int_equal(getsockname(s->udp, (struct sockaddr *)&name, &length), 0);
        if (bind(s->tcp, (struct sockaddr *)&name, sizeof name) == 0)
            break;
        close(s->udp);
        close(s->tcp);
    } while (true);
    s->port = ntohs(name.sin_port);
    assert_int_equal(listen(s->tcp, 4), 0);
    if (mood == DEAF || mood == TIRED) {
        close(mood == DEAF ? s->udp : s->tcp);
        *(mood == DEAF ? &s->udp : &s->tcp) = -1;
    }
}

/* ---- a test's surroundings -------------------------------------------------------------------- */

static char folder[] = "/tmp/parley-resolve-XXXXXX";
static char hosts_path[64], conf_path[64];
static alignas(max_align_t) unsigned char memory[16384];
static struct parley_resolver *const resolver = (struct parley_resolver *)memory;
static uint64_t now_us;

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(hosts_path, sizeof hosts_path, "%s/hosts", folder);
    snprintf(conf_path, sizeof conf_path, "%s/resolv.conf", folder);
    parley_resolver_files(hosts_path, conf_path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    parley_resolver_files(NULL, NULL);
    unlink(hosts_path);
    unlink(conf_path);
    return rmdir(folder);
}

static int fresh(void **state)
{
    (void)state;
    for (int i = 0; i < SERVERS; i++)
        servers[i] = (struct server){.udp = -1, .tcp = -1, .client = -1};
    now_us = 1000000;
    memset(memory, 0, sizeof memory);
    unlink(hosts_path);
    unlink(conf_path);
    return parley_resolver_size() <= sizeof memory ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    parley_resolver_stop(resolver);
    for (int i = 0; i < SERVERS; i++) {
        close(servers[i].udp);
        close(servers[i].tcp);
        close(servers[i].client);
    }
    return 0;
}

/* Opens the servers and names them in resolv.conf, with more lines behind. */
static void use_servers(enum mood first, int count, enum mood second, const char *more)
{
    char text[512];

    open_server(&servers[0], first);
    if (count == 2)
        open_server(&servers[1], second);
    snprintf(text, sizeof text, "nameserver [127.0.0.1]:%u\n", servers[0].port);
    if (count == 2)
        snprintf(text + strlen(text), 64, "nameserver [127.0.0.1]:%u\n", servers[1].port);
    snprintf(text + strlen(text), 256, "%s", more);
    write_file(conf_path, text);
}

static size_t add_want(struct parley_interest *want, size_t count, int fd)
{
    if (fd >= 0)
        want[count++] = (struct parley_interest){.fd = fd, .read = true, .deadline_us = PARLEY_NEVER};
    return count;
}

/* How long nothing has to happen before it counts as silence: longer where somebody might still answer. */
static uint64_t idle_us(void)
{
    for (int i = 0; i < SERVERS; i++)
        if (servers[i].port != 0 && servers[i].mood != MUTE)
            return IDLE_US;
    return MUTE_US;
}

/* Lets time pass: until a descriptor of either side is ready, or else, in no time, to the next deadline. */
static void pass_time(void)
{
    struct parley_interest want[PARLEY_RESOLVE_INTERESTS + 3 * SERVERS];
    size_t count = parley_resolver_interest(resolver, want);
    uint64_t next_us = PARLEY_NEVER;

    assert_in_range(count, 1, PARLEY_RESOLVE_INTERESTS);
    for (size_t i = 0; i < count; i++) {
        if (want[i].deadline_us < next_us)
            next_us = want[i].deadline_us;
        want[i].deadline_us = PARLEY_NEVER;
    }
    for (int i = 0; i < SERVERS; i++) {
        count = add_want(want, count, servers[i].udp);
        count = add_want(want, count, servers[i].client >= 0 ? servers[i].client : servers[i].tcp);
    }
    if (parley_wait(want, count, parley_clock_us() + idle_us()) == 0) {
        assert_true(next_us != PARLEY_NEVER && next_us > now_us);
        now_us = next_us;
    }
    for (int i = 0; i < SERVERS; i++) {
        serve_udp(&servers[i]);
        serve_tcp(&servers[i]);
    }
}

static int look_up(const char *host)
{
    int result = parley_resolver_start(resolver, parley_view(host), 443, now_us);

    while (result == 0) {
        result = parley_resolver_work(resolver, now_us);
        if (result == 0)
            pass_time();
    }
    assert_int_equal(parley_resolver_work(resolver, now_us), result); /* again and again */
    return result;
}

/* Looks up and compares with the addresses, in their order, separated by blanks. */
static void expect_found(const char *host, const char *expected)
{
    int result = look_up(host);
    char text[1024] = "", one[PARLEY_ADDRESS_TEXT];
    const struct parley_address *found;
    size_t count;

    found = parley_resolver_addresses(resolver, &count);
    for (size_t i = 0; i < count; i++) {
        parley_address_text(&found[i], one);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", one);
    }
    if (strcmp(text, expected) != 0 || result != (int)count)
        fail_msg("%s: %d: '%s' (%s)", host, result, text, parley_resolver_reason(resolver).at);
    assert_string_equal(parley_resolver_reason(resolver).at, "");
    assert_int_equal(parley_resolver_interest(resolver, NULL), 0);
    parley_resolver_stop(resolver);
}

/* Looks up and compares the failure. */
static void expect_failure(const char *host, int status, const char *reason)
{
    int result = look_up(host);
    size_t count;

    if (result != status || strcmp(parley_resolver_reason(resolver).at, reason) != 0)
        fail_msg("%s: %d: %s", host, result, parley_resolver_reason(resolver).at);
    parley_resolver_addresses(resolver, &count);
    assert_int_equal(count, 0);
    parley_resolver_stop(resolver);
}

/* The words with the address of a server in place of '#'. */
static const char *with_port(const char *format, const struct server *s)
{
    static char text[256];
    const char *mark = strchr(format, '#');

    assert_non_null(mark);
    snprintf(text, sizeof text, "%.*s127.0.0.1:%u%s", (int)(mark - format), format, s->port, mark + 1);
    return text;
}

/* ---- what is known at home -------------------------------------------------------------------- */

static void literals_and_local_names_ask_nobody(void **state)
{
    static const struct {
        const char *host, *addresses;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7:443"},
        {"2001:db8::1", "[2001:db8::1]:443"},
        {"fe80::1%1", "[fe80::1%1]:443"},
        {"localhost", "[::1]:443 127.0.0.1:443"},
        {"LocalHost.", "[::1]:443 127.0.0.1:443"},
        {"app.localhost", "[::1]:443 127.0.0.1:443"},
        {"box", "192.0.2.20:443 [2001:db8::20]:443"},
        {"BOX.Home.", "192.0.2.20:443"},
    };

    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    write_file(hosts_path, "# home\n192.0.2.20 box.home box\n192.0.2.66 localhost app.localhost\n"
                           "bad-line box\n2001:db8::20 box");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_found(cases[i].host, cases[i].addresses);
    serve_udp(&servers[0]);
    assert_int_equal(servers[0].asked, 0);
}

static void names_like_localhost_are_other_names(void **state)
{
    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    expect_failure("mylocalhost", PARLEY_ERR_RESOLVE, "mylocalhost: no such name");
    expect_failure("localhost.test", PARLEY_ERR_RESOLVE, "localhost.test: no such name");
}

static void impossible_names_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *host;
        size_t len;
        const char *reason;
    } cases[] = {
        {"", 0, "'' is no host name: it is empty"},
        {"a b", 3, "'a b' is no host name: it has a space or control character in it"},
        {"a\0b", 3, "'a' is no host name: it has a space or control character in it"},
        {"a\x1b[2J", 5, "'a?[2J' is no host name: it has a space or control character in it"},
        {"a..b", 4, "'a..b' is no host name: it has nothing between two dots"},
        {"1.2.3", 5, "'1.2.3' is no host name: it looks like an IPv4 address and is none"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 70,
         "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is no host name: one of its "
         "parts is longer than 63 characters"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_view host = parley_view_of(cases[i].host, cases[i].len);

        assert_int_equal(parley_resolver_start(resolver, host, 443, now_us), PARLEY_ERR_RESOLVE);
        assert_string_equal(parley_resolver_reason(resolver).at, cases[i].reason);
        assert_int_equal(parley_resolver_work(resolver, now_us), PARLEY_ERR_RESOLVE);
        parley_resolver_stop(resolver);
    }
    assert_int_equal(parley_resolver_start(resolver, parley_view(NULL), 443, now_us), PARLEY_ERR_RESOLVE);
}

static void long_lines_and_many_addresses_are_survived(void **state)
{
    FILE *file = fopen(hosts_path, "w");
    const struct parley_address *found;
    size_t count;

    (void)state;
    fprintf(file, "192.0.2.1 ");
    for (int i = 0; i < 3000; i++)
        fputs("x", file);
    fputs("\n", file);
    for (int i = 1; i <= 30; i++)
        fprintf(file, "192.0.2.%d many\n", i);
    fclose(file);
    assert_int_equal(look_up("many"), PARLEY_RESOLVE_ADDRESSES);
    found = parley_resolver_addresses(resolver, &count);
    assert_int_equal(count, PARLEY_RESOLVE_ADDRESSES);
    assert_int_equal(found[15].bytes[3], 16);
}

/* ---- what the servers know -------------------------------------------------------------------- */

static void names_are_asked_for(void **state)
{
    static const struct {
        const char *host, *addresses;
    } cases[] = {
        {"both.test", "[2001:db8::7]:443 192.0.2.7:443"},  /* both families, IPv6 first */
        {"BOTH.test.", "[2001:db8::7]:443 192.0.2.7:443"}, /* in other letters */
        {"four.test", "192.0.2.4:443"},                    /* IPv4 alone */
        {"six.test", "[2001:db8::6]:443"},                 /* IPv6 alone */
        {"alias.test", "[2001:db8::7]:443 192.0.2.7:443"}, /* an alias */
        {"forged.test", "192.0.2.7:443"},                  /* a forged answer is not heard */
    };

    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_found(cases[i].host, cases[i].addresses);
    assert_int_equal(now_us, 1000000); /* no patience was needed */
}

static void names_that_are_not_there_say_why(void **state)
{
    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    expect_failure("missing.test", PARLEY_ERR_RESOLVE, "missing.test: no such name");
    expect_failure("empty.test", PARLEY_ERR_RESOLVE, "empty.test: the name has no address");
    assert_int_equal(servers[0].asked, 4); /* each was asked for once in each family */
}

static void questions_differ_in_id_and_port(void **state)
{
    unsigned same_ids = 0, same_ports = 0;

    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    for (int i = 0; i < 15; i++)
        expect_found("both.test", "[2001:db8::7]:443 192.0.2.7:443");
    for (unsigned i = 1; i < servers[0].asked; i++) {
        same_ids += servers[0].ids[i] == servers[0].ids[i - 1];
        same_ports += servers[0].ports[i] == servers[0].ports[i - 1];
    }
    assert_int_equal(servers[0].asked, 30);
    assert_in_range(same_ids, 0, 2); /* one in 65,536 each */
    assert_in_range(same_ports, 0, 4);
}

static void a_truncated_answer_is_asked_for_over_tcp(void **state)
{
    size_t count;

    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    assert_int_equal(look_up("big.test"), 8); /* of 20: as many as one family may have */
    assert_int_equal(servers[0].asked_tcp, 1);
    assert_int_equal(parley_resolver_addresses(resolver, &count)[7].bytes[3], 8);
    parley_resolver_stop(resolver);
    assert_int_equal(look_up("huge.test"), 8); /* more than is read of it */
    assert_int_equal(now_us, 1000000);
}

static void a_server_that_is_bad_at_tcp_leaves_it_to_the_next(void **state)
{
    static const struct {
        enum mood mood;
        int status;
        const char *reason;
    } cases[] = {
        {TIRED, PARLEY_ERR_TIMEOUT, "big.test: the name server # cannot be asked: Connection refused"},
        {STUCK, PARLEY_ERR_TIMEOUT, "big.test: the name server # does not answer"},
        {GRUMPY, PARLEY_ERR_TIMEOUT, "big.test: the name server # cannot be asked: the other end closed it"},
        {EMPTY, PARLEY_ERR_RESOLVE, "big.test: the name server # answers nothing usable"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh(NULL);
        use_servers(cases[i].mood, 1, HELPFUL, "");
        expect_found("four.test", "192.0.2.4:443");
        expect_failure("big.test", cases[i].status, with_port(cases[i].reason, &servers[0]));
        close_all(NULL);
        fresh(NULL);
        use_servers(cases[i].mood, 2, HELPFUL, "");
        assert_int_equal(look_up("big.test"), 8);
        close_all(NULL);
    }
}

static void a_failing_server_leaves_it_to_the_next(void **state)
{
    static const enum mood moods[] = {FAILING, REFUSING, DEAF, MUTE};

    (void)state;
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        fresh(NULL);
        use_servers(moods[i], 2, HELPFUL, "options timeout:1");
        expect_found("both.test", "[2001:db8::7]:443 192.0.2.7:443");
        assert_int_equal(servers[1].asked, 2);
        assert_int_equal(now_us, moods[i] == MUTE ? 2000000 : 1000000); /* only silence costs time */
        close_all(NULL);
    }
}

static void a_malformed_answer_leaves_it_to_the_next(void **state)
{
    (void)state;
    use_servers(HELPFUL, 2, HELPFUL, "options attempts:1");
    expect_failure("broken.test", PARLEY_ERR_RESOLVE,
                   with_port("broken.test: the name server # answers nothing usable", &servers[1]));
    assert_int_equal(servers[0].asked, 2);
    assert_int_equal(servers[1].asked, 1); /* for the family whose answer was broken */
}

static void when_all_fail_the_reason_tells_how(void **state)
{
    static const struct {
        enum mood mood;
        int status;
        const char *reason;
    } cases[] = {
        {FAILING, PARLEY_ERR_RESOLVE, "both.test: the name server # answers SERVFAIL"},
        {REFUSING, PARLEY_ERR_RESOLVE, "both.test: the name server # answers REFUSED"},
        {DEAF, PARLEY_ERR_TIMEOUT, "both.test: the name server # cannot be asked: Connection refused"},
        {MUTE, PARLEY_ERR_TIMEOUT, "both.test: the name server # does not answer"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh(NULL);
        use_servers(cases[i].mood, 1, HELPFUL, "");
        expect_failure("both.test", cases[i].status, with_port(cases[i].reason, &servers[0]));
        assert_int_equal(servers[0].asked, cases[i].mood == DEAF ? 0 : 4); /* two attempts for each family */
        close_all(NULL);
    }
}

static void the_server_that_failed_is_blamed_not_the_one_that_is_silent(void **state)
{
    (void)state;
    use_servers(FAILING, 2, MUTE, "options attempts:1");
    expect_failure("both.test", PARLEY_ERR_RESOLVE,
                   with_port("both.test: the name server # answers SERVFAIL", &servers[0]));
}

static void silence_lasts_as_long_as_the_options_say(void **state)
{
    static const struct {
        const char *title, *options;
        int servers;
        uint64_t took_ms;
        unsigned asked; /* the first server, for both families */
    } cases[] = {
        {"the defaults: 2 s, then 4 s", "", 1, 6000, 4},
        {"two servers", "", 2, 12000, 4},
        {"three attempts", "options timeout:1 attempts:3", 1, 7000, 6},
        {"one attempt", "options timeout:3 attempts:1", 2, 6000, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh(NULL);
        use_servers(MUTE, cases[i].servers, MUTE, cases[i].options);
        assert_int_equal(look_up("both.test"), PARLEY_ERR_TIMEOUT);
        if (now_us - 1000000 != cases[i].took_ms * 1000 || servers[0].asked != cases[i].asked)
            fail_msg("%s: %lu us, asked %u times", cases[i].title, (unsigned long)(now_us - 1000000),
                     servers[0].asked);
        close_all(NULL);
    }
}

static void one_family_waits_50_ms_for_the_other(void **state)
{
    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "");
    expect_found("mute6.test", "192.0.2.7:443");
    assert_int_equal(now_us, 1050000);
    expect_found("mute4.test", "[2001:db8::7]:443");
    assert_int_equal(now_us, 1100000);
}

/* ---- search lists ----------------------------------------------------------------------------- */

static void short_names_are_searched_for(void **state)
{
    static const struct {
        const char *conf, *host, *addresses;
        const char *asked[4]; /* by each family */
    } cases[] = {
        /* in the domains first */
        {"search near.test far.test", "box", "192.0.2.8:443", {"box.near.test", "box.far.test"}},
        /* alone first, as it has a dot */
        {"search far.test", "both.test", "[2001:db8::7]:443 192.0.2.7:443", {"both.test"}},
        /* with dots, but too few */
        {"search far.test\noptions ndots:2",
         "four.test",
         "192.0.2.4:443",
         {"four.test.far.test", "four.test"}},
        /* alone, as it ends in a dot */
        {"search far.test", "near.", "192.0.2.10:443", {"near"}},
        /* the first that has an address counts */
        {"search far.test", "near", "192.0.2.9:443", {"near.far.test"}},
        /* a domain that makes no name is left out */
        {"search b@d far.test", "box", "192.0.2.8:443", {"box.far.test"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned names = 0;

        fresh(NULL);
        use_servers(HELPFUL, 1, HELPFUL, cases[i].conf);
        expect_found(cases[i].host, cases[i].addresses);
        for (; names < 4 && cases[i].asked[names] != NULL; names++)
            assert_string_equal(servers[0].names[2 * names], cases[i].asked[names]);
        assert_int_equal(servers[0].asked, 2 * names);
        close_all(NULL);
    }
}

static void a_search_in_vain_is_told_with_the_name_as_given(void **state)
{
    (void)state;
    use_servers(HELPFUL, 1, HELPFUL, "search near.test far.test");
    expect_failure("gone", PARLEY_ERR_RESOLVE, "gone: no such name");
    assert_int_equal(servers[0].asked, 6);
    use_servers(MUTE, 1, HELPFUL, "search near.test far.test");
    expect_failure("gone", PARLEY_ERR_TIMEOUT,
                   with_port("gone: the name server # does not answer", &servers[0]));
    assert_int_equal(servers[0].asked, 4); /* a dead server is not asked for the other names as well */
}

/* ---- odds and ends ---------------------------------------------------------------------------- */

static void without_a_server_the_one_of_this_machine_is_asked(void **state)
{
    int result;

    (void)state;
    write_file(conf_path, "# nothing\n");
    result = parley_resolver_start(resolver, parley_view("parley.invalid"), 443, now_us);
    assert_int_equal(result, 0);
    parley_resolver_stop(resolver); /* whether anybody answers there is no business of a test */
}

static void stopping_closes_and_may_be_repeated(void **state)
{
    struct parley_interest want[PARLEY_RESOLVE_INTERESTS];

    (void)state;
    parley_resolver_stop(resolver); /* all zero */
    assert_true(fcntl(0, F_GETFD) != -1);
    use_servers(MUTE, 1, HELPFUL, "");
    assert_int_equal(parley_resolver_start(resolver, parley_view("both.test"), 443, now_us), 0);
    assert_int_equal(parley_resolver_interest(resolver, want), 2);
    assert_true((fcntl(want[0].fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(want[0].fd, F_GETFL) & O_NONBLOCK) != 0);
    parley_resolver_stop(resolver);
    parley_resolver_stop(resolver);
    assert_int_equal(fcntl(want[0].fd, F_GETFD), -1);
    assert_int_equal(fcntl(want[1].fd, F_GETFD), -1);
    servers[0].mood = HELPFUL;
    expect_found("four.test", "192.0.2.4:443"); /* the memory is used again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(literals_and_local_names_ask_nobody),
        TEST(names_like_localhost_are_other_names),
        TEST(impossible_names_are_refused_with_a_reason),
        TEST(long_lines_and_many_addresses_are_survived),
        TEST(names_are_asked_for),
        TEST(names_that_are_not_there_say_why),
        TEST(questions_differ_in_id_and_port),
        TEST(a_truncated_answer_is_asked_for_over_tcp),
        TEST(a_server_that_is_bad_at_tcp_leaves_it_to_the_next),
        TEST(a_failing_server_leaves_it_to_the_next),
        TEST(a_malformed_answer_leaves_it_to_the_next),
        TEST(when_all_fail_the_reason_tells_how),
        TEST(the_server_that_failed_is_blamed_not_the_one_that_is_silent),
        TEST(silence_lasts_as_long_as_the_options_say),
        TEST(one_family_waits_50_ms_for_the_other),
        TEST(short_names_are_searched_for),
        TEST(a_search_in_vain_is_told_with_the_name_as_given),
        TEST(without_a_server_the_one_of_this_machine_is_asked),
        TEST(stopping_closes_and_may_be_repeated),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
