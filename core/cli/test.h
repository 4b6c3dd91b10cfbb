#ifndef PARLEY_CLI_TEST_H
#define PARLEY_CLI_TEST_H

/*
 * `parley-loopback test FILE...`: plays talks and prints what came of them in the Test Anything Protocol.
 * Each is played once as it is, and again with everything cut into small pieces: all runs have to come to the
 * same. Returns the exit status: 0; 1 when a talk failed; 2 when the command line cannot be used.
 *
 * Only in programs with the loopback linked in; elsewhere its address is NULL.
 */
int parley_cli_test(int argc, char **argv) __attribute__((weak));

#endif
