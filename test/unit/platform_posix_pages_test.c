/* What the system takes back, and what it leaves. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, mincore */
#include "platform/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 4, MARK = 'm' };

static struct {
    unsigned char *at;
    size_t page;
} memory;

static int map(void **state)
{
    (void)state;
    memory.page = (size_t)sysconf(_SC_PAGESIZE);
    memory.at = mmap(NULL, PAGES * memory.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory.at == MAP_FAILED)
        return -1;
    memset(memory.at, MARK, PAGES * memory.page);
    return 0;
}

static int unmap(void **state)
{
    (void)state;
    return munmap(memory.at, PAGES * memory.page);
}

/* As "x" for each page that is there and "." for each that is not. */
static const char *resident(void)
{
    static char shown[PAGES + 1];
    unsigned char there[PAGES];

    assert_int_equal(mincore(memory.at, PAGES * memory.page, there), 0);
    for (size_t i = 0; i < PAGES; i++)
        shown[i] = (there[i] & 1) != 0 ? 'x' : '.';
    return shown;
}

static void assert_marked(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        assert_int_equal(memory.at[i], MARK);
}

static void whole_pages_go_and_parts_stay(void **state)
{
    size_t page = memory.page;

    (void)state;
    parley_pages_give_back(memory.at + page - 1, 2 * page + 2);
    assert_string_equal(resident(), "x..x");
    assert_marked(0, page);
    assert_marked(3 * page, PAGES * page);
    memory.at[page] = MARK; /* still ours */
    assert_string_equal(resident(), "xx.x");
}

static void exact_pages_go(void **state)
{
    (void)state;
    parley_pages_give_back(memory.at + memory.page, memory.page);
    assert_string_equal(resident(), "x.xx");
}

static void less_than_a_page_stays(void **state)
{
    size_t page = memory.page;

    (void)state;
    parley_pages_give_back(memory.at + page + 1, 2 * page - 2);
    parley_pages_give_back(memory.at, page - 1);
    parley_pages_give_back(memory.at, 0);
    parley_pages_give_back(memory.at + 1, 0);
    assert_string_equal(resident(), "xxxx");
    assert_marked(0, PAGES * page);
}

/* Of a host that keeps all its memory from being swapped. */
static void locked_memory_stays(void **state)
{
    (void)state;
    if (syscall(SYS_mlock, memory.at, PAGES * memory.page) != 0) /* mlock does nothing under ASan */
        skip();
    parley_pages_give_back(memory.at, PAGES * memory.page);
    assert_string_equal(resident(), "xxxx");
    assert_marked(0, PAGES * memory.page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_pages_go_and_parts_stay, map, unmap),
        cmocka_unit_test_setup_teardown(exact_pages_go, map, unmap),
        cmocka_unit_test_setup_teardown(less_than_a_page_stays, map, unmap),
        cmocka_unit_test_setup_teardown(locked_memory_stays, map, unmap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
