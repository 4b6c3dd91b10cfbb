#ifndef PARLEY_TRANSPORT_LOOPBACK_TALK_H
#define PARLEY_TRANSPORT_LOOPBACK_TALK_H

#include "platform/clock.h"
#include "templates/render.h"
#include "transport/transport.h"

/*
 * The language of *.talk files: whole conversations as lines of text, described for their writers in
 * test/talk/README.md. In talk.c a text becomes lines, one at a time, which talk_check.c reads all once
 * before and talk_message.c turns into messages; what a line does is up to script.c (the service's part) and
 * to core/cli/play.c (the host's part).
 */
enum parley_talk_verb {
    /* settings, at the top */
    PARLEY_TALK_OPTION,  /* name, text */
    PARLEY_TALK_USE,     /* name */
    PARLEY_TALK_ANSWER,  /* text */
    PARLEY_TALK_SERVICE, /* name, text */
    PARLEY_TALK_HEARD,   /* text */
    /* the service says something */
    PARLEY_TALK_SERVER_JSON,   /* text: a message as it is */
    PARLEY_TALK_SERVER_EVENT,  /* name: type, fields */
    PARLEY_TALK_SERVER_AUDIO,  /* fields: item, response, ms, type */
    PARLEY_TALK_SERVER_RAW,    /* text, escaped */
    PARLEY_TALK_SERVER_LONG,   /* amount: bytes */
    PARLEY_TALK_SERVER_BINARY, /* text, escaped */
    PARLEY_TALK_FAULT,         /* name, amount: of the built-in service (service.h) */
    PARLEY_TALK_SERVER_CLOSE,  /* amount: code */
    PARLEY_TALK_SERVER_BREAK,
    /* what the client is expected to send: the script's to judge */
    PARLEY_TALK_EXPECT_SENT,    /* name: type, fields, before_us */
    PARLEY_TALK_EXPECT_AUDIO,   /* amount: microseconds, before_us */
    PARLEY_TALK_EXPECT_NOTHING, /* nothing unexpected has been sent */
    PARLEY_TALK_EXPECT_CLOSE,   /* amount: code, before_us */
    PARLEY_TALK_EXPECT_BROKEN,  /* name: a rule of the built-in service, before_us */
    /* from here on lines are the host's */
    PARLEY_TALK_EXPECT_EVENT,    /* name: kind, fields, before_us */
    PARLEY_TALK_EXPECT_NO_EVENT, /* name: kind */
    PARLEY_TALK_HOST_TEXT,       /* text, gives */
    PARLEY_TALK_HOST_AUDIO,      /* amount: microseconds, name: speech, silence or tone */
    PARLEY_TALK_HOST_WAV,        /* text: file name */
    PARLEY_TALK_HOST_PLAY,       /* amount: microseconds */
    PARLEY_TALK_HOST_TAKE,       /* amount: samples */
    PARLEY_TALK_HOST_DELAY,      /* amount: microseconds */
    PARLEY_TALK_HOST_INTERRUPT,  /* gives */
    PARLEY_TALK_HOST_PROGRESS,   /* text, fields: handoff; gives */
    PARLEY_TALK_HOST_DONE,       /* fields: handoff; gives */
    PARLEY_TALK_HOST_ASK,        /* gives */
    PARLEY_TALK_HOST_STOP,
};

/* When a line's turn comes: as soon as the one before is done, at a moment after the link came up, or some
   time after the one before. */
enum parley_talk_when { PARLEY_TALK_THEN, PARLEY_TALK_AT, PARLEY_TALK_AFTER };

/* One line. All views point into the talk's text. */
struct parley_talk_line {
    enum parley_talk_verb verb;
    unsigned number;           /* of the line, from 1 */
    struct parley_view source; /* the line as it stands, trimmed */
    enum parley_talk_when when;
    uint64_t when_us;
    struct parley_view name;
    struct parley_view text; /* JSON, or a string with its quotes, or a bare word */
    struct parley_view fields;
    uint64_t amount;
    uint64_t before_us;       /* a moment after the link came up; PARLEY_NEVER when none is given */
    struct parley_view gives; /* the name of a status; absent: OK */
};

/* path=value, path~"part", path*=pattern, path<number, path>number or !path. */
struct parley_talk_field {
    struct parley_view path;
    char kind; /* one of = ~ * < > ! */
    struct parley_view value;
};

/* Where reading stands. Start with the text and its name (for messages) and zeros. A line "#@ 7 NAME", as
   include.h writes it, says that the next line is the seventh of NAME. */
struct parley_talk {
    struct parley_view text, name;
    size_t at;
    unsigned line;
};

enum { PARLEY_TALK_WHY = PARLEY_TRANSPORT_REASON };

/* What the settings of a talk ask for that has to be known before it starts. */
struct parley_talk_settings {
    bool service; /* `use service` */
    bool lenient; /* of it, as in service.h */
    uint64_t seed;
    uint32_t speed, session_minutes, tokens_a_minute;
    uint64_t patience_us;              /* how long an expectation waits */
    size_t fragment_bytes, send_bytes; /* the screws of the loopback */
    size_t heard, heard_bytes;         /* utterances, and the length of their texts as they stand */
    struct parley_view answer;         /* to a call, as it stands; absent: the loopback's own */
};

/*
 * The next line that is neither empty nor a comment.
 * Returns 1 with *line, 0 at the end, PARLEY_ERR_ARGUMENT for a line that is none; `why` then says
 * "name:line:column: ...".
 */
int parley_talk_next(struct parley_talk *talk, struct parley_talk_line *line, char why[PARLEY_TALK_WHY]);

/* Reads all of it once: whether every line can be read and settings come first. Returns as parley_talk_next.
 */
int parley_talk_check(const struct parley_talk *talk, struct parley_talk_settings *settings,
                      char why[PARLEY_TALK_WHY]);

/* Takes the first field off. Returns false when there is none. */
bool parley_talk_field(struct parley_view *fields, struct parley_talk_field *field);

/* The value of the field `path`; absent when it is not there. */
struct parley_view parley_talk_value(struct parley_view fields, const char *path);

/* The same as a number; `otherwise` when it is not there or no number. */
uint64_t parley_talk_number(struct parley_view fields, const char *path, uint64_t otherwise);

/* A value as text: without the quotes and escapes of a string. Cut at `bytes`. */
struct parley_view parley_talk_plain(struct parley_view value, char *into, size_t bytes);

/* Writes the message {"type":type, ...} with the fields as members; paths with the same beginning share an
   object when they follow one another. */
void parley_talk_message(struct parley_render *r, struct parley_view type, struct parley_view fields);

/* True when in the JSON object `message` the member `type_member` is `type` and every field holds; else `why`
   says which does not. */
bool parley_talk_matches(struct parley_view message, const char *type_member, struct parley_view type,
                         struct parley_view fields, char why[PARLEY_TALK_WHY]);

#endif
