/*
 * The line language of talks: reading it, making messages of its fields, and holding messages against them.
 * Each line is read when its turn comes, so a talk of any length needs no more memory than its text.
 */
#include "transport/loopback/talk.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- one line, from left to right -------------------------------------------------------------- */

struct scan {
    const struct parley_talk *talk;
    const char *start; /* of the line, for columns */
    struct parley_view rest;
    char *why;
};

/* Notes what is wrong at `at`, for one of the two answers "no". */
static bool wrong(const struct scan *s, const char *at, const char *format, ...)
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

/* Views as snprintf's "%.*s" wants them, with a bound that keeps messages readable. */
static int shown(struct parley_view view)
{
    return (int)(view.len < 80 ? view.len : 80);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Passes white space and a comment. */
static void pass_space(struct scan *s)
{
    while (s->rest.len > 0 && blank(s->rest.at[0]))
        s->rest = parley_view_skip(s->rest, 1);
    if (s->rest.len > 0 && s->rest.at[0] == '#')
        s->rest = parley_view_skip(s->rest, s->rest.len);
}

/* The next word, up to white space; empty at the end. */
static struct parley_view peek_word(struct scan *s)
{
    size_t len = 0;

    pass_space(s);
    while (len < s->rest.len && !blank(s->rest.at[len]))
        len++;
    return parley_view_of(s->rest.at, len);
}

static struct parley_view take_word(struct scan *s)
{
    struct parley_view word = peek_word(s);

    s->rest = parley_view_skip(s->rest, word.len);
    return word;
}

/* The length of the string, quotes included, that `text` begins with; 0 when it does not end. */
static size_t string_length(struct parley_view text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == '"')
            return i + 1;
        if (text.at[i] == '\\')
            i++;
    }
    return 0;
}

/* The string that starts here, checked as JSON checks it. */
static bool take_string(struct scan *s, struct parley_view *text)
{
    const char *fault;
    size_t offset;

    pass_space(s);
    if (s->rest.len == 0 || s->rest.at[0] != '"')
        return wrong(s, s->rest.at, "a text in double quotes is missing");
    *text = parley_view_of(s->rest.at, string_length(s->rest));
    if (text->len == 0)
        return wrong(s, s->rest.at, "the text has no closing quote");
    if (!parley_peek_valid(*text, &fault, &offset))
        return wrong(s, s->rest.at + offset, "%s", fault);
    s->rest = parley_view_skip(s->rest, text->len);
    return true;
}

/* The rest of the line as one JSON value. */
static bool take_json(struct scan *s, struct parley_view *json)
{
    const char *fault;
    size_t offset;

    pass_space(s);
    *json = parley_view_trim(s->rest);
    if (!parley_peek_valid(*json, &fault, &offset))
        return wrong(s, s->rest.at + offset, "not JSON: %s", fault);
    s->rest = parley_view_skip(s->rest, s->rest.len);
    return true;
}

/* A whole word of digits; `most` bounds what it may mean. */
static bool digits(struct parley_view word, uint64_t most, uint64_t *number)
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

/* "200ms", "2s", "1.5s" or "3m", at most a day, in microseconds. */
static bool duration(struct parley_view word, uint64_t *us)
{
    const uint64_t day_ms = 86400000;
    uint64_t tenths = 0, unit_ms = 1;

    if (cut_unit(&word, parley_view("us")))
        return digits(word, day_ms * 1000, us);
    if (!cut_unit(&word, parley_view("ms"))) {
        unit_ms = cut_unit(&word, parley_view("m")) ? 60000 : cut_unit(&word, parley_view("s")) ? 1000 : 0;
        if (unit_ms == 1000 && word.len > 2 && word.at[word.len - 2] == '.') {
            if (!digits(parley_view_of(word.at + word.len - 1, 1), 9, &tenths))
                return false;
            word.len -= 2;
        }
    }
    if (unit_ms == 0 || !digits(word, day_ms / unit_ms, us))
        return false;
    *us = *us * unit_ms * 1000 + tenths * 100000;
    return true;
}

