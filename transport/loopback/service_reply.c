/*
 * The built-in service's responses: each a row of messages in the order of the real one, written when it is
 * asked for. Sound is made while it is sent, five times as fast as it plays.
 */
#include "parser/utf8.h"
#include "platform/clock.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

enum {
    THINK_US = 300000, /* from response.created to the first output */
    PIECE_BLOCKS = 5,  /* of 480 samples each: 100 ms */
    BLOCK = 480,
    PIECE_US = 100000,
    SAMPLES_A_TOKEN = PARLEY_VOICE_RATE / 20,
    WRITE_US = 20000, /* between the words of a written answer */
};

static bool has_speech(const struct parley_service_reply *reply)
{
    return reply->answer.speech[0] != '\0';
}

static bool has_call(const struct parley_service_reply *reply)
{
    return reply->answer.call != PARLEY_CALL_NONE;
}

static struct parley_view speech(const struct parley_service_reply *reply)
{
    return parley_view(reply->answer.speech);
}

/* ---- from stage to stage ------------------------------------------------------------------------- */

/* A response that was stopped begins nothing new, and ends what it has begun. */
static void skip_ended(struct parley_service_reply *reply)
{
    if (reply->ended == NULL)
        return;
    if (reply->stage == PARLEY_REPLY_SPEAK)
        reply->stage = PARLEY_REPLY_AUDIO_DONE;
    else if (reply->stage == PARLEY_REPLY_MESSAGE_OUTPUT_ADDED ||
             reply->stage == PARLEY_REPLY_CALL_OUTPUT_ADDED)
        reply->stage = PARLEY_REPLY_DONE;
}

/* The stage after the present one, and when it begins. */
static void go_on(struct parley_service_state *s, struct parley_service_reply *reply)
{
    enum parley_service_stage next = (enum parley_service_stage)(reply->stage + 1);

    if (reply->stage == PARLEY_REPLY_CREATED) {
        uint64_t think_us = parley_clock_add(s->now_us, parley_service_about(s, THINK_US));

        reply->due_us = think_us > s->transcribed_us ? think_us : s->transcribed_us;
        if (!has_speech(reply))
            next = PARLEY_REPLY_CALL_OUTPUT_ADDED;
    }
    if (reply->ended != NULL)
        reply->due_us = s->now_us;
    if (next == PARLEY_REPLY_CALL_OUTPUT_ADDED && !has_call(reply))
        next = PARLEY_REPLY_DONE;
    if (reply->stage == PARLEY_REPLY_LIMITS)
        next = PARLEY_REPLY_IDLE;
    reply->stage = next;
}

/* ---- messages ------------------------------------------------------------------------------------ */

static const char *item_status(const struct parley_service_reply *reply)
{
    return reply->ended != NULL ? "incomplete" : "completed";
}

/* What has been told of the speech. */
static struct parley_view told(const struct parley_service_reply *reply)
{
    return parley_view_of(reply->answer.speech, reply->told);
}

static void put_message_begun(const struct parley_service_reply *reply, struct parley_render *r)
{
    parley_form(r,
                "{'id':'%s','object':'realtime.item','type':'message','status':'in_progress',"
                "'role':'assistant','content':[]}",
                reply->message);
}

static void put_message_ended(const struct parley_service_reply *reply, struct parley_render *r)
{
    parley_form(r,
                "{'id':'%s','object':'realtime.item','type':'message','status':'%s','role':'assistant',"
                "'content':[{'type':'%s','%s':'%v'}]}",
                reply->message, item_status(reply), reply->text ? "output_text" : "output_audio",
                reply->text ? "text" : "transcript", told(reply));
}

static void put_part(const struct parley_service_reply *reply, struct parley_render *r)
{
    parley_form(r, ",'content_index':0,'part':{'type':'%s','%s':'%v'}}", reply->text ? "text" : "audio",
                reply->text ? "text" : "transcript", told(reply));
}

/* {"prompt":"..."} or {}, the JSON inside a string. */
static void put_arguments(const struct parley_service_reply *reply, struct parley_render *r)
{
    char inside[PARLEY_PROMPT_BYTES * 6 + 16];
    struct parley_render arguments = parley_render(inside, sizeof(inside));

    if (reply->answer.call == PARLEY_CALL_AGENT)
        parley_form(&arguments, "{'prompt':'%s'}", reply->answer.prompt);
    else
        parley_form(&arguments, "{}");
    parley_render_json(r, parley_rendered(&arguments));
}

