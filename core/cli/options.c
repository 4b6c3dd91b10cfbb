/*
 * The options of `talk` and `call`: their table, and what does not go together.
 */
#include "core/cli/options.h"

#include <stddef.h>
#include <stdio.h>

#define FIELD(name) offsetof(struct parley_cli_options, name)

/* clang-format off */
static const struct parley_cli_option options[] = {
    /* of `call` alone: CALL_ROWS */
    {"--sdp", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(sdp), 0, 0, "the offer of a peer connection, to create a call with"},
    {"--answer", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(answer), 0, 0, "where the answer goes (default: it is printed)"},
    {"--call-id", "ID", PARLEY_CLI_OPTION_TEXT, FIELD(call_id), 0, 0, "join this call instead of creating one"},
    {"--call-url", "URL", PARLEY_CLI_OPTION_TEXT, FIELD(call_url), 0, 0, "where calls are created (default: as --url)"},
    PARLEY_CLI_WAY_OPTIONS(FIELD(way)),
    {"--model", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(model), 0, 0, "the model (default gpt-realtime-1.5)"},
    {"--voice", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(voice), 0, 0, "the model's voice (default marin)"},
    {"--modality", "audio|text", PARLEY_CLI_OPTION_CHOICE, FIELD(modality), PARLEY_MODALITY_AUDIO, 0, "what the model answers with (default audio)"},
    {"--prompt", "TEXT|@FILE", PARLEY_CLI_OPTION_TEXT, FIELD(prompt), 0, 0, "instructions instead of the built-in ones; empty: none"},
    {"--startup-context", "TEXT|@FILE|off", PARLEY_CLI_OPTION_TEXT, FIELD(startup_context), 0, 0, "what the model is told behind the instructions, or nothing, instead of what parley context prints"},
    {"--thread", "ID", PARLEY_CLI_OPTION_TEXT, FIELD(thread), 0, 0, "go on with an earlier conversation: see parley threads"},
    {"--no-store", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(no_store), 0, 0, "do not record this conversation, and tell nothing of earlier ones"},
    {"--user-name", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(user_name), 0, 0, "your first name in the built-in prompt (default: of your account)"},
    {"--session-id", "ID", PARLEY_CLI_OPTION_TEXT, FIELD(session_id), 0, 0, "sent as x-session-id"},
    {"--key-env", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(key_env), 0, 0, "environment variable with the key (default OPENAI_API_KEY); programs started from here do not get it"},
    {"--key-file", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(key_file), 0, 0, "file with the key in its first line"},
    {"--compress", "off|auto", PARLEY_CLI_OPTION_CHOICE, FIELD(compress), PARLEY_COMPRESS_OFF, 0, "compress messages if the service agrees (default auto)"},
    {"--reconnect", "on|off", PARLEY_CLI_OPTION_CHOICE, FIELD(reconnect), PARLEY_CLI_ON, 0, "when the connection breaks, or the session's time is over, go on with another (default on)"},
    {"--agent", "CMD", PARLEY_CLI_OPTION_TEXT, FIELD(agent), 0, 0, "background agent: gets the request on its input, its output is told to the model, cut at empty lines"},
    {"--agent-timeout", "SECONDS", PARLEY_CLI_OPTION_NUMBER, FIELD(agent_timeout_s), 1, 86400, "the longest it may take (default 300)"},
    {"--script", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(script), 0, 0, "parley-loopback: play the service from this .talk or set it up from this text"},
    {"--record", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(record), 0, 0, "flight recorder: write all that happens, keys apart, for parley-loopback replay and parley timeline"},
    {"--record-bytes", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(record_bytes), PARLEY_CLI_RECORD_BYTES_MIN, UINT32_MAX, "how long that file may become (default 268435456)"},
    {"--record-audio", "on|off", PARLEY_CLI_OPTION_CHOICE, FIELD(record_audio), PARLEY_CLI_ON, 0, "sound in it, or only how much there was (default on)"},
    {"--linger-ms", "MS", PARLEY_CLI_OPTION_NUMBER, FIELD(linger_ms), 1, 600000, "how long nothing must happen before it ends by itself (default 1500)"},
    {"--json", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(json), 0, 0, "one event per line, as JSON, to standard output"},
    {"--quiet", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(quiet), 0, 0, "errors only"},
    {"--verbose", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(verbose), 0, 0, "log lines to standard error"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
    /* of `talk` alone: TALK_ROWS */
    {"--in", "FILE|-", PARLEY_CLI_OPTION_TEXT, FIELD(in), 0, 0, "speak this file: WAV, or raw PCM; 24000 Hz mono 16 bit. The conversation ends by itself"},
    {"--out", "FILE|-", PARLEY_CLI_OPTION_TEXT, FIELD(out), 0, 0, "what is heard, silence included; a WAV file if the name ends in .wav, else raw PCM"},
    {"--mic", "CMD|none", PARLEY_CLI_OPTION_TEXT, FIELD(mic), 0, 0, "program that writes raw PCM (default at a terminal: arecord)"},
    {"--speaker", "CMD|none", PARLEY_CLI_OPTION_TEXT, FIELD(speaker), 0, 0, "program that reads raw PCM (default at a terminal: aplay)"},
    {"--echo-gate", "on|off", PARLEY_CLI_OPTION_CHOICE, FIELD(echo_gate), PARLEY_CLI_ON, 0, "keep the loudspeaker out of the microphone (default: on with both)"},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { CALL_ROWS = 4, TALK_ROWS = 5 };

/* The rows of a command. */
static const struct parley_cli_option *rows(bool call, size_t *count)
{
    *count = COUNT(options) - (call ? TALK_ROWS : CALL_ROWS);
    return call ? options : options + CALL_ROWS;
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
        {o->no_store && o->thread != NULL, "--no-store", "leaves out what --thread asks for: give one"},
        {o->quiet && o->verbose, "--quiet", "and --verbose contradict each other"},
        {o->quiet && o->json, "--quiet", "and --json contradict each other"},
        {o->json && is_standard(o->out), "--json", "and --out - both want standard output"},
        {o->record == NULL && (o->record_bytes != 0 || o->record_audio != PARLEY_CLI_AUTO), "--record-bytes",
         "and --record-audio need --record"},
        {timeout_given && o->agent == NULL, "--agent-timeout", "needs --agent"},
        {o->script != NULL && strcmp(transport, "loopback") != 0, "--script", "belongs to parley-loopback"},
        {o->agent != NULL && o->agent[0] == '\0', "--agent", "wants a command, not an empty text"},
        {o->mic != NULL && o->mic[0] == '\0', "--mic", "wants a command, or none"},
        {o->speaker != NULL && o->speaker[0] == '\0', "--speaker", "wants a command, or none"},
        {o->modality == PARLEY_MODALITY_TEXT && o->out != NULL, "--out",
         "gets no sound with --modality text"},
        {o->modality == PARLEY_MODALITY_TEXT && is_program(o->speaker), "--speaker",
         "gets no sound with --modality text"},
        {o->call && (o->sdp == NULL) == (o->call_id == NULL), "--sdp",
         o->sdp == NULL ? "is missing: it names the offer to create a call with, or --call-id a call to join"
                        : "creates a call, --call-id joins another: give one"},
        {o->answer != NULL && o->sdp == NULL, "--answer", "needs --sdp"},
    };

    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].wrong)
            return parley_cli_option_wrong(why, rules[i].option, rules[i].what);
    return PARLEY_OK;
}

