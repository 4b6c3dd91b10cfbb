#ifndef PARLEY_H
#define PARLEY_H

/*
 * parley: one live conversation with a realtime speech model.
 *
 * This is the whole interface; a host reads this file and no other.
 *
 *   memory      The host gives one block (parley_memory_needed tells its size); nothing is allocated
 *               after parley_open, and parley_close hands the block back.
 *   time        Comes in as `now_us`, a monotonic clock in microseconds (parley_clock_us, or any other:
 *               with a made-up one a whole conversation runs in no time and always the same way).
 *   blocking    No call blocks, name resolution included. parley_run_once waits, in parley_wait alone.
 *   threads     None inside. A conversation belongs to one thread at a time; several conversations
 *               share nothing.
 *   names       A host name is looked up by parley itself, without getaddrinfo (which blocks, or starts
 *               threads): address literals, /etc/hosts, then the servers of /etc/resolv.conf for A and
 *               AAAA at once. Names that only system modules know (mDNS, LDAP) are not found: such a
 *               host resolves the name itself, in any way it likes, and sets `addresses` in the options;
 *               then no lookup is made, and the name still serves for TLS and the Host header.
 *   lifetimes   Views in an event point into the conversation's own buffer: read or copy them before
 *               the next call with the same conversation. Views in options are copied by parley_open,
 *               except `peer`.
 *   results     0 or a count is success, a negative enum parley_status is not; `parley_error` tells the
 *               story in words. Nothing a peer sends can make a call crash.
 *
 * A host is a loop:
 *
 *     while ((status = parley_run_once(c, 100000)) == PARLEY_OK)
 *         while (parley_next_event(c, &event) > 0)
 *             ...
 */

#include "platform/address.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/status.h"
#include "platform/view.h"
#include "platform/wait.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARLEY_VERSION "0.1.0"

/* PCM throughout: 16 bit, mono, this many samples a second (reference 2). */
enum { PARLEY_SAMPLE_RATE = 24000 };

/* ---- what is asked of the service ------------------------------------------------------------ */

enum parley_protocol { PARLEY_PROTOCOL_V2, PARLEY_PROTOCOL_V1 };
enum parley_mode { PARLEY_CONVERSATIONAL, PARLEY_TRANSCRIPTION };
enum parley_modality { PARLEY_MODALITY_AUDIO, PARLEY_MODALITY_TEXT };

/* Sizes of everything that can fill up. In each field 0 stands for the default. */
struct parley_limits {
    /* The longest message of the service, in bytes (default 262144). Longer ones are skipped and
       reported as PARLEY_EVENT_SKIPPED. An audio event of 100 ms takes 6.6 KB, and session.updated
       echoes the instructions. */
    size_t inbox_bytes;
    /* Messages waiting for the network, audio apart, in bytes (default 65536). When they do not fit
       parley_send_text and the agent calls answer PARLEY_ERR_FULL; a part is kept for what the
       conversation itself has to say. */
    size_t outbox_bytes;
    /* Microphone audio waiting for the network, in milliseconds (default 2000; 48 bytes each; at least 40,
       and below 100 messages of 20 ms are the longest). When more comes the oldest is dropped and reported as
       PARLEY_EVENT_SHED. With `reconnect` also what was sent and may have to be said again (default 15000):
       hold the longest turn you expect. */
    uint32_t input_audio_ms;
    /* Reply audio waiting for parley_read_audio, in milliseconds (default 30000; 48 bytes each). When it
       is full no more is read from the service until some has been played, so an interruption by speech
       is noticed late: hold the longest reply you expect. PARLEY_LIMIT_NONE: the host takes audio from
       the events alone, and parley_read_audio gives nothing. */
    uint32_t output_audio_ms;
    /* Transcript kept for the next handoff, in bytes (default 16384). The oldest text goes first, and the
       handoff says so. */
    size_t transcript_bytes;
    /* Reply items whose audio is accounted for at once (default 16, at least 2). */
    uint32_t reply_items;
    /* Buffers of the link, in bytes (defaults 32768 and 65536). */
    size_t link_recv_bytes, link_send_bytes;
};
#define PARLEY_LIMIT_NONE UINT32_MAX

