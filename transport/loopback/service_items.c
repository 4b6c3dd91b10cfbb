/*
 * The built-in service's items, as a client makes, cuts, deletes and reads them. What is said in them is kept
 * for the next answer (answers.h).
 */
#include "parser/utf8.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

/* ---- an item as JSON ----------------------------------------------------------------------------- */

static const char *role_of(const struct parley_service_item *item)
{
    switch (item->kind) {
    case PARLEY_ITEM_SPOKEN:
    case PARLEY_ITEM_WRITTEN:
        return "assistant";
    case PARLEY_ITEM_SYSTEM:
        return "system";
    default:
        return "user";
    }
}

/* A message's only part. Sound is not kept, and of what was cut there is no text either. */
static void put_part(const struct parley_service_item *item, struct parley_render *r)
{
    static const char *const types[] = {"input_text", "input_audio", "input_text", "output_audio",
                                        "output_text"};
    bool sound = item->kind == PARLEY_ITEM_HEARD || item->kind == PARLEY_ITEM_SPOKEN;

    parley_form(r, "{'type':'%s','%s':'%s'}", types[item->kind], sound ? "transcript" : "text", item->text);
}

static void put_item(const struct parley_service_item *item, struct parley_render *r)
{
    parley_form(r, "{'id':'%s','object':'realtime.item','status':'completed',", item->id);
    if (item->kind == PARLEY_ITEM_OUTPUT) {
        parley_form(r, "'type':'function_call_output','call_id':'%s','output':'%s'}", item->call_id,
                    item->text);
    } else if (item->kind > PARLEY_ITEM_WRITTEN) {
        parley_form(r, "'type':'function_call','call_id':'%s','name':'%s','arguments':'%s'}", item->call_id,
                    item->name, item->text);
    } else {
        parley_form(r, "'type':'message','role':'%s','content':[", role_of(item));
        put_part(item, r);
        parley_form(r, "]}");
    }
}

/* ---- what the client says ------------------------------------------------------------------------ */

/* Appends to a text, parted from what is there, as far as it fits. */
static void append_text(char *text, size_t bytes, struct parley_view more)
{
    size_t used = strlen(text);
    const char *part = used == 0 ? "" : strchr(".!?:,", text[used - 1]) != NULL ? " " : ". ";
    int fits;

    more = parley_view_trim(more);
    if (more.len == 0 || used + 3 >= bytes)
        return;
    fits = (int)parley_utf8_cut(more, bytes - used - 3).len;
    snprintf(text + used, bytes - used, "%s%.*s", part, fits, more.at);
}

/* What the client says in somebody's name: the agent's news are kept, the user's words are the latest. */
static void take_text(struct parley_service_state *s, struct parley_view text)
{
    const struct parley_view backend = PARLEY_VIEW("[BACKEND]"), user = PARLEY_VIEW("[USER]");

    if (parley_view_starts(text, backend)) {
        append_text(s->backend, sizeof(s->backend), parley_view_skip(text, backend.len));
        return;
    }
    if (parley_view_starts(text, user))
        text = parley_view_skip(text, user.len);
    s->said[0] = '\0';
    append_text(s->said, sizeof(s->said), text);
    s->understood = true;
}

/* The text of a message's parts, one after the other. */
static void take_message(struct parley_service_state *s, struct parley_view item,
                         struct parley_service_item *added)
{
    for (unsigned i = 0; i < 16; i++) {
        char path[32], text[PARLEY_SPEECH_BYTES];
        struct parley_view part;

        snprintf(path, sizeof(path), "content.%u.text", i);
        part = parley_peek_text(item, path, text, sizeof(text));
        if (part.at == NULL)
            continue;
        append_text(added->text, sizeof(added->text), part);
        if (added->kind == PARLEY_ITEM_USER)
            take_text(s, part);
    }
}

/* Copies a string member, cut. */
static void take_member(struct parley_view item, const char *name, char *into, size_t bytes)
{
    into[parley_peek_text(item, name, into, bytes - 1).len] = '\0';
}

/* Answers a call. Whatever answers the agent's oldest one is its end; the others only steer it. */
static void take_output(struct parley_service_state *s, struct parley_service_item *call)
{
    if (call->kind == PARLEY_ITEM_AGENT && !call->answered) {
        s->finished = call == parley_service_open_call(s);
        s->steered = !s->finished;
    }
    call->answered = true;
}

/* ---- create -------------------------------------------------------------------------------------- */

static enum parley_service_kind kind_of(struct parley_view item)
{
    if (parley_peek_is(item, "type", "function_call_output"))
        return PARLEY_ITEM_OUTPUT;
    if (parley_peek_is(item, "type", "function_call"))
        return PARLEY_ITEM_CALL;
    if (parley_peek_is(item, "role", "assistant"))
        return PARLEY_ITEM_WRITTEN;
    return parley_peek_is(item, "role", "system") ? PARLEY_ITEM_SYSTEM : PARLEY_ITEM_USER;
}

