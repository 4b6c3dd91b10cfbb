#ifndef PARLEY_CONTEXT_PATH_H
#define PARLEY_CONTEXT_PATH_H

#include "platform/view.h"

/*
 * Paths, by their letters alone. A longer one than this, with its zero, is left out of whatever it is for.
 */
enum { PARLEY_PATH_BYTES = 4096 };

/*
 * Writes an absolute path in its one plain form: no empty part, no ".", no "..", no slash at its end. A
 * relative one goes on from `base`. The result is terminated. Returns its length, 0 when it is not absolute,
 * holds a zero, or is too long.
 */
size_t parley_path_plain(char out[PARLEY_PATH_BYTES], struct parley_view base, struct parley_view path);

/* The folder that the last part of a plain path stands in; absent for "/". */
struct parley_view parley_path_parent(struct parley_view path);

/* The last part of a plain path; absent for "/". */
struct parley_view parley_path_name(struct parley_view path);

#endif