/*
 * Limits for three kinds of hosts; README tells what each costs, `parley limits` in detail.
 *
 *   BOARD    one conversation in a device: the defaults.
 *   TINY     for a block of 24 KB, beside TLS: text both ways, and sound in pieces of 20 ms, as the host
 * sends it and as it takes it from the events. The service's messages may have 3.5 KB: longer ones, as the
 *            echo of the instructions in session.updated, are skipped and reported, so ask the service for
 *            short sound and short replies. Typed text and an agent's messages may have about 900 bytes each.
 *   SERVER   many conversations in a process: little memory while idle, and sound is taken from the events.
 */
enum parley_profile { PARLEY_PROFILE_BOARD, PARLEY_PROFILE_TINY, PARLEY_PROFILE_SERVER };

/* The limits of a profile, none of them 0; of BOARD for a number that is none. */
struct parley_limits parley_limits_for(enum parley_profile profile);

/* The longest each stage may take, in milliseconds. In each field 0 stands for the default. */
struct parley_timeouts {
    uint32_t resolve_ms; /* name resolution (default 10000) */
    uint32_t connect_ms; /* TCP, over all addresses (default 15000) */
    uint32_t proxy_ms;   /* the proxy's answer (default 15000) */
    uint32_t tls_ms;     /* TLS handshake (default 15000) */
    uint32_t upgrade_ms; /* WebSocket upgrade, or the whole answer to a call (default 15000) */
    uint32_t close_ms;   /* closing handshake after parley_stop (default 2000) */
    /* Once the link is up: silence of the service after which it is asked for a sign of life (default 20000;
       PARLEY_LIMIT_NONE: never), and how long it has to give one (default 20000). Without one the
       link is lost (PARLEY_ERR_LOST). */
    uint32_t ping_ms, pong_ms;
};

/*
 * Whether another connection follows one that broke or did not come up. Off by default: then the conversation
 * ends with it. In each field 0 stands for the default.
 *
 * Worth another attempt are the network, HTTP 408, 425, 429 and 5xx, and the close codes 1001, 1005, 1006,
 * 1011 to 1015; not what another attempt would not change (a key, a certificate, a request that is wrong, a
 * service that ended in good order). Before each there is a wait, drawn from 0 to base_ms, twice as long each
 * time up to cap_ms; after 30 s of a connection that holds the count begins again.
 *
 * The new session is given the instructions, what was said (in limits.transcript_bytes) as text, and what was
 * on its way to the old one; audio of the user of which no text had come is sent again. A response that had
 * begun to be heard is not made again; one of which nothing had come is. What an agent is working on goes
 * on, and its result is told as a message. It takes memory: limits.transcript_bytes three times more,
 * and a longer limits.input_audio_ms.
 *
 * Each connection resumes the TLS session of the one before, if the service agrees: for a day, and only of a
 * peer that was verified or pinned. It lies in 2 KB of the block.
 *
 * The key and other secrets of the options then stay in the block until parley_close, which wipes them.
 */
struct parley_reconnect {
    bool on;
    uint32_t attempts;       /* for each break (default 8) */
    uint32_t first_attempts; /* while there has been no connection yet (default: attempts; PARLEY_LIMIT_NONE:
                                the first failure ends the conversation) */
    uint32_t all_attempts;   /* in the whole conversation (default: any number) */
    uint32_t base_ms;        /* the longest wait before the first attempt (default 500) */
    uint32_t cap_ms;         /* the longest wait at all (default 30000) */
    /* A session that is about to end is replaced in a quiet moment, from so long before on and at the latest
       10 s before (default 120000; PARLEY_LIMIT_NONE: never). When it ends the service tells as a date: with
       a clock that is not set it comes as a surprise, and counts as a break. */
    uint32_t renew_ms;
};

/* A header of the upgrade request, or a parameter of the URL's query. */
struct parley_header {
    struct parley_view name, value;
};

/* What to do about the dates of certificates while the clock is not set: while it shows a time before
   the release of this version, as that of a board without a battery does. */
enum parley_clock_unset { PARLEY_CLOCK_UNSET_REFUSE, PARLEY_CLOCK_UNSET_IGNORE_DATES };

