/*
 * The line language of talks: which commands and fields there are, and reading them. Each line is read when
 * its turn comes, so a talk of any length needs no more memory than its text.
 */
#include "transport/loopback/talk.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/talk_words.h"

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
    while (len < rest->len && !parley_words_is_blank(rest->at[len]) &&
           memchr("=~*<>", rest->at[len], 5) == NULL)
        len++;
    field.path = parley_view_of(rest->at, len);
    *rest = parley_view_skip(*rest, len);
    if (field.kind == '!' || rest->len == 0 || parley_words_is_blank(rest->at[0]))
        return field;
    if (rest->at[0] == '*' && (rest->len < 2 || rest->at[1] != '='))
        return field;
    field.kind = rest->at[0];
    *rest = parley_view_skip(*rest, field.kind == '*' ? 2 : 1);
    len = 0;
    if (rest->len > 0 && rest->at[0] == '"')
        len = parley_words_string_length(*rest);
    else
        while (len < rest->len && !parley_words_is_blank(rest->at[len]))
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
static bool take_field(struct parley_words *s)
{
    const char *start = s->rest.at, *fault;
    struct parley_talk_field field = split(&s->rest);
    struct parley_view whole = parley_view_of(start, (size_t)(s->rest.at - start));
    size_t offset;
    double number;

    if (!is_path(field.path) || field.kind == '?')
        return parley_words_wrong(s, start, "'%.*s' is no field such as item_id=item_1",
                                  parley_words_shown(whole), start);
    if (field.kind != '!' && field.value.len == 0)
        return parley_words_wrong(s, s->rest.at, "'%.*s' has no value, or its text no closing quote",
                                  parley_words_shown(whole), start);
    if (field.kind != '!' && field.value.at[0] == '"' && !parley_peek_valid(field.value, &fault, &offset))
        return parley_words_wrong(s, field.value.at + offset, "%s", fault);
    if ((field.kind == '<' || field.kind == '>') && !parley_peek_double(field.value, "", &number))
        return parley_words_wrong(s, field.value.at, "'%.*s' compares with no number",
                                  parley_words_shown(whole), start);
    return true;
}

