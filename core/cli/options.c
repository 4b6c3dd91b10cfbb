/*
 * The options of `talk`: one table says how each is read, and what the help tells about it.
 */
#include "core/cli/options.h"

#include <stddef.h>
#include <stdio.h>

enum kind { TEXT, FLAG, NUMBER, MODALITY, SWITCH, HEADER };

struct option {
    const char *name, *value; /* "--url", "URL" */
    enum kind kind;
    size_t offset;              /* of the field in struct parley_cli_options */
    uint32_t smallest, largest; /* NUMBER */
    const char *help;
};

#define FIELD(name) offsetof(struct parley_cli_options, name)

/* clang-format off */
static const struct option options[] = {
    {"--url", "URL", TEXT, FIELD(url), 0, 0, "the service (default https://api.openai.com/v1); http(s) or ws(s)"},
    {"--model", "NAME", TEXT, FIELD(model), 0, 0, "the model (default gpt-realtime-1.5)"},
    {"--voice", "NAME", TEXT, FIELD(voice), 0, 0, "the model's voice (default marin)"},
    {"--modality", "audio|text", MODALITY, FIELD(modality), 0, 0, "what the model answers with (default audio)"},
    {"--prompt", "TEXT|@FILE", TEXT, FIELD(prompt), 0, 0, "instructions instead of the built-in ones; empty: none"},
    {"--user-name", "NAME", TEXT, FIELD(user_name), 0, 0, "your first name in the built-in prompt (default: of your account)"},
    {"--session-id", "ID", TEXT, FIELD(session_id), 0, 0, "sent as x-session-id"},
    {"--key-env", "NAME", TEXT, FIELD(key_env), 0, 0, "environment variable with the key (default OPENAI_API_KEY); programs started from here do not get it"},
    {"--key-file", "FILE", TEXT, FIELD(key_file), 0, 0, "file with the key in its first line"},
    {"--ca-file", "FILE", TEXT, FIELD(ca_file), 0, 0, "PEM file of the authorities to trust instead of the system's"},
    {"--insecure-no-verify", NULL, FLAG, FIELD(insecure_no_verify), 0, 0, "trust any certificate; for experiments"},
    {"--header", "'N: V'", HEADER, FIELD(headers), 0, 0, "a further header of the request; up to 16 times"},
    {"--in", "FILE|-", TEXT, FIELD(in), 0, 0, "speak this file: WAV, or raw PCM; 24000 Hz mono 16 bit. The conversation ends by itself"},
    {"--out", "FILE|-", TEXT, FIELD(out), 0, 0, "what is heard, silence included; a WAV file if the name ends in .wav, else raw PCM"},
    {"--mic", "CMD|none", TEXT, FIELD(mic), 0, 0, "program that writes raw PCM (default at a terminal: arecord)"},
    {"--speaker", "CMD|none", TEXT, FIELD(speaker), 0, 0, "program that reads raw PCM (default at a terminal: aplay)"},
    {"--echo-gate", "on|off", SWITCH, FIELD(echo_gate), 0, 0, "keep the loudspeaker out of the microphone (default: on with both)"},
    {"--agent", "CMD", TEXT, FIELD(agent), 0, 0, "background agent: gets the request on its input, its output is told to the model, cut at empty lines"},
    {"--agent-timeout", "SECONDS", NUMBER, FIELD(agent_timeout_s), 1, 86400, "the longest it may take (default 300)"},
    {"--script", "FILE", TEXT, FIELD(script), 0, 0, "parley-loopback: play the service from this .talk or set it up from this text"},
    {"--linger-ms", "MS", NUMBER, FIELD(linger_ms), 1, 600000, "how long nothing must happen before it ends by itself (default 1500)"},
    {"--json", NULL, FLAG, FIELD(json), 0, 0, "one event per line, as JSON, to standard output"},
    {"--quiet", NULL, FLAG, FIELD(quiet), 0, 0, "errors only"},
    {"--verbose", NULL, FLAG, FIELD(verbose), 0, 0, "log lines to standard error"},
    {"--help", NULL, FLAG, FIELD(help), 0, 0, "this text"},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int wrong(char *why, const char *option, const char *what)
{
    snprintf(why, PARLEY_CLI_OPTIONS_WHY, "%.40s %s", option, what);
    return PARLEY_ERR_ARGUMENT;
}

/* ---- one option ------------------------------------------------------------------------------ */

static void *field(struct parley_cli_options *o, const struct option *option)
{
    return (char *)o + option->offset;
}

/* Digits only, within the option's bounds. */
static int read_number(uint32_t *number, const struct option *option, const char *value, char *why)
{
    uint64_t sum = 0;
    char what[80];

    for (const char *at = value; *at >= '0' && *at <= '9' && sum <= option->largest; at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    if (value[0] == '\0' || value[strspn(value, "0123456789")] != '\0' || sum < option->smallest ||
        sum > option->largest) {
        snprintf(what, sizeof what, "wants a whole number from %u to %u", option->smallest, option->largest);
        return wrong(why, option->name, what);
    }
    *number = (uint32_t)sum;
    return PARLEY_OK;
}

/* The index of `value` among two words, or -1. */
static int choose(const char *value, const char *first, const char *second)
{
    return strcmp(value, first) == 0 ? 0 : strcmp(value, second) == 0 ? 1 : -1;
}

static int read_header(struct parley_cli_options *o, const char *value, char *why)
{
    const char *colon = strchr(value, ':');
    struct parley_header *header = &o->headers[o->header_count];

    if (o->header_count == PARLEY_CLI_HEADERS)
        return wrong(why, "--header", "may be given 16 times, not more");
    if (colon == NULL || colon == value)
        return wrong(why, "--header", "wants 'Name: value'");
    header->name = parley_view_trim(parley_view_of(value, (size_t)(colon - value)));
    header->value = parley_view_trim(parley_view(colon + 1));
    o->header_count++;
    return PARLEY_OK;
}

static int read_value(struct parley_cli_options *o, const struct option *option, const char *value, char *why)
{
    int choice;

    switch (option->kind) {
    case TEXT:
        memcpy(field(o, option), &value, sizeof value);
        return PARLEY_OK;
    case NUMBER:
        return read_number(field(o, option), option, value, why);
    case MODALITY:
        choice = choose(value, "audio", "text");
        o->modality = choice == 1 ? PARLEY_MODALITY_TEXT : PARLEY_MODALITY_AUDIO;
        return choice >= 0 ? PARLEY_OK : wrong(why, option->name, "wants audio or text");
    case SWITCH:
        choice = choose(value, "on", "off");
        o->echo_gate = choice == 1 ? PARLEY_CLI_OFF : PARLEY_CLI_ON;
        return choice >= 0 ? PARLEY_OK : wrong(why, option->name, "wants on or off");
    case HEADER:
        return read_header(o, value, why);
    case FLAG:
        break;
    }
    *(bool *)field(o, option) = true;
    return PARLEY_OK;
}

/* The option whose name `argument` is, or is up to '='. */
static const struct option *find(const char *argument)
{
    size_t len = strcspn(argument, "=");

    if (strcmp(argument, "-h") == 0)
        argument = "--help", len = 6;
    for (size_t i = 0; i < COUNT(options); i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, argument, len) == 0)
            return &options[i];
    return NULL;
}

/* Reads the option at argv[*i], and its value from behind '=' or from the next argument. */
static int read_one(struct parley_cli_options *o, int argc, char **argv, int *i, char *why)
{
    const struct option *option = find(argv[*i]);
    const char *value = strchr(argv[*i], '=');

    if (argv[*i][0] != '-' || argv[*i][1] == '\0')
        return wrong(why, argv[*i], "is not an option; talk takes options only");
    if (option == NULL) {
        snprintf(why, PARLEY_CLI_OPTIONS_WHY, "unknown option %.*s", (int)strcspn(argv[*i], "="), argv[*i]);
        return PARLEY_ERR_ARGUMENT;
    }
    if (option->kind == FLAG)
        return value == NULL ? read_value(o, option, NULL, why) : wrong(why, option->name, "takes no value");
    if (value != NULL)
        return read_value(o, option, value + 1, why);
    if (*i + 1 >= argc) {
        char what[40];

        snprintf(what, sizeof what, "wants a value: %s", option->value);
        return wrong(why, option->name, what);
    }
    return read_value(o, option, argv[++*i], why);
}

/* ---- what does not go together --------------------------------------------------------------- */

static bool is_standard(const char *file)
{
    return file != NULL && strcmp(file, "-") == 0;
}

static bool is_program(const char *command)
{
    return command != NULL && strcmp(command, "none") != 0;
}

static int check(const struct parley_cli_options *o, bool timeout_given, const char *transport, char *why)
{
    const struct {
        bool wrong;
        const char *option, *what;
    } rules[] = {
        {o->in != NULL && is_program(o->mic), "--in", "and --mic are two sources of sound: give one"},
        {o->out != NULL && is_program(o->speaker), "--out", "and --speaker are two ends of sound: give one"},
        {o->in != NULL && o->out != NULL && !is_standard(o->in) && strcmp(o->in, o->out) == 0, "--in",
         "and --out are the same file"},
        {o->key_env != NULL && o->key_file != NULL, "--key-env", "and --key-file are two keys: give one"},
        {o->ca_file != NULL && o->insecure_no_verify, "--ca-file",
         "says whom to trust, --insecure-no-verify trusts anybody: give one"},
        {o->quiet && o->verbose, "--quiet", "and --verbose contradict each other"},
        {o->quiet && o->json, "--quiet", "and --json contradict each other"},
        {o->json && is_standard(o->out), "--json", "and --out - both want standard output"},
        {timeout_given && o->agent == NULL, "--agent-timeout", "needs --agent"},
        {o->script != NULL && strcmp(transport, "loopback") != 0, "--script", "belongs to parley-loopback"},
        {o->agent != NULL && o->agent[0] == '\0', "--agent", "wants a command, not an empty text"},
        {o->mic != NULL && o->mic[0] == '\0', "--mic", "wants a command, or none"},
        {o->speaker != NULL && o->speaker[0] == '\0', "--speaker", "wants a command, or none"},
        {o->modality == PARLEY_MODALITY_TEXT && o->out != NULL, "--out",
         "gets no sound with --modality text"},
        {o->modality == PARLEY_MODALITY_TEXT && is_program(o->speaker), "--speaker",
         "gets no sound with --modality text"},
    };

    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].wrong)
            return wrong(why, rules[i].option, rules[i].what);
    return PARLEY_OK;
}

