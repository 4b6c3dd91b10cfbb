/*
 * Memory nobody will look at is overwritten: a test then finds who does.
 */
#include "platform/pages.h"

#include "platform/fake/fake.h"
#include "platform/fake/inside.h"

#include <string.h>

static size_t given_back;

void parley_fake_reset_pages(void)
{
    given_back = 0;
}

size_t parley_fake_given_back(void)
{
    return given_back;
}

void parley_pages_give_back(void *at, size_t bytes)
{
    memset(at, 0xdb, bytes);
    given_back += bytes;
}