/* Whether messages travel compressed (permessage-deflate, RFC 7692) if the service agrees. It takes 92 KB
   more of the block, and some time; speech shrinks to 69 %, text to much less. */
enum parley_compress { PARLEY_COMPRESS_OFF, PARLEY_COMPRESS_AUTO };

/*
 * A flight recorder: what goes into a conversation and what comes out of it, as lines of JSON, from which
 * `parley-loopback replay` holds the same conversation again, byte for byte, and `parley timeline` makes a
 * picture. Off by default. It takes 4 KB of the block.
 *
 * The key, the values of `headers` and `query` and the proxy's password are never written: wherever one of 8
 * bytes or more occurs in what is, it is starred out. To know them they stay in the block until
 * parley_close, which wipes it. What is said and heard is written: treat a record as what it tells.
 *
 * A library built without it (RECORDER=off) refuses to open a conversation that is to be recorded.
 */
struct parley_recorder {
    void *state;
    /* Gets the record in pieces: append them to a file, and do not call the conversation. A line ends with
       "\n", as does the last piece of each call of the host. NULL: nothing is recorded. */
    void (*write)(void *state, struct parley_view piece);
    uint64_t bytes;     /* of the record at most (default 268435456): then it says so, and ends */
    bool without_audio; /* of sound write only how much there was */
    /* For holding a recorded conversation again: the number that was drawn there for `what`. Returns false: a
       new one is to be drawn. NULL: all are. Asked while there is a record to write. */
    bool (*draw)(void *state, const char *what, int64_t *number);
};

/* Start from PARLEY_OPTIONS_DEFAULT (all zero) and set what differs. */
struct parley_options {
    struct parley_view url;     /* default https://api.openai.com/v1; http, https, ws, wss (reference 1.2) */
    struct parley_view api_key; /* secret: copied, wiped once sent (but see struct parley_reconnect), never
                                   shown. Absent: no Authorization header */
    const struct parley_header *query; /* further parameters of the URL, behind ours; names "intent" and
                                          "model" are left out (reference 1.2) */
    size_t query_count;
    struct parley_view session_id;       /* sent as x-session-id; absent: no such header (reference 7.5) */
    const struct parley_header *headers; /* further ones, may hold secrets; api_key and session_id win */
    size_t header_count;

    /*
     * A call over WebRTC (reference 9): its media goes between a peer connection of the host and the service,
     * and the conversation beside it. `sdp_offer` creates one: it is posted with the session to `call_url`
     * (default: `url`; completed with /realtime/calls, its query kept), PARLEY_EVENT_SDP brings the answer,
     * and then the call is joined; what the host says meanwhile waits. `call_id` joins one that there is.
     * Give at most one of the two.
     *
     * Creating is tried up to 5 times if the network or a 5xx is in the way, joining up to 5 times whatever
     * is, each with about 200, 400, 800 and 1600 ms in between; RECONNECTING tells of it. A link that breaks
     * after that is a matter of `reconnect`, and joins the same call again, whose session is still there.
     *
     * `addresses`, `proxy` and what is trusted are for both addresses.
     *
     * With `keep_session` the session is left as the service, or whoever created the call, has it: the offer
     * is posted alone, and nothing of what is asked for below is sent. All but `call_id` and `keep_session`
     * take memory for the request; secrets stay in the block until parley_close, as with `reconnect`.
     */
    struct parley_view sdp_offer, call_id, call_url;
    bool keep_session;

    enum parley_protocol protocol;
    enum parley_mode mode;
    enum parley_modality modality;
    struct parley_view model;           /* default gpt-realtime-1.5 (reference 7.2) */
    struct parley_view voice;           /* default marin (v2) or cove (v1) (reference 7.4) */
    struct parley_view prompt;          /* absent: the built-in one; empty: none (reference 7.3) */
    struct parley_view prompt_override; /* wins over `prompt` unless blank */
    struct parley_view startup_context; /* follows the prompt after a blank line; absent or empty: none */
    struct parley_view assistant_name;  /* in the built-in prompt; default "parley" */
    struct parley_view user_first_name; /* in the built-in prompt; default "there" */

