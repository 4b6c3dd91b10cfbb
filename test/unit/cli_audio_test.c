/*
 * Sound in and out in real time: pace, drift, silence, interruptions, programs that fail. The conversation
 * is played by this file, which defines the four calls about sound; clock, files and programs are the fake
 * platform's.
 */
#include "cli_test.h"

#include "core/cli/audio_in.h"
#include "core/cli/audio_out.h"
#include "core/cli/sound.h"
#include "platform/clock.h"

enum { S = 1000000, MS = 1000, RATE = PARLEY_SAMPLE_RATE };

/* ---- the conversation, played ---------------------------------------------------------------- */

static struct {
    uint64_t sent;      /* samples of the user */
    int16_t last[4800]; /* of them, the latest call */
    size_t last_count;
    uint64_t silent; /* samples of 0 among them */
    uint64_t queued; /* of the reply */
    int16_t next;    /* its samples count up */
    uint64_t read;
    uint64_t delay_us;
} played;

long parley_send_audio(struct parley_conversation *c, const int16_t *pcm, size_t samples)
{
    assert_null(c);
    assert_in_range(samples, 1, 4800);
    memcpy(played.last, pcm, samples * sizeof *pcm);
    played.last_count = samples;
    played.sent += samples;
    for (size_t i = 0; i < samples; i++)
        played.silent += pcm[i] == 0;
    return (long)samples;
}

size_t parley_read_audio(struct parley_conversation *c, int16_t *pcm, size_t samples)
{
    size_t count = samples < played.queued ? samples : (size_t)played.queued;

    assert_null(c);
    for (size_t i = 0; i < count; i++)
        pcm[i] = played.next++;
    played.queued -= count;
    played.read += count;
    return count;
}

size_t parley_audio_queued(const struct parley_conversation *c)
{
    assert_null(c);
    return (size_t)played.queued;
}

void parley_playout_delay(struct parley_conversation *c, uint64_t delay_us)
{
    assert_null(c);
    played.delay_us = delay_us;
}

/* ---- the loop, played ------------------------------------------------------------------------ */

static struct parley_cli_audio_in in;
static struct parley_cli_audio_out out;
static bool playing;
static unsigned char memory[300 * 1024];
static struct parley_arena arena;

static int begin(void **state)
{
    fresh(state);
    memset(&played, 0, sizeof played);
    playing = false;
    in = (struct parley_cli_audio_in){.fd = -1};
    parley_cli_audio_out_nowhere(&out);
    arena = parley_arena(memory, sizeof memory);
    return 0;
}

/* Reply audio arrives: the loop serves the conversation first, then the sound. */
static void reply(uint64_t ms)
{
    played.queued += ms * RATE / 1000;
    played.next = 1;
    parley_cli_audio_out_work(&out, NULL, true, parley_clock_us());
}

/* Serves both until `until_us`, waiting as the loop does. */
static void run_until(uint64_t until_us)
{
    while (parley_clock_us() < until_us) {
        struct parley_interest want[PARLEY_CLI_AUDIO_IN_INTERESTS + PARLEY_CLI_AUDIO_OUT_INTERESTS];
        size_t count = parley_cli_audio_in_interest(&in, parley_clock_us(), want);

        count += parley_cli_audio_out_interest(&out, NULL, parley_clock_us(), want + count);
        assert_true(parley_wait(want, count, until_us) >= 0);
        parley_cli_audio_out_work(&out, NULL, true, parley_clock_us());
        parley_cli_audio_in_work(&in, NULL, playing, parley_clock_us());
    }
}

static void run_for(uint64_t us)
{
    run_until(parley_clock_us() + us);
}

/* A raw file of `samples` samples of 1000. */
static void make_file(const char *name, size_t samples)
{
    static unsigned char bytes[PARLEY_FAKE_FILE_BYTES];

    for (size_t i = 0; i < samples; i++) {
        bytes[2 * i] = 1000 & 255;
        bytes[2 * i + 1] = 1000 >> 8;
    }
    parley_fake_file(name, bytes, 2 * samples);
}

