/* The time line of what was heard in a recorded conversation, on the fake file system. */
#include "cli_test.h"

#include "core/cli/play_wav.h"
#include "core/cli/sound.h"
#include "platform/fake/fake.h"

static int16_t loud[2400];
enum { MS = 1000, SAMPLES_A_MS = 24 };

static size_t samples_of(const char *path)
{
    return (parley_fake_file_content(path).len - PARLEY_CLI_WAV_HEADER) / 2;
}

static void what_is_heard_later_comes_after_silence(void **state)
{
    struct parley_play_wav w;
    const char *pcm;

    (void)state;
    for (size_t i = 0; i < COUNT(loud); i++)
        loud[i] = 1000;
    parley_fake_reset();
    assert_int_equal(parley_play_wav_open(&w, "heard.wav"), PARLEY_OK);
    parley_play_wav_heard(&w, loud, COUNT(loud), 500 * MS);
    parley_play_wav_heard(&w, loud, COUNT(loud), 1500 * MS);
    assert_true(parley_play_wav_close(&w));
    assert_int_equal(samples_of("heard.wav"), 1600 * SAMPLES_A_MS);
    pcm = parley_fake_file_content("heard.wav").at + PARLEY_CLI_WAV_HEADER;
    for (size_t ms = 0; ms < 1600; ms++) {
        bool sounds = (ms >= 500 && ms < 600) || ms >= 1500;

        assert_int_equal(pcm[2 * ms * SAMPLES_A_MS] != 0 || pcm[2 * ms * SAMPLES_A_MS + 1] != 0, sounds);
    }
}

/* A file of sound is no longer than its header can say, whatever a damaged record says. */
static void what_is_heard_after_days_is_refused(void **state)
{
    static const uint64_t moments_us[] = {UINT64_C(90000) * 1000 * MS, UINT64_MAX / 4, INT64_MAX};
    struct parley_play_wav w;

    (void)state;
    for (size_t i = 0; i < COUNT(moments_us); i++) {
        parley_fake_reset();
        assert_int_equal(parley_play_wav_open(&w, "heard.wav"), PARLEY_OK);
        parley_play_wav_heard(&w, loud, COUNT(loud), moments_us[i]);
        assert_false(parley_play_wav_close(&w));
        assert_int_equal(samples_of("heard.wav"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_heard_later_comes_after_silence),
        cmocka_unit_test(what_is_heard_after_days_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