    /* Whom to trust: the authorities of a text, PEM or DER, which a board without files has in its flash; of
       a PEM file; of a folder of such files (or several, ':' in between); of all that are given. None: the
       system's authorities. A text that is there and empty is an error. */
    struct parley_view ca_pem, ca_file, ca_dir;
    /* Keys, one of which a certificate of the verified chain has to have: "sha256/" and the base64 of the
       SHA-256 of its SubjectPublicKeyInfo. With insecure_no_verify the service's own certificate. */
    const struct parley_view *pins;
    size_t pin_count;
    /* For a service that wants a certificate of us: PEM files of it, with its chain, and of its key, which
       has no passphrase. The key's may be absent: then it stands in the first one. */
    struct parley_view client_cert, client_key;
    /* The same as texts, PEM or DER, each instead of its file. The key's is a secret: with `reconnect`, or a
       call, it stays in the block until parley_close, which wipes it; else nothing is left of it behind the
       handshake. */
    struct parley_view client_cert_pem, client_key_pem;
    enum parley_clock_unset clock_unset;
    bool insecure_no_verify; /* trust any certificate; for experiments only */

    /* Found by the host: no name resolution (see the top). With a proxy they are the proxy's. */
    const struct parley_address *addresses;
    size_t address_count;
    /* http://[USER:PASSWORD@]HOST[:PORT], which may hold a secret: all goes through this proxy (CONNECT), and
       the service's name is not looked up here. Absent or empty: none; the environment is not looked at. */
    struct parley_view proxy;

    enum parley_compress compress;

    /* True: any error event of the service ends the conversation, as in the reference. False: those that
       can be survived are events, and the conversation goes on. */
    bool close_on_error;

    struct parley_reconnect reconnect;
    struct parley_timeouts timeouts;
    struct parley_limits limits;
    struct parley_log log;           /* copied */
    struct parley_recorder recorder; /* copied */

    struct parley_view script;      /* loopback only: the text of a .talk file to play the service */
    struct parley_view script_name; /* its name, for messages */
    void *peer; /* loopback only: see transport/loopback/loopback.h; outlives the conversation */
};
#ifdef __cplusplus
#define PARLEY_OPTIONS_DEFAULT                                                                               \
    {                                                                                                        \
    }
#else
#define PARLEY_OPTIONS_DEFAULT                                                                               \
    {                                                                                                        \
        0                                                                                                    \
    }
#endif

/* ---- what happens ---------------------------------------------------------------------------- */

/* Why a reply was cut short. */
enum parley_reason { PARLEY_REASON_SPEECH, PARLEY_REASON_TEXT, PARLEY_REASON_HOST };

/* How a conversation ended (reference 6.8). */
enum parley_closed {
    PARLEY_CLOSED_REQUESTED, /* by parley_stop */
    PARLEY_CLOSED_TRANSPORT, /* by the service, with a close frame */
    PARLEY_CLOSED_ERROR,     /* anything else; an ERROR event came before */
};

/*
 * The kinds of events, and which fields of struct parley_event each fills besides `kind` and `at_us`.
 * A field in brackets may be absent.
 */