static const char *call_name(const struct parley_service_reply *reply)
{
    return reply->answer.call == PARLEY_CALL_AGENT ? "background_agent" : "remain_silent";
}

static void put_call(const struct parley_service_reply *reply, struct parley_render *r, bool ended)
{
    parley_form(r,
                "{'id':'%s','object':'realtime.item','type':'function_call','status':'%s','name':'%s',"
                "'call_id':'%s','arguments':'",
                reply->call, ended ? "completed" : "in_progress", call_name(reply), reply->call_id);
    if (ended)
        put_arguments(reply, r);
    parley_form(r, "'}");
}

/* The message an output item begins or ends with. */
static void put_output(struct parley_service_state *s, const struct parley_service_reply *reply,
                       struct parley_render *r, const char *type,
                       void (*put_item)(const struct parley_service_reply *, struct parley_render *))
{
    unsigned index = reply->stage >= PARLEY_REPLY_CALL_OUTPUT_ADDED && has_speech(reply);

    parley_service_head(s, r, type);
    parley_form(r, ",'response_id':'%s','output_index':%u,'item':", reply->id, index);
    put_item(reply, r);
    parley_form(r, "}");
}

/* The same for the conversation: `after` is the item in front of it. */
static void put_item(struct parley_service_state *s, const struct parley_service_reply *reply,
                     struct parley_render *r, const char *type, const char *after,
                     void (*put)(const struct parley_service_reply *, struct parley_render *))
{
    char quoted[PARLEY_SERVICE_QUOTED];

    parley_service_head(s, r, type);
    parley_form(r, ",'previous_item_id':%r,'item':", parley_service_quoted(after, quoted));
    put(reply, r);
    parley_form(r, "}");
}

static void put_call_begun(const struct parley_service_reply *reply, struct parley_render *r)
{
    put_call(reply, r, false);
}

static void put_call_ended(const struct parley_service_reply *reply, struct parley_render *r)
{
    put_call(reply, r, true);
}

/* ---- speaking ------------------------------------------------------------------------------------ */

/* Begins a message about the content of the message item. */
static void put_content_head(struct parley_service_state *s, struct parley_service_reply *reply,
                             struct parley_render *r, const char *type)
{
    parley_service_head(s, r, type);
    parley_form(r, ",'response_id':'%s','item_id':'%s','output_index':0", reply->id, reply->message);
}

/* More of the text, up to `end`. */
static void put_text_delta(struct parley_service_state *s, struct parley_service_reply *reply,
                           struct parley_render *r, size_t end)
{
    put_content_head(s, reply, r,
                     s->v1         ? "conversation.output_transcript.delta"
                     : reply->text ? "response.output_text.delta"
                                   : "response.output_audio_transcript.delta");
    parley_form(r, ",'content_index':0,'delta':'%v'}",
                parley_view_of(reply->answer.speech + reply->told, end - reply->told));
    reply->told = end;
}

/* Up to 100 ms of sound. Returns false when the voice has no more. */
static bool put_sound(struct parley_service_state *s, struct parley_service_reply *reply,
                      struct parley_render *r)
{
    struct parley_service_item *item = parley_service_find(s, parley_view(reply->message));
    int16_t pcm[BLOCK * PIECE_BLOCKS];
    size_t made = parley_voice_read(&reply->voice, pcm, sizeof(pcm) / sizeof(pcm[0]));

    if (made == 0)
        return false;
    reply->samples += made;
    s->spoken = true;
    if (item != NULL) {
        item->samples += made;
        item->sounded = true;
    }
    if (!reply->apart)
        s->played_us = parley_clock_add(s->played_us > s->now_us ? s->played_us : s->now_us,
                                        made * 1000000 / PARLEY_VOICE_RATE);
    put_content_head(s, reply, r, s->v1 ? "conversation.output_audio.delta" : "response.output_audio.delta");
    if (s->v1)
        parley_form(r, ",'sample_rate':24000,'channels':1,'samples_per_channel':%u", (unsigned)made);
    parley_form(r, ",'content_index':0,'delta':'");
    parley_form_pcm(r, pcm, made);
    parley_form(r, "'}");
    reply->due_us =
        parley_clock_add(reply->due_us, parley_service_about(s, (uint64_t)PIECE_US / s->settings.speed));
    return true;
}

/* The end of the word that begins at `at`, with the space behind it. */
static size_t word_end(struct parley_view text, size_t at)
{
    while (at < text.len && text.at[at] != ' ')
        at++;
    return at < text.len ? at + 1 : at;
}

