/* A recording as part of the program: what a user says, 24 kHz mono, behind the 44 bytes of a WAV header. */
#include "test/cross/board/board.h"

__asm__(".section .rodata\n"
        ".balign 4\n"
        ".global board_speech\n"
        "board_speech: .incbin \"test/vectors/speech/demo.wav\", 44\n"
        ".balign 2\n"
        ".global board_speech_end\n"
        "board_speech_end:\n"
        ".text\n");