int parley_cli_options_read(struct parley_cli_options *o, int argc, char **argv, const char *transport,
                            char why[PARLEY_CLI_OPTIONS_WHY])
{
    const struct parley_cli_option *table;
    size_t count;
    int status;

    *o = (struct parley_cli_options){.compress = PARLEY_COMPRESS_AUTO};
    o->call = argc > 0 && strcmp(argv[0], "call") == 0;
    table = rows(o->call, &count);
    status = parley_cli_option_table_read(o, table, count, argc, argv, why);
    if (status == PARLEY_OK && !o->help)
        status = check(o, o->agent_timeout_s != 0, transport, why);
    if (status == PARLEY_OK && !o->help)
        status = parley_cli_way_check(&o->way, why);
    if (status != PARLEY_OK)
        return status;
    o->agent_timeout_s = o->agent_timeout_s != 0 ? o->agent_timeout_s : 300;
    o->linger_ms = o->linger_ms != 0 ? o->linger_ms : 1500;
    return PARLEY_OK;
}

void parley_cli_options_help(bool call)
{
    size_t count;
    const struct parley_cli_option *table = rows(call, &count);

    printf(call ? "parley call --sdp FILE [OPTION...]: create a call over WebRTC and take part in it; its "
                  "sound goes"
                  " elsewhere.\n\n"
                : "parley talk [OPTION...]: hold a conversation with a realtime speech model.\n\n");
    parley_cli_option_table_help(table, count);
    printf("\n%s type a line; an empty line cuts a reply short. Ctrl-C ends in good order, a second one"
           " at once.\n"
           "Exit status: 0 fine; 1 the conversation failed; 2 the command line cannot be used, or a file"
           " it names.\n",
           call ? "To say something," : "Speak, or");
}
