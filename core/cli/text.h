#ifndef PARLEY_CLI_TEXT_H
#define PARLEY_CLI_TEXT_H

#include "platform/view.h"
#include <stdint.h>

/*
 * Text as a terminal shows it: characters, their columns, and what must never reach it.
 */

/* The first character of a text that is not empty. Returns its length in bytes, with *code its code point;
   for a byte that begins no valid UTF-8 sequence 1, and U+FFFD. */
size_t parley_cli_text_next(struct parley_view text, uint32_t *code);

/* Columns a character takes: 0 (combining), 1, or 2 (East Asian wide, pictures). */
size_t parley_cli_text_columns(uint32_t code);
size_t parley_cli_text_width(struct parley_view text);

/*
 * Copies text so that a terminal shows it and does nothing else: line breaks and tabs become spaces, other
 * control characters (C0, C1, DEL) and those that reorder what is beside them (bidirectional overrides)
 * '?', invalid bytes U+FFFD. What does not fit is cut at a whole character, with "..." at the end.
 * Returns the length; no zero is added.
 */
size_t parley_cli_text_clean(char *out, size_t bytes, struct parley_view text);

/* Copies text with U+FFFD for each invalid byte and nothing else changed, cut at a whole character. Returns
   the length. 3 * text.len bytes are always enough. */
size_t parley_cli_text_repair(char *out, size_t bytes, struct parley_view text);

/* The length of a text without the unfinished character at its end, if there is one. */
size_t parley_cli_text_whole(struct parley_view text);

/* The longest end of a clean text that fits into `columns`. */
struct parley_view parley_cli_text_tail(struct parley_view text, size_t columns);

/* The first line of a clean text wrapped at `columns` (at least 1): up to a space where there is one, the
   space not included, at least one character. */
struct parley_view parley_cli_text_line(struct parley_view text, size_t columns);

#endif
