/*
 * The built-in service's way out: messages that wait to be read, in one buffer, and the items they are about.
 */
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

void parley_service_error(struct parley_service_state *s, struct parley_view message, const char *code,
                          const char *param, const char *format, ...)
{
    char text[256], id[PARLEY_SERVICE_ID], about[PARLEY_SERVICE_QUOTED], where[PARLEY_SERVICE_QUOTED];
    struct parley_view event = parley_peek_text(message, "event_id", id, sizeof(id) - 1);
    va_list list;

    id[event.len] = '\0';
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    parley_service_post(s, "error",
                        ",'error':{'type':'invalid_request_error','code':'%s','message':'%s','param':%r,"
                        "'event_id':%r}",
                        code, text, parley_service_quoted(param != NULL ? param : "", where),
                        parley_service_quoted(id, about));
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

struct parley_service_item *parley_service_item(struct parley_service_state *s, enum parley_service_kind kind,
                                                const char *id)
{
    struct parley_service_item *item = &s->items[s->item_next++ % PARLEY_SERVICE_ITEMS];

    memset(item, 0, sizeof(*item));
    item->kind = kind;
    snprintf(item->id, sizeof(item->id), "%s", id);
    memcpy(s->last_item, item->id, sizeof(s->last_item));
    return item;
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
