/*
 * The built-in service's microphone: samples out of base64, the ear that tells speech from silence, and the
 * texts of what was said, which come a little later as those of the real service do.
 */
#include "parser/base64.h"
#include "platform/clock.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

enum {
    MS = PARLEY_VOICE_RATE / 1000,
    SLICE = 3200,            /* of base64: 1200 samples */
    HEARD_AFTER_US = 150000, /* until the first words of a transcript */
    HEARD_STEP_US = 30000,   /* between its parts */
    HEARD_WORDS = 3,         /* in each of them */
    SHORTEST_MS = 100,       /* that can be committed by hand */
};

/* ---- what was said ------------------------------------------------------------------------------- */

/* The next of the heard lines, or an honest description of `samples` of sound. Returns true for words. */
static bool next_heard(struct parley_service_state *s, uint64_t samples, struct parley_service_utterance *u)
{
    unsigned tenths = (unsigned)((samples + 50 * MS) / (100 * MS));

    if (s->heard_left > 0) {
        u->text = parley_view(s->heard);
        s->heard += u->text.len + 1;
        s->heard_left--;
        return true;
    }
    snprintf(u->sound, sizeof(u->sound), "(%u.%u s of speech)", tenths / 10, tenths % 10);
    u->text = parley_view(u->sound);
    return false;
}

/* The end of the next few words. */
static size_t words_end(struct parley_view text, size_t at)
{
    for (unsigned words = 0; at < text.len && words < HEARD_WORDS; words++) {
        while (at < text.len && text.at[at] == ' ')
            at++;
        while (at < text.len && text.at[at] != ' ')
            at++;
    }
    return at;
}

/* When all of a text will have been told. */
static uint64_t told_us(const struct parley_service_utterance *u)
{
    uint64_t us = u->due_us;

    for (size_t at = 0; at < u->text.len; at = words_end(u->text, at))
        us += HEARD_STEP_US;
    return us;
}

static struct parley_service_utterance *free_utterance(struct parley_service_state *s)
{
    for (size_t i = 0; i < PARLEY_SERVICE_UTTERANCES; i++)
        if (s->utterances[i].item[0] == '\0')
            return &s->utterances[i];
    return &s->utterances[0]; /* nobody reads: the oldest text is lost */
}

/* The user has said something `samples` long, now the item of that id. */
static void understand(struct parley_service_state *s, const char *item, uint64_t samples)
{
    struct parley_service_utterance *u = free_utterance(s);

    memset(u, 0, sizeof(*u));
    s->understood = next_heard(s, samples, u);
    snprintf(s->said, sizeof(s->said), "%.*s", (int)u->text.len, u->text.at);
    if (!s->transcribe)
        return;
    memcpy(u->item, item, sizeof(u->item));
    u->seconds = (unsigned)(samples / PARLEY_VOICE_RATE) + 1;
    u->due_us = parley_clock_add(s->now_us, HEARD_AFTER_US);
    s->transcribed_us = told_us(u);
}

static void put_delta(struct parley_service_state *s, struct parley_render *r,
                      const struct parley_service_utterance *u, size_t end)
{
    struct parley_view delta = parley_view_of(u->text.at + u->told, end - u->told);

    parley_service_head(s, r,
                        s->v1 ? "conversation.input_transcript.delta"
                              : "conversation.item.input_audio_transcription.delta");
    parley_form(r, ",'item_id':'%s','content_index':0,'delta':'%v'}", u->item, delta);
}

static void put_completed(struct parley_service_state *s, struct parley_render *r,
                          const struct parley_service_utterance *u)
{
    unsigned in = u->seconds * 10, out = (unsigned)(u->text.len / 4) + 1;

    parley_service_head(s, r, "conversation.item.input_audio_transcription.completed");
    parley_form(r,
                ",'item_id':'%s','content_index':0,'transcript':'%v','usage':{'type':'tokens',"
                "'total_tokens':%u,'input_tokens':%u,'input_token_details':{'text_tokens':0,"
                "'audio_tokens':%u},'output_tokens':%u}}",
                u->item, u->text, in + out, in, in, out);
}

/* The one that is due first. */
static struct parley_service_utterance *first_utterance(struct parley_service_state *s)
{
    struct parley_service_utterance *first = NULL;

    for (size_t i = 0; i < PARLEY_SERVICE_UTTERANCES; i++)
        if (s->utterances[i].item[0] != '\0' && (first == NULL || s->utterances[i].due_us < first->due_us))
            first = &s->utterances[i];
    return first;
}

bool parley_service_transcript(struct parley_service_state *s, struct parley_render *r, uint64_t *due_us)
{
    struct parley_service_utterance *u = first_utterance(s);

    *due_us = u != NULL ? u->due_us : PARLEY_NEVER;
    if (*due_us > s->now_us)
        return false;
    if (u->told < u->text.len) {
        size_t end = words_end(u->text, u->told);

        put_delta(s, r, u, end);
        u->told = end;
        u->due_us += HEARD_STEP_US;
    } else {
        put_completed(s, r, u);
        u->item[0] = '\0';
    }
    return true;
}

