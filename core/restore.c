/* From one session to the next; see restore.h. */
#include "core/restore.h"

enum { MESSAGE_BYTES = 1024 }; /* of a message, besides its text */

void parley_restore_open(struct parley_conversation *c, struct parley_arena *arena,
                         const struct parley_limits *limits)
{
    struct parley_restore *restore = &c->restore;

    restore->memory = parley_transcript_open(arena, limits->transcript_bytes);
    restore->size = limits->transcript_bytes * 2 + MESSAGE_BYTES;
    restore->message = parley_arena_take_raw(arena, restore->size, 1);
    c->outbox.audio_kept_on = c->dialect->hears_turns;
}

void parley_remember(struct parley_conversation *c, unsigned kind, struct parley_view label,
                     struct parley_view text)
{
    if (c->restore.memory == NULL)
        return;
    if (parley_view_starts(text, label))
        text = parley_view_skip(text, label.len);
    parley_transcript_add(c->restore.memory, kind, label, text);
}

/* ---- what is left of a session ------------------------------------------------------------------- */

/* What the user was saying, or has said without its text having come, will be heard again: so far it was
   not said. */
static void settle_speech(struct parley_conversation *c)
{
    uint64_t needed = parley_speech_needed(&c->speech, c->outbox.audio_taken, c->now_us), kept_from;

    parley_outbox_forget_audio(&c->outbox, needed);
    kept_from = c->outbox.audio_taken - c->outbox.audio_kept;
    if (parley_speech_is_open(&c->speech)) {
        parley_transcript_take_back(c->transcript, PARLEY_ROLE_USER);
        parley_transcript_take_back(c->restore.memory, PARLEY_ROLE_USER);
    }
    if (parley_speech_is_open(&c->speech) && kept_from > needed)
        c->restore.missing = "the beginning of what the user was saying";
    else if (c->speech.unwritten > c->speech.turns)
        c->restore.missing = "what the user said last: its text had not come";
    parley_speech_restart(&c->speech, c->now_us);
    parley_outbox_rewind_audio(&c->outbox);
    c->audio_rest = parley_view(NULL);
}

static void settle_transcript(struct parley_transcript *t)
{
    parley_transcript_begin(t, PARLEY_ROLE_USER);
    parley_transcript_begin(t, PARLEY_ROLE_ASSISTANT);
}

void parley_restore_settle(struct parley_conversation *c)
{
    bool heard_again = parley_speech_is_open(&c->speech);
    bool ask = parley_response_restart(&c->responses) || (c->reply_owed && !heard_again);

    parley_inbox_release(&c->inbox);
    c->release = c->wire_held = false;
    if (c->webrtc.state == PARLEY_WEBRTC_NONE) {
        parley_outbox_restart(&c->outbox);
        parley_handoff_restart(&c->handoff);
    } else {
        parley_outbox_resume(&c->outbox); /* the session is the call's, and still there */
    }
    settle_speech(c);
    settle_transcript(c->transcript);
    settle_transcript(c->restore.memory);
    parley_output_audio_restart(&c->audio);
    c->last_cut.item.len = 0;
    c->opening = parley_view(NULL);
    c->restore.active = false;
    c->restore.rest = parley_view(NULL);
    c->restore.turns = 0;
    c->reply_owed = false;
    if (ask && parley_can_ask(c))
        parley_say_create(c, parley_response_want(&c->responses));
}

/* ---- what the next one is given ------------------------------------------------------------------ */

/* The number from which on entries that were queued still wait: the last *count of them. What remains of the
   count are messages the memory has forgotten. */
static size_t queued_from(const struct parley_transcript *memory, size_t end, size_t *count)
{
    size_t number = end;
    unsigned kind;

    while (*count > 0 && number > parley_transcript_first(memory)) {
        parley_transcript_at(memory, --number, &kind);
        *count -= kind == PARLEY_MEMORY_QUEUED;
    }
    return number;
}

void parley_restore_begin(struct parley_conversation *c)
{
    struct parley_restore *restore = &c->restore;

    restore->active = true;
    restore->next = parley_transcript_first(restore->memory);
    restore->end = parley_transcript_end(restore->memory);
    /* those forgotten are older than what is remembered */
    restore->turns = parley_outbox_count(&c->outbox, PARLEY_OUTBOX_HOST);
    restore->queued_from = queued_from(restore->memory, restore->end, &restore->turns);
    if (c->webrtc.state != PARLEY_WEBRTC_NONE) {
        restore->next = restore->end; /* the call still knows */
        restore->missing = "what was on its way";
        return;
    }
    if (c->mode == PARLEY_TRANSCRIPTION && c->dialect->session_update_transcription != NULL)
        restore->next = restore->end; /* such a session holds no conversation */
    else if (restore->missing == NULL && !parley_transcript_is_complete(restore->memory))
        restore->missing = "the beginning of the conversation: it is longer than limits.transcript_bytes";
}

/* Text as long as possible in the message's buffer: without as much of its beginning as need be. */
static void render(struct parley_conversation *c, const struct parley_template *t, struct parley_view label,
                   struct parley_view text)
{
    struct parley_restore *restore = &c->restore;

    for (;;) {
        const struct parley_labelled labelled = {label, text};
        const struct parley_slot slots[] = {
            {.name = "text", .write = parley_write_labelled, .state = &labelled}, {.name = NULL}};
        struct parley_render r = parley_render(restore->message, restore->size);

        if (parley_render_template(&r, t, slots) >= 0) {
            restore->rest = parley_rendered(&r);
            return;
        }
        restore->missing = "the beginning of a long text";
        text = parley_view_skip(text, text.len / 2);
        while (text.len > 0 && ((unsigned char)text.at[0] & 0xC0) == 0x80)
            text = parley_view_skip(text, 1);
    }
}

static void tell_restored(struct parley_conversation *c)
{
    struct parley_restore *restore = &c->restore;
    struct parley_notice notice = {.kind = PARLEY_EVENT_RECONNECTED,
                                   .gap_ms = (c->now_us - c->reconnection.lost_us) / 1000,
                                   .restored = restore->missing == NULL,
                                   .text = restore->missing};

    restore->active = false;
    restore->missing = NULL;
    parley_notice(c, notice);
}

bool parley_restore_next(struct parley_conversation *c)
{
    struct parley_restore *restore = &c->restore;
    const struct parley_transcript *memory = restore->memory;

    if (!restore->active)
        return false;
    if (restore->next < parley_transcript_first(memory))
        restore->next = parley_transcript_first(memory);
    while (restore->next < restore->end) {
        size_t number = restore->next++;
        unsigned kind;
        struct parley_transcript_entry entry = parley_transcript_at(memory, number, &kind);

        if (kind == PARLEY_MEMORY_QUEUED && number >= restore->queued_from) {
            restore->turns = 1;
            return true;
        }
        if (entry.text.len == 0)
            continue;
        if (entry.role == PARLEY_ROLE_ASSISTANT)
            render(c, c->dialect->assistant_text, parley_view(""), entry.text);
        else
            render(c, c->dialect->user_text, kind == 0 ? c->dialect->user_prefix : parley_view(""),
                   entry.text);
        return true;
    }
    tell_restored(c);
    return false;
}
