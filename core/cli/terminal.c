/*
 * termios and window size: see terminal.h. One terminal at a time, as a program has no more.
 */
#define _GNU_SOURCE
#include "core/cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
    bool changed;
    int fd;
    struct termios before;
} terminal;

size_t parley_cli_terminal_columns(int fd)
{
    struct winsize size = {0};

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool parley_cli_terminal_in_front(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}

bool parley_cli_terminal_edit(int fd)
{
    struct termios now;

    if (!parley_cli_terminal_in_front(fd) || tcgetattr(fd, &now) != 0)
        return false;
    terminal.before = now;
    now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSADRAIN, &now) != 0)
        return false;
    terminal.changed = true;
    terminal.fd = fd;
    return true;
}

void parley_cli_terminal_restore(void)
{
    if (terminal.changed)
        tcsetattr(terminal.fd, TCSADRAIN, &terminal.before);
    terminal.changed = false;
}