/* Fields until a word that belongs to the line itself. */
static bool take_fields(struct parley_words *s, struct parley_view *fields)
{
    const char *start;

    parley_words_pass_space(s);
    start = s->rest.at;
    *fields = parley_view_of(start, 0);
    for (;;) {
        struct parley_view word = parley_words_peek(s);

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

    return parley_words_digits(value, UINT32_MAX, &number) ? number : otherwise;
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
static bool take_command(struct parley_words *s, const char *words)
{
    struct parley_words ahead = *s;

    while (*words != '\0') {
        size_t len = strcspn(words, " ");

        if (!parley_view_equal(parley_words_take(&ahead), parley_view_of(words, len)))
            return false;
        words += len;
        words += strspn(words, " ");
    }
    *s = ahead;
    return true;
}

static const struct command *find_command(struct parley_words *s)
{
    struct parley_view word;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (take_command(s, commands[i].words))
            return &commands[i];
    word = parley_words_peek(s);
    if (parley_view_is(word, "include")) {
        parley_words_wrong(s, word.at, "only 'parley-loopback test' includes files");
        return NULL;
    }
    parley_words_wrong(
        s, word.at,
        "'%.*s' is no command: option, use, service, heard, answer, server, fault, expect or host "
        "(test/talk/README.md)",
        parley_words_shown(s->rest), word.at);
    return NULL;
}

static bool take_duration(struct parley_words *s, uint64_t *us)
{
    struct parley_view word = parley_words_take(s);

    return parley_words_duration(word, us) ||
           parley_words_wrong(s, word.at, "a duration such as 200ms or 1.5s is missing");
}

static bool take_name(struct parley_words *s, struct parley_view *name)
{
    *name = parley_words_take(s);
    return name->len > 0 || parley_words_wrong(s, name->at, "a name is missing at the end of the line");
}

static bool take_number(struct parley_words *s, bool optional, uint64_t *number)
{
    struct parley_view word = parley_words_take(s);

    if (word.len == 0 && optional) {
        *number = 0;
        return true;
    }
    return parley_words_digits(word, UINT32_MAX, number) ||
           parley_words_wrong(s, word.at, "a number is missing");
}

/* A duration, in microseconds, or a number, or nothing. */
static bool take_amount(struct parley_words *s, uint64_t *amount)
{
    struct parley_view word = parley_words_peek(s);

    *amount = 0;
    if (word.len == 0)
        return true;
    if (parley_words_digits(word, UINT32_MAX, amount) || parley_words_duration(word, amount)) {
        parley_words_take(s);
        return true;
    }
    return parley_words_wrong(s, word.at, "'%.*s' is neither a number nor a duration",
                              parley_words_shown(word), word.at);
}

/* A word or a string, or nothing. */
static bool take_value(struct parley_words *s, struct parley_view *value)
{
    parley_words_pass_space(s);
    if (s->rest.len > 0 && s->rest.at[0] == '"')
        return parley_words_take_string(s, value);
    *value = parley_words_take(s);
    return true;
}

/* "before 1200ms", or nothing. */
static bool take_before(struct parley_words *s, uint64_t *us)
{
    return !take_command(s, "before") || take_duration(s, us);
}

static bool take_gives(struct parley_words *s, struct parley_view *name)
{
    return !take_command(s, "gives") || take_name(s, name);
}

static bool take_one(struct parley_words *s, char what, struct parley_talk_line *line)
{
    switch (what) {
    case 'w':
        return take_name(s, &line->name);
    case 'v':
        return take_value(s, &line->text);
    case 'q':
        return parley_words_take_string(s, &line->text);
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
static bool take_when(struct parley_words *s, struct parley_talk_line *line)
{
    struct parley_view word = parley_words_peek(s), number = word;

    line->when = PARLEY_TALK_THEN;
    if (word.len == 0 || (word.at[0] != '+' && (word.at[0] < '0' || word.at[0] > '9')))
        return true;
    line->when = word.at[0] == '+' ? PARLEY_TALK_AFTER : PARLEY_TALK_AT;
    if (line->when == PARLEY_TALK_AFTER)
        number = parley_view_skip(word, 1);
    if (!parley_words_duration(number, &line->when_us))
        return parley_words_wrong(s, word.at, "'%.*s' is no time such as 900ms or +1.5s",
                                  parley_words_shown(word), word.at);
    parley_words_take(s);
    return true;
}

static bool read_line(struct parley_words *s, struct parley_talk_line *line)
{
    const struct command *command;

    if (!take_when(s, line) || (command = find_command(s)) == NULL)
        return false;
    line->verb = command->verb;
    if (command->verb == PARLEY_TALK_SERVER_EVENT && parley_words_peek(s).len > 0 && s->rest.at[0] == '{') {
        line->verb = PARLEY_TALK_SERVER_JSON;
        return parley_words_take_json(s, &line->text);
    }
    for (const char *what = command->follow; *what != '\0'; what++)
        if (!take_one(s, *what, line))
            return false;
    parley_words_pass_space(s);
    return s->rest.len == 0 || parley_words_wrong(s, s->rest.at, "'%.*s' is too much here",
                                                  parley_words_shown(s->rest), s->rest.at);
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
    if (!parley_words_digits(parley_view_of(line.at, len), UINT32_MAX, &number) || number == 0)
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
        struct parley_words s = {
            .talk = talk, .start = rest.at, .rest = parley_view_of(rest.at, len), .why = why};

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
        parley_words_pass_space(&s);
        if (s.rest.len > 0)
            return read_line(&s, line) ? 1 : PARLEY_ERR_ARGUMENT;
    }
    return 0;
}
