#ifndef PARLEY_CLI_PICTURE_H
#define PARLEY_CLI_PICTURE_H

#include "core/cli/story.h"

/*
 * A story as a picture: SVG for a page or a README, and text for a terminal. Both are cut into strips of so
 * many seconds, one below the other, so that a long conversation is tall and not wide. The same story
 * gives the same bytes. What is drawn stands in itself: no script, no font, no file from elsewhere; colours
 * follow the reader's choice of dark or light.
 */

/* Text that grows on the heap. */
struct parley_cli_sheet {
    char *at;
    size_t size, used;
    bool failed; /* no memory: nothing more is written */
};

void parley_cli_sheet_free(struct parley_cli_sheet *sheet);
void parley_cli_sheet_raw(struct parley_cli_sheet *sheet, const char *text);
void parley_cli_sheet_format(struct parley_cli_sheet *sheet, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* With < > & as XML wants them. */
void parley_cli_sheet_xml(struct parley_cli_sheet *sheet, struct parley_view text);

/* The whole picture. `page`: inside a page of HTML, which is complete then. */
void parley_cli_picture_svg(struct parley_cli_sheet *sheet, const struct parley_cli_story *story,
                            unsigned strip_s, bool page);

/* Lines of ASCII apart from what was said, `columns` wide, and below them what happened when. */
void parley_cli_picture_text(struct parley_cli_sheet *sheet, const struct parley_cli_story *story,
                             unsigned strip_s, unsigned columns);

#endif