static unsigned text_tokens(const struct parley_service_reply *reply)
{
    return (unsigned)(reply->told + 3) / 4;
}

static unsigned audio_tokens(const struct parley_service_reply *reply)
{
    return (unsigned)(reply->samples / SAMPLES_A_TOKEN);
}

/* The next piece of the speech: words first, then their sound. Returns false when all has been said. */
static bool speak(struct parley_service_state *s, struct parley_service_reply *reply, struct parley_render *r)
{
    struct parley_view text = speech(reply);
    unsigned tokens = text_tokens(reply) + audio_tokens(reply);
    size_t said = reply->text ? reply->told + 1 : parley_voice_said(&reply->voice);

    if (reply->most > 0 && tokens >= reply->most) {
        parley_service_end(s, reply, "incomplete", "max_output_tokens");
        return false;
    }
    if (reply->told < text.len && reply->told < said) {
        put_text_delta(s, reply, r, word_end(text, reply->told));
        if (reply->text)
            reply->due_us = parley_clock_add(reply->due_us, parley_service_about(s, WRITE_US));
        return true;
    }
    return !reply->text && put_sound(s, reply, r);
}

static void put_text_done(struct parley_service_state *s, struct parley_service_reply *reply,
                          struct parley_render *r)
{
    bool text = reply->text;

    put_content_head(s, reply, r,
                     text ? "response.output_text.done" : "response.output_audio_transcript.done");
    parley_form(r, ",'content_index':0,'%s':'%v'}", text ? "text" : "transcript", told(reply));
}

/* ---- the frame ----------------------------------------------------------------------------------- */

static void put_response_head(struct parley_service_state *s, struct parley_service_reply *reply,
                              struct parley_render *r, const char *type, const char *status)
{
    parley_service_head(s, r, type);
    parley_form(r,
                ",'response':{'object':'realtime.response','id':'%s','status':'%s','conversation_id':%r,"
                "'output_modalities':['%s'],'metadata':%r",
                reply->id, status, parley_view(reply->apart ? "null" : "\"conv_0001\""),
                reply->text ? "text" : "audio",
                parley_view(reply->metadata[0] != '\0' ? reply->metadata : "null"));
}

static void put_created(struct parley_service_state *s, struct parley_service_reply *reply,
                        struct parley_render *r)
{
    put_response_head(s, reply, r, "response.created", "in_progress");
    parley_form(r, ",'status_details':null,'output':[],'usage':null}}");
}

static void put_usage(const struct parley_service_reply *reply, struct parley_render *r)
{
    unsigned text = text_tokens(reply), audio = audio_tokens(reply), in = reply->input;

    parley_form(r,
                ",'usage':{'total_tokens':%u,'input_tokens':%u,'output_tokens':%u,'input_token_details':"
                "{'text_tokens':%u,'audio_tokens':0,'image_tokens':0,'cached_tokens':0},"
                "'output_token_details':{'text_tokens':%u,'audio_tokens':%u}}",
                in + text + audio, in, text + audio, in, text, audio);
}

/* How it ended: nothing for a good end, why for a bad one, and of a failure the error. */
static void put_end(const struct parley_service_reply *reply, struct parley_render *r)
{
    char code[PARLEY_SERVICE_QUOTED];

    if (reply->ended == NULL)
        parley_form(r, ",'status_details':null");
    else if (strcmp(reply->ended, "failed") == 0)
        parley_form(r,
                    ",'status_details':{'type':'failed','error':{'type':'%s','code':%r,"
                    "'message':'The response could not be made.'}}",
                    reply->reason != NULL ? "tokens" : "server_error",
                    parley_service_quoted(reply->reason != NULL ? reply->reason : "", code));
    else
        parley_form(r, ",'status_details':{'type':'%s','reason':'%s'}", reply->ended, reply->reason);
}

static void put_done(struct parley_service_state *s, struct parley_service_reply *reply,
                     struct parley_render *r)
{
    put_response_head(s, reply, r, "response.done", reply->ended != NULL ? reply->ended : "completed");
    put_end(reply, r);
    parley_form(r, ",'output':[");
    if (reply->message_added)
        put_message_ended(reply, r);
    if (reply->message_added && reply->call_added)
        parley_form(r, ",");
    if (reply->call_added)
        put_call_ended(reply, r);
    parley_form(r, "]");
    put_usage(reply, r);
    parley_form(r, "}}");
}

