#ifndef PARLEY_TRANSPORT_LOOPBACK_INCLUDE_H
#define PARLEY_TRANSPORT_LOOPBACK_INCLUDE_H

#include "transport/loopback/talk.h"

/*
 * Reads a talk from a file and puts in its place each file that an `include "FILE"` line names (found from
 * the folder of the file the line is in), so that talks can share what they have in common. Messages about
 * the whole still name the right file and line: a line "#@ NUMBER NAME" says where the next one comes from.
 *
 * Returns the length of the text at `into`; PARLEY_ERR_FILE when a file cannot be read, PARLEY_ERR_TOO_LONG
 * when all of it exceeds `bytes`, PARLEY_ERR_ARGUMENT for an include line that is none or too deep; `why`
 * then says where and what.
 */
long parley_talk_load(const char *path, char *into, size_t bytes, char why[PARLEY_TALK_WHY]);

#endif