/* Tells the client that its item is in the conversation. */
static void post_item(struct parley_service_state *s, const char *id, const char *after,
                      struct parley_view item)
{
    char quoted[PARLEY_SERVICE_QUOTED];
    struct parley_view previous = parley_service_quoted(after, quoted), raw;
    struct parley_view members = parley_view_trim(parley_view_skip(item, 1));
    bool named = parley_peek(item, parley_view("id"), &raw);
    bool object = parley_peek(item, parley_view("object"), &raw);
    bool status = parley_peek(item, parley_view("status"), &raw);

    for (int done = 0; done < 2; done++) {
        const char *type = done ? "conversation.item.done" : "conversation.item.added";
        char own[PARLEY_SERVICE_QUOTED + 16];
        struct parley_render r = parley_render(own, sizeof(own));

        if (!named)
            parley_form(&r, "'id':'%s',", id);
        parley_service_post(s, type, ",'previous_item_id':%r,'item':{%r%r%r%r", previous, parley_rendered(&r),
                            parley_view(object ? "" : "\"object\":\"realtime.item\","),
                            parley_view(status ? "" : "\"status\":\"completed\","), members);
    }
}

/* The id a client gives, or the next. False when it was refused. */
static bool choose_id(struct parley_service_state *s, struct parley_view message, struct parley_view item,
                      char id[PARLEY_SERVICE_ID])
{
    struct parley_view own = parley_peek_text(item, "id", id, PARLEY_SERVICE_ID - 1);

    id[own.len] = '\0';
    if (own.len == 0)
        parley_service_id(id, "item", &s->items_made);
    if (parley_service_find(s, parley_view(id)) == NULL)
        return true;
    parley_service_refuse(s, message, PARLEY_RULE_ITEM_ID_UNIQUE, "item.id",
                          "Error adding item: there is one with id '%s' already.", id);
    return false;
}

/* Where it goes: behind the last, in front of all ("root"), or behind the one named. */
static bool choose_place(struct parley_service_state *s, struct parley_view message,
                         char after[PARLEY_SERVICE_ID])
{
    struct parley_view named = parley_peek_text(message, "previous_item_id", after, PARLEY_SERVICE_ID - 1);

    after[named.len] = '\0';
    if (named.at == NULL)
        memcpy(after, s->last_item, PARLEY_SERVICE_ID);
    else if (parley_view_is(named, "root"))
        after[0] = '\0';
    else if (parley_service_find(s, named) == NULL) {
        parley_service_refuse(s, message, PARLEY_RULE_ITEM_PREVIOUS, "previous_item_id",
                              "Error adding item: there is no item with id '%s' to put it behind.", after);
        return false;
    }
    return true;
}

/* The call an output is for; NULL with the refusal told. */
static struct parley_service_item *call_of(struct parley_service_state *s, struct parley_view message,
                                           struct parley_view item)
{
    char id[PARLEY_SERVICE_ID];
    struct parley_view call_id = parley_peek_text(item, "call_id", id, sizeof(id));
    struct parley_service_item *call = parley_service_find_call(s, call_id);

    if (call == NULL)
        parley_service_refuse(s, message, PARLEY_RULE_CALL_KNOWN, NULL,
                              "Tool call ID '%.*s' not found in conversation.", (int)call_id.len, id);
    return call;
}

/* Lets an item that is in the conversation take effect. */
static void take_item(struct parley_service_state *s, struct parley_view item,
                      struct parley_service_item *added)
{
    if (added->kind < PARLEY_ITEM_AGENT) {
        take_message(s, item, added);
        return;
    }
    take_member(item, "call_id", added->call_id, sizeof(added->call_id));
    take_member(item, "name", added->name, sizeof(added->name));
    if (added->kind == PARLEY_ITEM_CALL)
        take_member(item, "arguments", added->text, sizeof(added->text));
    else
        take_member(item, "output", added->text, sizeof(added->text));
}

void parley_service_item_create(struct parley_service_state *s, struct parley_view message)
{
    static const struct parley_shape_rules rules = {
        .unknown = PARLEY_RULE_ITEM_UNKNOWN,
        .type = PARLEY_RULE_ITEM_ILL_TYPED,
        .missing = PARLEY_RULE_MEMBER_MISSING,
        .value = PARLEY_RULE_ITEM_ILL_TYPED,
    };
    char id[PARLEY_SERVICE_ID], after[PARLEY_SERVICE_ID];
    struct parley_service_item *call = NULL;
    struct parley_view item;

    parley_peek(message, parley_view("item"), &item);
    if (!parley_service_check(s, message, parley_service_item_shape(s->v1), item, "item", &rules) ||
        !choose_place(s, message, after))
        return;
    if (kind_of(item) == PARLEY_ITEM_OUTPUT && (call = call_of(s, message, item)) == NULL)
        return;
    if (!choose_id(s, message, item, id))
        return;
    if (call != NULL)
        take_output(s, call);
    post_item(s, id, after, item);
    take_item(s, item, parley_service_item_after(s, kind_of(item), id, after));
}

