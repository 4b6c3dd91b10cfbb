/*
 * A port without an operating system, whole: what parley over the loopback needs of a board (clock,
 * randomness, waiting), and how this one starts, prints and ends. The board is qemu's mps2-an386, a Cortex-M4
 * at 25 MHz without a network. No heap: _sbrk ends the program.
 */
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/wait.h"
#include "test/cross/board/board.h"

#include <string.h>

int main(void);
void board_reset(void);
void *_sbrk(ptrdiff_t more);
_Noreturn void __assert_func(const char *file, int line, const char *function, const char *what);

/* ---- the debugger's window: semihosting, Arm's way out of a board ------------------------------- */

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

int board_ask(unsigned what, const void *with)
{
    register unsigned r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;

    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int)r0;
}

void board_print(const char *text)
{
    board_ask(SYS_WRITE0, text);
}

static _Noreturn void leave(unsigned status)
{
    const unsigned how[2] = {APPLICATION_EXIT, status};

    for (;;)
        board_ask(SYS_EXIT_EXTENDED, how);
}

__attribute__((weak)) void *_sbrk(ptrdiff_t more)
{
    (void)more;
    board_print("somebody wants heap\n");
    leave(3);
}

/* newlib's own would bring half of stdio with it. */
_Noreturn void __assert_func(const char *file, int line, const char *function, const char *what)
{
    (void)line;
    (void)function;
    board_print(file);
    board_print(": not so: ");
    board_print(what);
    leave(5);
}

/* ---- time ---------------------------------------------------------------------------------------- */

/* The first timer of the board counts down; SysTick only ends a sleep each millisecond. */
struct timer {
    volatile uint32_t control, value, reload;
};
struct systick {
    volatile uint32_t control, reload, value;
};

enum { TICKS_PER_US = 25, NS_PER_TICK = 1000 / TICKS_PER_US };

static struct timer *const timer = (struct timer *)0x40000000;
static struct systick *const systick = (struct systick *)0xE000E010;

static void start_timers(void)
{
    timer->reload = UINT32_MAX;
    timer->value = UINT32_MAX;
    timer->control = 1;
    systick->reload = 1000 * TICKS_PER_US - 1;
    systick->control = 7; /* on, with an interrupt, by the processor's clock */
}

/* Wraps after 171 s, so somebody has to look that often. */
static uint64_t ticks(void)
{
    static uint32_t last;
    static uint64_t sum;
    uint32_t now = UINT32_MAX - timer->value;

    sum += now - last;
    last = now;
    return sum;
}

uint64_t board_instructions(void)
{
    return ticks() * NS_PER_TICK;
}

uint64_t parley_clock_us(void)
{
    return ticks() / TICKS_PER_US + 1; /* never 0 */
}

int64_t parley_clock_unix_s(void)
{
    return 0; /* no calendar: the clock is not set */
}

/* There is nothing to wait for but time. */
int parley_wait(struct parley_interest *want, size_t count, uint64_t until_us)
{
    for (size_t i = 0; i < count; i++) {
        want[i].ready = false;
        if (want[i].deadline_us < until_us)
            until_us = want[i].deadline_us;
    }
    while (parley_clock_us() < until_us)
        __asm__ volatile("wfi");
    return 0;
}

/* ---- chance -------------------------------------------------------------------------------------- */

/* This board has no generator. A board with a network has to have one. */
int parley_random(void *out, size_t bytes)
{
    static uint32_t state = 2463534242;
    unsigned char *at = out;

    for (size_t i = 0; i < bytes; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        at[i] = (unsigned char)state;
    }
    return 0;
}

/* ---- the start ----------------------------------------------------------------------------------- */

extern unsigned char board_data[], board_data_end[], board_data_load[], board_bss[], board_bss_end[];
extern uint32_t board_stack[], board_stack_end[];

enum { PAINT = 0x5AA5A55A };

/* All of the stack below the present frame. */
static void paint_stack(void)
{
    uint32_t *here = __builtin_frame_address(0);

    for (uint32_t *at = board_stack; at < here - 16; at++)
        *at = PAINT;
}

size_t board_stack_peak(void)
{
    const uint32_t *at = board_stack;

    while (at < board_stack_end && *at == PAINT)
        at++;
    return (size_t)(board_stack_end - at) * sizeof *at;
}

void board_reset(void)
{
    memcpy(board_data, board_data_load, (size_t)(board_data_end - board_data));
    memset(board_bss, 0, (size_t)(board_bss_end - board_bss));
    paint_stack();
    start_timers();
    leave((unsigned)main());
}

static void fault(void)
{
    board_print("the processor met a fault\n");
    leave(4);
}

static void tick(void)
{
}

__attribute__((section(".vectors"), used)) static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors = {board_stack_end,
             {board_reset, fault, fault, fault, fault, fault, NULL, NULL, NULL, NULL, fault, fault, NULL,
              fault, tick}};
