/*
 * Plays talks on the board: the names in the file that the debugger gives as the command line, one a line, as
 * `parley-loopback test` plays those on its command line.
 */
#include "core/cli/test.h"
#include "platform/file.h"
#include "test/cross/board/board.h"

#include <stdio.h>

enum { SYS_GET_CMDLINE = 0x15, NAMES_BYTES = 8192, NAMES = 200 };

static char names[NAMES_BYTES];
static char *words[NAMES + 1] = {"test"};

int main(void)
{
    char list[256] = "";
    const unsigned with[2] = {(unsigned)list, sizeof list};
    int bytes, count = 1;

    board_ask(SYS_GET_CMDLINE, with);
    bytes = parley_file_load(list, names, sizeof names - 1);
    if (bytes < 0) {
        printf("talks: %s cannot be read\n", list);
        return 2;
    }
    for (char *at = strtok(names, "\n"); at != NULL && count < NAMES; at = strtok(NULL, "\n"))
        words[count++] = at;
    return parley_cli_test(count, words);
}
