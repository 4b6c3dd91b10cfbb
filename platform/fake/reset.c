/*
 * What concerns all fakes together.
 */
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"

void parley_fake_reset(void)
{
    parley_fake_reset_clock();
    parley_fake_reset_random();
    parley_fake_reset_wait();
    parley_fake_reset_names();
    parley_fake_reset_sockets();
    parley_fake_reset_files();
    parley_fake_reset_folders();
    parley_fake_reset_processes();
    parley_fake_reset_user();
    parley_fake_reset_pages();
}

struct parley_ring parley_fake_ring(unsigned char *at, size_t bytes)
{
    struct parley_ring ring = {.at = at, .size = bytes};

    return ring;
}
