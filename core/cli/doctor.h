#ifndef PARLEY_CLI_DOCTOR_H
#define PARLEY_CLI_DOCTOR_H

/*
 * `parley doctor`: goes the way to the service stage by stage (setup, resolve, connect, proxy, tls, upgrade,
 * session), says of each in a line how it went and, of the one that failed, what to do about it. Returns the
 * exit status: 0, or the number of the stage that failed, 1 to 7. Shows no key and no password.
 */
int parley_cli_doctor(int argc, char **argv);

#endif