/* ---- the others ---------------------------------------------------------------------------------- */

/* The item a request is about, or NULL with the refusal told. */
static struct parley_service_item *item_named(struct parley_service_state *s, struct parley_view message,
                                              enum parley_rule rule)
{
    char id[PARLEY_SERVICE_ID];
    struct parley_view name = parley_peek_text(message, "item_id", id, sizeof(id));
    struct parley_service_item *item = parley_service_find(s, name);

    if (item == NULL)
        parley_service_refuse(s, message, rule, "item_id", "There is no item with id '%.*s'.", (int)name.len,
                              name.len > 0 ? name.at : "");
    return item;
}

void parley_service_item_truncate(struct parley_service_state *s, struct parley_view message)
{
    struct parley_service_item *item = item_named(s, message, PARLEY_RULE_TRUNCATE_ITEM);
    uint64_t end_ms = 0, index = 0, length_ms;

    if (item == NULL)
        return;
    length_ms = item->samples / (PARLEY_VOICE_RATE / 1000);
    parley_peek_number(message, "audio_end_ms", &end_ms);
    if (item->kind != PARLEY_ITEM_SPOKEN || !item->sounded)
        parley_service_refuse(s, message, PARLEY_RULE_TRUNCATE_AUDIO, "item_id",
                              "Only model output audio messages can be truncated.");
    else if (!parley_peek_number(message, "content_index", &index) || index != 0)
        parley_service_refuse(s, message, PARLEY_RULE_TRUNCATE_INDEX, "content_index",
                              "Invalid 'content_index': expected 0.");
    else if (end_ms > length_ms)
        parley_service_refuse(s, message, PARLEY_RULE_TRUNCATE_LENGTH, "audio_end_ms",
                              "Audio content of %lums is already shorter than %lums",
                              (unsigned long)length_ms, (unsigned long)end_ms);
    else {
        item->samples = end_ms * (PARLEY_VOICE_RATE / 1000);
        item->text[0] = '\0'; /* what was said up to there nobody can tell */
        parley_service_post(s, "conversation.item.truncated",
                            ",'item_id':'%s','content_index':0,'audio_end_ms':%U", item->id, end_ms);
    }
}

void parley_service_item_delete(struct parley_service_state *s, struct parley_view message)
{
    struct parley_service_item *item = item_named(s, message, PARLEY_RULE_DELETE_ITEM);

    if (item == NULL)
        return;
    parley_service_post(s, "conversation.item.deleted", ",'item_id':'%s'", item->id);
    parley_service_forget(s, item);
}

void parley_service_item_retrieve(struct parley_service_state *s, struct parley_view message)
{
    struct parley_service_item *item = item_named(s, message, PARLEY_RULE_RETRIEVE_ITEM);
    char text[6 * PARLEY_SERVICE_TEXT + 1024];
    struct parley_render r = parley_render(text, sizeof(text));

    if (item == NULL)
        return;
    put_item(item, &r);
    parley_service_post(s, "conversation.item.retrieved", ",'item':%r", parley_rendered(&r));
}

/* The first protocol: the agent's words for a handoff, to be said at once. */
void parley_service_handoff_append(struct parley_service_state *s, struct parley_view message)
{
    const struct parley_view prefix = PARLEY_VIEW("\"Agent Final Message\":");
    char id[PARLEY_SERVICE_ID], words[PARLEY_SPEECH_BYTES];
    struct parley_view handoff = parley_peek_text(message, "handoff_id", id, sizeof(id));
    struct parley_view text = parley_peek_text(message, "output_text", words, sizeof(words));
    struct parley_service_item *call = parley_service_find_call(s, handoff);

    if (!s->v1) {
        parley_service_refuse(s, message, PARLEY_RULE_FIRST_ONLY, "type",
                              "Invalid value: 'conversation.handoff.append'.");
        return;
    }
    if (call == NULL) {
        parley_service_refuse(s, message, PARLEY_RULE_FIRST_HANDOFF, "handoff_id",
                              "There is no handoff of that id.");
        return;
    }
    if (parley_view_starts(text, prefix))
        text = parley_view_skip(text, prefix.len);
    append_text(s->backend, sizeof(s->backend), text);
    call->answered = true;
    s->finished = true;
    parley_service_reply(s);
}