enum parley_event_kind {
    PARLEY_EVENT_LINK, /* text: the stage the link has come to: resolve, connect, proxy, tls, call (a call is
                          being created) or upgrade, open */
    PARLEY_EVENT_STARTED, /* [session_id]: as given in the options. The link is up, the session asked for;
                             with sdp_offer: the call is created */
    PARLEY_EVENT_SDP,     /* text: the answer to options.sdp_offer, call_id: of the call. Follows STARTED; the
                             call is     joined once it has been taken */
    PARLEY_EVENT_SESSION_UPDATED, /* session_id: the service's own, [text]: instructions as it took them */
    PARLEY_EVENT_SPEECH_STARTED,  /* [item_id]: of the user item to come. The user speaks */
    PARLEY_EVENT_SPEECH_STOPPED,  /* [item_id] */
    PARLEY_EVENT_USER_DELTA,      /* text: more of what the user said */
    PARLEY_EVENT_USER_DONE,       /* text: all of it */
    PARLEY_EVENT_REPLY_DELTA,     /* text: more of what the model says, [item_id], [response_id] */
    PARLEY_EVENT_REPLY_DONE,      /* text: all of it, [item_id], [response_id] */
    PARLEY_EVENT_AUDIO, /* pcm, samples, pcm_bytes, sample_rate, channels, [samples_per_channel], [item_id],
                           late: it belongs to a reply that was interrupted and is not to be played. The same
                           audio goes into the queue of parley_read_audio, unless late or not 24 kHz mono */
    PARLEY_EVENT_RESPONSE_CREATED,   /* [response_id] */
    PARLEY_EVENT_RESPONSE_CANCELLED, /* [response_id] */
    PARLEY_EVENT_RESPONSE_DONE,      /* [response_id], [status], [code], [text]: why it failed */
    PARLEY_EVENT_ITEM_ADDED,         /* json: the conversation item, verbatim */
    PARLEY_EVENT_ITEM_DONE,          /* item_id */
    PARLEY_EVENT_HANDOFF, /* handoff_id, item_id, text: the request, delegation: the envelope to give to the
                             agent (reference 10.3; empty when nothing was asked), steering: an agent is at
                             work already and this is for it (its work goes on as parley_handoff_id says),
                             dropped: bytes of transcript left out, lines: see parley_handoff_line */
    PARLEY_EVENT_SILENCE, /* handoff_id: call id, item_id: the model chose to say nothing */
    PARLEY_EVENT_INTERRUPTED,  /* item_id, heard_ms, reason: a reply was cut where it was heard */
    PARLEY_EVENT_PLAYED,       /* item_id, heard_ms: a reply has been heard to its end */
    PARLEY_EVENT_RECONNECTING, /* status, text: why the link is gone (OK: its session is about to expire),
                                  attempt: which one follows, wait_ms: in how long. Nothing more comes of what
                                  was under way: no SPEECH_STOPPED, USER_DONE, REPLY_DONE or RESPONSE_DONE;
                                  what was received of a reply plays on */
    PARLEY_EVENT_RECONNECTED,  /* gap_ms: since the link was lost, state_restored: nothing was lost with it,
                                  [text]: else what. A new session has been given what went before */
    PARLEY_EVENT_SHED,         /* samples: of microphone audio dropped since the last such event */
    PARLEY_EVENT_SKIPPED,      /* status, text: what could not be read, why and where; it was left out */
    PARLEY_EVENT_ERROR,        /* status, text, [code], [event_id], fatal: the conversation ends with it */
    PARLEY_EVENT_CLOSED,       /* closed, status. Exactly one, and the last */
};

struct parley_event {
    enum parley_event_kind kind;
    uint64_t at_us; /* the now_us of the call in which it was read */
    struct parley_view text, json, delegation;
    struct parley_view session_id, item_id, response_id, handoff_id, call_id;
    struct parley_view status_text; /* of a finished response: completed, cancelled, failed, incomplete */
    struct parley_view code, event_id;
    const int16_t *pcm; /* little-endian machines: host order; else swapped by parley */
    size_t samples;     /* in all channels together */
    size_t pcm_bytes;   /* at pcm, exactly as received: 1 more than the samples take if half of one came */
    uint32_t sample_rate, samples_per_channel; /* as the service says, the latter only if has_samples */
    uint16_t channels;
    bool has_samples, late, steering, fatal;
    uint32_t heard_ms;
    uint32_t attempt, wait_ms;
    uint64_t gap_ms;
    bool state_restored;
    size_t dropped, lines;
    int status; /* enum parley_status */
    enum parley_reason reason;
    enum parley_closed closed;
};

/* The name of an event kind in lower case ("speech_started"); "?" for a number that is none. Static. */
const char *parley_event_name(enum parley_event_kind kind);

/* The name of a reason ("speech", "text", "host") and of an end ("requested", "transport_closed", "error").
 */
const char *parley_reason_name(enum parley_reason reason);
const char *parley_closed_name(enum parley_closed closed);

/* ---- life ------------------------------------------------------------------------------------ */

struct parley_conversation;

/* What went wrong, in words, always terminated; never holds a secret. */
enum { PARLEY_ERROR_TEXT = 320 };
struct parley_error {
    int status;
    char text[PARLEY_ERROR_TEXT];
};