static bool take_duration(struct scan *s, uint64_t *us)
{
    struct parley_view word = take_word(s);

    return duration(word, us) || wrong(s, word.at, "a duration such as 200ms or 1.5s is missing");
}

/* ---- fields -------------------------------------------------------------------------------------- */

/* Takes a field off, as it stands: kind '?' when it has neither a mark nor an operator, an empty value when
   none follows. */
static struct parley_talk_field split(struct parley_view *rest)
{
    struct parley_talk_field field = {.kind = '?'};
    size_t len = 0;

    if (rest->len > 0 && rest->at[0] == '!') {
        field.kind = '!';
        *rest = parley_view_skip(*rest, 1);
    }
    while (len < rest->len && !blank(rest->at[len]) && memchr("=~*<>", rest->at[len], 5) == NULL)
        len++;
    field.path = parley_view_of(rest->at, len);
    *rest = parley_view_skip(*rest, len);
    if (field.kind == '!' || rest->len == 0 || blank(rest->at[0]))
        return field;
    if (rest->at[0] == '*' && (rest->len < 2 || rest->at[1] != '='))
        return field;
    field.kind = rest->at[0];
    *rest = parley_view_skip(*rest, field.kind == '*' ? 2 : 1);
    len = 0;
    if (rest->len > 0 && rest->at[0] == '"')
        len = string_length(*rest);
    else
        while (len < rest->len && !blank(rest->at[len]))
            len++;
    field.value = parley_view_of(rest->at, len);
    *rest = parley_view_skip(*rest, len);
    return field;
}

bool parley_talk_field(struct parley_view *fields, struct parley_talk_field *field)
{
    *fields = parley_view_trim(*fields);
    if (fields->len == 0)
        return false;
    *field = split(fields);
    return true;
}

/* True for names with single dots between them, in which there is nothing that could pass for white space. */
static bool is_path(struct parley_view path)
{
    bool name = false; /* the present name has begun */

    for (size_t i = 0; i < path.len; i++) {
        if ((path.at[i] == '.' && !name) || (unsigned char)path.at[i] <= ' ')
            return false;
        name = path.at[i] != '.';
    }
    return name;
}

/* One field of a line, checked. */
static bool take_field(struct scan *s)
{
    const char *start = s->rest.at, *fault;
    struct parley_talk_field field = split(&s->rest);
    struct parley_view whole = parley_view_of(start, (size_t)(s->rest.at - start));
    size_t offset;
    double number;

    if (!is_path(field.path) || field.kind == '?')
        return wrong(s, start, "'%.*s' is no field such as item_id=item_1", shown(whole), start);
    if (field.kind != '!' && field.value.len == 0)
        return wrong(s, s->rest.at, "'%.*s' has no value, or its text no closing quote", shown(whole), start);
    if (field.kind != '!' && field.value.at[0] == '"' && !parley_peek_valid(field.value, &fault, &offset))
        return wrong(s, field.value.at + offset, "%s", fault);
    if ((field.kind == '<' || field.kind == '>') && !parley_peek_double(field.value, "", &number))
        return wrong(s, field.value.at, "'%.*s' compares with no number", shown(whole), start);
    return true;
}

/* Fields until a word that belongs to the line itself. */
static bool take_fields(struct scan *s, struct parley_view *fields)
{
    const char *start;

    pass_space(s);
    start = s->rest.at;
    *fields = parley_view_of(start, 0);
    for (;;) {
        struct parley_view word = peek_word(s);

        if (word.len == 0 || parley_view_is(word, "before") || parley_view_is(word, "gives"))
            return true;
        if (!take_field(s))
            return false;
        fields->len = (size_t)(s->rest.at - start);
    }
}

struct parley_view parley_talk_value(struct parley_view fields, const char *path)
{
    struct parley_talk_field field;

    while (parley_talk_field(&fields, &field))
        if (parley_view_is(field.path, path))
            return field.value;
    return parley_view(NULL);
}

