/*
 * JSON by hand: see json_write.h.
 */
#include "core/cli/json_write.h"

static void raw(struct parley_render *r, const char *text)
{
    parley_render_raw(r, parley_view(text));
}

/* What stands between the last value and this one. */
static void begin(struct parley_render *r, const char *name)
{
    char last = r->used > 0 && r->at != NULL ? r->at[r->used - 1] : '{';

    if (last != '{' && last != '[' && last != ':')
        raw(r, ",");
    if (name != NULL) {
        raw(r, "\"");
        raw(r, name);
        raw(r, "\":");
    }
}

void parley_cli_json_open(struct parley_render *r, const char *name, char bracket)
{
    begin(r, name);
    parley_render_raw(r, parley_view_of(&bracket, 1));
}

void parley_cli_json_close(struct parley_render *r, char bracket)
{
    parley_render_raw(r, parley_view_of(&bracket, 1));
}

void parley_cli_json_text(struct parley_render *r, const char *name, struct parley_view text)
{
    if (text.at == NULL) {
        parley_cli_json_null(r, name);
        return;
    }
    begin(r, name);
    raw(r, "\"");
    parley_render_json(r, text);
    raw(r, "\"");
}

void parley_cli_json_word(struct parley_render *r, const char *name, const char *word)
{
    parley_cli_json_text(r, name, parley_view(word));
}

void parley_cli_json_number(struct parley_render *r, const char *name, uint64_t number)
{
    begin(r, name);
    parley_render_number(r, number);
}

void parley_cli_json_bool(struct parley_render *r, const char *name, bool value)
{
    begin(r, name);
    raw(r, value ? "true" : "false");
}

void parley_cli_json_null(struct parley_render *r, const char *name)
{
    begin(r, name);
    raw(r, "null");
}

void parley_cli_json_verbatim(struct parley_render *r, const char *name, struct parley_view json)
{
    begin(r, name);
    while (json.len > 0) {
        size_t len = 0;

        while (len < json.len && json.at[len] != '\n' && json.at[len] != '\r')
            len++;
        parley_render_raw(r, parley_view_of(json.at, len));
        json = parley_view_skip(json, len + 1);
    }
}
