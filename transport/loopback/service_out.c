/*
 * The built-in service's way out: messages that wait to be read, in one buffer, the errors
 * among them with the rules that were broken, and the items they are about.
 */
#include "parser/utf8.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

/* ---- messages ------------------------------------------------------------------------------------ */

void parley_service_head(struct parley_service_state *s, struct parley_render *r, const char *type)
{
    char id[PARLEY_SERVICE_ID];

    parley_service_id(id, "event", &s->events);
    parley_form(r, "{'type':'%s','event_id':'%s'", type, id);
}

/* What the first protocol has no name for is not said in it (reference 4.2). */
static bool is_known(const struct parley_service_state *s, const char *type)
{
    return !s->v1 || strncmp(type, "session.", 8) == 0 || strcmp(type, "error") == 0 ||
           strcmp(type, "conversation.item.added") == 0 || strcmp(type, "conversation.item.done") == 0;
}

/* A message that does not fit is dropped: the client has long stopped reading then. */
void parley_service_post(struct parley_service_state *s, const char *type, const char *pattern, ...)
{
    size_t bytes;
    char *at = parley_journal_room(&s->queue, &bytes);
    struct parley_render r;
    va_list list;

    if (!is_known(s, type) || at == NULL)
        return;
    r = parley_render(at, bytes);
    parley_service_head(s, &r, type);
    va_start(list, pattern);
    parley_form_list(&r, pattern, list);
    va_end(list);
    parley_form(&r, "}");
    if (!r.overflow)
        parley_journal_keep(&s->queue, r.used);
}

bool parley_service_queued(struct parley_service_state *s, struct parley_view *message)
{
    if (s->queue_said)
        parley_journal_drop(&s->queue);
    s->queue_said = parley_journal_first(&s->queue, message);
    return s->queue_said;
}

/* The event_id of a client's message, or "". */
static void event_id(struct parley_view message, char id[PARLEY_SERVICE_ID])
{
    struct parley_view event = parley_peek_text(message, "event_id", id, PARLEY_SERVICE_ID - 1);

    id[event.len] = '\0';
}

/* Notes a broken rule. */
static void note(struct parley_service_state *s, enum parley_rule rule, const char *text)
{
    struct parley_service_breach *breach;

    if (s->breach_count++ >= PARLEY_SERVICE_BREACHES)
        return;
    breach = &s->breaches[s->breach_count - 1];
    breach->rule = rule;
    breach->at_us = s->now_us - s->opened_us;
    snprintf(breach->excerpt, sizeof(breach->excerpt), "%.*s",
             (int)parley_utf8_cut(parley_view(text), sizeof(breach->excerpt) - 1).len, text);
}

/* The parts of an error that may be null. */
struct error {
    const char *type, *code, *text, *param, *event;
};

static void post_error(struct parley_service_state *s, const struct error *e)
{
    char code[PARLEY_SERVICE_QUOTED], param[6 * 96 + 2], event[PARLEY_SERVICE_QUOTED];
    struct parley_render r = parley_render(param, sizeof(param));

    parley_form(&r, e->param != NULL && e->param[0] != '\0' ? "'%s'" : "null", e->param);
    parley_service_post(s, "error",
                        ",'error':{'type':'%s','code':%r,'message':'%s','param':%r,'event_id':%r}", e->type,
                        parley_service_quoted(e->code != NULL ? e->code : "", code), e->text,
                        parley_rendered(&r), parley_service_quoted(e->event, event));
}

/* Answers a broken rule. */
static void refuse(struct parley_service_state *s, struct parley_view message, enum parley_rule rule,
                   const char *code, const char *param, const char *text)
{
    char id[PARLEY_SERVICE_ID];
    struct error e = {"invalid_request_error", code, text, param, id};

    event_id(message, id);
    note(s, rule, text);
    post_error(s, &e);
}

void parley_service_refuse(struct parley_service_state *s, struct parley_view message, enum parley_rule rule,
                           const char *param, const char *format, ...)
{
    char text[256];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    text[parley_utf8_cut(parley_view(text), sizeof(text) - 1).len] = '\0';
    refuse(s, message, rule, parley_rule(rule)->answer, param, text);
}

bool parley_service_check(struct parley_service_state *s, struct parley_view message,
                          const struct parley_shape *shape, struct parley_view part, const char *path,
                          const struct parley_shape_rules *rules)
{
    struct parley_shape_rules own = *rules;
    struct parley_shape_fault fault = {.code = ""};

    own.lenient = s->settings.lenient;
    if (parley_shape_check(shape, part, path, &own, &fault))
        return true;
    refuse(s, message, fault.rule, fault.code, fault.param, fault.text);
    return false;
}

