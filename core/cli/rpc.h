#ifndef PARLEY_CLI_RPC_H
#define PARLEY_CLI_RPC_H

#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * JSON-RPC 2.0 as it comes in: a line becomes a message, its parameters become values of the types that a
 * method asks for. Pure. Strings are unescaped in the line itself, so everything here points into it.
 */

/* Codes of JSON-RPC 2.0, section 5.1. */
enum parley_cli_rpc_code {
    PARLEY_CLI_RPC_PARSE = -32700,
    PARLEY_CLI_RPC_INVALID = -32600,
    PARLEY_CLI_RPC_METHOD = -32601,
    PARLEY_CLI_RPC_PARAMS = -32602,
    PARLEY_CLI_RPC_INTERNAL = -32603,
};

enum { PARLEY_CLI_RPC_ID = 256, PARLEY_CLI_RPC_WHY = 240 };

enum parley_cli_rpc_kind {
    PARLEY_CLI_RPC_REQUEST,      /* id, method, params */
    PARLEY_CLI_RPC_NOTIFICATION, /* method, params */
    PARLEY_CLI_RPC_ANSWER,       /* to a request that we never made */
    PARLEY_CLI_RPC_FAULT,        /* id as far as it could be read, code, why */
};

struct parley_cli_rpc_message {
    enum parley_cli_rpc_kind kind;
    struct parley_view id; /* a string or number as it stands; "null" for a fault without one; absent when no
                              answer is wanted */
    struct parley_view method;
    char *params; /* as JSON; NULL: none */
    size_t params_len;
    bool versioned; /* it has the member "jsonrpc", so its sender expects it too */
    enum parley_cli_rpc_code code;
    char why[PARLEY_CLI_RPC_WHY];
};

/* Reads a line. An id longer than PARLEY_CLI_RPC_ID bytes is a fault. */
void parley_cli_rpc_read(struct parley_cli_rpc_message *m, char *line, size_t len);

/* Makes the fault of a line that is longer than `most` bytes. Looks for its id in the beginning of it, so
   that whoever sent it learns what became of it. */
void parley_cli_rpc_read_beginning(struct parley_cli_rpc_message *m, char *beginning, size_t len,
                                   size_t most);

/* ---- parameters ------------------------------------------------------------------------------ */

enum parley_cli_rpc_type {
    PARLEY_CLI_RPC_TEXT,
    PARLEY_CLI_RPC_WHOLE, /* a whole number from 0 to `most` */
    PARLEY_CLI_RPC_BOOL,
    PARLEY_CLI_RPC_OBJECT,
    PARLEY_CLI_RPC_ARRAY,
};

/* A member that a method knows. One that is not `required` may be missing or null. */
struct parley_cli_rpc_param {
    const char *name;
    enum parley_cli_rpc_type type;
    bool required;
    uint32_t most;
};

struct parley_cli_rpc_value {
    bool given, null;        /* null: given, but as null */
    struct parley_view text; /* TEXT; absent when not given or null */
    uint32_t number;
    bool yes;
    char *json; /* OBJECT and ARRAY as they stand */
    size_t len;
};

/*
 * Reads the members of the object `json` (NULL: it has none) into `values`, one for each of `params`. Members
 * that are not listed are passed over; of two with one name the last counts. `where` is the object's own name
 * with a dot ("audio."), or "".
 * Returns true, or false with `why` saying which member is missing or of a wrong type.
 */
bool parley_cli_rpc_params(char *json, size_t len, const char *where,
                           const struct parley_cli_rpc_param *params, size_t count,
                           struct parley_cli_rpc_value *values, char why[PARLEY_CLI_RPC_WHY]);

/*
 * Goes through the array `json`: *at is 0 at first. Returns true with the next element, as it stands, in
 * *element and *len.
 */
bool parley_cli_rpc_element(char *json, size_t json_len, size_t *at, char **element, size_t *len);

/* Reads a value that is a string. False when it is of another type. */
bool parley_cli_rpc_string(char *json, size_t len, struct parley_view *text);

#endif