/*
 * The bytes parley_open needs for these options: exact, as it runs the same code. Depends on the limits
 * and on the length of the texts. 0 when the options cannot be used (parley_open tells why).
 */
size_t parley_memory_needed(const struct parley_options *options);

/* What those bytes are for; together they are `all`. */
struct parley_memory {
    size_t all;
    size_t conversation; /* its state, and the texts of the options */
    size_t workspace; /* inbox, a message of sound on its way, the text of a handoff; and before that what the
                         link needs to come up, and what the session is asked for */
    size_t outbox;    /* messages and microphone audio that wait for the network */
    size_t output_audio; /* reply audio, and the account of it */
    size_t transcript;
    size_t notices; /* events that are no messages of the service */
    size_t extras;  /* of reconnect, calls and the recorder */
    size_t link;    /* buffers and state of the transport */
};

/* Fills *memory in. Returns PARLEY_OK, or what parley_open would with the reason in *error (may be NULL), and
   then all of it is 0. */
int parley_memory_split(const struct parley_options *options, struct parley_memory *memory,
                        struct parley_error *error);

/*
 * Opens a conversation in the `bytes` bytes at `memory` (any alignment) and starts to connect.
 *
 * The block belongs to the conversation until parley_close. All checks of reference 7.4 are made here, in
 * its order. On failure *c is NULL and *error (may be NULL) says what was wrong.
 *
 * Returns PARLEY_OK, PARLEY_ERR_ARGUMENT (voice, modality, limits, header, pin, call, ca_pem,
 * client_cert_pem, client_key_pem), PARLEY_ERR_UTF8 (a text), PARLEY_ERR_URL (also of the proxy and of
 * call_url), PARLEY_ERR_FILE (ca_file, ca_dir, client_cert, client_key), PARLEY_ERR_MEMORY, PARLEY_ERR_SYSTEM
 * (no random numbers), PARLEY_ERR_STATE (recorder: built without).
 */
int parley_open(struct parley_conversation **c, void *memory, size_t bytes,
                const struct parley_options *options, uint64_t now_us, struct parley_error *error);

/*
 * Asks for an orderly end: what is queued goes out as far as the link takes it at once, then the closing
 * handshake (WebSocket code 1000, timeouts.close_ms). Keep serving until CLOSED. Calling it twice does
 * nothing.
 */
void parley_stop(struct parley_conversation *c);

/* Ends at once, without a handshake if one is still due, wipes the block and hands it back. NULL is allowed.
 */
void parley_close(struct parley_conversation *c);

/* The first error that ended the conversation; status PARLEY_OK while none has. Good until parley_close. */
const struct parley_error *parley_error(const struct parley_conversation *c);

/* ---- the loop -------------------------------------------------------------------------------- */

/* The most interests a conversation has at once. */
enum { PARLEY_INTERESTS = 4 };

/* What to wait for before the next parley_service; fills `want`, returns how many (at least 1). */
size_t parley_interest(const struct parley_conversation *c, struct parley_interest want[PARLEY_INTERESTS]);

/*
 * Does all that is ready and nothing that would block. Call it when an interest is ready or its deadline
 * has come, and after calls that send; calling it too often is only a waste.
 * Returns PARLEY_OK, or the negative status that ended the conversation (events may still wait).
 */
int parley_service(struct parley_conversation *c, uint64_t now_us);

/* parley_wait for at most `wait_us`, then parley_service, on the platform's clock. Returns what that does, or
   PARLEY_ERR_SYSTEM when it cannot wait. */
int parley_run_once(struct parley_conversation *c, uint64_t wait_us);

/*
 * Takes the next event, if there is one.
 *
 * Views in *event point into the conversation's own buffer: read or copy them before the next
 * call with the same conversation. While events wait, no more is read from the network, so a
 * slow host slows the service down instead of running out of memory; pings are answered all the same
 * as long as the link's buffer has room.
 *
 * Returns 1 with *event filled, 0 when there is none, or, after CLOSED, the negative parley_status that ended
 * the conversation (PARLEY_ERR_CLOSED for a requested end; again at each later call). Does not block and
 * does not read a clock.
 */
