/* The form of a line in the record of a conversation: see thread_line.h. Pure. */
#include "context/thread_line.h"

#include "parser/json.h"
#include "platform/status.h"

static const char *const types[] = {
    [PARLEY_THREAD_SESSION] = "session",
    [PARLEY_THREAD_USER] = "user",
    [PARLEY_THREAD_ASSISTANT] = "assistant",
    [PARLEY_THREAD_HANDOFF] = "handoff",
};

enum { TYPES = sizeof types / sizeof *types };

/* ---- writing ----------------------------------------------------------------------------------- */

static void raw(struct parley_render *r, const char *text)
{
    parley_render_raw(r, parley_view(text));
}

static void member(struct parley_render *r, const char *name, struct parley_view text)
{
    if (text.at == NULL)
        return;
    raw(r, ",\"");
    raw(r, name);
    raw(r, "\":\"");
    parley_render_json(r, text);
    raw(r, "\"");
}

void parley_thread_line_render(struct parley_render *r, const struct parley_thread_line *line)
{
    raw(r, "{\"type\":\"");
    raw(r, types[line->kind]);
    raw(r, "\",\"at\":");
    parley_render_number(r, line->at_s > 0 ? (uint64_t)line->at_s : 0);
    if (line->kind == PARLEY_THREAD_SESSION)
        raw(r, ",\"version\":1");
    member(r, "cwd", line->cwd);
    member(r, "branch", line->branch);
    member(r, "text", line->text);
    raw(r, "}\n");
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* What an object says, as far as it is of interest. */
struct found {
    struct parley_view type, text, cwd, branch;
    int64_t at_s;
    bool has_time;
};

static void read_text(struct parley_json *j, struct parley_view *text)
{
    if (parley_json_next(j) == PARLEY_JSON_STRING)
        *text = parley_json_string(j);
    else
        parley_json_skip(j); /* of another kind: as good as missing */
}

static void read_time(struct parley_json *j, struct found *found)
{
    if (parley_json_next(j) == PARLEY_JSON_NUMBER)
        found->has_time =
            parley_json_i64(j, &found->at_s) && found->at_s >= 0 && found->at_s <= PARLEY_THREAD_LAST_S;
    else
        parley_json_skip(j);
}

static void read_member(struct parley_json *j, struct found *found)
{
    if (parley_json_name_is(j, "type"))
        read_text(j, &found->type);
    else if (parley_json_name_is(j, "text"))
        read_text(j, &found->text);
    else if (parley_json_name_is(j, "cwd"))
        read_text(j, &found->cwd);
    else if (parley_json_name_is(j, "branch"))
        read_text(j, &found->branch);
    else if (parley_json_name_is(j, "at"))
        read_time(j, found);
    else
        parley_json_skip(j);
}

/* True when the whole text is one object. */
static bool read_object(char *text, size_t len, struct found *found)
{
    struct parley_json j;
    enum parley_json_token token;

    parley_json_start(&j, text, len);
    if (parley_json_next(&j) != PARLEY_JSON_OBJECT)
        return false;
    while ((token = parley_json_next(&j)) == PARLEY_JSON_NAME)
        read_member(&j, found);
    return token == PARLEY_JSON_OBJECT_END && parley_json_next(&j) == PARLEY_JSON_END;
}

int parley_thread_line_read(struct parley_thread_line *line, char *text, size_t len)
{
    struct found found = {.has_time = false};
    size_t kind = 0;

    if (!read_object(text, len, &found) || found.type.at == NULL)
        return PARLEY_ERR_JSON;
    while (kind < TYPES && !parley_view_is(found.type, types[kind]))
        kind++;
    if (kind == TYPES)
        return 0;
    if (!found.has_time || (kind == PARLEY_THREAD_SESSION ? found.cwd.at : found.text.at) == NULL)
        return PARLEY_ERR_JSON;
    *line = (struct parley_thread_line){(enum parley_thread_line_kind)kind, found.at_s, found.text, found.cwd,
                                        found.branch};
    return 1;
}
