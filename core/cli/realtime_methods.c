/*
 * The methods thread/realtime/...: reference 11.1, and the two by which a client is the agent itself.
 */
#include "core/cli/server.h"

#include "parser/base64.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What a status means to somebody who asked for `what`. */
static void submit_failed(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                          const char *what, int status)
{
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INTERNAL, "failed to %s: %s", what,
                             parley_status_text(status));
}

/* The thread named first among the values, if it may have conversations; else the client has been told. */
static struct parley_cli_thread *
realtime_thread(struct parley_cli_server *s, const struct parley_cli_rpc_message *m, struct parley_view id)
{
    struct parley_cli_thread *t = parley_cli_server_thread(s, m, id);

    if (t == NULL || !s->settings.no_realtime)
        return t;
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "thread %s does not support realtime conversation",
                             t->id);
    return NULL;
}

/* Answers a request whose conversation took it, or not. One that is not there is no error of the request but
   a notification of its own (reference 6.8). */
static void answer(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                   struct parley_cli_thread *t, const char *what, int status)
{
    if (status != PARLEY_OK && status != PARLEY_ERR_STATE) {
        submit_failed(s, m, what, status);
        return;
    }
    parley_cli_rpc_done(&s->out, m->id);
    if (status == PARLEY_OK)
        t->calls[PARLEY_CLI_NEXT].given = true; /* if there is one, it got it */
    else
        parley_cli_server_not_running(s, t);
}

/* ---- start and stop ---------------------------------------------------------------------------- */

enum { START_THREAD, START_MODALITY, START_PROMPT, START_SESSION, START_TRANSPORT, START_VOICE };
static const struct parley_cli_rpc_param start_params[] = {
    [START_THREAD] = {"threadId", PARLEY_CLI_RPC_TEXT, true, 0},
    [START_MODALITY] = {"outputModality", PARLEY_CLI_RPC_TEXT, true, 0},
    [START_PROMPT] = {"prompt", PARLEY_CLI_RPC_TEXT, false, 0},
    [START_SESSION] = {"sessionId", PARLEY_CLI_RPC_TEXT, false, 0},
    [START_TRANSPORT] = {"transport", PARLEY_CLI_RPC_OBJECT, false, 0},
    [START_VOICE] = {"voice", PARLEY_CLI_RPC_TEXT, false, 0},
};

static bool is_listed(enum parley_protocol protocol, struct parley_view voice)
{
    for (const char *const *known = parley_voices(protocol, NULL); *known != NULL; known++)
        if (parley_view_is(voice, *known))
            return true;
    return false;
}

/* A voice nobody has is a mistake in the request; one of the other version fails as any start does. */
static bool check_voice(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                        struct parley_view voice)
{
    if (voice.at == NULL || is_listed(PARLEY_PROTOCOL_V1, voice) || is_listed(PARLEY_PROTOCOL_V2, voice))
        return true;
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "there is no realtime voice `%.*s`",
                             (int)(voice.len < 60 ? voice.len : 60), voice.at);
    return false;
}

static bool read_modality(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                          struct parley_view text, enum parley_modality *modality)
{
    bool is_text = parley_view_is(text, "text");

    *modality = is_text ? PARLEY_MODALITY_TEXT : PARLEY_MODALITY_AUDIO;
    if (is_text || parley_view_is(text, "audio"))
        return true;
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS,
                             "invalid params: outputModality must be audio or text");
    return false;
}

/* What a start's transport asks for: {"type":"websocket"}, {"type":"webrtc","sdp":"..."} or
   {"type":"existingCall","callId":"..."} (reference 11.1, 12). */
struct transport {
    struct parley_view sdp, call_id;
};

static bool read_transport(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                           const struct parley_cli_rpc_value *transport, struct transport *asked)
{
    static const struct parley_cli_rpc_param params[] = {
        {"type", PARLEY_CLI_RPC_TEXT, true, 0},
        {"sdp", PARLEY_CLI_RPC_TEXT, false, 0},
        {"callId", PARLEY_CLI_RPC_TEXT, false, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];
    char why[PARLEY_CLI_RPC_WHY] =
        "transport.type must be websocket, webrtc with an sdp, or existingCall with a callId";

    *asked = (struct transport){.sdp = {NULL, 0}};
    if (transport->json == NULL)
        return true;
    if (parley_cli_rpc_params(transport->json, transport->len, "transport.", params, COUNT(params), values,
                              why)) {
        if (parley_view_is(values[0].text, "webrtc"))
            asked->sdp = values[1].text;
        else if (parley_view_is(values[0].text, "existingCall"))
            asked->call_id = values[2].text;
        if (asked->sdp.at != NULL || asked->call_id.at != NULL || parley_view_is(values[0].text, "websocket"))
            return true;
    }
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS, "invalid params: %s", why);
    return false;
}

/* What a start asks for, on top of the command line (reference 7.3 to 7.5). */
static struct parley_options start_options(const struct parley_cli_server *s,
                                           const struct parley_cli_thread *t,
                                           const struct parley_cli_rpc_value *values,
                                           enum parley_modality modality, const struct transport *asked)
{
    struct parley_options o = s->settings.options;

