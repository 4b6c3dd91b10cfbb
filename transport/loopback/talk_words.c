/*
 * The words of a talk's line; see talk_words.h.
 */
#include "transport/loopback/talk_words.h"
#include "transport/loopback/peek.h"

#include <stdarg.h>
#include <stdio.h>

bool parley_words_wrong(const struct parley_words *s, const char *at, const char *format, ...)
{
    va_list list;
    int used =
        snprintf(s->why, PARLEY_TALK_WHY, "%.*s:%u:%u: ", (int)(s->talk->name.len & 0x7F),
                 s->talk->name.len > 0 ? s->talk->name.at : "", s->talk->line, (unsigned)(at - s->start) + 1);

    va_start(list, format);
    vsnprintf(s->why + used, (size_t)(PARLEY_TALK_WHY - used), format, list);
    va_end(list);
    return false;
}

int parley_words_shown(struct parley_view view)
{
    return (int)(view.len < 80 ? view.len : 80);
}

bool parley_words_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void parley_words_pass_space(struct parley_words *s)
{
    while (s->rest.len > 0 && parley_words_is_blank(s->rest.at[0]))
        s->rest = parley_view_skip(s->rest, 1);
    if (s->rest.len > 0 && s->rest.at[0] == '#')
        s->rest = parley_view_skip(s->rest, s->rest.len);
}

struct parley_view parley_words_peek(struct parley_words *s)
{
    size_t len = 0;

    parley_words_pass_space(s);
    while (len < s->rest.len && !parley_words_is_blank(s->rest.at[len]))
        len++;
    return parley_view_of(s->rest.at, len);
}

struct parley_view parley_words_take(struct parley_words *s)
{
    struct parley_view word = parley_words_peek(s);

    s->rest = parley_view_skip(s->rest, word.len);
    return word;
}

size_t parley_words_string_length(struct parley_view text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == '"')
            return i + 1;
        if (text.at[i] == '\\')
            i++;
    }
    return 0;
}

bool parley_words_take_string(struct parley_words *s, struct parley_view *text)
{
    const char *fault;
    size_t offset;

    parley_words_pass_space(s);
    if (s->rest.len == 0 || s->rest.at[0] != '"')
        return parley_words_wrong(s, s->rest.at, "a text in double quotes is missing");
    *text = parley_view_of(s->rest.at, parley_words_string_length(s->rest));
    if (text->len == 0)
        return parley_words_wrong(s, s->rest.at, "the text has no closing quote");
    if (!parley_peek_valid(*text, &fault, &offset))
        return parley_words_wrong(s, s->rest.at + offset, "%s", fault);
    s->rest = parley_view_skip(s->rest, text->len);
    return true;
}

bool parley_words_take_json(struct parley_words *s, struct parley_view *json)
{
    const char *fault;
    size_t offset;

    parley_words_pass_space(s);
    *json = parley_view_trim(s->rest);
    if (!parley_peek_valid(*json, &fault, &offset))
        return parley_words_wrong(s, s->rest.at + offset, "not JSON: %s", fault);
    s->rest = parley_view_skip(s->rest, s->rest.len);
    return true;
}

bool parley_words_digits(struct parley_view word, uint64_t most, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9' || *number > most / 10)
            return false;
        *number = *number * 10 + (uint64_t)(word.at[i] - '0');
    }
    return word.len > 0 && *number <= most;
}

/* Cuts `unit` off the end of a word, if it is there. */
static bool cut_unit(struct parley_view *word, struct parley_view unit)
{
    if (word->len < unit.len || memcmp(word->at + word->len - unit.len, unit.at, unit.len) != 0)
        return false;
    word->len -= unit.len;
    return true;
}

bool parley_words_duration(struct parley_view word, uint64_t *us)
{
    const uint64_t day_ms = 86400000;
    uint64_t tenths = 0, unit_ms = 1;

    if (cut_unit(&word, parley_view("us")))
        return parley_words_digits(word, day_ms * 1000, us);
    if (!cut_unit(&word, parley_view("ms"))) {
        unit_ms = cut_unit(&word, parley_view("m")) ? 60000 : cut_unit(&word, parley_view("s")) ? 1000 : 0;
        if (unit_ms == 1000 && word.len > 2 && word.at[word.len - 2] == '.') {
            if (!parley_words_digits(parley_view_of(word.at + word.len - 1, 1), 9, &tenths))
                return false;
            word.len -= 2;
        }
    }
    if (unit_ms == 0 || !parley_words_digits(word, day_ms / unit_ms, us))
        return false;
    *us = *us * unit_ms * 1000 + tenths * 100000;
    return true;
}
