/* A board has no pages. */
#include "platform/pages.h"

void parley_pages_give_back(void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
}