/* ---- a file that speaks ---------------------------------------------------------------------- */

static void a_file_is_sent_at_the_pace_of_the_clock(void **state)
{
    (void)state;
    make_file("speech", 2 * RATE);
    assert_int_equal(parley_cli_audio_in_file(&in, "speech"), PARLEY_OK);
    run_for(1 * S);
    assert_int_equal(played.sent, 0); /* not before the conversation has started */
    parley_cli_audio_in_start(&in, parley_clock_us());
    for (int i = 1; i <= 50; i++) {
        run_for(20 * MS);
        assert_int_equal(played.sent, i * 480);
    }
    run_for(1100 * MS);
    assert_true(in.over);
    assert_int_equal(played.sent, 2 * RATE + RATE / 10); /* then silence follows */
    assert_int_equal(played.silent, RATE / 10);
    assert_int_equal(played.last_count, 480);
}

static void there_is_no_drift(void **state)
{
    (void)state;
    make_file("speech", 100);
    parley_cli_audio_in_file(&in, "speech");
    parley_cli_audio_in_start(&in, parley_clock_us());
    for (int i = 0; i < 3000; i++) /* a loop that is always late by an odd amount */
        run_for(33333);
    assert_in_range(played.sent, 3000ull * 33333 * 24 / 1000 - 480, 3000ull * 33333 * 24 / 1000);
}

static void a_machine_that_slept_sends_no_burst(void **state)
{
    (void)state;
    make_file("speech", 100);
    parley_cli_audio_in_file(&in, "speech");
    parley_cli_audio_in_start(&in, parley_clock_us());
    run_for(1 * S);
    parley_fake_clock_advance_us(3600ull * S);
    run_for(1 * S);
    assert_in_range(played.sent, 2 * RATE, 2 * RATE + 960);
}

static void the_last_frame_is_filled_with_silence(void **state)
{
    (void)state;
    make_file("speech", 500);
    parley_cli_audio_in_file(&in, "speech");
    parley_cli_audio_in_start(&in, parley_clock_us());
    run_for(40 * MS);
    assert_int_equal(played.sent, 960);
    assert_int_equal(played.last[19], 1000);
    assert_int_equal(played.last[20], 0);
}

static void files_that_cannot_be_spoken_are_named(void **state)
{
    (void)state;
    assert_int_equal(parley_cli_audio_in_file(&in, "missing"), PARLEY_ERR_FILE);
    assert_string_equal(in.why, "missing: No such file or directory");
    parley_fake_file("song", "ID3\4", 4);
    assert_int_equal(parley_cli_audio_in_file(&in, "song"), PARLEY_ERR_FILE);
    assert_holds("an MP3", in.why, "song: this is an MP3 file");
    parley_fake_terminal(true);
    assert_int_equal(parley_cli_audio_in_file(&in, "-"), PARLEY_ERR_FILE);
    assert_holds("a terminal", in.why, "standard input: sound is wanted");
}

static void a_pipe_may_be_late(void **state)
{
    static const int16_t second[RATE] = {0};

    (void)state;
    assert_int_equal(parley_cli_audio_in_file(&in, "-"), PARLEY_OK);
    parley_cli_audio_in_start(&in, parley_clock_us());
    run_for(300 * MS);
    assert_int_equal(played.sent, 0);
    parley_fake_input(second, 9600); /* 200 ms, late by 100 */
    run_for(40 * MS);
    assert_int_equal(played.sent, 4800);
    parley_fake_input("RIFF", 3); /* one sample and a half */
    parley_fake_input_end();
    run_for(40 * MS);
    assert_true(in.over);
    assert_false(in.failed);
}

