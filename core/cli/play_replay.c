/*
 * The command `replay`: see play_replay.h.
 */
#include "core/cli/play_replay.h"

#include "core/cli/option_table.h"
#include "core/cli/play_again.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static int help(void)
{
    printf("usage: parley-loopback replay [OPTION...] FILE...\n\n"
           "Holds recorded conversations (--record) again, and compares every line.\n"
           "Exit status: 0 all was the same, as far as the file goes; 1 something was not; 2 a file cannot\n"
           "be used.\n");
    return 0;
}

static int replay(const char *path)
{
    struct parley_play_again_result result;
    int status = parley_play_again(path, NULL, &result);

    if (status != 1) {
        fflush(stdout);
        fprintf(stderr, "%s\n", result.why[0] != '\0' ? result.why : parley_status_text(status));
        return status < 0 ? 2 : 1;
    }
    printf("%s: the same, in %lu lines and %llu.%03u s%s\n", path, result.lines,
           (unsigned long long)(result.took_us / 1000000), (unsigned)(result.took_us / 1000 % 1000),
           result.full   ? "; its record was full before it ended"
           : result.torn ? "; the file is torn there"
                         : "");
    return 0;
}

int parley_cli_replay(int argc, char **argv)
{
    int worst = 0;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help();
    for (int i = 1; i < argc; i++) {
        int status = replay(argv[i]);

        worst = status > worst ? status : worst;
    }
    return worst;
}
