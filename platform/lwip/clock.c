/* The board's clocks. */
#include "platform/clock.h"
#include "platform/lwip/board.h"

uint64_t parley_clock_us(void)
{
    uint64_t now_us = parley_board_us();

    return now_us != 0 ? now_us : 1;
}

int64_t parley_clock_unix_s(void)
{
    return parley_board_unix_s();
}