int parley_cli_options_read(struct parley_cli_options *o, int argc, char **argv, const char *transport,
                            char why[PARLEY_CLI_OPTIONS_WHY])
{
    *o = (struct parley_cli_options){0};
    for (int i = 1; i < argc; i++) {
        int status = read_one(o, argc, argv, &i, why);

        if (status != PARLEY_OK)
            return status;
    }
    if (!o->help) {
        int status = check(o, o->agent_timeout_s != 0, transport, why);

        if (status != PARLEY_OK)
            return status;
    }
    o->agent_timeout_s = o->agent_timeout_s != 0 ? o->agent_timeout_s : 300;
    o->linger_ms = o->linger_ms != 0 ? o->linger_ms : 1500;
    return PARLEY_OK;
}

void parley_cli_options_help(void)
{
    printf("parley talk [OPTION...]: hold a conversation with a realtime speech model.\n\n");
    for (size_t i = 0; i < COUNT(options); i++)
        printf("  %s%s%s\n        %s\n", options[i].name, options[i].value != NULL ? " " : "",
               options[i].value != NULL ? options[i].value : "", options[i].help);
    printf(
        "\nSpeak, or type a line; an empty line cuts a reply short. Ctrl-C ends in good order, a second one"
        " at once.\n"
        "Exit status: 0 fine; 1 the conversation failed; 2 the command line cannot be used, or a file"
        " it names.\n");
}
