#ifndef PARLEY_CLI_PLAY_RULES_H
#define PARLEY_CLI_PLAY_RULES_H

/* `parley-loopback rules`: prints the rules that the built-in service keeps and makes its client keep.
   Returns the exit status. Only in programs with the loopback linked in; elsewhere its address is NULL. */
int parley_cli_rules(int argc, char **argv) __attribute__((weak));

#endif