static void a_pipe_that_turns_out_to_be_something_else_fails(void **state)
{
    (void)state;
    parley_cli_audio_in_file(&in, "-");
    parley_cli_audio_in_start(&in, parley_clock_us());
    run_for(100 * MS);
    parley_fake_input("fLaC", 4);
    run_for(100 * MS);
    assert_true(in.failed);
    assert_holds("FLAC", in.why, "standard input: this is a FLAC file");
}

/* ---- a microphone ---------------------------------------------------------------------------- */

static void speak(int16_t value, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        parley_fake_process_write(0, 1, &value, 2);
}

static void a_microphone_is_sent_as_it_comes(void **state)
{
    (void)state;
    parley_fake_command("mic", PARLEY_NEVER, 0);
    parley_cli_audio_in_program(&in, "mic");
    assert_int_equal(parley_fake_processes(), 0); /* nobody listens before the conversation has started */
    parley_cli_audio_in_start(&in, parley_clock_us());
    for (int i = 0; i < 20; i++) {
        speak(5, 480);
        run_for(20 * MS);
    }
    assert_in_range(played.sent, 18 * 480, 20 * 480);
    assert_int_equal(played.silent, 0);
}

static void a_program_that_is_no_microphone_is_held_back(void **state)
{
    (void)state;
    parley_fake_command("cat", PARLEY_NEVER, 0);
    parley_cli_audio_in_program(&in, "cat");
    parley_cli_audio_in_start(&in, parley_clock_us());
    for (int i = 0; i < 10; i++) {
        speak(5, 16000); /* as fast as the pipe takes it */
        run_for(100 * MS);
    }
    assert_in_range(played.sent, RATE, RATE + RATE / 50);
}

static void a_microphone_that_ends_well_is_over(void **state)
{
    (void)state;
    parley_fake_command("mic", 1 * S, 0);
    parley_cli_audio_in_program(&in, "mic");
    parley_cli_audio_in_start(&in, parley_clock_us());
    speak(5, 480);
    run_for(2 * S);
    assert_true(in.over);
    assert_false(in.failed);
    assert_true(played.silent > RATE / 2); /* silence goes on */
}

static void a_microphone_that_fails_says_why(void **state)
{
    (void)state;
    parley_fake_command("mic", 100 * MS, 1);
    parley_fake_command_says("mic", 50 * MS, 2, "arecord: main:852: audio open error: No such device\n");
    parley_cli_audio_in_program(&in, "mic");
    parley_cli_audio_in_start(&in, parley_clock_us());
    run_for(1 * S);
    assert_true(in.failed);
    assert_string_equal(in.why, "mic: exit status 1: arecord: main:852: audio open error: No such device");
    begin(state);
    parley_fake_process_broken(true);
    parley_cli_audio_in_program(&in, "mic");
    parley_cli_audio_in_start(&in, parley_clock_us());
    assert_true(in.failed);
}

static void what_is_typed_is_not_for_the_microphone(void **state)
{
    (void)state;
    parley_fake_command("mic", PARLEY_NEVER, 0);
    parley_cli_audio_in_program(&in, "mic");
    parley_cli_audio_in_start(&in, parley_clock_us());
    assert_true(parley_fake_process_input_ended(0));
}

static void the_gate_is_in_the_way(void **state)
{
    (void)state;
    parley_fake_command("mic", PARLEY_NEVER, 0);
    parley_cli_audio_in_program(&in, "mic");
    in.gate.on = true;
    parley_cli_audio_in_start(&in, parley_clock_us());
    playing = true;
    speak(3000, 4800);
    run_for(300 * MS);
    assert_int_equal(played.sent, 0);
    speak(5000, 480);
    speak(3000, 4800);
    run_for(300 * MS);
    assert_int_equal(played.sent, 5280);
}

/* ---- a time line ----------------------------------------------------------------------------- */

/* The sample at a moment of the WAV file "reply.wav". */
static int16_t heard_at(uint64_t ms)
{
    struct parley_view file = parley_fake_file_content("reply.wav");
    size_t at = PARLEY_CLI_WAV_HEADER + 2 * (size_t)(ms * RATE / 1000);

    assert_in_range(at + 1, 0, file.len - 1);
    return (int16_t)((unsigned char)file.at[at] | (unsigned char)file.at[at + 1] << 8);
}

