/* The turns of this thread, newest first. See context/current_thread.h. */
#include "context/current_thread.h"

#include "parser/utf8.h"
#include "templates/render.h"
#include "templates/templates.h"

enum { SECTION_TOKENS = 1200, TURN_TOKENS = 300 };

/* ---- which messages --------------------------------------------------------------------------- */

static bool ends_with(struct parley_view text, struct parley_view end)
{
    return text.len >= end.len && memcmp(text.at + text.len - end.len, end.at, end.len) == 0;
}

bool parley_message_injected(struct parley_view text)
{
    static const struct {
        struct parley_view start, end;
    } wraps[] = {
        {PARLEY_VIEW("<realtime_conversation>"), PARLEY_VIEW("</realtime_conversation>")},
        {PARLEY_VIEW("<startup_context>"), PARLEY_VIEW("</startup_context>")},
        {PARLEY_VIEW("<environment_context>"), PARLEY_VIEW("</environment_context>")},
        {PARLEY_VIEW("<user_instructions>"), PARLEY_VIEW("</user_instructions>")},
    };

    text = parley_utf8_trim(text);
    for (size_t i = 0; i < sizeof wraps / sizeof wraps[0]; i++)
        if (parley_view_starts(text, wraps[i].start) && ends_with(text, wraps[i].end))
            return true;
    return false;
}

/* The trimmed text, or "" for a message that is part of no turn. */
static struct parley_view said(const struct parley_message *m)
{
    bool injected = m->role == PARLEY_ROLE_USER && parley_message_injected(m->text);

    return injected ? parley_view_of(m->text.at, 0) : parley_utf8_trim(m->text);
}

/* ---- turns ------------------------------------------------------------------------------------ */

static void add_heading(struct parley_section *turn, size_t number)
{
    if (number == 0) {
        parley_section_add_text(turn, "### Latest turn");
        return;
    }
    parley_section_add_text(turn, "### Previous turn ");
    parley_section_add_number(turn, number);
}

/* Writes a turn: the message of the user, and whatever the assistant said in the `count` - 1 behind it.
   Number 0 is the latest. */
static void write_turn(struct parley_section *turn, size_t number, const struct parley_message *messages,
                       size_t count)
{
    bool answered = false;

    parley_section_begin(turn);
    add_heading(turn, number);
    parley_section_add_text(turn, "\nUser:\n");
    parley_section_add(turn, said(&messages[0]));
    for (size_t i = 1; i < count; i++) {
        struct parley_view text = said(&messages[i]);

        if (messages[i].role != PARLEY_ROLE_ASSISTANT || text.len == 0)
            continue;
        parley_section_add_text(turn, answered ? "\n\n" : "\n\nAssistant:\n");
        parley_section_add(turn, text);
        answered = true;
    }
}

/* Adds a turn as far as `tokens` go; returns how many it took, 0 when there is no use for so few. */
static size_t add_turn(struct parley_section *out, const struct parley_section *turn, size_t tokens)
{
    char text[4 * TURN_TOKENS];
    long len = parley_section_fit(turn, text, sizeof text, tokens < TURN_TOKENS ? tokens : TURN_TOKENS);

    if (len <= 0)
        return 0;
    parley_section_add_text(out, "\n\n");
    parley_section_add(out, parley_view_of(text, (size_t)len));
    return parley_tokens((size_t)len);
}

void parley_current_thread(struct parley_section *out, struct parley_section *turn,
                           const struct parley_message *messages, size_t count)
{
    struct parley_view introduction = parley_template_text(&parley_template_prompts_startup_thread);
    size_t remaining = SECTION_TOKENS - parley_tokens(introduction.len), number = 0, end = count;
    bool kept = false;

    parley_section_add(out, introduction);
    for (size_t i = count; i-- > 0 && remaining > 0;) {
        size_t taken;

        if (messages[i].role != PARLEY_ROLE_USER || said(&messages[i]).len == 0)
            continue;
        write_turn(turn, number++, &messages[i], end - i);
        taken = add_turn(out, turn, remaining);
        remaining -= taken;
        kept = kept || taken > 0;
        end = i;
    }
    if (!kept)
        parley_section_begin(out);
}