/* ---- turns --------------------------------------------------------------------------------------- */

/* What was appended becomes the user's item of that id. */
static void commit(struct parley_service_state *s, const char *id, uint64_t samples)
{
    char quoted[PARLEY_SERVICE_QUOTED];
    struct parley_view before = parley_service_quoted(s->last_item, quoted);
    static const char item[] = ",'previous_item_id':%r,'item':{'id':'%s','object':'realtime.item',"
                               "'type':'message','status':'completed','role':'user',"
                               "'content':[{'type':'input_audio','transcript':null}]}";

    s->uncommitted = 0;
    parley_service_post(s, "input_audio_buffer.committed", ",'previous_item_id':%r,'item_id':'%s'", before,
                        id);
    parley_service_post(s, "conversation.item.added", item, before, id);
    parley_service_post(s, "conversation.item.done", item, before, id);
    parley_service_item(s, PARLEY_ITEM_USER, id);
    understand(s, id, samples);
}

static void speech_started(struct parley_service_state *s)
{
    uint64_t start_ms = s->ear.begin / MS;

    parley_service_id(s->speech_item, "item", &s->items_made);
    parley_service_post(s, "input_audio_buffer.speech_started", ",'audio_start_ms':%U,'item_id':'%s'",
                        start_ms > s->prefix_ms ? start_ms - s->prefix_ms : (uint64_t)0, s->speech_item);
    if (s->interrupt_response)
        parley_service_cancel(s, "turn_detected");
}

static void speech_stopped(struct parley_service_state *s)
{
    parley_service_post(s, "input_audio_buffer.speech_stopped", ",'audio_end_ms':%U,'item_id':'%s'",
                        s->ear.heard / MS, s->speech_item);
    commit(s, s->speech_item, s->ear.end - s->ear.begin);
    s->speech_item[0] = '\0';
    if (s->create_response && !s->transcription)
        parley_service_reply(s);
}

static void listen(struct parley_service_state *s, const int16_t *pcm, size_t samples)
{
    s->uncommitted += samples;
    if (!s->vad) {
        s->ear.heard += samples;
        return;
    }
    while (samples > 0) {
        size_t used;
        enum parley_ear_answer answer = parley_ear_listen(&s->ear, &s->ear_settings, pcm, samples, &used);

        if (answer == PARLEY_EAR_STARTED)
            speech_started(s);
        else if (answer == PARLEY_EAR_STOPPED)
            speech_stopped(s);
        pcm += used;
        samples -= used;
    }
}

/* ---- what the client sends ----------------------------------------------------------------------- */

/* Decodes and hears base64 text. Returns false when it is none, or half a sample is left. */
static bool hear_base64(struct parley_service_state *s, struct parley_view text)
{
    while (text.len > 0) {
        unsigned char bytes[SLICE / 4 * 3];
        int16_t pcm[sizeof(bytes) / 2];
        struct parley_view slice = parley_view_of(text.at, text.len < SLICE ? text.len : SLICE);
        long got = parley_base64_decode(bytes, slice, NULL);

        if (got < 0 || got % 2 != 0)
            return false;
        for (size_t i = 0; i < (size_t)got / 2; i++)
            pcm[i] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
        listen(s, pcm, (size_t)got / 2);
        text = parley_view_skip(text, slice.len);
    }
    return true;
}

void parley_service_append(struct parley_service_state *s, struct parley_view message)
{
    struct parley_view raw;

    if (!parley_peek(message, (struct parley_view)PARLEY_VIEW("audio"), &raw) || !parley_peek_is_string(raw))
        parley_service_error(s, message, "missing_required_parameter", "audio",
                             "Missing required parameter: 'audio'.");
    else if (!hear_base64(s, parley_view_of(raw.at + 1, raw.len - 2)))
        parley_service_error(s, message, "invalid_value", "audio",
                             "Invalid 'audio'. Expected base64 of whole samples of PCM16 at 24 kHz.");
}

void parley_service_commit(struct parley_service_state *s, struct parley_view message)
{
    uint64_t samples = s->uncommitted;
    char id[PARLEY_SERVICE_ID];

    if (samples < SHORTEST_MS * MS) {
        parley_service_error(s, message, "input_audio_buffer_commit_empty", NULL,
                             "Error committing input audio buffer: it holds %u ms of audio, and at least %d "
                             "ms are needed.",
                             (unsigned)(samples / MS), SHORTEST_MS);
        return;
    }
    memcpy(id, s->speech_item, sizeof(id));
    if (id[0] == '\0')
        parley_service_id(id, "item", &s->items_made);
    parley_ear_forget(&s->ear);
    s->speech_item[0] = '\0';
    commit(s, id, samples);
}

void parley_service_clear(struct parley_service_state *s)
{
    s->uncommitted = 0;
    s->speech_item[0] = '\0';
    parley_ear_forget(&s->ear);
    parley_service_post(s, "input_audio_buffer.cleared", "");
}
