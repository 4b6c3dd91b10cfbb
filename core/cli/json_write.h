#ifndef PARLEY_CLI_JSON_WRITE_H
#define PARLEY_CLI_JSON_WRITE_H

#include "templates/render.h"
#include <stdbool.h>

/*
 * JSON written member by member. Commas come by themselves; `name` NULL is for the elements of an array and
 * the outermost value. Names are our own and need no escapes.
 */

/* '{' or '[', and its counterpart. */
void parley_cli_json_open(struct parley_render *r, const char *name, char bracket);
void parley_cli_json_close(struct parley_render *r, char bracket);

/* A string; null for the absent text. */
void parley_cli_json_text(struct parley_render *r, const char *name, struct parley_view text);
void parley_cli_json_word(struct parley_render *r, const char *name, const char *word);

void parley_cli_json_number(struct parley_render *r, const char *name, uint64_t number);
void parley_cli_json_bool(struct parley_render *r, const char *name, bool value);
void parley_cli_json_null(struct parley_render *r, const char *name);

/* JSON as it came, on one line: line breaks, which can stand between its tokens only, are left out. */
void parley_cli_json_verbatim(struct parley_render *r, const char *name, struct parley_view json);

#endif