uint64_t parley_talk_number(struct parley_view fields, const char *path, uint64_t otherwise)
{
    struct parley_view value = parley_talk_value(fields, path);
    uint64_t number;

    return digits(value, UINT32_MAX, &number) ? number : otherwise;
}

struct parley_view parley_talk_plain(struct parley_view value, char *into, size_t bytes)
{
    struct parley_view text;
    const char *fault;
    size_t offset;

    if (parley_peek_is_string(value) &&
        parley_peek_valid(value, &fault, &offset)) /* a word may begin like one */
        return parley_peek_unescape(value, into, bytes);
    text = parley_view_of(into, value.len < bytes ? value.len : bytes);
    if (text.len > 0)
        memcpy(into, value.at, text.len);
    return text;
}

/* ---- commands ------------------------------------------------------------------------------------ */

/*
 * What may follow a command, a letter each, in this order: w word (name), v value (text; may be missing),
 * q quoted text, j JSON to the end, d duration, n number (N: may be missing), a either (may be missing), f
 * fields, b "before DURATION", g "gives STATUS".
 */
static const struct command {
    const char *words;
    enum parley_talk_verb verb;
    const char *follow;
} commands[] = {
    {"option", PARLEY_TALK_OPTION, "wv"},
    {"use", PARLEY_TALK_USE, "w"},
    {"answer", PARLEY_TALK_ANSWER, "q"},
    {"heard", PARLEY_TALK_HEARD, "q"},
    {"service", PARLEY_TALK_SERVICE, "wv"},
    {"fault", PARLEY_TALK_FAULT, "wa"},
    {"server audio", PARLEY_TALK_SERVER_AUDIO, "f"},
    {"server raw", PARLEY_TALK_SERVER_RAW, "q"},
    {"server long", PARLEY_TALK_SERVER_LONG, "n"},
    {"server binary", PARLEY_TALK_SERVER_BINARY, "q"},
    {"server close", PARLEY_TALK_SERVER_CLOSE, "N"},
    {"server break", PARLEY_TALK_SERVER_BREAK, ""},
    {"server", PARLEY_TALK_SERVER_EVENT, "wf"},
    {"expect nothing sent", PARLEY_TALK_EXPECT_NOTHING, ""},
    {"expect sent audio", PARLEY_TALK_EXPECT_AUDIO, "db"},
    {"expect sent close", PARLEY_TALK_EXPECT_CLOSE, "nb"},
    {"expect sent", PARLEY_TALK_EXPECT_SENT, "wfb"},
    {"expect broken", PARLEY_TALK_EXPECT_BROKEN, "wb"},
    {"expect event", PARLEY_TALK_EXPECT_EVENT, "wfb"},
    {"expect no event", PARLEY_TALK_EXPECT_NO_EVENT, "w"},
    {"host text", PARLEY_TALK_HOST_TEXT, "qg"},
    {"host audio", PARLEY_TALK_HOST_AUDIO, "dw"},
    {"host wav", PARLEY_TALK_HOST_WAV, "q"},
    {"host play", PARLEY_TALK_HOST_PLAY, "d"},
    {"host take", PARLEY_TALK_HOST_TAKE, "n"},
    {"host delay", PARLEY_TALK_HOST_DELAY, "d"},
    {"host interrupt", PARLEY_TALK_HOST_INTERRUPT, "g"},
    {"host progress", PARLEY_TALK_HOST_PROGRESS, "qfg"},
    {"host done", PARLEY_TALK_HOST_DONE, "fg"},
    {"host ask", PARLEY_TALK_HOST_ASK, "g"},
    {"host stop", PARLEY_TALK_HOST_STOP, ""},
};

/* True, with the words taken, when the line goes on with exactly these. */
static bool take_command(struct scan *s, const char *words)
{
    struct scan ahead = *s;

    while (*words != '\0') {
        size_t len = strcspn(words, " ");

        if (!parley_view_equal(take_word(&ahead), parley_view_of(words, len)))
            return false;
        words += len;
        words += strspn(words, " ");
    }
    *s = ahead;
    return true;
}

