#ifndef PARLEY_CLI_TERMINAL_H
#define PARLEY_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The few things about a terminal that no platform header has: its width, and whether we or the terminal
 * itself edit the line being typed.
 */

/* Columns of the terminal at `fd`; 80 when it does not tell. */
size_t parley_cli_terminal_columns(int fd);

/* True when this program is in front, so that it may read the terminal and set it up. */
bool parley_cli_terminal_in_front(int fd);

/* Characters come one by one and are not shown by the terminal; Ctrl-C still interrupts. Returns false when
   it cannot be done. parley_cli_terminal_restore undoes it; calling that in any case is fine. */
bool parley_cli_terminal_edit(int fd);
void parley_cli_terminal_restore(void);

#endif
