#ifndef PARLEY_PLATFORM_STATUS_H
#define PARLEY_PLATFORM_STATUS_H

/*
 * Every way a call can fail, in one list: the name, the number, and a short text. Failures are
 * negative, so a positive result stays free to count. The hundreds tell the host what to do:
 *
 *   -1xx  the call was wrong           fix the program
 *   -2xx  the way to the service       try again, perhaps later
 *   -3xx  what the peer sent           report it: one of the two ends has a bug
 *   -4xx  what the service answered    ask the user (key, quota, model)
 */
#define PARLEY_STATUS(X)                                                                                     \
    X(OK, 0, "fine")                                                                                         \
    X(ERR_CLOSED, -100, "the conversation is over")                                                          \
    X(ERR_ARGUMENT, -101, "an argument is out of range")                                                     \
    X(ERR_MEMORY, -102, "the memory block is too small")                                                     \
    X(ERR_STATE, -103, "the call does not fit the present state")                                            \
    X(ERR_URL, -104, "the address of the service cannot be used")                                            \
    X(ERR_FILE, -105, "a file cannot be read or written")                                                    \
    X(ERR_SYSTEM, -106, "the operating system refused a call")                                               \
    X(ERR_FULL, -107, "a queue is full")                                                                     \
    X(ERR_RESOLVE, -201, "the name of the service has no address")                                           \
    X(ERR_CONNECT, -202, "no address of the service accepts a connection")                                   \
    X(ERR_TLS, -203, "the TLS handshake failed")                                                             \
    X(ERR_CERTIFICATE, -204, "the certificate of the service is not trusted")                                \
    X(ERR_LOST, -205, "the connection broke")                                                                \
    X(ERR_TIMEOUT, -206, "the other side did not answer in time")                                            \
    X(ERR_PEER_CLOSED, -207, "the service closed the connection")                                            \
    X(ERR_HTTP, -301, "the answer is not what HTTP or WebSocket ask for")                                    \
    X(ERR_PROTOCOL, -302, "the peer broke the WebSocket protocol")                                           \
    X(ERR_TOO_LONG, -303, "a message exceeds its buffer")                                                    \
    X(ERR_JSON, -304, "a message is not JSON")                                                               \
    X(ERR_UTF8, -305, "a text is not UTF-8")                                                                 \
    X(ERR_BASE64, -306, "audio is not base64")                                                               \
    X(ERR_REFUSED, -401, "the service said no")                                                              \
    X(ERR_AUTH, -402, "the service does not accept the key")                                                 \
    X(ERR_SERVICE, -403, "the service reported an error")

enum parley_status {
#define PARLEY_STATUS_ENUM(name, number, text) PARLEY_##name = number,
    PARLEY_STATUS(PARLEY_STATUS_ENUM)
#undef PARLEY_STATUS_ENUM
};

/* The name of a status ("ERR_LOST"), or "?" for a number that is none. Static memory. */
const char *parley_status_name(int status);

/* Its short English text ("the connection broke"), or "unknown status". Static memory. */
const char *parley_status_text(int status);

#endif
