#ifndef PARLEY_CLI_TALK_H
#define PARLEY_CLI_TALK_H

/*
 * `parley talk` and `parley call`: one conversation, from the command line to its end. Returns the exit
 * status: 0; 1 when the conversation failed; 2 when the command line cannot be used, or a file it names. In
 * both cases one line on standard error says why.
 */
int parley_cli_talk(int argc, char **argv);

#endif
