/*
 * The byte stream of a server's connection. See serve_stream.h.
 */
#include "transport/wss/serve_stream.h"

#include "platform/clock.h"
#include "platform/listen.h"

int parley_serve_stream_open(struct parley_serve_stream *s, int fd, struct parley_serve_keys *keys)
{
    *s = (struct parley_serve_stream){.fd = -1, .why = ""};
    if (keys != NULL) {
        s->tls = parley_serve_tls_open(keys, fd);
        if (s->tls == NULL)
            return PARLEY_ERR_MEMORY;
    }
    s->secured = keys == NULL;
    s->fd = fd;
    return PARLEY_OK;
}

int parley_serve_stream_work(struct parley_serve_stream *s, uint64_t now_us)
{
    int status;

    s->now_us = now_us;
    if (s->secured || s->screws.frozen)
        return s->secured;
    status = parley_serve_tls_handshake(s->tls);
    if (status < 0)
        s->why = parley_serve_tls_reason(s->tls);
    s->secured = status > 0;
    return status;
}

/* How much may be moved now, at a rate of so many bytes a second (0: any), and no sooner than *at_us. */
static size_t allowed(const struct parley_serve_stream *s, size_t bytes, uint32_t a_second, uint64_t at_us)
{
    size_t most = a_second / 20 + 1; /* what 50 ms are good for */

    if (s->screws.frozen || (a_second > 0 && s->now_us < at_us))
        return 0;
    return a_second > 0 && bytes > most ? most : bytes;
}

/* After so many bytes: when the next may be moved. */
static void rest(const struct parley_serve_stream *s, int moved, uint32_t a_second, uint64_t *at_us)
{
    if (a_second > 0 && moved > 0)
        *at_us = s->now_us + (uint64_t)moved * 1000000 / a_second;
}

/* Keeps the words for how it ended. */
static int moved(struct parley_serve_stream *s, int status)
{
    if (status < 0 && s->why[0] == '\0')
        s->why = s->tls != NULL                     ? parley_serve_tls_reason(s->tls)
                 : status == PARLEY_ERR_PEER_CLOSED ? "the client closed the connection"
                                                    : "the connection broke";
    return status;
}

int parley_serve_stream_read(struct parley_serve_stream *s, void *into, size_t bytes)
{
    int got = 0;

    bytes = allowed(s, bytes, s->screws.read_a_second, s->read_us);
    if (bytes > 0)
        got = s->tls != NULL ? parley_serve_tls_read(s->tls, into, bytes)
                             : parley_socket_read(s->fd, into, bytes);
    rest(s, got, s->screws.read_a_second, &s->read_us);
    return moved(s, got);
}

int parley_serve_stream_write(struct parley_serve_stream *s, const void *from, size_t bytes)
{
    int put = 0;

    if (s->screws.write_bytes > 0 && bytes > s->screws.write_bytes)
        bytes = s->screws.write_bytes;
    bytes = allowed(s, bytes, s->screws.write_a_second, s->write_us);
    if (bytes > 0 && bytes < s->owed) /* what TLS has begun goes first, as long as it was */
        bytes = s->owed;
    if (bytes > 0)
        put = s->tls != NULL ? parley_serve_tls_write(s->tls, from, bytes)
                             : parley_socket_write(s->fd, from, bytes);
    if (bytes > 0)
        s->owed = put == 0 && s->tls != NULL ? bytes : 0;
    rest(s, put, s->screws.write_a_second, &s->write_us);
    return moved(s, put);
}

void parley_serve_stream_interest(const struct parley_serve_stream *s, bool read, bool write,
                                  struct parley_interest *want)
{
    bool unsent = s->tls != NULL && parley_serve_tls_unsent(s->tls);

    *want = (struct parley_interest){.fd = s->fd, .deadline_us = PARLEY_NEVER};
    if (s->screws.frozen) {
        want->fd = -1;
        return;
    }
    want->read = (read || !s->secured) && s->now_us >= s->read_us;
    want->write = (write && s->secured && s->now_us >= s->write_us) || unsent;
    if (read && s->now_us < s->read_us)
        want->deadline_us = s->read_us;
    if (write && s->now_us < s->write_us && s->write_us < want->deadline_us)
        want->deadline_us = s->write_us;
    if (want->read && s->tls != NULL && parley_serve_tls_busy(s->tls))
        want->deadline_us = 0;
    if (!want->read && !want->write)
        want->fd = -1;
}

void parley_serve_stream_finish(struct parley_serve_stream *s)
{
    if (s->finished || s->fd < 0)
        return;
    s->finished = true;
    if (s->tls != NULL)
        parley_serve_tls_finish(s->tls);
    parley_listen_finish(s->fd);
}

void parley_serve_stream_close(struct parley_serve_stream *s)
{
    parley_serve_tls_drop(s->tls);
    parley_socket_close(s->fd);
    s->tls = NULL;
    s->fd = -1;
}