static void open_wav(void)
{
    assert_int_equal(parley_cli_audio_out_file(&out, "reply.wav", &arena), PARLEY_OK);
    parley_cli_audio_out_start(&out, parley_clock_us());
}

static void the_file_is_what_is_heard(void **state)
{
    (void)state;
    open_wav();
    run_for(1 * S);
    reply(1000);
    run_for(1500 * MS);
    parley_cli_audio_out_close(&out);
    assert_int_equal(parley_fake_file_content("reply.wav").len, PARLEY_CLI_WAV_HEADER + 2 * (RATE * 5 / 2));
    assert_int_equal(heard_at(999), 0);
    assert_int_equal(heard_at(1000), 1); /* where it came, not before */
    assert_int_equal(heard_at(1500), 1 + RATE / 2);
    assert_int_equal(heard_at(2000), 0);
    assert_int_equal(heard_at(2499), 0);
}

static void an_interrupted_reply_breaks_off(void **state)
{
    (void)state;
    open_wav();
    reply(3000);
    run_for(700 * MS);
    played.queued = 0; /* the conversation threw the rest away */
    parley_cli_audio_out_cut(&out, parley_clock_us());
    run_for(1 * S);
    parley_cli_audio_out_close(&out);
    assert_int_equal(played.read, RATE * 7 / 10);
    assert_int_not_equal(heard_at(699), 0);
    assert_int_equal(heard_at(700), 0);
}

static void replies_take_their_time_when_nobody_listens(void **state)
{
    (void)state;
    parley_cli_audio_out_start(&out, parley_clock_us());
    run_for(500 * MS);
    reply(1000);
    run_for(500 * MS);
    assert_true(parley_cli_audio_out_playing(&out, NULL, parley_clock_us()));
    assert_in_range(played.read, RATE / 2 - 480, RATE / 2);
    run_for(520 * MS);
    assert_false(parley_cli_audio_out_playing(&out, NULL, parley_clock_us()));
    assert_int_equal(played.delay_us, 0);
}

static void the_header_is_true_while_it_grows(void **state)
{
    unsigned char header[PARLEY_CLI_WAV_HEADER];

    (void)state;
    open_wav();
    parley_cli_wav_header(header, UINT64_MAX);
    run_for(20 * MS);
    assert_memory_equal(parley_fake_file_content("reply.wav").at, header, sizeof header);
    run_for(1500 * MS); /* now we are killed */
    parley_cli_wav_header(header, parley_fake_file_content("reply.wav").len - PARLEY_CLI_WAV_HEADER);
    for (size_t i = 0; i < 40; i++)
        if (i < 4 || i > 7)
            assert_int_equal((unsigned char)parley_fake_file_content("reply.wav").at[i], header[i]);
    assert_in_range(out.patched, RATE, 3 * RATE / 2);
}

static void a_machine_that_slept_leaves_no_hole(void **state)
{
    (void)state;
    open_wav();
    reply(2000);
    run_for(1 * S);
    parley_fake_clock_advance_us(3600ull * S);
    run_for(2 * S);
    parley_cli_audio_out_close(&out);
    assert_in_range(parley_fake_file_content("reply.wav").len, 2 * 3 * RATE - 2000, 2 * 3 * RATE + 100);
    assert_int_not_equal(heard_at(1900), 0);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    open_wav();
    run_for(6 * S);
    assert_true(out.failed);
    assert_string_equal(out.why, "reply.wav: No space left on device");
    parley_cli_audio_out_close(&out);
}

