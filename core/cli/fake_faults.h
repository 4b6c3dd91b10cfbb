#ifndef PARLEY_CLI_FAKE_FAULTS_H
#define PARLEY_CLI_FAKE_FAULTS_H

#include "transport/loopback/service.h"
#include "transport/wss/serve_stream.h"

/*
 * What goes wrong with the connections of `parley fake`, as its option --faults says:
 *
 *     SPEC    FAULT[,FAULT...]
 *     FAULT   NAME[:AMOUNT][@WHEN][%CHANCE]
 *     WHEN    "1500ms", "2s", "1m" after the upgrade, or a bare number: before the so many-th message said.
 *             Without it: from the start on, or, for what happens once, at a moment the seed draws
 *             from the first ten seconds.
 *     CHANCE  of a connection to have it, in percent; without it each has.
 *
 * The same seed does the same to the n-th connection.
 */
enum parley_cli_fake_kind {
    /* From then on. */
    PARLEY_CLI_FAKE_SPLIT,      /* amount: bytes that are written at once, 1 */
    PARLEY_CLI_FAKE_FRAGMENT,   /* amount: bytes of a message in one frame, 100 */
    PARLEY_CLI_FAKE_DELAY,      /* amount: the longest a message waits, 200 ms */
    PARLEY_CLI_FAKE_SLOW_READ,  /* amount: bytes a second, 8000 */
    PARLEY_CLI_FAKE_SLOW_WRITE, /* likewise */
    PARLEY_CLI_FAKE_HALF_OPEN,  /* nothing is read or written, and nothing ends */
    /* Once. */
    PARLEY_CLI_FAKE_GARBAGE,   /* a message that is no JSON */
    PARLEY_CLI_FAKE_UNKNOWN,   /* an event of a type nobody knows */
    PARLEY_CLI_FAKE_BINARY,    /* a binary message */
    PARLEY_CLI_FAKE_BAD_FRAME, /* a frame with reserved bits */
    PARLEY_CLI_FAKE_DROP,      /* the connection is gone, in the middle of whatever it is */
    PARLEY_CLI_FAKE_SERVICE,   /* one of service.h */
    /* Before the upgrade. */
    PARLEY_CLI_FAKE_REFUSE,    /* amount: the HTTP status, 503 */
    PARLEY_CLI_FAKE_NO_ANSWER, /* the request is not answered */
    PARLEY_CLI_FAKE_KINDS
};

enum { PARLEY_CLI_FAKE_FAULTS = 16, PARLEY_CLI_FAKE_WHY = 240 };

struct parley_cli_fake_fault {
    enum parley_cli_fake_kind kind;
    enum parley_service_fault_kind service;
    uint64_t amount;
    uint64_t at_us; /* PARLEY_NEVER: not by time */
    uint32_t at_message;
    bool drawn; /* the moment is the seed's */
    uint32_t percent;
};

struct parley_cli_fake_faults {
    struct parley_cli_fake_fault at[PARLEY_CLI_FAKE_FAULTS];
    size_t count;
};

/* Reads a SPEC. Returns PARLEY_OK, or PARLEY_ERR_ARGUMENT with what is wrong in `why`. */
int parley_cli_fake_faults_read(struct parley_cli_fake_faults *faults, const char *spec,
                                char why[PARLEY_CLI_FAKE_WHY]);

/* Those that one connection has, the moments drawn. */
struct parley_cli_fake_faults parley_cli_fake_faults_draw(const struct parley_cli_fake_faults *all,
                                                          uint64_t seed, uint32_t connection);

/* Its name. */
const char *parley_cli_fake_fault_name(const struct parley_cli_fake_fault *fault);

/* The next number of a row that begins with `*state`, which is any number. */
uint64_t parley_cli_fake_random(uint64_t *state);

/* The text of the help about them. */
extern const char parley_cli_fake_faults_help[];

#endif
