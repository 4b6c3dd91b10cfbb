#ifndef PARLEY_TRANSPORT_WSS_STREAM_PIPE_H
#define PARLEY_TRANSPORT_WSS_STREAM_PIPE_H

#include "transport/wss/stream.h"

/*
 * The strings on which a test plays the scripted stream. The transport opens it as any stream; the test
 * then finds it by parley_pipe_last().
 *
 * What is fed is not copied and has to stay. Cuts are lists used round and round: each entry is the most
 * bytes one call moves, 0 lets the call answer "nothing now". Without a list a call moves all it can.
 */
enum { PARLEY_PIPE_PIECES = 256, PARLEY_PIPE_WRITTEN_BYTES = 1 << 17 };

/* The stream opened last, NULL when none was since the last reset. Stays readable after its drop. */
struct parley_stream *parley_pipe_last(void);

/* How many were opened since the last reset: another may lie where the one before did. */
unsigned parley_pipe_opened(void);

/* Before open: forgets the last stream, and lets opens succeed. */
void parley_pipe_reset(void);

/* Before open: the next one fails with `status` and this reason (static). */
void parley_pipe_refuse_open(int status, const char *why);

/* What the transport asked for. The host is zero-terminated at host.at. */
struct parley_view parley_pipe_host(const struct parley_stream *s);
uint16_t parley_pipe_port(const struct parley_stream *s);
bool parley_pipe_tls(const struct parley_stream *s);

/* The stream starts connected; with a stage other than "open" work() answers 0 until it is set to "open". */
void parley_pipe_stage(struct parley_stream *s, const char *stage);
/* work(), read and write fail with `status` and this reason (static) from now on. */
void parley_pipe_fail(struct parley_stream *s, int status, const char *reason);

/* Bytes to be read, behind those fed before. False when PARLEY_PIPE_PIECES are queued already. */
bool parley_pipe_feed(struct parley_stream *s, struct parley_view bytes);
size_t parley_pipe_unread(const struct parley_stream *s);
/* What reading gives once all that was fed has been read: PARLEY_ERR_PEER_CLOSED or PARLEY_ERR_LOST. */
void parley_pipe_end(struct parley_stream *s, int status);
/* How many bytes each read gives; the list has to stay. */
void parley_pipe_read_cuts(struct parley_stream *s, const size_t *cuts, size_t count);
/* True: what waits to be read counts as buffered inside, as decrypted bytes of TLS do; no descriptor tells.
 */
void parley_pipe_buffers(struct parley_stream *s, bool buffers);

/* How many bytes each write takes; the list has to stay. */
void parley_pipe_write_cuts(struct parley_stream *s, const size_t *cuts, size_t count);
/* Writing breaks (PARLEY_ERR_LOST) once this many bytes in all have been taken. */
void parley_pipe_break_write(struct parley_stream *s, size_t after_bytes);
/* All that was written, in order. */
struct parley_view parley_pipe_written(const struct parley_stream *s);
/* Forgets the first so many bytes of it, which makes room for as many. */
void parley_pipe_forget_written(struct parley_stream *s, size_t bytes);
/* How many calls read and write have had that moved something. */
size_t parley_pipe_calls(const struct parley_stream *s);

/* The time work() was last told. */
uint64_t parley_pipe_worked_us(const struct parley_stream *s);

bool parley_pipe_shut(const struct parley_stream *s);
bool parley_pipe_dropped(const struct parley_stream *s);

#endif
