#ifndef PARLEY_TRANSPORT_LOOPBACK_TALK_WORDS_H
#define PARLEY_TRANSPORT_LOOPBACK_TALK_WORDS_H

#include "transport/loopback/talk.h"

/*
 * One line of a talk, word by word from left to right. What is wrong is told with its place; all that take
 * something and return a bool tell so, and then return false.
 */
struct parley_words {
    const struct parley_talk *talk;
    const char *start; /* of the line, for columns */
    struct parley_view rest;
    char *why; /* of PARLEY_TALK_WHY bytes */
};

/* Notes what is wrong at `at`. Returns false, for one of the two answers "no". */
__attribute__((format(printf, 3, 4))) bool parley_words_wrong(const struct parley_words *s, const char *at,
                                                              const char *format, ...);

/* The length of a view for "%.*s", with a bound that keeps messages readable. */
int parley_words_shown(struct parley_view view);

/* Passes white space and a comment. */
void parley_words_pass_space(struct parley_words *s);

/* The next word, up to white space; empty at the end. */
struct parley_view parley_words_peek(struct parley_words *s);

/* The same, taken. */
struct parley_view parley_words_take(struct parley_words *s);

/* The string that starts here, quotes included, checked as JSON checks it. */
bool parley_words_take_string(struct parley_words *s, struct parley_view *text);

/* The rest of the line as one JSON value. */
bool parley_words_take_json(struct parley_words *s, struct parley_view *json);

/* ---- what a word can be ------------------------------------------------------------------------- */

bool parley_words_is_blank(char c);

/* The length of the string, quotes included, that `text` begins with; 0 when it does not end. */
size_t parley_words_string_length(struct parley_view text);

/* True, with *number, for a whole word of digits that means at most `most`. */
bool parley_words_digits(struct parley_view word, uint64_t most, uint64_t *number);

/* True, with *us, for "200ms", "2s", "1.5s" or "3m", at most a day. */
bool parley_words_duration(struct parley_view word, uint64_t *us);

#endif
