/*
 * The program: a table of commands. `parley` and `parley-loopback` are the same objects, linked with one
 * transport or the other.
 */
#include "core/cli/app_server.h"
#include "core/cli/context.h"
#include "core/cli/doctor.h"
#include "core/cli/fake.h"
#include "core/cli/limits.h"
#include "core/cli/play_replay.h"
#include "core/cli/play_rules.h"
#include "core/cli/talk.h"
#include "core/cli/test.h"
#include "core/cli/threads.h"
#include "core/cli/timeline.h"
#include "core/parley.h"

#include <stdio.h>

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
    const char *transport;             /* the only one it is for; NULL: both */
};

static int version(int argc, char **argv);
static int help(int argc, char **argv);

static const struct command commands[] = {
    {"talk", "hold a conversation: microphone or file, typed lines, background agent", parley_cli_talk, NULL},
    {"call", "the same over WebRTC: give a peer connection its answer, and take part", parley_cli_talk, NULL},
    {"app-server", "conversations for a program, by JSON-RPC on standard input and output",
     parley_cli_app_server, NULL},
    {"doctor", "try the way to the service, stage by stage, and say what to do", parley_cli_doctor, NULL},
    {"context", "print what the model is told at the start: earlier conversations, this folder",
     parley_cli_context, NULL},
    {"threads", "list, show and delete recorded conversations", parley_cli_threads, NULL},
    {"limits", "print what a conversation costs and where its bounds are, for each kind of host",
     parley_cli_limits, NULL},
    {"timeline", "show a recorded conversation as a picture, or as text", parley_cli_timeline, NULL},
    {"fake", "be the service, for clients in any language, and tell which rules they break", parley_cli_fake,
     "wss"},
    {"test", "play talks, conversations written down in a file", parley_cli_test, "loopback"},
    {"rules", "print the rules that the built-in service keeps", parley_cli_rules, "loopback"},
    {"replay", "hold recorded conversations again, and compare every byte", parley_cli_replay, "loopback"},
    {"help", "this text, or that of a command", help, NULL},
    {"version", "version and transport", version, NULL},
};

static bool is_here(const struct command *command)
{
    return command->transport == NULL || strcmp(command->transport, parley_transport()) == 0;
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (is_here(&commands[i]) && strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0) {
            fprintf(stderr, "parley: %s is a command of parley%s\n", name,
                    strcmp(commands[i].transport, "wss") == 0 ? "" : "-loopback");
            return 2;
        }
    fprintf(stderr, "parley: unknown command %.60s; see: parley help\n", name);
    return 2;
}

static void list(FILE *to)
{
    fprintf(to, "usage: parley COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (is_here(&commands[i]))
            fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\nThe options of a command: parley COMMAND --help\n");
}

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("parley %s (%s)\n", PARLEY_VERSION, parley_transport());
    return 0;
}

static int help(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;

    if (argc > 1 && command == NULL)
        return unknown(argv[1]);
    if (command != NULL && command->run != help && command->run != version) {
        char wanted[] = "--help";
        char *arguments[] = {argv[1], wanted, NULL};

        return command->run(2, arguments);
    }
    list(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        list(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(1, argv);
    if (strcmp(argv[1], "--version") == 0)
        return version(1, argv);
    command = find(argv[1]);
    return command != NULL ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}