    o.modality = modality;
    o.sdp_offer = asked->sdp;
    o.call_id = asked->call_id;
    o.keep_session = asked->call_id.at != NULL; /* whoever created the call has said what it is to be */
    o.session_id = values[START_SESSION].text.at != NULL ? values[START_SESSION].text : parley_view(t->id);
    if (values[START_VOICE].text.at != NULL)
        o.voice = values[START_VOICE].text;
    if (values[START_PROMPT].given)
        o.prompt = values[START_PROMPT].null ? parley_view("") : values[START_PROMPT].text;
    return o;
}

void parley_cli_realtime_start(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    struct parley_cli_rpc_value values[COUNT(start_params)];
    struct parley_cli_thread *t;
    enum parley_modality modality;
    struct transport asked;
    struct parley_options o;

    if (!parley_cli_server_params(s, m, start_params, COUNT(start_params), values) ||
        !read_modality(s, m, values[START_MODALITY].text, &modality) ||
        !read_transport(s, m, &values[START_TRANSPORT], &asked) ||
        !check_voice(s, m, values[START_VOICE].text))
        return;
    t = realtime_thread(s, m, values[START_THREAD].text);
    if (t == NULL)
        return;
    parley_cli_rpc_done(&s->out, m->id);
    if (asked.call_id.at != NULL && (values[START_PROMPT].given || values[START_VOICE].text.at != NULL)) {
        parley_cli_notify_failed(
            &s->out, parley_view(t->id),
            parley_view("existing realtime calls do not support session configuration options"));
        return;
    }
    o = start_options(s, t, values, modality, &asked);
    parley_cli_conversation_start(s, t, &o);
}

static const struct parley_cli_rpc_param thread_param[] = {{"threadId", PARLEY_CLI_RPC_TEXT, true, 0}};

void parley_cli_realtime_stop(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    struct parley_cli_rpc_value values[COUNT(thread_param)];
    struct parley_cli_thread *t;

    if (!parley_cli_server_params(s, m, thread_param, COUNT(thread_param), values) ||
        (t = realtime_thread(s, m, values[0].text)) == NULL)
        return;
    parley_cli_rpc_done(&s->out, m->id);
    parley_cli_conversation_stop(t);
    parley_cli_conversation_closed(s, t, PARLEY_CLOSED_REQUESTED);
}

/* ---- audio and text ---------------------------------------------------------------------------- */

enum { AUDIO_DATA, AUDIO_RATE, AUDIO_CHANNELS, AUDIO_SAMPLES, AUDIO_ITEM };
static const struct parley_cli_rpc_param audio_params[] = {
    [AUDIO_DATA] = {"data", PARLEY_CLI_RPC_TEXT, true, 0},
    [AUDIO_RATE] = {"sampleRate", PARLEY_CLI_RPC_WHOLE, true, UINT32_MAX},
    [AUDIO_CHANNELS] = {"numChannels", PARLEY_CLI_RPC_WHOLE, true, UINT16_MAX},
    [AUDIO_SAMPLES] = {"samplesPerChannel", PARLEY_CLI_RPC_WHOLE, false, UINT32_MAX},
    [AUDIO_ITEM] = {"itemId", PARLEY_CLI_RPC_TEXT, false, 0},
};

/* Decodes the audio in its place. Its rate is the client's business: the service gets it as it is. */
static bool read_audio(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                       const struct parley_cli_rpc_value *audio, void **pcm, size_t *bytes)
{
    struct parley_cli_rpc_value values[COUNT(audio_params)];
    char why[PARLEY_CLI_RPC_WHY];
    struct parley_view data;
    size_t bad = 0;
    long decoded;

    if (!parley_cli_rpc_params(audio->json, audio->len, "audio.", audio_params, COUNT(audio_params), values,
                               why)) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS, "invalid params: %s", why);
        return false;
    }
    data = values[AUDIO_DATA].text;
    *pcm = audio->json + (data.at - audio->json);
    decoded = parley_base64_decode(*pcm, data, &bad);
    if (decoded < 0) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS,
                                 "invalid params: audio.data is not base64 at character %zu", bad);
        return false;
    }
    *bytes = (size_t)decoded;
    return true;
}

