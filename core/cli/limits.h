#ifndef PARLEY_CLI_LIMITS_H
#define PARLEY_CLI_LIMITS_H

/* `parley limits`: the block of memory of each profile, part by part, and the bounds of everything that can
   fill up. Returns the exit status. */
int parley_cli_limits(int argc, char **argv);

#endif
