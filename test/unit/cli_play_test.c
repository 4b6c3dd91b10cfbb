/*
 * The player of talks: what it accepts is shown by test/talk; here, what it does not, and how it says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/cli/play.h"
#include "platform/fake/fake.h"
#include "platform/status.h"

static const struct parley_play_options plain_options;

static int play(const char *text, struct parley_play_result *result)
{
    return parley_play_talk(parley_view(text), "t.talk", &plain_options, result);
}

static void assert_plays(const char *text, int status, const char *why)
{
    struct parley_play_result result;

    if (play(text, &result) != status || strstr(result.why, why) == NULL)
        fail_msg("%s\nsays: %s", text, result.why);
}

static void failures_are_told(void **state)
{
    static const struct {
        const char *talk, *why;
    } rows[] = {
        /* events */
        {"expect event speech_started before 300ms\n",
         "t.talk:1: no speech_started until 300 ms; the last was {\"event\":\"started\""},
        {"option patience 2s\n+1s expect event speech_started\n",
         "t.talk:2: no speech_started until 3000 ms"},
        {"server input_audio_buffer.speech_started item_id=a\nexpect event speech_started item_id=b\n",
         "t.talk:2: it was another one (item_id is \"a\"): {\"event\":\"speech_started\""},
        {"server raw \"x\"\nserver response.created\nexpect event response_created\n",
         "t.talk:3: this came instead: {\"event\":\"skipped\""},
        {"server raw \"x\"\nexpect no event skipped\n", "t.talk:2: it has happened: {\"event\":\"skipped\""},
        {"server raw \"x\"\n",
         "at the end, this had happened and was never expected: {\"event\":\"skipped\""},
        {"server close\n", "at the end, this had happened and was never expected: {\"event\":\"closed\""},
        /* what was sent */
        {"host text \"hi\"\n",
         "at the end, this was sent and never expected: {\"type\":\"conversation.item.create"},
        {"host text \"hi\"\nexpect sent response.create\n", "t.talk:2: something else was sent (type is"},
        {"host ask\nhost text \"hi\"\nexpect sent conversation.item.create\n",
         "t.talk:3: something else was sent"},
        {"expect sent response.create before 1s\n", "t.talk:1: response.create was not sent until 1000 ms"},
        {"host ask\nexpect nothing sent\n",
         "t.talk:2: nothing was to be sent, but: {\"type\":\"response.create\"}"},
        {"host audio 40ms silence\nexpect sent audio 60ms before 1s\n", "t.talk:2: only 40 ms of audio"},
        /* the host */
        {"host ask gives ERR_STATE\n", "t.talk:1: the call gave OK"},
        {"host done\n", "t.talk:1: the call gave ERR_STATE"},
        {"host audio 20ms noise\n", "t.talk:1: audio is speech or silence"},
        {"host wav \"nowhere.wav\"\n", "t.talk:1: ./nowhere.wav: "},
        {"host wav \"odd.wav\"\n", "t.talk:1: ./odd.wav: "},
        {"host stop\nexpect event closed\nhost audio 20ms silence\n",
         "t.talk:3: audio is not taken: the conversation is over"},
        {"host stop\n+1s server response.created\n",
         "t.talk:2: the link is over, and this cannot be said any more"},
        {"host stop\nexpect event closed\nexpect event audio\n", "t.talk:3: no audio until 10000 ms"},
    };

    (void)state;
    parley_fake_reset();
    parley_fake_file("./odd.wav", "RIFF\x04\0\0\0AVI ", 12);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_plays(rows[i].talk, 0, rows[i].why);
}