/* The response is over: what it took, and how long nobody has to speak for the model to go on by itself. */
static void settle(struct parley_service_state *s, const struct parley_service_reply *reply)
{
    uint64_t played_us = s->played_us > s->now_us ? s->played_us : s->now_us;

    parley_service_take_tokens(s, reply->input + text_tokens(reply) + audio_tokens(reply));
    if (!reply->apart)
        s->idle_us = parley_clock_add(played_us, (uint64_t)s->idle_ms * 1000);
}

static void put_limits(struct parley_service_state *s, struct parley_render *r)
{
    uint64_t limit = s->settings.tokens_a_minute, left = parley_service_tokens_left(s);

    parley_service_head(s, r, "rate_limits.updated");
    parley_form(r, ",'rate_limits':[{'name':'tokens','limit':%U,'remaining':%U,'reset_seconds':%U}]}", limit,
                left, (limit - left) * 60 / limit);
}

/* What was said becomes the text of its item. */
static void keep_text(struct parley_service_state *s, const struct parley_service_reply *reply)
{
    struct parley_service_item *item = parley_service_find(s, parley_view(reply->message));

    if (item != NULL)
        snprintf(item->text, sizeof(item->text), "%.*s",
                 (int)parley_utf8_cut(told(reply), sizeof(item->text) - 1).len, reply->answer.speech);
}

/* Adds the message to the conversation and tells so; one that is apart is told in the response alone. */
static void add_message(struct parley_service_state *s, struct parley_service_reply *reply,
                        struct parley_render *r)
{
    reply->message_added = true;
    if (reply->apart)
        return;
    memcpy(reply->message_after, s->last_item, sizeof(reply->message_after));
    parley_service_item(s, reply->text ? PARLEY_ITEM_WRITTEN : PARLEY_ITEM_SPOKEN, reply->message);
    put_item(s, reply, r, "conversation.item.added", reply->message_after, put_message_begun);
}

static void add_call(struct parley_service_state *s, struct parley_service_reply *reply,
                     struct parley_render *r)
{
    bool agent = reply->answer.call == PARLEY_CALL_AGENT;
    struct parley_service_item *item;

    memcpy(reply->call_after, s->last_item, sizeof(reply->call_after));
    item = parley_service_item(s, agent ? PARLEY_ITEM_AGENT : PARLEY_ITEM_SILENCE, reply->call);
    memcpy(item->call_id, reply->call_id, sizeof(item->call_id));
    snprintf(item->name, sizeof(item->name), "%s", call_name(reply));
    snprintf(item->text, sizeof(item->text), "%s", agent ? "" : "{}");
    reply->call_added = true;
    put_item(s, reply, r, "conversation.item.added", reply->call_after, put_call_begun);
}

static void put_arguments_message(struct parley_service_state *s, struct parley_service_reply *reply,
                                  struct parley_render *r, bool ended)
{
    parley_service_head(
        s, r, ended ? "response.function_call_arguments.done" : "response.function_call_arguments.delta");
    parley_form(r, ",'response_id':'%s','item_id':'%s','output_index':%u,'call_id':'%s',", reply->id,
                reply->call, (unsigned)has_speech(reply), reply->call_id);
    if (ended)
        parley_form(r, "'name':'%s',", call_name(reply));
    parley_form(r, "'%s':'", ended ? "arguments" : "delta");
    put_arguments(reply, r);
    parley_form(r, "'}");
}

/* A handoff as the first protocol has it; being silent has no name there. */
static void put_handoff_v1(struct parley_service_state *s, struct parley_service_reply *reply,
                           struct parley_render *r)
{
    parley_service_head(s, r, "conversation.handoff.requested");
    parley_form(r, ",'handoff_id':'%s','item_id':'%s','input_transcript':'%s'}", reply->call_id, reply->call,
                reply->answer.prompt);
}

static void put_call_stage(struct parley_service_state *s, struct parley_service_reply *reply,
                           struct parley_render *r)
{
    switch (reply->stage) {
    case PARLEY_REPLY_CALL_OUTPUT_ADDED:
        put_output(s, reply, r, "response.output_item.added", put_call_begun);
        break;
    case PARLEY_REPLY_CALL_ADDED:
        add_call(s, reply, r);
        break;
    case PARLEY_REPLY_ARGUMENTS_DELTA:
        put_arguments_message(s, reply, r, false);
        break;
    case PARLEY_REPLY_ARGUMENTS_DONE:
        put_arguments_message(s, reply, r, true);
        break;
    case PARLEY_REPLY_CALL_DONE:
        if (s->v1)
            put_handoff_v1(s, reply, r);
        else
            put_item(s, reply, r, "conversation.item.done", reply->call_after, put_call_ended);
        break;
    default:
        put_output(s, reply, r, "response.output_item.done", put_call_ended);
        break;
    }
}

