#ifndef PARLEY_CLI_PLAY_REPLAY_H
#define PARLEY_CLI_PLAY_REPLAY_H

/* The command `replay`: holds recorded conversations again (play_again.h), makes talks and sound of them.
   Returns the exit status. Only in programs with the loopback linked in; elsewhere its address is NULL. */
int parley_cli_replay(int argc, char **argv) __attribute__((weak));

#endif
