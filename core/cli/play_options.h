#ifndef PARLEY_CLI_PLAY_OPTIONS_H
#define PARLEY_CLI_PLAY_OPTIONS_H

#include "core/parley.h"
#include "transport/loopback/talk.h"

/*
 * The `option` lines of a talk that are the host's, as options of a conversation; *speaker is set by
 * `option speaker on`. Texts go to `scratch`, which has to be as long as the talk, and stay there.
 * Returns PARLEY_OK, or PARLEY_ERR_ARGUMENT with "name:line: ..." in `why`.
 */
int parley_play_read_options(struct parley_options *options, bool *speaker, const struct parley_talk *talk,
                             char *scratch, size_t bytes, char why[PARLEY_TALK_WHY]);

#endif
