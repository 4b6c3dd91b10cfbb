#ifndef PARLEY_TRANSPORT_LOOPBACK_FORM_H
#define PARLEY_TRANSPORT_LOOPBACK_FORM_H

#include "templates/render.h"

#include <stdarg.h>

/*
 * JSON after a pattern, for messages that are written in one place and read in a test: ' stands for a double
 * quote, %s for a zero-terminated text and %v for a struct parley_view (both escaped), %r for a view as it
 * is, %u for an unsigned, %U for a uint64_t.
 *
 *     parley_form(&r, "{'type':'response.created','response':{'id':'%s'}}", id);
 */
void parley_form(struct parley_render *r, const char *pattern, ...);
void parley_form_list(struct parley_render *r, const char *pattern, va_list list);

/* Samples as base64 of PCM16. To go on with more, `samples` has to be a multiple of 3. */
void parley_form_pcm(struct parley_render *r, const int16_t *pcm, size_t samples);

#endif
