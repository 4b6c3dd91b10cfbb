/* WAV files as they come: in order, broken, streamed, and in other formats. */
#include "cli_test.h"

#include "core/cli/sound.h"
#include "core/parley.h"
#include "platform/file.h"

/* ---- files of the test's own ----------------------------------------------------------------- */

static unsigned char file[8192];
static size_t file_len;

static void add(const void *bytes, size_t count)
{
    memcpy(file + file_len, bytes, count);
    file_len += count;
}

static void number(uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        file[file_len++] = (unsigned char)(value >> 8 * i);
}

static void chunk(const char *id, uint32_t size)
{
    add(id, 4);
    number(size, 4);
}

static void riff(void)
{
    file_len = 0;
    chunk("RIFF", 1000);
    add("WAVE", 4);
}

static void format(uint32_t tag, uint32_t channels, uint32_t rate, uint32_t bits)
{
    chunk("fmt ", 16);
    number(tag, 2);
    number(channels, 2);
    number(rate, 4);
    number(rate * channels * bits / 8, 4);
    number(channels * bits / 8, 2);
    number(bits, 2);
}

static void data(uint32_t told, int samples)
{
    chunk("data", told);
    for (int i = 1; i <= samples; i++)
        number((uint32_t)i, 2);
}

static void plain(void)
{
    riff();
    format(1, 1, 24000, 16);
    data(20, 10);
}
static void chunks_before(void)
{
    riff();
    chunk("LIST", 5); /* odd: one byte of padding */
    add("INFOx\0", 6);
    format(1, 1, 24000, 16);
    chunk("fact", 4);
    number(10, 4);
    data(20, 10);
}
static void chunks_behind(void)
{
    plain();
    chunk("LIST", 4);
    add("INFO", 4);
}
static void extensible(void)
{
    riff();
    chunk("fmt ", 40);
    number(0xfffe, 2);
    number(1, 2);
    number(24000, 4);
    number(48000, 4);
    number(2, 2);
    number(16, 2);
    number(22, 2);
    number(16, 2);
    number(4, 4);
    add("\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 16);
    data(20, 10);
}
static void long_format(void)
{
    riff();
    chunk("fmt ", 61); /* odd, and longer than any known */
    number(1, 2);
    number(1, 2);
    number(24000, 4);
    number(48000, 4);
    number(2, 2);
    number(16, 2);
    for (int i = 0; i < 46; i++)
        number(0, 1);
    data(20, 10);
}
static void streamed(void)
{
    riff();
    format(1, 1, 24000, 16);
    data(0xffffffff, 10);
}
static void streamed_by_sox(void)
{
    riff();
    format(1, 1, 24000, 16);
    data(0x7ffff000, 10);
}
static void writer_killed(void)
{
    riff();
    format(1, 1, 24000, 16);
    data(0, 10);
}
static void cut_short(void)
{
    riff();
    format(1, 1, 24000, 16);
    data(100, 10);
}
static void half_a_sample(void)
{
    riff();
    format(1, 1, 24000, 16);
    data(21, 10);
    number(7, 1);
}
static void nothing_in_it(void)
{
    riff();
    format(1, 1, 24000, 16);
    chunk("data", 0);
}
static void raw(void)
{
    file_len = 0;
    for (int i = 1; i <= 10; i++)
        number((uint32_t)i, 2);
}
static void raw_and_short(void)
{
    file_len = 0;
    number(1, 2);
    number(9, 1); /* half a sample */
}
static void empty(void)
{
    file_len = 0;
}
static void stereo(void)
{
    riff();
    format(1, 2, 44100, 16);
    data(20, 10);
}
static void mulaw(void)
{
    riff();
    format(7, 1, 8000, 8);
    data(20, 10);
}
static void floating(void)
{
    riff();
    format(3, 1, 24000, 32);
    data(20, 10);
}
static void extensible_float(void)
{
    extensible();
    file[20 + 24] = 3;
}
static void short_format(void)
{
    riff();
    chunk("fmt ", 8);
    number(0, 8);
    data(20, 10);
}
static void no_data(void)
{
    riff();
    format(1, 1, 24000, 16);
}
static void data_first(void)
{
    riff();
    data(20, 10);
    format(1, 1, 24000, 16);
}
static void not_wave(void)
{
    file_len = 0;
    chunk("RIFF", 100);
    add("AVI LIST", 8);
}
static void riff_alone(void)
{
    file_len = 0;
    add("RIFF", 4);
}
static void flac(void)
{
    file_len = 0;
    add("fLaC\0\0\0\x22", 8);
}
static void mp3(void)
{
    file_len = 0;
    add("ID3\x04\0\0", 6);
}
static void endless_chunk(void)
{
    riff();
    chunk("LIST", 0xffffffff);
    add("INFO", 4);
}

static const struct {
    const char *title;
    void (*make)(void);
    long samples;    /* < 0: refused */
    const char *why; /* what the reason or note holds; NULL: there is none */
} cases[] = {
    {"a plain file", plain, 10, NULL},
    {"chunks before the data, one of odd length", chunks_before, 10, NULL},
    {"a chunk behind the data is not sound", chunks_behind, 10, NULL},
    {"WAVE_FORMAT_EXTENSIBLE with PCM", extensible, 10, NULL},
    {"a format chunk that is longer than known", long_format, 10, NULL},
    {"a stream of unknown length", streamed, 10, NULL},
    {"a stream as sox writes it", streamed_by_sox, 10, NULL},
    {"a file whose writer was killed", writer_killed, 10, NULL},
    {"data cut short is played as far as it goes", cut_short, 10, "80 bytes early"},
    {"half a sample at the end is left out", half_a_sample, 10, NULL},
    {"no sound at all", nothing_in_it, 0, NULL},
    {"raw samples", raw, 10, NULL},
    {"raw samples, fewer than a header has", raw_and_short, 1, NULL},
    {"an empty file", empty, 0, NULL},
    {"stereo at 44.1 kHz is named", stereo, -1, "44100 Hz, 2 channels, 16 bit, PCM; wanted is"},
    {"u-law is named", mulaw, -1, "8000 Hz, 1 channel, 8 bit, u-law"},
    {"floating point is named", floating, -1, "32 bit, floating point"},
    {"extensible floating point is named", extensible_float, -1, "floating point"},
    {"a format chunk that is too short", short_format, -1, "broken format chunk"},
    {"a header without data", no_data, -1, "ends before its sound data"},
    {"data before the format", data_first, -1, "before its format"},
    {"another RIFF file", not_wave, -1, "without WAVE"},
    {"RIFF and nothing more", riff_alone, -1, "without WAVE"},
    {"a FLAC file is named", flac, -1, "FLAC"},
    {"an MP3 file is named", mp3, -1, "MP3"},
    {"a chunk that never ends", endless_chunk, -1, "ends before its sound data"},
};

/* Reads to the end. Returns the samples, which must count up from 1, or -1 when it was refused. */
static long read_all(struct parley_cli_sound *sound, size_t at_once)
{
    int16_t pcm[64];
    long count = 0, got;

    while ((got = parley_cli_sound_read(sound, pcm, at_once)) > 0)
        for (long i = 0; i < got; i++)
            assert_int_equal(pcm[i], ++count);
    if (got == 0)
        fail_msg("nothing now, from a file");
    assert_int_equal(parley_cli_sound_read(sound, pcm, at_once), got); /* it stays as it is */
    return got == PARLEY_ERR_PEER_CLOSED ? count : -1;
}

static void expect(size_t i, const struct parley_cli_sound *sound, long samples)
{
    if (samples != cases[i].samples)
        fail_msg("%s: %ld samples instead of %ld (%s)", cases[i].title, samples, cases[i].samples,
                 sound->why);
    if (cases[i].why != NULL)
        assert_holds(cases[i].title, sound->why, cases[i].why);
    else if (sound->why[0] != '\0')
        fail_msg("%s: %s", cases[i].title, sound->why);
}

static void files_of_all_kinds(void **state)
{
    static const size_t at_once[] = {1, 3, 64};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(at_once); k++) {
            struct parley_cli_sound sound;
            int fd;

            cases[i].make();
            parley_fake_file("sound", file, file_len);
            fd = parley_file_open("sound", PARLEY_FILE_READ);
            parley_cli_sound_open(&sound, fd);
            expect(i, &sound, read_all(&sound, at_once[k]));
            parley_file_close(fd);
        }
}

