/* From where on the microphone's audio is kept: small stories, and that nothing unwritten is ever given up.
 */
#include "core/speech.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MS(ms) ((uint64_t)(ms)*48)

/* A letter is 100 ms of audio sent: '.', or at once and not as time goes by: '+'; or: [ begins to speak, ]
   stops, w its text comes, r a response begins, d is done, ! another session begins. */
static uint64_t needed_ms(const char *story)
{
    struct parley_speech s = {0};
    uint64_t sent = 0, now_us = 0;

    for (; *story != 0; story++) {
        switch (*story) {
        case '.':
            now_us += 100000;
            /* fall through */
        case '+':
            sent += MS(100);
            parley_speech_needed(&s, sent, now_us);
            break;
        case '[':
            parley_speech_started(&s);
            break;
        case ']':
            parley_speech_stopped(&s, sent);
            break;
        case 'w':
            parley_speech_written(&s);
            break;
        case 'r':
            parley_speech_response(&s);
            break;
        case 'd':
            parley_speech_answered(&s);
            break;
        default:
            parley_speech_restart(&s, now_us);
        }
    }
    return parley_speech_needed(&s, sent, now_us) / 48;
}

#define SECOND ".........."

static void stories(void **state)
{
    static const struct {
        const char *title, *story;
        unsigned expected_ms;
    } rows[] = {
        {"nothing yet", "", 0},
        {"less than a second", "...", 0},
        {"silence: the last second", SECOND SECOND SECOND, 2000},
        {"speech: from a second before", SECOND SECOND "[" SECOND SECOND, 1000},
        {"spoken: the same", SECOND SECOND "[" SECOND "]" SECOND SECOND, 1000},
        {"written: from the silence that ended it", SECOND SECOND "[" SECOND "]w", 2700},
        {"and in time the last second", SECOND SECOND "[" SECOND "]w" SECOND SECOND, 4000},
        {"two turns, one written", SECOND "[" SECOND "]..[" SECOND "]w", 1700},
        {"both written", SECOND "[" SECOND "]..[" SECOND "]ww", 2900},
        {"written while the next is spoken", SECOND "[" SECOND "]..[" SECOND "w", 1700},
        {"a response alone is not its text", SECOND SECOND "[" SECOND "]r" SECOND, 1000},
        {"an answer is", SECOND SECOND "[" SECOND "]rd", 2700},
        {"its text, behind the answer", SECOND SECOND "[" SECOND "]rdw", 2700},
        {"of one turn, not of the next", SECOND "[" SECOND "]r.[" SECOND "]d", 1700},
        {"text without a turn", SECOND SECOND "wwdd", 1000},
        {"another session, which gets it first", SECOND SECOND "[" SECOND "]!" SECOND, 1000},
        {"a burst after a break: nothing of it can have been noticed",
         "!"
         "++++++++++++++++++++++++++++++",
         0},
        {"a second later it can",
         "!"
         "++++++++++++++++++++++++++++++" SECOND SECOND SECOND,
         5000},
        {"more turns than are known", "[.].[.].[.].[" SECOND SECOND "].[.].[.]", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("# %s\n", rows[i].title);
        assert_int_equal(needed_ms(rows[i].story), rows[i].expected_ms);
    }
}

/* All stories of nine steps: what is needed never grows backwards, never lies ahead of what was sent, and the
   table of turns holds. */
/* A microphone that was off for a while: the last second of what it gave is kept, however long ago it was. */
static void a_second_of_audio_is_kept_across_a_pause(void **state)
{
    struct parley_speech s = {0};

    (void)state;
    for (uint64_t ms = 100; ms <= 5000; ms += 100)
        parley_speech_needed(&s, MS(ms), ms * 1000);
    for (uint64_t ms = 6000; ms <= 9000; ms += 1000)
        parley_speech_needed(&s, MS(5000), ms * 1000);
    assert_int_equal(parley_speech_needed(&s, MS(5100), 10000000), MS(4100));
}

static void all_stories(void **state)
{
    (void)state;
    for (unsigned long code = 0; code < 7l * 7 * 7 * 7 * 7 * 7 * 7; code++) {
        struct parley_speech s = {0};
        uint64_t sent = 0, last = 0, now_us = 0;
        unsigned long rest = code;

        for (int i = 0; i < 7; i++, rest /= 7) {
            switch (rest % 7) {
            case 0:
                sent += MS(700);
                now_us += 700000;
                break;
            case 1:
                parley_speech_started(&s);
                break;
            case 2:
                parley_speech_stopped(&s, sent);
                break;
            case 3:
                parley_speech_written(&s);
                break;
            case 4:
                parley_speech_response(&s);
                break;
            case 5:
                parley_speech_answered(&s);
                break;
            default:
                parley_speech_restart(&s, now_us);
            }
            assert_true(parley_speech_needed(&s, sent, now_us) >= last);
            last = parley_speech_needed(&s, sent, now_us);
            assert_true(last <= sent);
            assert_true(s.turns <= PARLEY_SPEECH_TURNS && s.answered <= s.turns);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stories),
                                       cmocka_unit_test(a_second_of_audio_is_kept_across_a_pause),
                                       cmocka_unit_test(all_stories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
