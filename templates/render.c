/*
 * The one place where outbound text is put together: literals of a template copied, slots escaped, both
 * straight into the caller's buffer. See templates/render.h.
 */
#include "templates/render.h"

#include "parser/base64.h"
#include "parser/utf8.h"
#include "platform/status.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

struct parley_render parley_render(char *into, size_t bytes)
{
    struct parley_render r = {.at = into, .size = bytes, .filter = PARLEY_FILTER_RAW};
    return r;
}

/* Room for `bytes` more, taken. NULL when there is none, or when only counting. */
static char *reserve(struct parley_render *r, size_t bytes)
{
    char *room;

    if (r->overflow)
        return NULL;
    if (r->at == NULL) {
        r->used += bytes;
        return NULL;
    }
    if (bytes > r->size - r->used) {
        r->overflow = true;
        return NULL;
    }
    room = r->at + r->used;
    r->used += bytes;
    return room;
}

static void put(struct parley_render *r, const char *from, size_t bytes)
{
    char *room = bytes > 0 ? reserve(r, bytes) : NULL;

    if (room != NULL)
        memcpy(room, from, bytes);
}

void parley_render_raw(struct parley_render *r, struct parley_view text)
{
    put(r, text.at, text.len);
}

void parley_render_number(struct parley_render *r, uint64_t number)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(r, digits + at, sizeof digits - at);
}

void parley_render_base64(struct parley_render *r, struct parley_view bytes)
{
    char *room = bytes.len > 0 ? reserve(r, parley_base64_length(bytes.len)) : NULL;

    if (room != NULL)
        parley_base64_encode(room, bytes.at, bytes.len);
}

/* Copies `text`, with `entity` in place of the byte at `at`; returns where to go on. */
static struct parley_view put_entity(struct parley_render *r, struct parley_view text, size_t at,
                                     const char *entity)
{
    put(r, text.at, at);
    put(r, entity, strlen(entity));
    return parley_view_skip(text, at + 1);
}

void parley_render_xml(struct parley_render *r, struct parley_view text)
{
    size_t at = 0;

    while (at < text.len) {
        const char *entity = text.at[at] == '&'   ? "&amp;"
                             : text.at[at] == '<' ? "&lt;"
                             : text.at[at] == '>' ? "&gt;"
                                                  : NULL;
        if (entity == NULL) {
            at++;
        } else {
            text = put_entity(r, text, at, entity);
            at = 0;
        }
    }
    put(r, text.at, text.len);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* A word with every byte `byte`. */
static uint64_t each_byte(unsigned char byte)
{
    return UINT64_C(0x0101010101010101) * byte;
}

/* Not zero when some byte of `word` is below `bound` (at most 128): the subtraction borrows into its top bit,
   which the byte itself had clear. Bytes above a hit may be told wrongly, so this only answers "any?". */
static uint64_t any_below(uint64_t word, unsigned char bound)
{
    return (word - each_byte(bound)) & ~word & each_byte(0x80);
}

/* How many bytes at the start of `text` need no escape. */
static size_t plain_run(struct parley_view text)
{
    size_t run = 0;
    uint64_t word;

    for (; text.len - run >= sizeof word; run += sizeof word) {
        memcpy(&word, text.at + run, sizeof word);
        if (any_below(word, 0x20) | any_below(word ^ each_byte('"'), 1) |
            any_below(word ^ each_byte('\\'), 1))
            break;
    }
    while (run < text.len && plain(text.at[run]))
        run++;
    return run;
}

static void put_escape(struct parley_render *r, char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte and its letter */
    static const char hex[] = "0123456789abcdef";
    char code[] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};

    for (const char *letter = letters; *letter != '\0'; letter += 2) {
        if (*letter == c) {
            code[1] = letter[1];
            put(r, code, 2);
            return;
        }
    }
    put(r, code, sizeof code);
}

/* The inside of a JSON string, of text that is UTF-8. */
static void put_json(struct parley_render *r, struct parley_view text)
{
    while (text.len > 0 && !r->overflow) {
        size_t run = plain_run(text);

        put(r, text.at, run);
        if (run < text.len)
            put_escape(r, text.at[run]);
        text = parley_view_skip(text, run + 1);
    }
}

/* How much of `text` is UTF-8 from its start, in whole characters, and in *good how far it could still have
   become one: the bytes between are a character broken off. */
static size_t whole_characters(struct parley_view text, size_t *good)
{
    struct parley_utf8 state = {0};
    size_t whole = *good = parley_utf8_feed(&state, text);

    if (state.need > 0) {
        do
            whole--;
        while (((unsigned char)text.at[whole] & 0xC0) == 0x80);
    }
    return whole;
}

void parley_render_json(struct parley_render *r, struct parley_view text)
{
    static const struct parley_view replacement = PARLEY_VIEW("\xEF\xBF\xBD"); /* U+FFFD */

    while (text.len > 0 && !r->overflow) {
        size_t good, whole = whole_characters(text, &good);

        put_json(r, parley_view_of(text.at, whole));
        if (whole < text.len)
            parley_render_raw(r, replacement);
        /* Of a character broken off all its bytes go; a byte that cannot begin one goes alone. */
        text = parley_view_skip(text, good > whole ? good : whole + 1);
    }
}

/* ---- templates ------------------------------------------------------------------------------- */

static const struct parley_slot *find_slot(const struct parley_slot *slots, const char *name)
{
    while (slots->name != NULL && strcmp(slots->name, name) != 0)
        slots++;
    assert(slots->name != NULL && "a slot of the template is missing");
    return slots;
}

void parley_render_text(struct parley_render *r, struct parley_view text)
{
    if (r->filter == PARLEY_FILTER_JSON)
        parley_render_json(r, text);
    else if (r->filter == PARLEY_FILTER_XML)
        parley_render_xml(r, text);
    else
        parley_render_raw(r, text);
}

/* What a slot of text inside another one goes through: one escape, as two are not chained. */
static enum parley_filter within(enum parley_filter outer, enum parley_filter inner)
{
    assert(outer == PARLEY_FILTER_RAW || inner == PARLEY_FILTER_RAW);
    return outer != PARLEY_FILTER_RAW ? outer : inner;
}

static void put_slot(struct parley_render *r, enum parley_filter filter, const struct parley_slot *slot)
{
    enum parley_filter outer = r->filter;

    if (filter == PARLEY_FILTER_NUMBER) {
        parley_render_number(r, slot->number);
    } else if (filter == PARLEY_FILTER_BASE64) {
        parley_render_base64(r, slot->text);
    } else {
        r->filter = within(outer, filter);
        if (slot->write != NULL)
            slot->write(r, slot->state);
        else
            parley_render_text(r, slot->text);
        r->filter = outer;
    }
}

static struct parley_view literal_of(const struct parley_piece *piece)
{
    return parley_view_of(piece->literal, piece->bytes);
}

long parley_render_template(struct parley_render *r, const struct parley_template *t,
                            const struct parley_slot *slots)
{
    size_t before = r->used;

    for (size_t i = 0; i < t->count; i++) {
        const struct parley_piece *piece = &t->pieces[i];

        parley_render_text(r, literal_of(piece));
        if (piece->slot != NULL)
            put_slot(r, piece->filter, find_slot(slots, piece->slot));
    }
    return r->overflow ? PARLEY_ERR_TOO_LONG : (long)(r->used - before);
}

struct parley_view parley_template_text(const struct parley_template *t)
{
    assert(t->count == 1 && t->pieces[0].slot == NULL);
    return literal_of(t->pieces);
}