void parley_service_complain(struct parley_service_state *s, const char *type, const char *code,
                             const char *text)
{
    struct error e = {type, code, text, NULL, ""};

    post_error(s, &e);
}

uint64_t parley_service_about(struct parley_service_state *s, uint64_t us)
{
    if (s->settings.seed == 0)
        return us;
    s->random = s->random * 6364136223846793005 + 1442695040888963407;
    return us / 2 + us * ((s->random >> 33) % 1024) / 1024;
}

/* ---- items --------------------------------------------------------------------------------------- */

void parley_service_id(char id[PARLEY_SERVICE_ID], const char *what, unsigned *count)
{
    snprintf(id, PARLEY_SERVICE_ID, "%s_%04u", what, ++*count);
}

struct parley_view parley_service_quoted(const char *id, char quoted[PARLEY_SERVICE_QUOTED])
{
    struct parley_render r = parley_render(quoted, PARLEY_SERVICE_QUOTED);

    parley_form(&r, id[0] != '\0' ? "'%s'" : "null", id);
    return parley_rendered(&r);
}

/* The oldest item makes room, and leaves no gap in the chain. */
static struct parley_service_item *place_for(struct parley_service_state *s)
{
    struct parley_service_item *item = &s->items[s->item_next++ % PARLEY_SERVICE_ITEMS];

    parley_service_forget(s, item);
    return item;
}

void parley_service_forget(struct parley_service_state *s, struct parley_service_item *item)
{
    for (size_t i = 0; i < PARLEY_SERVICE_ITEMS && item->id[0] != '\0'; i++)
        if (strcmp(s->items[i].before, item->id) == 0)
            memcpy(s->items[i].before, item->before, sizeof(item->before));
    if (item->id[0] != '\0' && strcmp(s->last_item, item->id) == 0)
        memcpy(s->last_item, item->before, sizeof(s->last_item));
    memset(item, 0, sizeof(*item));
}

struct parley_service_item *parley_service_item_after(struct parley_service_state *s,
                                                      enum parley_service_kind kind, const char *id,
                                                      const char *after)
{
    bool last = strcmp(after, s->last_item) == 0;
    char before[PARLEY_SERVICE_ID];
    struct parley_service_item *item;

    snprintf(before, sizeof(before), "%s", after); /* it may be the one that makes room */
    item = place_for(s);
    for (size_t i = 0; i < PARLEY_SERVICE_ITEMS && !last; i++)
        if (s->items[i].id[0] != '\0' && strcmp(s->items[i].before, before) == 0)
            snprintf(s->items[i].before, PARLEY_SERVICE_ID, "%s", id);
    item->kind = kind;
    snprintf(item->id, sizeof(item->id), "%s", id);
    memcpy(item->before, before, sizeof(before));
    if (last)
        memcpy(s->last_item, item->id, sizeof(s->last_item));
    return item;
}

struct parley_service_item *parley_service_item(struct parley_service_state *s, enum parley_service_kind kind,
                                                const char *id)
{
    return parley_service_item_after(s, kind, id, s->last_item);
}

struct parley_service_item *parley_service_find(struct parley_service_state *s, struct parley_view id)
{
    for (size_t i = 0; i < PARLEY_SERVICE_ITEMS && id.len > 0; i++)
        if (parley_view_is(id, s->items[i].id))
            return &s->items[i];
    return NULL;
}

struct parley_service_item *parley_service_find_call(struct parley_service_state *s,
                                                     struct parley_view call_id)
{
    for (size_t i = 0; i < PARLEY_SERVICE_ITEMS && call_id.len > 0; i++)
        if (s->items[i].kind != PARLEY_ITEM_OUTPUT && parley_view_is(call_id, s->items[i].call_id))
            return &s->items[i];
    return NULL;
}

struct parley_service_item *parley_service_open_call(struct parley_service_state *s)
{
    for (size_t i = 0; i < PARLEY_SERVICE_ITEMS; i++) {
        struct parley_service_item *item = &s->items[(s->item_next + i) % PARLEY_SERVICE_ITEMS];

        if (item->id[0] != '\0' && item->kind == PARLEY_ITEM_AGENT && !item->answered)
            return item;
    }
    return NULL;
}