static void put_stage(struct parley_service_state *s, struct parley_service_reply *reply,
                      struct parley_render *r)
{
    switch (reply->stage) {
    case PARLEY_REPLY_CREATED:
        put_created(s, reply, r);
        break;
    case PARLEY_REPLY_MESSAGE_OUTPUT_ADDED:
        put_output(s, reply, r, "response.output_item.added", put_message_begun);
        break;
    case PARLEY_REPLY_MESSAGE_ADDED:
        add_message(s, reply, r);
        break;
    case PARLEY_REPLY_PART_ADDED:
    case PARLEY_REPLY_PART_DONE:
        put_content_head(s, reply, r,
                         reply->stage == PARLEY_REPLY_PART_ADDED ? "response.content_part.added"
                                                                 : "response.content_part.done");
        put_part(reply, r);
        break;
    case PARLEY_REPLY_AUDIO_DONE:
        put_content_head(s, reply, r, "response.output_audio.done");
        parley_form(r, ",'content_index':0}");
        break;
    case PARLEY_REPLY_TEXT_DONE:
        put_text_done(s, reply, r);
        break;
    case PARLEY_REPLY_MESSAGE_DONE:
        keep_text(s, reply);
        put_item(s, reply, r, "conversation.item.done", reply->message_after, put_message_ended);
        break;
    case PARLEY_REPLY_MESSAGE_OUTPUT_DONE:
        put_output(s, reply, r, "response.output_item.done", put_message_ended);
        break;
    case PARLEY_REPLY_DONE:
        settle(s, reply);
        put_done(s, reply, r);
        break;
    case PARLEY_REPLY_LIMITS:
        put_limits(s, r);
        break;
    default:
        put_call_stage(s, reply, r);
        break;
    }
}

/* The stages that are not messages of their own: sound is never "done" in a written answer, and the first
   protocol names few of them (reference 4.2). */
static bool is_message(const struct parley_service_state *s, const struct parley_service_reply *reply)
{
    if (reply->apart && (reply->stage == PARLEY_REPLY_MESSAGE_DONE || reply->stage == PARLEY_REPLY_CALL_DONE))
        return false;
    if (reply->stage == PARLEY_REPLY_AUDIO_DONE && reply->text)
        return false;
    if (!s->v1)
        return true;
    switch (reply->stage) {
    case PARLEY_REPLY_MESSAGE_ADDED:
    case PARLEY_REPLY_TEXT_DONE:
    case PARLEY_REPLY_MESSAGE_DONE:
    case PARLEY_REPLY_CALL_ADDED:
    case PARLEY_REPLY_CALL_DONE:
        return true;
    default:
        return false;
    }
}

/* The next message of one response, if it is due. */
static bool speak_one(struct parley_service_state *s, struct parley_service_reply *reply,
                      struct parley_render *r)
{
    while (reply->stage != PARLEY_REPLY_IDLE && reply->due_us <= s->now_us) {
        skip_ended(reply);
        if (reply->stage == PARLEY_REPLY_SPEAK) {
            if (speak(s, reply, r))
                return true;
            go_on(s, reply);
            continue;
        }
        if (is_message(s, reply))
            put_stage(s, reply, r);
        else if (reply->stage == PARLEY_REPLY_DONE)
            settle(s, reply);
        go_on(s, reply);
        if (reply == &s->replies[0] && reply->stage == PARLEY_REPLY_IDLE && s->want_reply)
            parley_service_reply(s);
        if (r->used > 0)
            return true;
    }
    return false;
}

bool parley_service_speak(struct parley_service_state *s, struct parley_render *r, uint64_t *due_us)
{
    *due_us = PARLEY_NEVER;
    for (size_t i = 0; i < PARLEY_SERVICE_REPLIES; i++) {
        struct parley_service_reply *reply = &s->replies[i];

        if (speak_one(s, reply, r))
            return true;
        if (reply->stage != PARLEY_REPLY_IDLE && reply->due_us < *due_us)
            *due_us = reply->due_us;
    }
    return false;
}
