#ifndef PARLEY_CLI_CONTEXT_H
#define PARLEY_CLI_CONTEXT_H

/*
 * `parley context`: prints the startup context as `talk` would send it from here. Returns the exit status: 0;
 * 2 when the command line cannot be used, or a folder or thread it names.
 */
int parley_cli_context(int argc, char **argv);

#endif
