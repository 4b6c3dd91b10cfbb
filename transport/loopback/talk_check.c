/*
 * A whole talk, before it starts: what its settings ask for, and whether its lines can do without others.
 */
#include "transport/loopback/service.h"
#include "transport/loopback/talk.h"
#include "transport/loopback/talk_words.h"

static bool is_setting(const struct parley_talk_line *line)
{
    return line->verb == PARLEY_TALK_OPTION || line->verb == PARLEY_TALK_USE ||
           line->verb == PARLEY_TALK_ANSWER || line->verb == PARLEY_TALK_SERVICE ||
           line->verb == PARLEY_TALK_HEARD;
}

/* The options that the loopback itself obeys; the others are the host's. */
static bool read_option(const struct parley_words *s, const struct parley_talk_line *line,
                        struct parley_talk_settings *settings)
{
    size_t *bytes = parley_view_is(line->name, "fragment") ? &settings->fragment_bytes
                    : parley_view_is(line->name, "send")   ? &settings->send_bytes
                                                           : NULL;
    uint64_t number;

    if (parley_view_is(line->name, "patience"))
        return parley_words_duration(line->text, &settings->patience_us) ||
               parley_words_wrong(s, line->name.at, "patience needs a duration such as 10s");
    if (bytes == NULL)
        return true;
    if (!parley_words_digits(line->text, UINT32_MAX, &number) || number == 0)
        return parley_words_wrong(s, line->name.at, "'%.*s' needs a number of bytes",
                                  parley_words_shown(line->name), line->name.at);
    *bytes = (size_t)number;
    return true;
}

/* How the built-in service is (service.h). */
static bool read_service(const struct parley_words *s, const struct parley_talk_line *line,
                         struct parley_talk_settings *settings)
{
    uint32_t *number = parley_view_is(line->name, "speed")     ? &settings->speed
                       : parley_view_is(line->name, "minutes") ? &settings->session_minutes
                       : parley_view_is(line->name, "tokens")  ? &settings->tokens_a_minute
                                                               : NULL;
    uint64_t value;

    if (parley_view_is(line->name, "rules")) {
        settings->lenient = parley_view_is(line->text, "lenient");
        return settings->lenient || parley_view_is(line->text, "strict") ||
               parley_words_wrong(s, line->text.at, "rules are strict or lenient");
    }
    if (number == NULL && !parley_view_is(line->name, "seed"))
        return parley_words_wrong(s, line->name.at, "a service has rules, seed, speed, minutes and tokens");
    if (!parley_words_digits(line->text, UINT32_MAX, &value) || value == 0)
        return parley_words_wrong(s, line->text.at, "'%.*s' needs a number", parley_words_shown(line->name),
                                  line->name.at);
    if (number != NULL)
        *number = (uint32_t)value;
    else
        settings->seed = value;
    return true;
}

/* Lines that are about the built-in service need it, and a name it knows. */
static bool check_service(const struct parley_words *s, const struct parley_talk_line *line,
                          const struct parley_talk_settings *settings)
{
    bool fault = line->verb == PARLEY_TALK_FAULT;

    if (!fault && line->verb != PARLEY_TALK_EXPECT_BROKEN)
        return true;
    if (!settings->service)
        return parley_words_wrong(s, line->source.at, "this needs 'use service' at the top");
    if (fault && parley_service_fault_named(line->name) == PARLEY_FAULT_KINDS)
        return parley_words_wrong(s, line->name.at, "'%.*s' is no fault (test/talk/README.md)",
                                  parley_words_shown(line->name), line->name.at);
    if (!fault && parley_rule_named(line->name) == PARLEY_RULE_NONE)
        return parley_words_wrong(s, line->name.at, "'%.*s' is no rule (parley-loopback rules)",
                                  parley_words_shown(line->name), line->name.at);
    return true;
}

static bool read_setting(const struct parley_words *s, const struct parley_talk_line *line,
                         struct parley_talk_settings *settings)
{
    if (line->when != PARLEY_TALK_THEN)
        return parley_words_wrong(s, line->source.at, "a setting has no time");
    if (line->verb == PARLEY_TALK_OPTION)
        return read_option(s, line, settings);
    if (line->verb == PARLEY_TALK_SERVICE)
        return read_service(s, line, settings);
    if (line->verb == PARLEY_TALK_USE) {
        settings->service = parley_view_is(line->name, "service");
        return settings->service || parley_words_wrong(s, line->name.at, "only 'service' can be used");
    }
    if (line->verb == PARLEY_TALK_ANSWER) {
        settings->answer = line->text;
        return true;
    }
    settings->heard++;
    settings->heard_bytes += line->text.len;
    return true;
}

int parley_talk_check(const struct parley_talk *talk, struct parley_talk_settings *settings,
                      char why[PARLEY_TALK_WHY])
{
    struct parley_talk reader = *talk;
    struct parley_talk_line line;
    bool begun = false;
    int status;

    memset(settings, 0, sizeof(*settings));
    settings->patience_us = 10 * 1000000;
    while ((status = parley_talk_next(&reader, &line, why)) > 0) {
        struct parley_words s = {.talk = &reader, .start = line.source.at, .why = why};

        if (!is_setting(&line) && !check_service(&s, &line, settings))
            return PARLEY_ERR_ARGUMENT;
        if (!is_setting(&line))
            begun = true;
        else if (begun ? !parley_words_wrong(&s, line.source.at, "settings stand before all other lines")
                       : !read_setting(&s, &line, settings))
            return PARLEY_ERR_ARGUMENT;
    }
    return status;
}