static void places_that_are_none_are_named(void **state)
{
    (void)state;
    parley_fake_file_denied("reply.wav");
    assert_int_equal(parley_cli_audio_out_file(&out, "reply.wav", &arena), PARLEY_ERR_FILE);
    assert_string_equal(out.why, "reply.wav: Permission denied");
    parley_fake_terminal(true);
    assert_int_equal(parley_cli_audio_out_file(&out, "-", &arena), PARLEY_ERR_FILE);
    assert_holds("a terminal", out.why, "standard output: it is a terminal");
}

static void a_name_without_wav_is_raw(void **state)
{
    (void)state;
    assert_int_equal(parley_cli_audio_out_file(&out, "reply.pcm", &arena), PARLEY_OK);
    parley_cli_audio_out_start(&out, parley_clock_us());
    reply(100);
    run_for(100 * MS);
    parley_cli_audio_out_close(&out);
    assert_int_equal(parley_fake_file_content("reply.pcm").len, 4800);
}

static void standard_output_takes_it_too(void **state)
{
    unsigned char bytes[8192];

    (void)state;
    assert_int_equal(parley_cli_audio_out_file(&out, "-", &arena), PARLEY_OK);
    parley_cli_audio_out_start(&out, parley_clock_us());
    reply(100);
    run_for(100 * MS);
    for (int i = 0; i < 20; i++) /* a piece for each time it is found ready */
        parley_cli_audio_out_work(&out, NULL, true, parley_clock_us());
    assert_int_equal(parley_fake_output(1, bytes, sizeof bytes), 4800);
    assert_int_equal(bytes[2], 2);
}

static void a_reader_that_is_too_slow_is_told(void **state)
{
    (void)state;
    parley_cli_audio_out_file(&out, "-", &arena);
    parley_cli_audio_out_start(&out, parley_clock_us());
    for (int i = 0; i < 60; i++) {
        parley_fake_clock_advance_us(100 * MS);
        parley_cli_audio_out_work(&out, NULL, false, parley_clock_us());
    }
    assert_true(out.failed);
    assert_holds("slow", out.why, "standard output: who reads it is too slow");
}

/* ---- a loudspeaker program ------------------------------------------------------------------- */

static void open_speaker(void)
{
    parley_fake_command("aplay", PARLEY_NEVER, 0);
    parley_cli_audio_out_program(&out, "aplay");
    parley_cli_audio_out_start(&out, parley_clock_us());
}

/* What the newest of the programs is given within so many milliseconds, in milliseconds of sound. */
static uint64_t given_ms(uint64_t within_ms)
{
    static unsigned char bytes[PARLEY_FAKE_PIPE_BYTES];
    int newest = parley_fake_processes() - 1;
    uint64_t count = parley_fake_process_read(newest, bytes, sizeof bytes);

    for (; within_ms > 0; within_ms -= 10) {
        run_for(10 * MS);
        count += parley_fake_process_read(newest, bytes, sizeof bytes);
    }
    return count / 48;
}

static void a_program_is_fed_half_a_second_ahead(void **state)
{
    uint64_t given;

    (void)state;
    open_speaker();
    assert_int_equal(given_ms(1000), 0); /* nothing to say */
    reply(2000);
    given = given_ms(0);
    assert_int_equal(given, 500);
    assert_int_equal(played.delay_us, 500 * MS);
    given += given_ms(1000);
    assert_in_range(given, 1480, 1500);
    assert_in_range(played.delay_us, 480 * MS, 500 * MS);
    given += given_ms(900);
    assert_true(parley_cli_audio_out_playing(&out, NULL, parley_clock_us()));
    given += given_ms(110);
    assert_false(parley_cli_audio_out_playing(&out, NULL, parley_clock_us()));
    given += given_ms(2000);
    assert_int_equal(given, 2700); /* and 0.7 s of silence, which push the last block out */
    assert_int_equal(played.delay_us, 0);
}

