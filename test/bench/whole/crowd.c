/*
 * Many conversations at once, in one loop: each takes the reply's audio as it comes and gives 20 ms of the
 * microphone's each 20 ms, all in real time. usage: crowd CONVERSATIONS      started by runner, with
 * --together CONVERSATIONS --gap-us 100000
 *
 * Prints the line of client.h, and: late=N events handed over more than LATE_US behind their time; shed=N
 * samples of microphone that had to be dropped; cpu_us and wall_us of the time in which there was audio.
 */
#include "many.h"

#include "client.h"

enum { FRAME = PARLEY_SAMPLE_RATE / 50, FRAME_US = 20000, LATE_US = 20000, GROUPS = 20, GROUP_US = 1000 };

static uint64_t begun_us, cpu_begun_us, shed;

static uint64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static void told(struct many_one *one, const struct parley_event *event)
{
    (void)one;
    if (event->kind == PARLEY_EVENT_SHED)
        shed += event->samples;
    if (event->kind != PARLEY_EVENT_AUDIO)
        return;
    if (begun_us == 0) {
        begun_us = parley_clock_us();
        cpu_begun_us = cpu_us();
    }
    client_count(event->pcm, event->samples);
}

/* The microphones of one group after the other, so that not all of them speak in the same moment. */
static void speak(uint64_t now_us)
{
    static const int16_t silence[FRAME];
    static uint64_t turns; /* of groups */

    for (; begun_us > 0 && begun_us + turns * GROUP_US <= now_us; turns++)
        for (size_t i = turns % GROUPS; i < many.opened; i += GROUPS)
            if (many.all[i].c != NULL)
                parley_send_audio(many.all[i].c, silence, FRAME);
}

static unsigned long long later_than(unsigned us)
{
    unsigned long long count = 0;

    for (; us < CLIENT_LATE_US; us++)
        count += client.late[us];
    return count;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    struct parley_options options;

    _Static_assert(GROUPS * GROUP_US == FRAME_US, "each microphone speaks once in a frame");
    if (count < 1 || count > MANY_MOST)
        return 2;
    options = many_options(PARLEY_PROFILE_SERVER, NULL);
    options.limits.output_audio_ms = PARLEY_LIMIT_NONE;
    many.told = told;
    many_bring_up(count, &options);
    while (many.ended < count) {
        many_turn(parley_clock_us() + GROUP_US);
        speak(parley_clock_us());
    }
    client_report();
    printf("late=%llu shed=%llu cpu_us=%llu wall_us=%llu\n", later_than(LATE_US), (unsigned long long)shed,
           (unsigned long long)(cpu_us() - cpu_begun_us), (unsigned long long)(parley_clock_us() - begun_us));
    return 0;
}