static void what_cannot_be_played_is_refused(void **state)
{
    static const struct {
        const char *talk, *why;
    } rows[] = {
        {"server\n", "t.talk:1:7: a name is missing"},
        {"option colour red\n",
         "t.talk:1: there is no such option, or not with this value: option colour red"},
        {"option modality smell\n", "t.talk:1: there is no such option"},
        {"option close_on_error yes\n", "t.talk:1: there is no such option"},
        {"option inbox_bytes many\n", "t.talk:1: there is no such option"},
        {"option inbox_bytes\n", "t.talk:1: there is no such option"},
        {"option speaker loud\n", "t.talk:1: there is no such option"},
        {"option voice nobody\n", "nobody"},
        {"option protocol v1\noption modality text\n", "v2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_plays(rows[i].talk, PARLEY_ERR_ARGUMENT, rows[i].why);
}

static void options_reach_the_conversation(void **state)
{
    (void)state;
    assert_plays(
        "option model m-1\noption voice cedar\noption prompt \"Say \\\"x\\\".\"\noption modality text\n"
        "option startup_context \"\"\noption session_id s-1\n"
        "expect sent session.update session.output_modalities.0=text session.instructions~\"Say \\\"x\\\".\""
        " session.audio.output.voice=cedar\nexpect event started session_id=s-1\n",
        1, "");
    assert_plays("option mode transcription\nexpect sent session.update session.type=transcription\n", 1, "");
    assert_plays("option protocol v1\nexpect sent session.update session.type=quicksilver\n", 1, "");
    assert_plays("option inbox_bytes 5000\nserver long 5001\nexpect event skipped\n", 1, "");
    assert_plays("", 1, "");
}

/* A recording is spoken in its time, and all of it. */
static void recordings_are_spoken(void **state)
{
    unsigned char wav[44 + 2400 * 2] =
        "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0"
        "data\xc0\x12\0\0";
    struct parley_play_options options = {.folder = "sounds"};
    struct parley_play_result result;

    (void)state;
    parley_fake_reset();
    parley_fake_file("sounds/a.wav", wav, sizeof(wav));
    assert_int_equal(parley_play_talk(parley_view("host wav \"a.wav\"\nexpect sent audio 100ms\n"), "t.talk",
                                      &options, &result),
                     1);
    assert_int_equal(result.took_us, 100000);
}

struct traced {
    unsigned lines, sent, events;
    uint64_t last_ms;
};

static void trace(void *user, uint64_t at_ms, const char *what, struct parley_view text)
{
    struct traced *t = user;

    assert_true(text.len > 0);
    assert_true(at_ms >= t->last_ms);
    t->last_ms = at_ms;
    t->lines += strcmp(what, "line") == 0;
    t->sent += strcmp(what, "sent") == 0;
    t->events += strcmp(what, "event") == 0;
}

static void everything_is_traced(void **state)
{
    struct traced t = {0};
    struct parley_play_options options = {.trace = trace, .user = &t};
    struct parley_play_result result;

    (void)state;
    assert_int_equal(parley_play_talk(parley_view("# a comment\n100ms server response.created\nhost ask\n"
                                                  "expect event response_created\n"),
                                      "t.talk", &options, &result),
                     1);
    assert_int_equal(t.lines, 3);
    assert_int_equal(t.sent, 1); /* session.update; the reply waits for the running one */
    assert_int_equal(t.events, 3);
    assert_int_equal(t.last_ms, 100);
    assert_int_equal(result.events, 3);
}

/* Digests are equal for equal runs, and differ when an event, its time, or a message does. */
static void digests_tell_runs_apart(void **state)
{
    static const char *const talks[] = {
        "server response.created\n",
        "1ms server response.created\n",
        "server response.created response.id=r\n",
        "server response.created\nhost text \"a\"\nexpect sent conversation.item.create\n",
        "server response.created\nhost text \"b\"\nexpect sent conversation.item.create\n",
    };
    struct parley_play_result results[5], again;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(play(talks[i], &results[i]), 1);
        assert_int_equal(play(talks[i], &again), 1);
        assert_true(again.events_digest == results[i].events_digest);
        assert_true(again.sent_digest == results[i].sent_digest);
    }
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < a; b++)
            assert_true(results[a].events_digest != results[b].events_digest);
    assert_true(results[3].sent_digest != results[4].sent_digest);
    assert_true(results[3].events_digest == results[4].events_digest);
}

/* The speaker plays answers as they come, at the pace of time. */
static void the_speaker_plays_in_real_time(void **state)
{
    static const char talk[] = "option speaker on\n0ms server audio item=a response=r ms=500\n"
                               "server audio item=a response=r ms=500\n"
                               "server response.done response.id=r response.status=completed\n"
                               "expect event played heard_ms=1000\n";
    struct parley_play_result result;

    (void)state;
    assert_int_equal(play(talk, &result), 1);
    assert_in_range(result.took_us, 960000, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(what_cannot_be_played_is_refused),
        cmocka_unit_test(options_reach_the_conversation),
        cmocka_unit_test(recordings_are_spoken),
        cmocka_unit_test(everything_is_traced),
        cmocka_unit_test(digests_tell_runs_apart),
        cmocka_unit_test(the_speaker_plays_in_real_time),
    };

    return cmocka_run_group_tests_name("cli_play", tests, NULL, NULL);
}