/* The same from a pipe that gives one byte at a time. */
static void pipes_that_dribble(void **state)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parley_cli_sound sound;
        int16_t pcm[64];
        long count = 0, got = 0;

        fresh(state);
        cases[i].make();
        parley_cli_sound_open(&sound, 0);
        for (size_t at = 0; at <= file_len && got >= 0; at++) {
            if (at < file_len)
                parley_fake_input(file + at, 1);
            else
                parley_fake_input_end();
            while ((got = parley_cli_sound_read(&sound, pcm, 64)) > 0)
                for (long k = 0; k < got; k++)
                    assert_int_equal(pcm[k], ++count);
        }
        expect(i, &sound, got == PARLEY_ERR_PEER_CLOSED ? count : -1);
    }
}

static void a_file_that_cannot_be_read(void **state)
{
    struct parley_cli_sound sound;

    (void)state;
    parley_cli_sound_open(&sound, 99);
    assert_int_equal(parley_cli_sound_probe(&sound), PARLEY_ERR_FILE);
    assert_string_equal(sound.why, "Bad file descriptor");
}

static void what_we_write_we_read(void **state)
{
    static const int16_t pcm[] = {0, 1, -1, 256, -32768, 32767};
    unsigned char header[PARLEY_CLI_WAV_HEADER], bytes[sizeof pcm];
    struct parley_cli_sound sound;
    int16_t back[16];

    (void)state;
    parley_cli_wav_header(header, sizeof pcm);
    parley_cli_sound_bytes(bytes, pcm, COUNT(pcm));
    file_len = 0;
    add(header, sizeof header);
    add(bytes, sizeof bytes);
    parley_fake_file("sound", file, file_len);
    parley_cli_sound_open(&sound, parley_file_open("sound", PARLEY_FILE_READ));
    assert_int_equal(parley_cli_sound_read(&sound, back, 16), COUNT(pcm));
    assert_memory_equal(back, pcm, sizeof pcm);
    assert_true(sound.wav);
}