static const struct command *find_command(struct scan *s)
{
    struct parley_view word;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (take_command(s, commands[i].words))
            return &commands[i];
    word = peek_word(s);
    if (parley_view_is(word, "include")) {
        wrong(s, word.at, "only 'parley-loopback test' includes files");
        return NULL;
    }
    wrong(s, word.at,
          "'%.*s' is no command: option, use, service, heard, answer, server, fault, expect or host "
          "(test/talk/README.md)",
          shown(s->rest), word.at);
    return NULL;
}

static bool take_name(struct scan *s, struct parley_view *name)
{
    *name = take_word(s);
    return name->len > 0 || wrong(s, name->at, "a name is missing at the end of the line");
}

static bool take_number(struct scan *s, bool optional, uint64_t *number)
{
    struct parley_view word = take_word(s);

    if (word.len == 0 && optional) {
        *number = 0;
        return true;
    }
    return digits(word, UINT32_MAX, number) || wrong(s, word.at, "a number is missing");
}

/* A duration, in microseconds, or a number, or nothing. */
static bool take_amount(struct scan *s, uint64_t *amount)
{
    struct parley_view word = peek_word(s);

    *amount = 0;
    if (word.len == 0)
        return true;
    if (digits(word, UINT32_MAX, amount) || duration(word, amount)) {
        take_word(s);
        return true;
    }
    return wrong(s, word.at, "'%.*s' is neither a number nor a duration", shown(word), word.at);
}

/* A word or a string, or nothing. */
static bool take_value(struct scan *s, struct parley_view *value)
{
    pass_space(s);
    if (s->rest.len > 0 && s->rest.at[0] == '"')
        return take_string(s, value);
    *value = take_word(s);
    return true;
}

/* "before 1200ms", or nothing. */
static bool take_before(struct scan *s, uint64_t *us)
{
    return !take_command(s, "before") || take_duration(s, us);
}

static bool take_gives(struct scan *s, struct parley_view *name)
{
    return !take_command(s, "gives") || take_name(s, name);
}

static bool take_one(struct scan *s, char what, struct parley_talk_line *line)
{
    switch (what) {
    case 'w':
        return take_name(s, &line->name);
    case 'v':
        return take_value(s, &line->text);
    case 'q':
        return take_string(s, &line->text);
    case 'd':
        return take_duration(s, &line->amount);
    case 'n':
    case 'N':
        return take_number(s, what == 'N', &line->amount);
    case 'a':
        return take_amount(s, &line->amount);
    case 'f':
        return take_fields(s, &line->fields);
    case 'b':
        return take_before(s, &line->before_us);
    default:
        return take_gives(s, &line->gives);
    }
}

/* "900ms" or "+200ms" in front of a command. */
static bool take_when(struct scan *s, struct parley_talk_line *line)
{
    struct parley_view word = peek_word(s), number = word;

    line->when = PARLEY_TALK_THEN;
    if (word.len == 0 || (word.at[0] != '+' && (word.at[0] < '0' || word.at[0] > '9')))
        return true;
    line->when = word.at[0] == '+' ? PARLEY_TALK_AFTER : PARLEY_TALK_AT;
    if (line->when == PARLEY_TALK_AFTER)
        number = parley_view_skip(word, 1);
    if (!duration(number, &line->when_us))
        return wrong(s, word.at, "'%.*s' is no time such as 900ms or +1.5s", shown(word), word.at);
    take_word(s);
    return true;
}

static bool read_line(struct scan *s, struct parley_talk_line *line)
{
    const struct command *command;

    if (!take_when(s, line) || (command = find_command(s)) == NULL)
        return false;
    line->verb = command->verb;
    if (command->verb == PARLEY_TALK_SERVER_EVENT && peek_word(s).len > 0 && s->rest.at[0] == '{') {
        line->verb = PARLEY_TALK_SERVER_JSON;
        return take_json(s, &line->text);
    }
    for (const char *what = command->follow; *what != '\0'; what++)
        if (!take_one(s, *what, line))
            return false;
    pass_space(s);
    return s->rest.len == 0 || wrong(s, s->rest.at, "'%.*s' is too much here", shown(s->rest), s->rest.at);
}

