/*
 * The built-in service's microphone: samples out of base64, the ear that tells speech from silence, and the
 * texts of what was said, which come a little later as those of the real service do.
 */
#include "parser/base64.h"
#include "parser/utf8.h"
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
    PAUSE_MS = 500,          /* behind a whole sentence, for semantic_vad */
    APPEND_BYTES = 15 * 1024 * 1024,
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

/* The item's words, for whoever retrieves it. */
static void keep_text(struct parley_service_state *s, const char *id, struct parley_view text)
{
    struct parley_service_item *item = parley_service_find(s, parley_view(id));

    if (item != NULL)
        snprintf(item->text, sizeof(item->text), "%.*s",
                 (int)parley_utf8_cut(text, sizeof(item->text) - 1).len, text.at);
}

/* The user has said something `samples` long, now the item of that id. */
static void understand(struct parley_service_state *s, const char *item, uint64_t samples)
{
    struct parley_service_utterance *u = free_utterance(s);

    memset(u, 0, sizeof(*u));
    s->understood = next_heard(s, samples, u);
    snprintf(s->said, sizeof(s->said), "%.*s", (int)u->text.len, u->text.at);
    keep_text(s, item, u->text);
    if (!s->transcribe)
        return;
    u->failed = s->fail_transcript;
    s->fail_transcript = false;
    memcpy(u->item, item, sizeof(u->item));
    u->seconds = (unsigned)(samples / PARLEY_VOICE_RATE) + 1;
    u->due_us = parley_clock_add(s->now_us, parley_service_about(s, HEARD_AFTER_US));
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

static void put_failed(struct parley_service_state *s, struct parley_render *r,
                       const struct parley_service_utterance *u)
{
    parley_service_head(s, r, "conversation.item.input_audio_transcription.failed");
    parley_form(r,
                ",'item_id':'%s','content_index':0,'error':{'type':'transcription_error',"
                "'code':'audio_unintelligible','message':'The audio could not be transcribed.'}}",
                u->item);
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
    if (u->failed) {
        put_failed(s, r, u);
        u->item[0] = '\0';
    } else if (u->told < u->text.len) {
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
static void put_in(struct parley_service_state *s, const char *id)
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
    parley_service_item(s, PARLEY_ITEM_HEARD, id);
}

static void commit(struct parley_service_state *s, const char *id, uint64_t samples)
{
    put_in(s, id);
    understand(s, id, samples);
}

static void speech_started(struct parley_service_state *s)
{
    uint64_t start_ms = s->ear.begin / MS;

    parley_service_id(s->speech_item, "item", &s->items_made);
    parley_service_post(s, "input_audio_buffer.speech_started", ",'audio_start_ms':%U,'item_id':'%s'",
                        start_ms > s->prefix_ms ? start_ms - s->prefix_ms : (uint64_t)0, s->speech_item);
    s->idle_us = PARLEY_NEVER;
    if (s->interrupt_response && parley_service_replying(s))
        parley_service_end(s, &s->replies[0], "cancelled", "turn_detected");
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

/* How long a pause ends what is said: for semantic_vad, whether a sentence has come to its end counts, as far
   as its words are known. */
static uint32_t pause_ms(const struct parley_service_state *s)
{
    size_t len = s->heard_left > 0 ? strlen(s->heard) : 0;

    if (!s->semantic)
        return s->ear_settings.silence_ms;
    return len == 0 || strchr(".!?", s->heard[len - 1]) != NULL ? PAUSE_MS : s->eager_ms;
}

static void listen(struct parley_service_state *s, const int16_t *pcm, size_t samples)
{
    s->uncommitted += samples;
    if (!s->vad) {
        s->ear.heard += samples;
        return;
    }
    while (samples > 0) {
        struct parley_ear_settings settings = {s->ear_settings.threshold, pause_ms(s)};
        size_t used;
        enum parley_ear_answer answer = parley_ear_listen(&s->ear, &settings, pcm, samples, &used);

        if (answer == PARLEY_EAR_STARTED)
            speech_started(s);
        else if (answer == PARLEY_EAR_STOPPED)
            speech_stopped(s);
        pcm += used;
        samples -= used;
    }
}

/* Nobody has spoken since the model has: it goes on by itself, with what there was of silence as the user's
   turn (reference: the API's idle_timeout_ms). */
void parley_service_idle(struct parley_service_state *s, uint64_t *due_us)
{
    uint64_t end_ms = s->ear.heard / MS, silent_ms = s->idle_ms < end_ms ? s->idle_ms : end_ms;
    char id[PARLEY_SERVICE_ID];

    if (s->idle_ms == 0 || !s->vad || s->ear.speaking || parley_service_replying(s))
        return;
    if (s->now_us < s->idle_us) {
        *due_us = s->idle_us < *due_us ? s->idle_us : *due_us;
        return;
    }
    s->idle_us = PARLEY_NEVER;
    parley_service_id(id, "item", &s->items_made);
    parley_service_post(s, "input_audio_buffer.timeout_triggered",
                        ",'audio_start_ms':%U,'audio_end_ms':%U,'item_id':'%s'", end_ms - silent_ms, end_ms,
                        id);
    put_in(s, id);
    if (s->create_response && !s->transcription)
        parley_service_reply(s);
}

/* ---- what the client sends ----------------------------------------------------------------------- */

/* Decodes and hears base64 text. Returns false when it is none, or half a sample is left. */
static bool hear_base64(struct parley_service_state *s, struct parley_view text, bool *whole)
{
    while (text.len > 0) {
        unsigned char bytes[SLICE / 4 * 3];
        int16_t pcm[sizeof(bytes) / 2];
        struct parley_view slice = parley_view_of(text.at, text.len < SLICE ? text.len : SLICE);
        long got = parley_base64_decode(bytes, slice, NULL);

        *whole = got < 0 || got % 2 == 0;
        if (got < 0 || !*whole)
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
    struct parley_view raw = {0};
    bool whole = true;

    parley_peek(message, (struct parley_view)PARLEY_VIEW("audio"), &raw);
    if (raw.len - 2 > (size_t)APPEND_BYTES / 3 * 4)
        parley_service_refuse(s, message, PARLEY_RULE_APPEND_LENGTH, "audio",
                              "Invalid 'audio': at most %d bytes can be appended at once.", APPEND_BYTES);
    else if (!hear_base64(s, parley_view_of(raw.at + 1, raw.len - 2), &whole))
        parley_service_refuse(s, message, whole ? PARLEY_RULE_APPEND_BASE64 : PARLEY_RULE_APPEND_WHOLE,
                              "audio",
                              "Invalid 'audio'. Expected base64 of whole samples of PCM16 at 24 kHz.");
}

void parley_service_commit(struct parley_service_state *s, struct parley_view message)
{
    uint64_t samples = s->uncommitted;
    char id[PARLEY_SERVICE_ID];

    if (samples < SHORTEST_MS * MS) {
        parley_service_refuse(
            s, message, PARLEY_RULE_COMMIT_EMPTY, NULL,
            "Error committing input audio buffer: buffer too small. Expected at least %d ms "
            "of audio, but it has %u ms.",
            SHORTEST_MS, (unsigned)(samples / MS));
        return;
    }
    memcpy(id, s->speech_item, sizeof(id));
    if (id[0] == '\0')
        parley_service_id(id, "item", &s->items_made);
    parley_ear_forget(&s->ear);
    s->speech_item[0] = '\0';
    commit(s, id, samples);
}

void parley_service_clear(struct parley_service_state *s, struct parley_view message)
{
    (void)message;
    s->uncommitted = 0;
    s->speech_item[0] = '\0';
    parley_ear_forget(&s->ear);
    parley_service_post(s, "input_audio_buffer.cleared", "");
}
