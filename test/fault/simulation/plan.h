#ifndef PARLEY_TEST_PLAN_H
#define PARLEY_TEST_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a seed stands for: the settings of a conversation, and the steps of everybody in it. All of it is
 * drawn before anything runs, so that the shrinker can leave out steps and put settings back to plain ones.
 */
enum { PLAN_STEPS = 192 };

enum step_kind {
    /* the user and the host program */
    STEP_WAIT,      /* nothing but time passes */
    STEP_MIC,       /* a: samples, b: loud */
    STEP_TYPE,      /* a: which text, b: mirrored */
    STEP_ASK,       /* for a reply */
    STEP_INTERRUPT, /* a: the reason */
    STEP_PLAY,      /* a: samples */
    STEP_DELAY,     /* a: playout delay in us */
    STEP_SERVE,     /* a: times, without need */
    STEP_NONSENSE,  /* a: a call with arguments that are wrong */
    /* the agent */
    STEP_PROGRESS, /* a: 1 of a handoff that is not active, b: bytes more */
    STEP_DONE,     /* a: the same */
    /* the service, when it is the one that says anything */
    STEP_SAY, /* a: enum saying, b: chance for what is in it */
    /* the network */
    STEP_BREAK, /* a: how */
    STEP_MUTE,  /* half-open: nothing comes or goes any more, a: and the link is lost so many ms later */
    STEP_SLOW,  /* a: bytes it takes at a time */
    STEP_STICK, /* it takes nothing, a: or does so again */
    STEP_JUMP,  /* a: milliseconds the clock jumps */
    STEP_FAULT, /* of the built-in service: a: enum parley_service_fault_kind, b: amount */
    STEP_KINDS
};

struct step {
    uint32_t wait_us; /* since the one before */
    uint8_t kind;
    uint32_t a, b;
};

enum agent { AGENT_IN_STEPS, AGENT_FAST, AGENT_CHATTY, AGENT_FAILING };
enum ending { END_STOP, END_PEER, END_LOST, END_AT_ONCE };

/* Each can be put back to its plain value, 0, by the shrinker. */
struct settings {
    bool v1, transcription, text, close_on_error, reconnect;
    bool chaos;        /* the service says anything; else it is the built-in one */
    bool queue_off;    /* output_audio_ms none */
    bool silent_host;  /* never reads audio */
    bool slow_host;    /* takes one event at a time */
    bool short_block;  /* a block that is too small is tried first */
    bool even_service; /* the built-in one: always takes the same time */
    bool mirror;       /* of the network: a message may come twice, */
    bool shuffle;      /* or out of order */
    uint32_t tick_us;  /* the host reads audio so often; 0: in steps alone */
    uint32_t delay_us, jitter_us;
    uint32_t fragment_bytes; /* 0: whole messages */
    uint32_t send_bytes;     /* 0: send takes all */
    uint32_t inbox_bytes, outbox_bytes, transcript_bytes, input_audio_ms, output_audio_ms, reply_items;
    uint32_t attempts, base_ms;
    uint32_t offset; /* of the block, from an aligned address */
    enum agent agent;
    enum ending ending;
};

struct plan {
    uint64_t seed;
    struct settings settings;
    struct step steps[PLAN_STEPS];
    unsigned count;
};

void plan_make(struct plan *plan, uint64_t seed);

/* Names of kinds and settings, for people and for the line that repeats a shrunk plan. */
const char *plan_step_name(unsigned kind);
enum { PLAN_SETTINGS = 24 };
const char *plan_setting_name(unsigned setting);

/* Puts a setting back to its plain value. Returns false when it had that. */
bool plan_make_plain(struct plan *plan, unsigned setting);

#endif