/* "#@ 7 NAME": the next line is the seventh of NAME. */
static bool take_place(struct parley_talk *talk, struct parley_view line)
{
    uint64_t number;
    size_t len = 0;

    if (!parley_view_starts(line, parley_view("#@ ")))
        return false;
    line = parley_view_skip(line, 3);
    while (len < line.len && line.at[len] != ' ')
        len++;
    if (!digits(parley_view_of(line.at, len), UINT32_MAX, &number) || number == 0)
        return false;
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.at[i] < ' ')
            return false;
    talk->line = (unsigned)number - 1;
    talk->name = parley_view_skip(line, len + 1);
    return true;
}

int parley_talk_next(struct parley_talk *talk, struct parley_talk_line *line, char why[PARLEY_TALK_WHY])
{
    while (talk->at < talk->text.len) {
        struct parley_view rest = parley_view_skip(talk->text, talk->at);
        const char *newline = memchr(rest.at, '\n', rest.len);
        size_t len = newline != NULL ? (size_t)(newline - rest.at) : rest.len;
        struct scan s = {.talk = talk, .start = rest.at, .rest = parley_view_of(rest.at, len), .why = why};

        talk->at += len + 1;
        talk->line++;
        if (len > 0 && rest.at[len - 1] == '\r')
            s.rest.len--;
        if (take_place(talk, s.rest))
            continue;
        memset(line, 0, sizeof(*line));
        line->number = talk->line;
        line->before_us = PARLEY_NEVER;
        line->source = parley_view_trim(s.rest);
        pass_space(&s);
        if (s.rest.len > 0)
            return read_line(&s, line) ? 1 : PARLEY_ERR_ARGUMENT;
    }
    return 0;
}

/* ---- a whole talk -------------------------------------------------------------------------------- */

static bool is_setting(const struct parley_talk_line *line)
{
    return line->verb == PARLEY_TALK_OPTION || line->verb == PARLEY_TALK_USE ||
           line->verb == PARLEY_TALK_ANSWER || line->verb == PARLEY_TALK_SERVICE ||
           line->verb == PARLEY_TALK_HEARD;
}

/* The options that the loopback itself obeys; the others are the host's. */
static bool read_option(const struct scan *s, const struct parley_talk_line *line,
                        struct parley_talk_settings *settings)
{
    size_t *bytes = parley_view_is(line->name, "fragment") ? &settings->fragment_bytes
                    : parley_view_is(line->name, "send")   ? &settings->send_bytes
                                                           : NULL;
    uint64_t number;

    if (parley_view_is(line->name, "patience"))
        return duration(line->text, &settings->patience_us) ||
               wrong(s, line->name.at, "patience needs a duration such as 10s");
    if (bytes == NULL)
        return true;
    if (!digits(line->text, UINT32_MAX, &number) || number == 0)
        return wrong(s, line->name.at, "'%.*s' needs a number of bytes", shown(line->name), line->name.at);
    *bytes = (size_t)number;
    return true;
}

/* How the built-in service is (service.h). */
static bool read_service(const struct scan *s, const struct parley_talk_line *line,
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
               wrong(s, line->text.at, "rules are strict or lenient");
    }
    if (number == NULL && !parley_view_is(line->name, "seed"))
        return wrong(s, line->name.at, "a service has rules, seed, speed, minutes and tokens");
    if (!digits(line->text, UINT32_MAX, &value) || value == 0)
        return wrong(s, line->text.at, "'%.*s' needs a number", shown(line->name), line->name.at);
    if (number != NULL)
        *number = (uint32_t)value;
    else
        settings->seed = value;
    return true;
}