int parley_next_event(struct parley_conversation *c, struct parley_event *event);

/* ---- speaking and hearing -------------------------------------------------------------------- */

/*
 * Queues microphone audio: PCM16 in host order, 24 kHz mono. Each call becomes one message (several if it is
 * longer than 100 ms), so 20 to 100 ms at a time is a good size. When the queue is full the oldest
 * audio makes room and PARLEY_EVENT_SHED tells how much.
 * Returns the samples taken (all of them), PARLEY_ERR_STATE once the conversation ends.
 */
long parley_send_audio(struct parley_conversation *c, const int16_t *pcm, size_t samples);

/*
 * The same for PCM16 little-endian that comes as bytes, of whatever rate and channels the service takes: it
 * goes out exactly as given. Returns the bytes taken (all of them), PARLEY_ERR_STATE.
 */
long parley_send_audio_bytes(struct parley_conversation *c, const void *pcm, size_t bytes);

/*
 * Takes reply audio for the loudspeaker: up to `samples` samples, fewer or none when no more is there.
 * What was taken counts as heard once the playout delay is over.
 * Returns the samples written to `pcm`. Play silence for the rest.
 */
size_t parley_read_audio(struct parley_conversation *c, int16_t *pcm, size_t samples);

/* Samples parley_read_audio could give now. */
size_t parley_audio_queued(const struct parley_conversation *c);

/*
 * How long it takes from parley_read_audio to the ear (buffers of the device), in microseconds; 0 at first.
 * On an interruption the host empties its device: what was still on the way counts as not heard.
 */
void parley_playout_delay(struct parley_conversation *c, uint64_t delay_us);

/*
 * Adds text the user typed to the conversation (with the prefix "[USER] " on v2; reference 6.2). It does
 * not make the model answer; parley_request_reply does.
 * Returns PARLEY_OK, PARLEY_ERR_FULL (not now: serve and try again), PARLEY_ERR_TOO_LONG (would never fit),
 * PARLEY_ERR_UTF8, PARLEY_ERR_STATE once the conversation ends.
 */
int parley_send_text(struct parley_conversation *c, struct parley_view text);

/*
 * Mirrors a turn the user typed for the agent into the conversation (reference 10.5): as parley_send_text,
 * but cut to 300 tokens (1200 bytes), label included, with a mark in place of the middle. Empty text: nothing
 * is sent. Returns what parley_send_text does.
 */
int parley_mirror_text(struct parley_conversation *c, struct parley_view text);

/*
 * Asks the model for a reply now. Waits its turn: while a response is running it goes out when that
 * one ends, once however often it was asked for (reference 6.5).
 * Returns PARLEY_OK, PARLEY_ERR_FULL (not now: serve and try again), PARLEY_ERR_STATE (v1 and transcription
 * have no such request, or the conversation ends).
 */
int parley_request_reply(struct parley_conversation *c);

/*
 * Cuts the reply being played: what was not heard is thrown away and the service told where it was cut.
 * A response still being made is cancelled, unless speech (reason SPEECH) makes the service do that itself.
 * The engine calls it itself when the service hears speech.
 * Returns the number of replies cut (0: nothing was unheard), PARLEY_ERR_FULL (not now: take the events that
 * wait, serve and try again), PARLEY_ERR_STATE.
 */
int parley_interrupt(struct parley_conversation *c, enum parley_reason reason);

/* ---- the background agent -------------------------------------------------------------------- */

/*
 * Gives the model a message of the agent working on `handoff_id` (absent: on the active handoff): each is an
 * item of its own, with the prefix "[BACKEND] " on v2 (reference 6.2, 6.4).
 * Returns PARLEY_OK, PARLEY_ERR_STATE when that handoff is not active (stale: dropped), PARLEY_ERR_FULL,
 * PARLEY_ERR_TOO_LONG, PARLEY_ERR_UTF8.
 */
int parley_agent_progress(struct parley_conversation *c, struct parley_view handoff_id,
                          struct parley_view text);

/*
 * The agent has finished `handoff_id` (absent: the active one): the model is told, after all progress of it,
 * and asked for a reply. Returns PARLEY_OK, PARLEY_ERR_STATE, PARLEY_ERR_FULL.
 */