static void headers_count_up_to_the_limit(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *riff, *data;
    } sizes[] = {
        {0, "\x24\0\0\0", "\0\0\0\0"},
        {48000, "\xa4\xbb\0\0", "\x80\xbb\0\0"},
        {0xffffffdaull, "\xfe\xff\xff\xff", "\xda\xff\xff\xff"},
        {0xffffffdcull, "\xff\xff\xff\xff", "\xff\xff\xff\xff"},
        {UINT64_MAX, "\xff\xff\xff\xff", "\xff\xff\xff\xff"},
    };
    unsigned char header[PARLEY_CLI_WAV_HEADER];

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        parley_cli_wav_header(header, sizes[i].bytes);
        assert_memory_equal(header + 4, sizes[i].riff, 4);
        assert_memory_equal(header + 40, sizes[i].data, 4);
    }
}

static void names(void **state)
{
    (void)state;
    assert_true(parley_cli_sound_is_wav_name("a.wav"));
    assert_true(parley_cli_sound_is_wav_name("A.WaV"));
    assert_true(parley_cli_sound_is_wav_name(".wav"));
    assert_false(parley_cli_sound_is_wav_name("wav"));
    assert_false(parley_cli_sound_is_wav_name("a.wave"));
    assert_false(parley_cli_sound_is_wav_name("-"));
    assert_false(parley_cli_sound_is_wav_name("a\x0ewav"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(files_of_all_kinds, fresh),
        cmocka_unit_test_setup(pipes_that_dribble, fresh),
        cmocka_unit_test_setup(a_file_that_cannot_be_read, fresh),
        cmocka_unit_test_setup(what_we_write_we_read, fresh),
        cmocka_unit_test_setup(headers_count_up_to_the_limit, fresh),
        cmocka_unit_test_setup(names, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
