#ifndef PARLEY_TEST_CLI_TEST_H
#define PARLEY_TEST_CLI_TEST_H

/* What the tests of the programs share: cmocka, and the fake platform put back to its beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "platform/fake/fake.h"
#include "platform/view.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline int fresh(void **state)
{
    (void)state;
    parley_fake_reset();
    return 0;
}

/* Fails with both texts when `text` does not hold `part`. */
static inline void assert_holds(const char *title, const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s: \"%s\" is not in: %s", title, part, text);
}

#endif