/* Lines that are about the built-in service need it, and a name it knows. */
static bool check_service(const struct scan *s, const struct parley_talk_line *line,
                          const struct parley_talk_settings *settings)
{
    bool fault = line->verb == PARLEY_TALK_FAULT;

    if (!fault && line->verb != PARLEY_TALK_EXPECT_BROKEN)
        return true;
    if (!settings->service)
        return wrong(s, line->source.at, "this needs 'use service' at the top");
    if (fault && parley_service_fault_named(line->name) == PARLEY_FAULT_KINDS)
        return wrong(s, line->name.at, "'%.*s' is no fault (test/talk/README.md)", shown(line->name),
                     line->name.at);
    if (!fault && parley_rule_named(line->name) == PARLEY_RULE_NONE)
        return wrong(s, line->name.at, "'%.*s' is no rule (parley-loopback rules)", shown(line->name),
                     line->name.at);
    return true;
}

static bool read_setting(const struct scan *s, const struct parley_talk_line *line,
                         struct parley_talk_settings *settings)
{
    if (line->when != PARLEY_TALK_THEN)
        return wrong(s, line->source.at, "a setting has no time");
    if (line->verb == PARLEY_TALK_OPTION)
        return read_option(s, line, settings);
    if (line->verb == PARLEY_TALK_SERVICE)
        return read_service(s, line, settings);
    if (line->verb == PARLEY_TALK_USE) {
        settings->service = parley_view_is(line->name, "service");
        return settings->service || wrong(s, line->name.at, "only 'service' can be used");
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
        struct scan s = {.talk = &reader, .start = line.source.at, .why = why};

        if (!is_setting(&line) && !check_service(&s, &line, settings))
            return PARLEY_ERR_ARGUMENT;
        if (!is_setting(&line))
            begun = true;
        else if (begun ? !wrong(&s, line.source.at, "settings stand before all other lines")
                       : !read_setting(&s, &line, settings))
            return PARLEY_ERR_ARGUMENT;
    }
    return status;
}

/* ---- messages ------------------------------------------------------------------------------------ */

/* The part of a path before its last dot, without the dot; empty for a member of the message itself. */
static struct parley_view parent_of(struct parley_view path)
{
    while (path.len > 0 && path.at[path.len - 1] != '.')
        path.len--;
    if (path.len > 0)
        path.len--;
    return path;
}

/* Components of a path. */
static size_t depth_of(struct parley_view path)
{
    size_t depth = path.len > 0;

    for (size_t i = 0; i < path.len; i++)
        depth += path.at[i] == '.';
    return depth;
}

/* The length of the components that both paths begin with. */
static size_t common_length(struct parley_view a, struct parley_view b)
{
    size_t common = 0;

    for (size_t i = 0; i <= a.len && i <= b.len; i++) {
        bool a_ends = i == a.len || a.at[i] == '.', b_ends = i == b.len || b.at[i] == '.';

        if (a_ends && b_ends)
            common = i;
        if (a_ends != b_ends || i == a.len || i == b.len || a.at[i] != b.at[i])
            break;
    }
    return common;
}

static void put_name(struct parley_render *r, struct parley_view name)
{
    parley_render_raw(r, parley_view("\""));
    parley_render_json(r, name);
    parley_render_raw(r, parley_view("\":"));
}

static void put_value(struct parley_render *r, struct parley_view value)
{
    const char *fault;
    size_t offset;

    if (parley_peek_valid(value, &fault, &offset)) {
        parley_render_raw(r, value);
        return;
    }
    parley_render_raw(r, parley_view("\""));
    parley_render_json(r, value);
    parley_render_raw(r, parley_view("\""));
}

static void close_objects(struct parley_render *r, size_t count)
{
    while (count-- > 0)
        parley_render_raw(r, parley_view("}"));
}

/* Opens an object for each component of `path`. */
static void open_objects(struct parley_render *r, struct parley_view path)
{
    while (path.len > 0) {
        const char *dot = memchr(path.at, '.', path.len);
        size_t len = dot != NULL ? (size_t)(dot - path.at) : path.len;

        put_name(r, parley_view_of(path.at, len));
        parley_render_raw(r, parley_view("{"));
        path = parley_view_skip(path, len + 1);
    }
}