static void an_interruption_empties_the_program(void **state)
{
    (void)state;
    open_speaker();
    reply(2000);
    run_for(700 * MS);
    played.queued = 0;
    parley_cli_audio_out_cut(&out, parley_clock_us());
    assert_false(parley_fake_process_running(0));
    assert_int_equal(parley_fake_processes(), 2);
    assert_false(parley_cli_audio_out_playing(&out, NULL, parley_clock_us()));
    assert_int_equal(given_ms(1000), 0);
    parley_cli_audio_out_cut(&out, parley_clock_us()); /* nothing to empty */
    assert_int_equal(parley_fake_processes(), 2);
    reply(200);
    assert_int_equal(given_ms(100), 200);
    assert_int_equal(given_ms(50), 20);
}

static void a_program_that_is_slow_loses_nothing(void **state)
{
    static unsigned char bytes[2 * RATE * 2];
    size_t got = 0;

    (void)state;
    open_speaker();
    reply(1800);
    for (int i = 0; i < 100; i++) {
        run_for(40 * MS); /* its pipe holds 0.68 s, and it reads at half the pace */
        got += parley_fake_process_read(0, bytes + got, 960);
    }
    got += parley_fake_process_read(0, bytes + got, sizeof bytes - got);
    assert_true(got >= 1800 * 48);
    for (size_t i = 0; i < 1800 * 24; i++)
        if ((bytes[2 * i] | bytes[2 * i + 1] << 8) != (int)((i + 1) & 0xffff))
            fail_msg("sample %zu is lost", i);
}

static void what_a_program_prints_is_thrown_away(void **state)
{
    static const char line[1000] = "";

    (void)state;
    open_speaker();
    for (int i = 0; i < 100; i++) { /* more than its pipe holds */
        assert_int_equal(parley_fake_process_write(0, 1, line, sizeof line), sizeof line);
        parley_cli_audio_out_work(&out, NULL, false, parley_clock_us());
    }
    assert_false(out.failed);
}

static void a_program_that_fails_says_why(void **state)
{
    (void)state;
    parley_fake_command("aplay", 100 * MS, 1);
    parley_fake_command_says("aplay", 50 * MS, 2, "aplay: no soundcards found\n");
    parley_cli_audio_out_program(&out, "aplay");
    parley_cli_audio_out_start(&out, parley_clock_us());
    run_for(1 * S);
    assert_true(out.failed);
    assert_string_equal(out.why, "aplay: exit status 1: aplay: no soundcards found");
    reply(100);
    assert_false(parley_cli_audio_out_playing(&out, NULL, parley_clock_us()));
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_sent_at_the_pace_of_the_clock),
        TEST(there_is_no_drift),
        TEST(a_machine_that_slept_sends_no_burst),
        TEST(the_last_frame_is_filled_with_silence),
        TEST(files_that_cannot_be_spoken_are_named),
        TEST(a_pipe_may_be_late),
        TEST(a_pipe_that_turns_out_to_be_something_else_fails),
        TEST(a_microphone_is_sent_as_it_comes),
        TEST(a_program_that_is_no_microphone_is_held_back),
        TEST(a_microphone_that_ends_well_is_over),
        TEST(a_microphone_that_fails_says_why),
        TEST(what_is_typed_is_not_for_the_microphone),
        TEST(the_gate_is_in_the_way),
        TEST(the_file_is_what_is_heard),
        TEST(an_interrupted_reply_breaks_off),
        TEST(replies_take_their_time_when_nobody_listens),
        TEST(the_header_is_true_while_it_grows),
        TEST(a_machine_that_slept_leaves_no_hole),
        TEST(a_full_disk_is_told),
        TEST(places_that_are_none_are_named),
        TEST(a_name_without_wav_is_raw),
        TEST(standard_output_takes_it_too),
        TEST(a_reader_that_is_too_slow_is_told),
        TEST(a_program_is_fed_half_a_second_ahead),
        TEST(an_interruption_empties_the_program),
        TEST(a_program_that_is_slow_loses_nothing),
        TEST(what_a_program_prints_is_thrown_away),
        TEST(a_program_that_fails_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
