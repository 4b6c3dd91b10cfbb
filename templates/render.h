#ifndef PARLEY_TEMPLATES_RENDER_H
#define PARLEY_TEMPLATES_RENDER_H

#include "platform/view.h"
#include <stdint.h>

/*
 * Everything parley says stands in files beside this one; embed.sh turns each into a constant
 * `parley_template_<path with _>`, for example parley_template_wire_v2_item_user_text, declared in the
 * generated templates/templates.h. A slot is `${name}` or `${name|filter}`:
 *
 *   ${text}            escaped for the kind of file: JSON string, XML text, or as it is in .md
 *   ${audio|base64}    the slot's bytes as base64
 *   ${audio_end_ms|number}
 *   ${item|raw}        as it is, for JSON inside JSON
 *
 * and `${<path}` puts another file of the tree in its place. Rendering writes into a buffer of the caller and
 * remembers when it did not fit.
 */
enum parley_filter {
    PARLEY_FILTER_RAW,
    PARLEY_FILTER_JSON,
    PARLEY_FILTER_XML,
    PARLEY_FILTER_BASE64,
    PARLEY_FILTER_NUMBER,
};

struct parley_render {
    char *at;
    size_t size, used;
    bool overflow;             /* something did not fit; `used` stays at what did */
    enum parley_filter filter; /* what parley_render_text does: that of the slot being filled, RAW outside */
};

/* A template as embed.sh writes it: literal text, then a slot, and so on. */
struct parley_piece {
    const char *literal; /* terminated */
    const char *slot;    /* NULL: none follows (the text ends, or its next piece is literal as well) */
    uint16_t bytes;      /* of the literal */
    enum parley_filter filter;
};
struct parley_template {
    const struct parley_piece *pieces;
    size_t count;
};

/* For tests, a table of all: parley_templates[PARLEY_TEMPLATES], by name. */
struct parley_named_template {
    const char *name; /* "wire/v2/item_user_text.json" */
    const struct parley_template *template;
};

/* What goes into a slot: `text`, or for ${…|number} `number`, or whatever `write` puts there piece by piece
   with parley_render_text, so that a long text need not be joined first. */
struct parley_slot {
    const char *name;
    struct parley_view text;
    uint64_t number;
    void (*write)(struct parley_render *r, const void *state);
    const void *state;
};

/* A render into `bytes` bytes at `into`. With `into` NULL nothing is written or overflows and `used` counts
   what would be needed. */
struct parley_render parley_render(char *into, size_t bytes);

/* Pieces by hand; each writes nothing at all once `overflow` is set. Texts may not lie in the buffer. */
void parley_render_raw(struct parley_render *r, struct parley_view text);
/* The inside of a JSON string. What is not UTF-8 is replaced by U+FFFD, one for each maximal start of a
   character (as browsers do), so that a bad byte cannot make the peer refuse the message. */
void parley_render_json(struct parley_render *r, struct parley_view text);
void parley_render_xml(struct parley_render *r, struct parley_view text); /* & < > only (reference 10.3) */
void parley_render_base64(struct parley_render *r, struct parley_view bytes);
void parley_render_number(struct parley_render *r, uint64_t number);

/* Text through the filter of the slot being filled (RAW, JSON or XML); for the `write` of a slot. Templates
   rendered there go through it as well, with their literal text. */
void parley_render_text(struct parley_render *r, struct parley_view text);

/*
 * Renders a template. `slots` is ended by an entry with name NULL; a slot of the template that is not
 * among them is our own mistake and asserts.
 * Returns the bytes written by this call, or PARLEY_ERR_TOO_LONG when it does not fit (r->overflow).
 */
long parley_render_template(struct parley_render *r, const struct parley_template *t,
                            const struct parley_slot *slots);

/* The text of a template that has no slots and is at most 4000 bytes long; any other asserts. Static memory.
 */
struct parley_view parley_template_text(const struct parley_template *t);

/* What the render holds so far. */
static inline struct parley_view parley_rendered(const struct parley_render *r)
{
    return parley_view_of(r->at, r->used);
}

#endif
