/* The delegation envelope; see delegation.h. */
#include "core/delegation.h"

#include "parser/utf8.h"
#include "templates/templates.h"

/* The tags of both forms, and the "role: " and newline of one entry, with something to spare. */
enum { ENVELOPE_BYTES = 160, LINE_BYTES = 16 };

static size_t escaped_bytes(struct parley_view text)
{
    struct parley_render counted = parley_render(NULL, 0);

    parley_render_xml(&counted, text);
    return counted.used;
}

/* The first of the newest entries that fit into `room` together. */
static size_t first_that_fits(const struct parley_transcript *t, size_t entries, size_t room, size_t *dropped)
{
    size_t first = entries;

    while (first > 0) {
        size_t bytes = escaped_bytes(parley_transcript_entry(t, first - 1).text) + LINE_BYTES;
        if (bytes > room)
            break;
        room -= bytes;
        first--;
    }
    for (size_t i = 0; i < first; i++)
        *dropped += parley_transcript_entry(t, i).text.len;
    return first;
}

/* The lines of a transcript as a slot. */
struct lines {
    const struct parley_transcript *t;
    size_t first, end;
};

static void write_lines(struct parley_render *r, const void *state)
{
    const struct lines *lines = state;

    for (size_t i = lines->first; i < lines->end; i++) {
        struct parley_transcript_entry entry = parley_transcript_entry(lines->t, i);
        parley_render_text(r, parley_view(i > lines->first ? "\n" : ""));
        parley_render_text(r, parley_view(entry.role == PARLEY_ROLE_USER ? "user: " : "assistant: "));
        parley_render_text(r, entry.text);
    }
}

/* As much of the start of `text` as fits into `room` when escaped, to within an eighth. */
static struct parley_view cut_to(struct parley_view text, size_t room, size_t *dropped)
{
    size_t whole = text.len;

    while (text.len > 0 && escaped_bytes(text) > room)
        text = parley_utf8_cut(text, text.len - text.len / 8 - 1);
    *dropped += whole - text.len;
    return text;
}

struct parley_view parley_delegation_render(struct parley_render *r, const struct parley_transcript *t,
                                            size_t entries, struct parley_view request, size_t *dropped)
{
    size_t room = r->size > r->used + ENVELOPE_BYTES ? r->size - r->used - ENVELOPE_BYTES : 0;
    struct lines lines = {t, 0, entries};
    struct parley_slot slots[] = {
        {.name = "input", .text = request},
        {.name = "transcript", .write = write_lines, .state = &lines},
        {.name = NULL},
    };
    size_t start = r->used;

    slots[0].text = cut_to(request, room / 2, dropped);
    if (slots[0].text.len > 0) {
        room -= escaped_bytes(slots[0].text);
    } else { /* the lines stand twice, as input and as transcript */
        room /= 2;
        slots[0].write = write_lines;
        slots[0].state = &lines;
    }
    lines.first = first_that_fits(t, entries, room, dropped);
    if (slots[0].text.len == 0 && lines.first == entries)
        return parley_view_of(NULL, 0);
    parley_render_template(
        r, lines.first < entries ? &parley_template_delegation_with_transcript : &parley_template_delegation,
        slots);
    return parley_view_of(r->at + start, r->used - start);
}
