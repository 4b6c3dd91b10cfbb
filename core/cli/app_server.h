#ifndef PARLEY_CLI_APP_SERVER_H
#define PARLEY_CLI_APP_SERVER_H

/*
 * `parley app-server`: conversations for a program in any language, by JSON-RPC 2.0 on standard input and
 * output. Returns the exit status: 0; 1 when standard output broke; 2 when the command line cannot be used,
 * or a file it names. In the latter cases one line on standard error says why.
 */
int parley_cli_app_server(int argc, char **argv);

#endif
