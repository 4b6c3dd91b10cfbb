#ifndef PARLEY_CLI_THREADS_H
#define PARLEY_CLI_THREADS_H

/*
 * `parley threads`: lists, shows and deletes recorded conversations. Returns the exit status: 0; 1 when
 * something could not be read or deleted; 2 when the command line cannot be used.
 */
int parley_cli_threads(int argc, char **argv);

#endif
