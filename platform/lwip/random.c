/* The board's generator. */
#include "platform/random.h"
#include "platform/lwip/board.h"
#include "platform/status.h"

#include <string.h>

int parley_random(void *out, size_t bytes)
{
    if (parley_board_random(out, bytes) == 0)
        return 0;
    memset(out, 0, bytes);
    return PARLEY_ERR_SYSTEM;
}
