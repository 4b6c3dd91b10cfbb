/*
 * Runs simulations by their seeds, and repeats one that failed:
 *
 *   simulate SEED                     one, with its plan and what came of it
 *   simulate --from A --count N       many; a line for each that fails, which repeats it
 *            --jobs 2                 in so many processes
 *            --until-broken           until the first that fails
 *            --hash                   a line with the hash of each seed's trace
 *   simulate --shrink SEED            the same failure with fewer steps and plainer settings
 *   simulate SEED --steps 3,7-9 --plain delay_us,v1      such a shrunk one
 *
 * The fake platform and the loopback alone: runs wherever C does.
 */
#define _GNU_SOURCE
#include "test/fault/simulation/simulation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct simulation sim;
static struct plan plan;

struct request {
    uint64_t from, count;
    unsigned jobs;
    bool many, until_broken, hash, shrink;
    const char *steps, *plain;
};

/* ---- one ------------------------------------------------------------------------------------------- */

static void print_steps(const bool left[PLAN_STEPS])
{
    const char *before = "";

    printf(" --steps ");
    for (unsigned i = 0; i < PLAN_STEPS; i++) {
        unsigned last = i;

        if (!left[i])
            continue;
        while (last + 1 < PLAN_STEPS && left[last + 1])
            last++;
        printf(last > i ? "%s%u-%u" : "%s%u", before, i, last);
        before = ",";
        i = last;
    }
    if (before[0] == 0)
        printf("none");
}

/* "3,7-9" */
static void read_steps(const char *text, bool left[PLAN_STEPS])
{
    memset(left, 0, PLAN_STEPS * sizeof *left);
    while (*text >= '0' && *text <= '9') {
        char *end;
        unsigned long first = strtoul(text, &end, 10), last = first;

        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (; first <= last && first < PLAN_STEPS; first++)
            left[first] = true;
        text = *end == ',' ? end + 1 : end;
    }
}

static void read_plain(const char *text)
{
    for (unsigned i = 0; i < PLAN_SETTINGS; i++) {
        const char *name = plan_setting_name(i), *at = strstr(text, name);
        size_t length = strlen(name);

        for (; at != NULL; at = strstr(at + 1, name))
            if ((at == text || at[-1] == ',') && (at[length] == 0 || at[length] == ','))
                plan_make_plain(&plan, i);
    }
}

static void print_outcome(uint64_t seed)
{
    if (sim.watch.broken[0] != 0)
        printf("simulate %" PRIu64 ": %s: %s\n", seed, sim.watch.broken, sim.watch.why);
    else
        printf("simulate %" PRIu64 ": %u events, %u links, %u creates, %u cuts, %u handoffs; hash %016" PRIx64
               "\n",
               seed, sim.watch.events, sim.watch.links, sim.watch.creates, sim.watch.cuts, sim.watch.handoffs,
               sim.watch.hash);
}

static void print_plan(void)
{
    const struct settings *s = &plan.settings;

    printf("  %s %s%s%s%s%s%s%s%s%s%s tick_us=%u delay_us=%u jitter_us=%u fragment=%u send=%u inbox=%u "
           "outbox=%u transcript=%u input_ms=%u output_ms=%u items=%u agent=%d ending=%d attempts=%u "
           "base_ms=%u\n",
           s->chaos ? "chaos" : "talk", s->v1 ? "v1" : "v2", s->transcription ? " transcription" : "",
           s->text ? " text" : "", s->close_on_error ? " close_on_error" : "",
           s->reconnect ? " reconnect" : "", s->queue_off ? " queue_off" : "",
           s->silent_host ? " silent_host" : "", s->slow_host ? " slow_host" : "", s->mirror ? " mirror" : "",
           s->shuffle ? " shuffle" : "", (unsigned)s->tick_us, (unsigned)s->delay_us, (unsigned)s->jitter_us,
           (unsigned)s->fragment_bytes, (unsigned)s->send_bytes, (unsigned)s->inbox_bytes,
           (unsigned)s->outbox_bytes, (unsigned)s->transcript_bytes, (unsigned)s->input_audio_ms,
           (unsigned)s->output_audio_ms, (unsigned)s->reply_items, (int)s->agent, (int)s->ending,
           (unsigned)s->attempts, (unsigned)s->base_ms);
    for (unsigned i = 0; i < plan.count; i++)
        printf("  %3u  +%u us  %s %u %u\n", i, (unsigned)plan.steps[i].wait_us,
               plan_step_name(plan.steps[i].kind), (unsigned)plan.steps[i].a, (unsigned)plan.steps[i].b);
}

static bool run_one(const struct request *r)
{
    bool left[PLAN_STEPS];

    plan_make(&plan, r->from);
    if (r->plain != NULL)
        read_plain(r->plain);
    if (r->steps != NULL) {
        read_steps(r->steps, left);
        plan_keep(&plan, left);
    }
    print_plan();
    simulate(&sim, &plan);
    print_outcome(r->from);
    return sim.watch.broken[0] == 0;
}