int parley_agent_done(struct parley_conversation *c, struct parley_view handoff_id);

/*
 * What a text agent is told when the user begins to speak with it through a realtime conversation (`active`),
 * or no longer does (reference 10.6): a text between tags, for its instructions. `custom` replaces the
 * built-in words of the beginning; absent or blank: those. Writes to `out`; returns the length, or
 * PARLEY_ERR_TOO_LONG when `bytes` are not enough (4096 are for the built-in).
 */
long parley_agent_notice(bool active, struct parley_view custom, char *out, size_t bytes);

/* A line of what was said since the last handoff. */
struct parley_line {
    const char *role; /* "user" or "assistant" */
    struct parley_view text;
};

/*
 * The i-th of the `lines` lines that go with the HANDOFF event just taken, as they were said. Good until the
 * next call that is not this one. Returns false when there is no such line.
 */
bool parley_handoff_line(const struct parley_conversation *c, size_t i, struct parley_line *line);

/* The id of the active handoff, absent when there is none; good until the next call. */
struct parley_view parley_handoff_id(const struct parley_conversation *c);

/* ---- what went before ------------------------------------------------------------------------ */

/* A conversation, or a piece of work with an agent, that the host has a record of. */
struct parley_context_thread {
    struct parley_view cwd;    /* absolute path of the folder it last worked in; absent: left out */
    struct parley_view branch; /* of git there; absent or empty: none is known */
    struct parley_view ask;    /* the first message of the user; absent or empty: there is none */
    int64_t updated_us;        /* since 1970-01-01 UTC */
};

/* What the host gives for a startup context. All of it may be absent. */
struct parley_context {
    struct parley_view cwd, home;                /* absolute paths: where the user works, and is at home */
    const struct parley_context_thread *threads; /* the one updated last first; the first 40 count */
    size_t thread_count;
    const struct parley_line *lines; /* said so far in the thread that goes on; the oldest first */
    size_t line_count;
};

/*
 * The bytes parley_context_render needs: exact, as it runs the same code (about 100 KiB, and more with many
 * lines). 0 for a library built without the startup context (CONTEXT=off).
 */
size_t parley_context_memory(const struct parley_context *context);

/*
 * Writes what the model is to know from the start, for `startup_context` in the options (reference 8): the
 * lines of this thread, recent work by repository, and a map of the folders the user works in, each cut to a
 * budget of its own; at most 20500 bytes of UTF-8.
 *
 * Reads folders and `.git` files below cwd, home and the threads' cwd, for which it may take seconds on a
 * slow disk: call it before parley_open, not in the loop. What cannot be read is left out.
 *
 * Works in the `bytes` bytes at `memory` (any alignment), into which *text points afterwards: parley_open
 * copies it, and then the block may be used for something else. *text is absent when there is nothing to
 * tell. Returns PARLEY_OK, PARLEY_ERR_MEMORY, PARLEY_ERR_ARGUMENT (a role other than "user" and "assistant"),
 * PARLEY_ERR_STATE (built without).
 */
int parley_context_render(const struct parley_context *context, void *memory, size_t bytes,
                          struct parley_view *text);

/* ---- figures --------------------------------------------------------------------------------- */

/* Counters since parley_open. Of reply audio, in samples: received = played + queued + discarded. */
struct parley_stats {
    uint64_t messages_in, messages_out, bytes_in, bytes_out;
    uint64_t events, skipped;
    uint64_t input_samples, input_shed; /* microphone: given to us, dropped */
    uint64_t output_received, output_played, output_queued, output_discarded;
    size_t memory_bytes;            /* of the block, in use since open */
    size_t inbox_peak, outbox_peak; /* the fullest they were, in bytes */
};
void parley_stats(const struct parley_conversation *c, struct parley_stats *stats);

/* "loopback" or "wss": the transport that was linked in. */
const char *parley_transport(void);

/* The voices of a protocol, in order, ended by NULL; the default one's index in *fallback (may be NULL). */
const char *const *parley_voices(enum parley_protocol protocol, size_t *fallback);

#endif
