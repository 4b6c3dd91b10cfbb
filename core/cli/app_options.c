/*
 * The options of `app-server`: their table, and what does not go together.
 */
#include "core/cli/app_options.h"

#include <stddef.h>
#include <stdio.h>

#define FIELD(name) offsetof(struct parley_cli_app_options, name)

enum {
    V2_OR_V1 = PARLEY_PROTOCOL_V2,
    TALK_OR_TRANSCRIBE = PARLEY_CONVERSATIONAL,
    OFF_OR_AUTO = PARLEY_COMPRESS_OFF
};

/* clang-format off */
static const struct parley_cli_option options[] = {
    PARLEY_CLI_WAY_OPTIONS(FIELD(way)),
    {"--call-url", "URL", PARLEY_CLI_OPTION_TEXT, FIELD(call_url), 0, 0, "where calls over WebRTC are created (default: as --url)"},
    {"--model", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(model), 0, 0, "the model (default gpt-realtime-1.5)"},
    {"--protocol", "v2|v1", PARLEY_CLI_OPTION_CHOICE, FIELD(protocol), V2_OR_V1, 0, "the version of the protocol (default v2)"},
    {"--session", "conversational|transcription", PARLEY_CLI_OPTION_CHOICE, FIELD(mode), TALK_OR_TRANSCRIBE, 0, "what the model is there for (default conversational)"},
    {"--voice", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(voice), 0, 0, "the model's voice, unless a start asks for another"},
    {"--backend-prompt", "TEXT|@FILE", PARLEY_CLI_OPTION_TEXT, FIELD(backend_prompt), 0, 0, "instructions instead of whatever a start asks for, unless blank"},
    {"--startup-context", "TEXT|@FILE|off", PARLEY_CLI_OPTION_TEXT, FIELD(startup_context), 0, 0, "what the model is told behind the instructions, or nothing, instead of what parley context prints for the thread's folder"},
    {"--no-store", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(no_store), 0, 0, "tell nothing of earlier conversations"},
    {"--user-name", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(user_name), 0, 0, "the user's first name in the built-in instructions (default: of your account)"},
    {"--key-env", "NAME", PARLEY_CLI_OPTION_TEXT, FIELD(key_env), 0, 0, "environment variable with the key (default OPENAI_API_KEY); the agent does not get it"},
    {"--key-file", "FILE", PARLEY_CLI_OPTION_TEXT, FIELD(key_file), 0, 0, "file with the key in its first line"},
    {"--compress", "off|auto", PARLEY_CLI_OPTION_CHOICE, FIELD(compress), OFF_OR_AUTO, 0, "compress messages if the service agrees (default auto)"},
    {"--agent", "CMD", PARLEY_CLI_OPTION_TEXT, FIELD(agent), 0, 0, "background agent: runs in the thread's folder, gets the request on its input, and says its messages on its output, cut at empty lines. Without one the client is the agent"},
    {"--agent-timeout", "SECONDS", PARLEY_CLI_OPTION_NUMBER, FIELD(agent_timeout_s), 1, 86400, "the longest it may take (default 300)"},
    {"--record", "DIR", PARLEY_CLI_OPTION_TEXT, FIELD(record), 0, 0, "flight recorder: write all that happens, keys apart, into a file in this folder for each conversation, for parley-loopback replay and parley timeline"},
    {"--record-bytes", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(record_bytes), PARLEY_CLI_RECORD_BYTES_MIN, UINT32_MAX, "how long such a file may become (default 268435456)"},
    {"--record-audio", "on|off", PARLEY_CLI_OPTION_CHOICE, FIELD(record_audio), PARLEY_CLI_ON, 0, "sound in it, or only how much there was (default on)"},
    {"--no-realtime", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(no_realtime), 0, 0, "threads have no realtime conversations"},
    {"--max-threads", "N", PARLEY_CLI_OPTION_NUMBER, FIELD(max_threads), 1, 1024, "threads at once (default 64)"},
    {"--script", "FILE", PARLEY_CLI_OPTION_TEXTS, FIELD(scripts), 0, 0, "parley-loopback: play the service from this .talk; given several times, the n-th conversation gets the n-th, further ones the last"},
    {"--verbose", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(verbose), 0, 0, "log lines to standard error"},
    {"--help", NULL, PARLEY_CLI_OPTION_FLAG, FIELD(help), 0, 0, "this text"},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int check(const struct parley_cli_app_options *o, const char *transport, char *why)
{
    const struct {
        bool wrong;
        const char *option, *what;
    } rules[] = {
        {o->key_env != NULL && o->key_file != NULL, "--key-env", "and --key-file are two keys: give one"},
        {o->agent_timeout_s != 0 && o->agent == NULL, "--agent-timeout", "needs --agent"},
        {o->record == NULL && (o->record_bytes != 0 || o->record_audio != 0), "--record-bytes",
         "and --record-audio need --record"},
        {o->agent != NULL && o->agent[0] == '\0', "--agent", "wants a command, not an empty text"},
        {o->scripts.count > 0 && strcmp(transport, "loopback") != 0, "--script",
         "belongs to parley-loopback"},
    };

    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].wrong)
            return parley_cli_option_wrong(why, rules[i].option, rules[i].what);
    return PARLEY_OK;
}

int parley_cli_app_options_read(struct parley_cli_app_options *o, int argc, char **argv,
                                const char *transport, char why[PARLEY_CLI_OPTIONS_WHY])
{
    int status;

    *o = (struct parley_cli_app_options){
        .protocol = PARLEY_PROTOCOL_V2, .mode = PARLEY_CONVERSATIONAL, .compress = PARLEY_COMPRESS_AUTO};
    status = parley_cli_option_table_read(o, options, COUNT(options), argc, argv, why);
    if (status == PARLEY_OK && !o->help)
        status = check(o, transport, why);
    if (status == PARLEY_OK && !o->help)
        status = parley_cli_way_check(&o->way, why);
    if (status != PARLEY_OK)
        return status;
    o->agent_timeout_s = o->agent_timeout_s != 0 ? o->agent_timeout_s : 300;
    o->max_threads = o->max_threads != 0 ? o->max_threads : 64;
    return PARLEY_OK;
}

void parley_cli_app_options_help(void)
{
    printf("parley app-server [OPTION...]: realtime conversations for a program in any language, by JSON-RPC "
           "2.0,\n"
           "one object per line on standard input and output.\n\n");
    parley_cli_option_table_help(options, COUNT(options));
    printf("\nThe end of standard input ends it in good order; so does Ctrl-C, a second one at once.\n"
           "Exit status: 0 fine; 1 standard output broke; 2 the command line cannot be used, or a file it "
           "names.\n");
}
