/* What conversation.c needs besides parley, on a system with a C library: see board.h. */
#include "test/cross/board/board.h"

#include <stdio.h>

void board_print(const char *text)
{
    fputs(text, stdout);
}

uint64_t board_instructions(void)
{
    return 0;
}

size_t board_stack_peak(void)
{
    return 0;
}