static bool shrink_one(uint64_t seed)
{
    bool left[PLAN_STEPS], plain[PLAN_SETTINGS];
    const char *before = " --plain ";

    plan_make(&plan, seed);
    if (simulate(&sim, &plan)) {
        printf("simulate %" PRIu64 ": nothing is broken\n", seed);
        return true;
    }
    shrink(&sim, &plan, left, plain);
    printf("simulate %" PRIu64, seed);
    print_steps(left);
    for (unsigned i = 0; i < PLAN_SETTINGS; i++)
        if (plain[i]) {
            printf("%s%s", before, plan_setting_name(i));
            before = ",";
        }
    printf("\n");
    print_plan();
    print_outcome(seed);
    return false;
}

/* ---- many ------------------------------------------------------------------------------------------ */

struct tally {
    uint64_t seeds, broken, hash, events, links, creates, cuts, handoffs;
};

static void run_range(const struct request *r, uint64_t from, uint64_t count, struct tally *t)
{
    for (uint64_t seed = from; seed < from + count; seed++) {
        plan_make(&plan, seed);
        simulate(&sim, &plan);
        t->seeds++;
        t->hash += sim.watch.hash;
        t->events += sim.watch.events;
        t->links += sim.watch.links;
        t->creates += sim.watch.creates;
        t->cuts += sim.watch.cuts;
        t->handoffs += sim.watch.handoffs;
        if (r->hash)
            printf("%" PRIu64 " %016" PRIx64 "\n", seed, sim.watch.hash);
        if (sim.watch.broken[0] == 0)
            continue;
        t->broken++;
        print_outcome(seed);
        fflush(stdout);
        if (r->until_broken)
            return;
    }
}

static void add_tally(struct tally *all, const struct tally *t)
{
    all->seeds += t->seeds;
    all->broken += t->broken;
    all->hash += t->hash;
    all->events += t->events;
    all->links += t->links;
    all->creates += t->creates;
    all->cuts += t->cuts;
    all->handoffs += t->handoffs;
}

/* Each job has a range of its own, and tells what it counted through a pipe. */
static void run_jobs(const struct request *r, struct tally *all)
{
    uint64_t share = r->count / r->jobs;
    int ends[2];

    if (pipe(ends) != 0)
        abort();
    fflush(stdout);
    for (unsigned job = 0; job < r->jobs; job++) {
        struct tally t = {0};

        if (fork() != 0)
            continue;
        run_range(r, r->from + job * share, job + 1 < r->jobs ? share : r->count - job * share, &t);
        fflush(stdout);
        _exit(write(ends[1], &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1);
    }
    for (unsigned job = 0; job < r->jobs; job++) {
        struct tally t;

        if (read(ends[0], &t, sizeof t) == (ssize_t)sizeof t)
            add_tally(all, &t);
        wait(NULL);
    }
}

static bool run_many(const struct request *r)
{
    struct tally t = {0};
    time_t began = time(NULL);

    if (r->jobs > 1)
        run_jobs(r, &t);
    else
        run_range(r, r->from, r->count, &t);
    if (!r->hash)
        printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " broken; %" PRIu64 " events, %" PRIu64
               " links, %" PRIu64 " creates, %" PRIu64 " cuts, %" PRIu64 " handoffs; hash %016" PRIx64
               "; %ld s\n",
               t.seeds, r->from, t.broken, t.events, t.links, t.creates, t.cuts, t.handoffs, t.hash,
               (long)(time(NULL) - began));
    return t.broken == 0 && (r->until_broken || t.seeds == r->count);
}

/* ---- the command line ------------------------------------------------------------------------------ */

static int usage(void)
{
    fprintf(stderr, "usage: simulate SEED [--steps LIST] [--plain LIST]\n"
                    "       simulate --from A --count N [--jobs J] [--until-broken] [--hash]\n"
                    "       simulate --shrink SEED\n");
    return 2;
}

int main(int count, char **words)
{
    struct request r = {.from = 1, .jobs = 1};

    for (int i = 1; i < count; i++) {
        const char *word = words[i], *next = i + 1 < count ? words[i + 1] : NULL;

        if (strcmp(word, "--until-broken") == 0)
            r.until_broken = r.many = true;
        else if (strcmp(word, "--hash") == 0)
            r.hash = r.many = true;
        else if (word[0] >= '0' && word[0] <= '9')
            r.from = strtoull(word, NULL, 10);
        else if (next == NULL)
            return usage();
        else if (strcmp(word, "--from") == 0)
            r.from = strtoull(next, NULL, 10), r.many = true, i++;
        else if (strcmp(word, "--count") == 0)
            r.count = strtoull(next, NULL, 10), r.many = true, i++;
        else if (strcmp(word, "--jobs") == 0)
            r.jobs = (unsigned)strtoul(next, NULL, 10), i++;
        else if (strcmp(word, "--shrink") == 0)
            r.from = strtoull(next, NULL, 10), r.shrink = true, i++;
        else if (strcmp(word, "--steps") == 0)
            r.steps = next, i++;
        else if (strcmp(word, "--plain") == 0)
            r.plain = next, i++;
        else
            return usage();
    }
    if (count < 2 || r.jobs == 0)
        return usage();
    if (r.shrink)
        return shrink_one(r.from) ? 0 : 1;
    return (r.many ? run_many(&r) : run_one(&r)) ? 0 : 1;
}
