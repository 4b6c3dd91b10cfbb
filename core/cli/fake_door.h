#ifndef PARLEY_CLI_FAKE_DOOR_H
#define PARLEY_CLI_FAKE_DOOR_H

#include "transport/wss/request.h"

/*
 * Which requests `parley fake` lets in: what the path and the query say, and who asks. Pure.
 */
struct parley_cli_fake_door {
    struct parley_view key; /* the only one that opens; absent: any does */
    uint32_t calls;         /* that were created: "rtc_fake_1" and so on */
};

struct parley_cli_fake_entry {
    int status;          /* 101: a WebSocket; 201: a call is created; else refused */
    const char *code;    /* of the error; NULL: none */
    const char *param;   /* what it is about; NULL: nothing */
    const char *words;   /* of the error, ASCII */
    const char *headers; /* whole lines that go with the answer */
    bool realtime;       /* the subprotocol "realtime" was offered */
    bool names_model;    /* `model` is one */
    char model[80];      /* of the session, or the call it joins, fit for a log */
};

/* Judges a request. */
struct parley_cli_fake_entry parley_cli_fake_door_judge(const struct parley_cli_fake_door *door,
                                                        const struct parley_request *request);

/* The body of a refusal, as JSON. Returns its length, less than `bytes`. */
size_t parley_cli_fake_door_refusal(const struct parley_cli_fake_entry *entry, char *into, size_t bytes);

#endif
