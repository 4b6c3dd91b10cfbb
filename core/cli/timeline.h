#ifndef PARLEY_CLI_TIMELINE_H
#define PARLEY_CLI_TIMELINE_H

/* The command `timeline`: a recorded conversation as a picture (picture.h). Returns the exit status. */
int parley_cli_timeline(int argc, char **argv);

#endif