void parley_cli_realtime_audio(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {
        {"threadId", PARLEY_CLI_RPC_TEXT, true, 0},
        {"audio", PARLEY_CLI_RPC_OBJECT, true, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_conversation *c;
    struct parley_cli_thread *t;
    size_t bytes;
    void *pcm;
    long sent;

    if (!parley_cli_server_params(s, m, params, COUNT(params), values) ||
        !read_audio(s, m, &values[1], &pcm, &bytes) || (t = realtime_thread(s, m, values[0].text)) == NULL)
        return;
    c = parley_cli_conversation(t);
    sent = c != NULL ? parley_send_audio_bytes(c, pcm, bytes) : PARLEY_ERR_STATE;
    if (sent >= 0)
        parley_service(c, s->now_us); /* many lines may come at once: more than the queue of audio holds */
    answer(s, m, t, "append realtime conversation audio", sent < 0 ? (int)sent : PARLEY_OK);
}

void parley_cli_realtime_text(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {
        {"threadId", PARLEY_CLI_RPC_TEXT, true, 0},
        {"text", PARLEY_CLI_RPC_TEXT, true, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_conversation *c;
    struct parley_cli_thread *t;

    if (!parley_cli_server_params(s, m, params, COUNT(params), values) ||
        (t = realtime_thread(s, m, values[0].text)) == NULL)
        return;
    c = parley_cli_conversation(t);
    answer(s, m, t, "append realtime conversation text",
           c != NULL ? parley_send_text(c, values[1].text) : PARLEY_ERR_STATE);
}

/* ---- voices ------------------------------------------------------------------------------------ */

/* Writes the list, and returns the default of it. */
static const char *write_voices(struct parley_render *r, const char *name, enum parley_protocol protocol)
{
    size_t fallback;
    const char *const *voices = parley_voices(protocol, &fallback);

    parley_cli_json_open(r, name, '[');
    for (size_t i = 0; voices[i] != NULL; i++)
        parley_cli_json_word(r, NULL, voices[i]);
    parley_cli_json_close(r, ']');
    return voices[fallback];
}

void parley_cli_realtime_voices(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    struct parley_render *r = parley_cli_rpc_result(&s->out, m->id);
    const char *v1, *v2;

    parley_cli_json_open(r, NULL, '{');
    parley_cli_json_open(r, "voices", '{');
    v1 = write_voices(r, "v1", PARLEY_PROTOCOL_V1);
    v2 = write_voices(r, "v2", PARLEY_PROTOCOL_V2);
    parley_cli_json_word(r, "defaultV1", v1);
    parley_cli_json_word(r, "defaultV2", v2);
    parley_cli_json_close(r, '}');
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(&s->out);
}

/* ---- the client as the agent ------------------------------------------------------------------- */

enum { HANDOFF_THREAD, HANDOFF_ID, HANDOFF_TEXT };

/* The conversation whose handoff the request is for; NULL when there is none, which has been answered. */
static struct parley_conversation *handoff(struct parley_cli_server *s,
                                           const struct parley_cli_rpc_message *m,
                                           const struct parley_cli_rpc_param *params, size_t count,
                                           struct parley_cli_rpc_value *values, struct parley_cli_thread **t,
                                           const char *what)
{
    struct parley_conversation *c;
    struct parley_view id;

    if (!parley_cli_server_params(s, m, params, count, values) ||
        (*t = realtime_thread(s, m, values[HANDOFF_THREAD].text)) == NULL)
        return NULL;
    if (s->settings.agent != NULL) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID,
                                 "the agent of this server is a command (--agent)");
        return NULL;
    }
    c = (*t)->calls[PARLEY_CLI_LIVE].c;
    if (c == NULL) {
        answer(s, m, *t, what, PARLEY_ERR_STATE);
        return NULL;
    }
    id = values[HANDOFF_ID].text;
    if ((id.len > 0 && parley_view_equal(id, parley_handoff_id(c))) ||
        parley_cli_conversation_steered(*t, id, false))
        return c;
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "handoff %.*s is not active",
                             (int)(id.len < 128 ? id.len : 128), id.at);
    return NULL;
}

void parley_cli_realtime_handoff_append(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {
        [HANDOFF_THREAD] = {"threadId", PARLEY_CLI_RPC_TEXT, true, 0},
        [HANDOFF_ID] = {"handoffId", PARLEY_CLI_RPC_TEXT, true, 0},
        [HANDOFF_TEXT] = {"text", PARLEY_CLI_RPC_TEXT, true, 0},
    };
    static const char what[] = "append the output of a handoff";
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_cli_thread *t;
    struct parley_conversation *c = handoff(s, m, params, COUNT(params), values, &t, what);

    if (c == NULL)
        return;
    t->calls[PARLEY_CLI_LIVE].touched = true;
    answer(s, m, t, what, parley_agent_progress(c, parley_view(NULL), values[HANDOFF_TEXT].text));
}

void parley_cli_realtime_handoff_complete(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {
        [HANDOFF_THREAD] = {"threadId", PARLEY_CLI_RPC_TEXT, true, 0},
        [HANDOFF_ID] = {"handoffId", PARLEY_CLI_RPC_TEXT, true, 0},
    };
    static const char what[] = "complete a handoff";
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_cli_thread *t;
    struct parley_conversation *c = handoff(s, m, params, COUNT(params), values, &t, what);

    if (c == NULL)
        return;
    t->calls[PARLEY_CLI_LIVE].touched = true;
    if (parley_cli_conversation_steered(t, values[HANDOFF_ID].text, true))
        parley_cli_rpc_done(&s->out, m->id); /* the service was answered when it came */
    else
        answer(s, m, t, what, parley_agent_done(c, parley_view(NULL)));
}
