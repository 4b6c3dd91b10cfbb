#ifndef PARLEY_TEST_BOARD_H
#define PARLEY_TEST_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* What conversation.c needs besides parley: mps2.c has it for the bare board, hosted.c for any system. */

/* Puts a text out. */
void board_print(const char *text);

/* Instructions since the start (the emulated board takes a nanosecond for each), 0 where they are not
 * counted.
 */
uint64_t board_instructions(void);

/* The most bytes of stack that were ever in use, 0 where nobody looks. */
size_t board_stack_peak(void);

/* One call by semihosting, Arm's way out of a board into what debugs or emulates it. mps2.c alone has it. */
int board_ask(unsigned what, const void *with);

/* test/vectors/speech/demo.wav, behind its header. */
extern const int16_t board_speech[];
extern const int16_t board_speech_end[];

#endif