void parley_talk_message(struct parley_render *r, struct parley_view type, struct parley_view fields)
{
    struct parley_talk_field field;
    struct parley_view before = {"", 0};

    parley_render_raw(r, parley_view("{\"type\":\""));
    parley_render_json(r, type);
    parley_render_raw(r, parley_view("\""));
    while (parley_talk_field(&fields, &field)) {
        struct parley_view parent = parent_of(field.path), further;
        size_t common = common_length(before, parent);

        close_objects(r, depth_of(before) - depth_of(parley_view_of(before.at, common)));
        parley_render_raw(r, parley_view(","));
        further = parley_view_skip(parent, common > 0 ? common + 1 : 0);
        open_objects(r, further);
        put_name(r, parley_view_skip(field.path, parent.len > 0 ? parent.len + 1 : 0));
        put_value(r, field.value);
        before = parent;
    }
    close_objects(r, depth_of(before) + 1);
}

/* True when the value `found` is the one that was written down. */
static bool same_value(struct parley_view found, struct parley_view wanted)
{
    char a[2048], b[2048];

    if (!parley_peek_is_string(found))
        return parley_view_equal(found, wanted);
    return parley_view_equal(parley_peek_unescape(found, a, sizeof(a)),
                             parley_talk_plain(wanted, b, sizeof(b)));
}

/* True when the text `found`, or the JSON it stands for, contains `part`. */
static bool contains(struct parley_view found, struct parley_view part)
{
    char a[8192], b[1024];
    struct parley_view text = parley_talk_plain(found, a, sizeof(a)),
                       wanted = parley_talk_plain(part, b, sizeof(b));

    for (size_t i = 0; i + wanted.len <= text.len; i++)
        if (wanted.len == 0 || memcmp(text.at + i, wanted.at, wanted.len) == 0)
            return true;
    return false;
}

/* True when the whole text is as the pattern: * for any characters, ? for one. */
static bool is_like(struct parley_view text, struct parley_view pattern)
{
    size_t at = 0, p = 0, star = SIZE_MAX, tried = 0;

    while (at < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            tried = at;
        } else if (p < pattern.len && (pattern.at[p] == '?' || pattern.at[p] == text.at[at])) {
            p++;
            at++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            at = ++tried;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static bool compares(struct parley_view found, const struct parley_talk_field *field)
{
    char a[2048], b[1024];
    double is, wanted;

    switch (field->kind) {
    case '~':
        return contains(found, field->value);
    case '*':
        return is_like(parley_talk_plain(found, a, sizeof(a)), parley_talk_plain(field->value, b, sizeof(b)));
    case '<':
    case '>':
        return parley_peek_double(found, "", &is) && parley_peek_double(field->value, "", &wanted) &&
               (field->kind == '<' ? is < wanted : is > wanted);
    default:
        return same_value(found, field->value);
    }
}

static bool holds(struct parley_view message, const struct parley_talk_field *field,
                  char why[PARLEY_TALK_WHY])
{
    struct parley_view found;
    bool there = parley_peek(message, field->path, &found);
    int width = shown(field->path);

    if (field->kind == '!' && there)
        snprintf(why, PARLEY_TALK_WHY, "%.*s is there: %.*s", width, field->path.at, shown(found), found.at);
    else if (field->kind == '!')
        return true;
    else if (!there)
        snprintf(why, PARLEY_TALK_WHY, "%.*s is missing", width, field->path.at);
    else if (compares(found, field))
        return true;
    else
        snprintf(why, PARLEY_TALK_WHY, "%.*s is %.*s", width, field->path.at, shown(found), found.at);
    return false;
}

bool parley_talk_matches(struct parley_view message, const char *type_member, struct parley_view type,
                         struct parley_view fields, char why[PARLEY_TALK_WHY])
{
    struct parley_talk_field of_type = {.path = parley_view(type_member), .kind = '=', .value = type}, field;

    if (!holds(message, &of_type, why))
        return false;
    while (parley_talk_field(&fields, &field))
        if (!holds(message, &field, why))
            return false;
    return true;
}
