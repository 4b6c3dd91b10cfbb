#ifndef PARLEY_CLI_SCREEN_H
#define PARLEY_CLI_SCREEN_H

#include "core/cli/agent.h"
#include "core/cli/output.h"
#include "core/id.h"
#include "core/parley.h"

/*
 * What a person sees of a conversation. Plain: a line for each thing that is finished. Live (a terminal): the
 * same lines, and below them a few rows that are drawn anew as words arrive: who speaks, what has been
 * understood so far, whether the agent works, the line being typed. Text of others is cleaned before it is
 * shown. No more than ANSI's cursor-up and erase are asked of the terminal.
 */
enum {
    PARLEY_CLI_SCREEN_TEXT = 16 * 1024,   /* the most of one text that is shown */
    PARLEY_CLI_SCREEN_PARTIAL = 4096,     /* of a text that still grows: its end */
    PARLEY_CLI_SCREEN_PICTURE = 8 * 1024, /* the rows below */
    PARLEY_CLI_SCREEN_ROOM = 64 * 1024,   /* room in the output that one event may need */
};

/* A text that grows. */
struct parley_cli_partial {
    char text[PARLEY_CLI_SCREEN_PARTIAL];
    size_t len;
};

struct parley_cli_screen {
    struct parley_cli_output *out;
    bool live, colour, quiet, prompts; /* prompts: shows the line being typed */
    size_t columns;

    const char *stage;      /* of the link, until the conversation starts or goes on; then NULL */
    bool speaking, playing; /* the user; the model, as it is heard */
    struct parley_cli_partial user, reply;
    struct parley_id reply_item; /* whose words `reply` holds */
    struct parley_id cut_item;   /* interrupted: what it still says has not been heard */
    bool agent;
    uint64_t agent_since_us;
    struct parley_cli_partial typed;

    char clean[PARLEY_CLI_SCREEN_TEXT];
    char picture[PARLEY_CLI_SCREEN_PICTURE]; /* what stands in the rows below */
    size_t picture_len, rows;
    bool dirty;
    uint64_t drawn_us;
};

/* All of it goes to `out`. `columns` may be changed at any time. */
void parley_cli_screen_open(struct parley_cli_screen *s, struct parley_cli_output *out, bool live,
                            bool colour);

void parley_cli_screen_event(struct parley_cli_screen *s, const struct parley_event *event);
void parley_cli_screen_agent(struct parley_cli_screen *s, enum parley_cli_agent_news news,
                             struct parley_view text, uint64_t now_us);

/* A line the user has typed and sent; the one being typed. */
void parley_cli_screen_typed(struct parley_cli_screen *s, struct parley_view line);
void parley_cli_screen_typing(struct parley_cli_screen *s, struct parley_view line);

/* Whether a reply can be heard now. */
void parley_cli_screen_playing(struct parley_cli_screen *s, bool playing);

/* Something the program itself has to say: "-- text --", or "error: text". */
void parley_cli_screen_note(struct parley_cli_screen *s, const char *text);
void parley_cli_screen_wrong(struct parley_cli_screen *s, const char *text);

/* Draws the rows below when something changed, not more often than 20 times a second. */
void parley_cli_screen_draw(struct parley_cli_screen *s, uint64_t now_us);

/* When to draw next. */
uint64_t parley_cli_screen_deadline_us(const struct parley_cli_screen *s);

/* Takes the rows below away. */
void parley_cli_screen_close(struct parley_cli_screen *s);

#endif
