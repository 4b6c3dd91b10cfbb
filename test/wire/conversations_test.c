/*
 * The whole engine over WebSocket, under seeds. A seed is a conversation (conversations/story.h). It is held
 * over a link on which nothing happens, and then again, its bytes cut and squeezed, the buffer of the link of
 * a size that just does not fit, the host late: the same has to be told and said. Then the link breaks in the
 * middle: what was told is the beginning of that, and another session goes on.
 *
 *   conversations_test --seed 7        that one alone, and each event of it
 *   conversations_test --seeds 100000  so many
 */
#include "test/wire/conversations/host.h"
#include "test/wire/wire_test.h"

enum { SEEDS = 400, VARIANTS = 3, LINK_MIN = 1024, HEADERS = 10 };

static uint64_t first_seed = 1, seeds = SEEDS, running;
static struct story story;
static struct trace trace;

/* The size of a frame that was sent, or about that; never less than a link may have. */
static size_t some_size(struct dice *d)
{
    const struct script *script = &trace.script;
    size_t payload = script->count > 0 ? script->said[roll(d, script->count)].length : 0;
    size_t frame = payload + (payload > 0xffff ? 10 : payload > 125 ? 4 : 2);
    const size_t sizes[] = {LINK_MIN, payload, frame, frame - 1, frame + 1, frame + roll(d, 2000), 0};
    size_t size = sizes[roll(d, COUNT(sizes))];

    return size == 0 || size >= LINK_MIN ? size : LINK_MIN + roll(d, 3000);
}

static void choose_cuts(struct dice *d, size_t cuts[WIRE_CUTS])
{
    uint32_t most = roll_one(d, 2) ? 12 : 4000;

    for (size_t i = 0; i < WIRE_CUTS; i++)
        cuts[i] = roll_one(d, 4) ? roll(d, 3) : roll(d, most);
    cuts[roll(d, WIRE_CUTS)] = most;
}

/* Byte by byte would take long where much is said. */
static enum pieces choose_pieces(struct dice *d)
{
    enum pieces pieces = (enum pieces)roll(d, PIECES_KINDS);

    if (pieces == PIECES_BYTES && trace.script.used > 8192)
        return PIECES_FRAMES;
    return pieces == PIECES_SMALL && trace.script.used > 65536 ? PIECES_ANY : pieces;
}

static struct course another_course(struct dice *d, unsigned variant)
{
    static char name[200];
    struct course c = {.story = &story, .name = name};

    c.seed = story.seed * 16 + variant;
    c.manner.compressed = roll_one(d, 3);
    c.manner.fragments = roll_one(d, 4);
    c.manner.pings = roll_one(d, 2);
    c.manner.buffers = roll_one(d, 2);
    c.manner.pieces = choose_pieces(d);
    if (roll_one(d, 3) && trace.script.used < 65536)
        choose_cuts(d, c.manner.cuts[0]);
    if (roll_one(d, 3))
        choose_cuts(d, c.manner.cuts[1]);
    c.pace = (enum pace)roll(d, PACE_KINDS);
    c.recv_bytes = some_size(d);
    c.send_bytes = roll_one(d, 6) ? LINK_MIN : 0;
    snprintf(name, sizeof name, "variant %u (%s%s%s pieces %d, pace %d, recv_bytes %u, send_bytes %u)",
             variant, c.manner.compressed ? "compressed " : "", c.manner.fragments ? "fragments " : "",
             c.manner.pings ? "pings " : "", (int)c.manner.pieces, (int)c.pace, (unsigned)c.recv_bytes,
             (unsigned)c.send_bytes);
    return c;
}

static struct course ordinary_course(void)
{
    return (struct course){.story = &story, .name = "ordinary", .manner.ordinary = true};
}

/* Makes the inbox as large as one of the messages, or a byte too small for it. */
static void tighten(struct dice *d)
{
    struct course course = ordinary_course();
    size_t size;

    if (trace.script.count == 0)
        return;
    size = trace.script.said[roll(d, trace.script.count)].length - roll(d, 2);
    if (size < LINK_MIN)
        return;
    story.inbox_bytes = size;
    converse(&course, &trace);
}

static struct course broken_course(struct dice *d)
{
    struct course course = another_course(d, VARIANTS);

    course.reconnect = roll(d, 3) > 0;
    if (roll(d, 3) > 0)
        course.manner.break_read = 200 + roll(d, (uint32_t)trace.script.used + 1);
    else
        course.manner.break_write = 1 + roll(d, 20000);
    course.manner.break_status = roll_one(d, 2) ? PARLEY_ERR_LOST : PARLEY_ERR_PEER_CLOSED;
    return course;
}

static void run_seed(uint64_t seed)
{
    struct dice d = dice_for(seed, OF_PLAN, 0);
    struct course course = ordinary_course();

    story_make(&story, seed);
    converse(&course, &trace);
    if (roll_one(&d, 4))
        tighten(&d);
    for (unsigned i = 0; i < VARIANTS; i++) {
        course = another_course(&d, i);
        converse(&course, &trace);
    }
    course = broken_course(&d);
    converse(&course, &trace);
}

/* Also where what failed does not know of seeds. */
static int tell_seed(void **state)
{
    (void)state;
    if (running > 0)
        print_error("# seed %llu: conversations_test --seed %llu repeats it\n", (unsigned long long)running,
                    (unsigned long long)running);
    return 0;
}

static void the_same_is_told_however_it_travels(void **state)
{
    (void)state;
    for (running = first_seed; running < first_seed + seeds; running++)
        run_seed(running);
    running = 0;
    print_message("# %u conversations: %u events (%u of sound, %u skipped, %u interruptions), %lu bytes; %u "
                  "waits with bytes unread, %u breaks, %u of them followed by another link\n",
                  figures.runs, figures.events, figures.audio, figures.skipped, figures.interrupted,
                  (unsigned long)figures.bytes, figures.held, figures.cut, figures.reconnected);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_same_is_told_however_it_travels, tell_seed)};

    if (getenv("PARLEY_TEST_SLOWLY") != NULL)
        seeds = SEEDS / 10;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--seed") == 0) {
            first_seed = strtoull(words[i + 1], NULL, 10);
            seeds = 1;
            converse_tells = true;
        } else if (strcmp(words[i], "--seeds") == 0) {
            seeds = strtoull(words[i + 1], NULL, 10);
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
