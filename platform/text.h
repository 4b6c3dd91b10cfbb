#ifndef PARLEY_PLATFORM_TEXT_H
#define PARLEY_PLATFORM_TEXT_H

#include "platform/view.h"

/*
 * Two small cares for text that comes from elsewhere and is shown to a person.
 */

/* The most bytes of `text`, up to `limit`, that do not end in the middle of a UTF-8 character. */
size_t parley_text_cut(struct parley_view text, size_t limit);

/* Turns each control character (C0, DEL, and C1 written in UTF-8, which some terminals obey) into '?'. */
void parley_text_tame(char *text, size_t bytes);

#endif
