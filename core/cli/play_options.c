/*
 * What a talk says about the host: a table of names and the fields they set.
 */
#include "core/cli/play_options.h"

#include <stdio.h>

enum kind { TEXT, WORD, FLAG, SIZE, NUMBER, ELSEWHERE };

#define AT(field) offsetof(struct parley_options, field)

static const struct option {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *words; /* WORD: the values, in the order of the enum, each with a space behind it */
} known[] = {
    {"protocol", WORD, AT(protocol), "v2 v1 "},
    {"mode", WORD, AT(mode), "conversational transcription "},
    {"modality", WORD, AT(modality), "audio text "},
    {"model", TEXT, AT(model), NULL},
    {"voice", TEXT, AT(voice), NULL},
    {"prompt", TEXT, AT(prompt), NULL},
    {"startup_context", TEXT, AT(startup_context), NULL},
    {"session_id", TEXT, AT(session_id), NULL},
    {"user_first_name", TEXT, AT(user_first_name), NULL},
    {"close_on_error", FLAG, AT(close_on_error), NULL},
    {"close_ms", NUMBER, AT(timeouts.close_ms), NULL},
    {"inbox_bytes", SIZE, AT(limits.inbox_bytes), NULL},
    {"outbox_bytes", SIZE, AT(limits.outbox_bytes), NULL},
    {"input_audio_ms", NUMBER, AT(limits.input_audio_ms), NULL},
    {"output_audio_ms", NUMBER, AT(limits.output_audio_ms), NULL},
    {"transcript_bytes", SIZE, AT(limits.transcript_bytes), NULL},
    {"reply_items", NUMBER, AT(limits.reply_items), NULL},
    {"fragment", ELSEWHERE, 0, NULL}, /* these are the loopback's */
    {"send", ELSEWHERE, 0, NULL},
    {"patience", ELSEWHERE, 0, NULL},
};

/* Where texts go, one behind the other. */
struct room {
    char *at;
    size_t left;
};

static struct parley_view keep(struct room *room, struct parley_view value)
{
    struct parley_view text = parley_talk_plain(value, room->at, room->left);

    room->at += text.len;
    room->left -= text.len;
    return text;
}

/* The number of a word among the words, put into an enum: of a byte where the compiler makes them short. */
static bool set_word(void *field, const char *words, struct parley_view value)
{
    _Static_assert(sizeof(enum parley_mode) == sizeof(enum parley_protocol) &&
                       sizeof(enum parley_mode) == sizeof(enum parley_modality),
                   "one of them stands for all");

    for (unsigned i = 0; *words != '\0'; i++, words += strcspn(words, " ") + 1)
        if (parley_view_equal(parley_view_of(words, strcspn(words, " ")), value)) {
            enum parley_mode word = (enum parley_mode)i;

            memcpy(field, &word, sizeof(word));
            return true;
        }
    return false;
}

static bool number_of(struct parley_view value, uint32_t *number)
{
    uint64_t read = parley_talk_number(value, "n", UINT64_MAX);

    *number = (uint32_t)read;
    return read <= UINT32_MAX;
}

/* Sets the field. Returns false when the value does not fit. */
static bool set(void *field, const struct option *option, struct parley_view value, struct room *room)
{
    char text[32];
    uint32_t number = 0;

    snprintf(text, sizeof(text), "n=%.*s", (int)(value.len < 20 ? value.len : 20),
             value.len > 0 ? value.at : "");
    switch (option->kind) {
    case TEXT:
        *(struct parley_view *)field = keep(room, value);
        return true;
    case WORD:
        return set_word(field, option->words, value);
    case FLAG:
        *(bool *)field = true;
        return value.len == 0;
    case SIZE:
        if (!number_of(parley_view(text), &number))
            return false;
        *(size_t *)field = number;
        return true;
    case NUMBER:
        return number_of(parley_view(text), field);
    default:
        return true;
    }
}

static bool set_option(struct parley_options *options, bool *speaker, const struct parley_talk_line *line,
                       struct room *room)
{
    if (parley_view_is(line->name, "speaker")) {
        *speaker = parley_view_is(line->text, "on");
        return *speaker || parley_view_is(line->text, "off");
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (parley_view_is(line->name, known[i].name))
            return set((char *)options + known[i].offset, &known[i], line->text, room);
    return false;
}

int parley_play_read_options(struct parley_options *options, bool *speaker, const struct parley_talk *talk,
                             char *scratch, size_t bytes, char why[PARLEY_TALK_WHY])
{
    struct parley_talk reader = *talk;
    struct parley_talk_line line;
    struct room room = {scratch, bytes};

    while (parley_talk_next(&reader, &line, why) > 0 && line.verb <= PARLEY_TALK_HEARD) {
        if (line.verb != PARLEY_TALK_OPTION || set_option(options, speaker, &line, &room))
            continue;
        snprintf(why, PARLEY_TALK_WHY, "%.*s:%u: there is no such option, or not with this value: %.*s",
                 (int)(talk->name.len & 0x7F), talk->name.at, line.number, (int)(line.source.len & 0x7F),
                 line.source.at);
        return PARLEY_ERR_ARGUMENT;
    }
    return PARLEY_OK;
}
