/*
 * Any bytes through every filter of templates/render.c: JSON against the plain model and back through the
 * parser, base64 back through the decoder, and never a byte beyond the bound.
 */
#include "parser/base64.h"
#include "parser/json.h"
#include "parser/utf8.h"
#include "templates/render.h"
#include "templates/templates.h"
#include "test/fuzz/fuzz.h"
#include "test/unit/json_text_model.h"

enum { INPUT_MAX = 4096, OUTPUT_MAX = 6 * INPUT_MAX + 512 };

static void check_json(struct parley_view text)
{
    static char expected[OUTPUT_MAX], whole[OUTPUT_MAX];
    size_t length = model_json(expected, text);
    char *exact = exact_room(length + 2);
    struct parley_render r;
    struct parley_json json;

    r = parley_render(exact, length + 2);
    parley_render_raw(&r, parley_view("\""));
    parley_render_json(&r, text);
    parley_render_raw(&r, parley_view("\""));
    must(!r.overflow && r.used == length + 2 && memcmp(exact + 1, expected, length) == 0);
    must(parley_utf8_valid(parley_rendered(&r)));

    memcpy(whole, exact, r.used);
    parley_json_start(&json, whole, r.used);
    must(parley_json_next(&json) == PARLEY_JSON_STRING);
    if (parley_utf8_valid(text))
        must(parley_view_equal(parley_json_string(&json), text));
    must(parley_json_next(&json) == PARLEY_JSON_END);
    free(exact);
}

static void check_base64(struct parley_view bytes)
{
    static char room[OUTPUT_MAX], back[OUTPUT_MAX];
    struct parley_render r = parley_render(room, sizeof room);

    parley_render_base64(&r, bytes);
    must(!r.overflow && parley_base64_decode(back, parley_rendered(&r), NULL) == (long)bytes.len);
    must(bytes.len == 0 || memcmp(back, bytes.at, bytes.len) == 0);
}

/* Every template with the text in all its slots: counted, exact, and in `size` bytes. */
static void check_templates(struct parley_view text, size_t size)
{
    for (size_t t = 0; t < PARLEY_TEMPLATES; t++) {
        const struct parley_template *template = parley_templates[t].template;
        struct parley_slot slots[16] = {{0}};
        struct parley_render counted = parley_render(NULL, 0), r;
        size_t count = 0;
        char *room;
        long length;

        for (size_t i = 0; i < template->count; i++) {
            const char *name = template->pieces[i].slot;
            if (name != NULL)
                slots[count++] = (struct parley_slot){.name = name, .text = text, .number = size};
        }
        length = parley_render_template(&counted, template, slots);
        must(length >= 0 && (size_t)length == counted.used);
        size %= counted.used + 1;
        room = exact_room(size);
        r = parley_render(room, size);
        must((parley_render_template(&r, template, slots) == length) == (size == counted.used));
        must(r.overflow == (size < counted.used) && r.used <= size);
        free(room);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view text;

    if (size < 2 || size > INPUT_MAX)
        return 0;
    text = parley_view_of((const char *)data + 2, size - 2);
    check_json(text);
    check_base64(text);
    check_templates(text, (size_t)data[0] << 8 | data[1]);
    return 0;
}
