/*
 * Keeps texts for the model within a budget of tokens (reference 8.2). Nothing is copied until it is known
 * what remains: a cut is two offsets, so trying a smaller one costs a few comparisons.
 */
#include "context/token_budget.h"

#include "parser/utf8.h"
#include "platform/status.h"
#include "templates/render.h"
#include "templates/templates.h"

/* A text and the label that stands before it, counted as one. The label is ASCII and shorter than any budget
   that leaves something of a text, so both cuts fall behind it. */
struct labelled {
    struct parley_view label, text;
    size_t gone; /* bytes of the text's middle that nobody has any more; what remains does not reach there */
};

/* What remains: the first `head` bytes of the text, a mark unless `whole`, its last `tail` bytes. */
struct cut {
    bool whole;
    bool label; /* remains too */
    size_t head, tail;
    size_t missing; /* tokens, as the mark tells */
};

/* The first place at or after `at` where a character starts or the text ends. At most three bytes of a
   character do not start it; more of them are no UTF-8, and cut anywhere. */
static size_t character_from(struct parley_view text, size_t at)
{
    size_t start = at;

    while (start < text.len && start - at < 4 && ((unsigned char)text.at[start] & 0xC0) == 0x80)
        start++;
    return start - at < 4 ? start : at;
}

/* The cut of reference 8.2's trunc(text, tokens): half of the budget on each side. */
static struct cut cut_to(const struct labelled *l, size_t tokens)
{
    size_t have = parley_tokens(l->label.len + l->text.len + l->gone);
    size_t half = 2 * tokens; /* bytes; used only when tokens < have, so there is no overflow */
    bool label = half >= l->label.len;

    if (have <= tokens)
        return (struct cut){.whole = true, .label = true, .head = l->text.len};
    return (struct cut){
        .label = label,
        .head = label ? parley_utf8_cut(l->text, half - l->label.len).len : 0,
        .tail = half < l->text.len ? l->text.len - character_from(l->text, l->text.len - half) : l->text.len,
        .missing = have - tokens,
    };
}

static void render_cut(struct parley_render *r, const struct labelled *l, const struct cut *cut)
{
    struct parley_slot slots[] = {{.name = "tokens", .number = cut->missing}, {.name = NULL}};

    if (cut->label)
        parley_render_raw(r, l->label);
    parley_render_raw(r, parley_view_of(l->text.at, cut->head));
    if (cut->whole)
        return;
    parley_render_template(r, &parley_template_prompts_truncated, slots);
    parley_render_raw(r, parley_view_of(l->text.at + l->text.len - cut->tail, cut->tail));
}

/* Tokens of what remains, mark included. */
static size_t cut_tokens(const struct labelled *l, const struct cut *cut)
{
    struct parley_render count = parley_render(NULL, 0);

    render_cut(&count, l, cut);
    return parley_tokens(count.used);
}

static long write_cut(char *out, size_t bytes, const struct labelled *l, const struct cut *cut)
{
    struct parley_render r = parley_render(out, bytes);

    render_cut(&r, l, cut);
    return r.overflow ? PARLEY_ERR_TOO_LONG : (long)r.used;
}

long parley_truncate(char *out, size_t bytes, struct parley_view text, size_t tokens)
{
    const struct labelled l = {.text = text};
    struct cut cut = cut_to(&l, tokens);

    return write_cut(out, bytes, &l, &cut);
}

static long fit(char *out, size_t bytes, const struct labelled *l, size_t tokens)
{
    size_t target = tokens;

    for (;;) {
        struct cut cut = cut_to(l, target);
        size_t have = cut_tokens(l, &cut);

        if (have <= tokens)
            return write_cut(out, bytes, l, &cut);
        if (target == 0)
            return 0;
        target = have - tokens < target ? target - (have - tokens) : 0;
    }
}

long parley_fit(char *out, size_t bytes, struct parley_view text, size_t tokens)
{
    const struct labelled l = {.text = text};

    return fit(out, bytes, &l, tokens);
}

long parley_fit_shortened(char *out, size_t bytes, struct parley_view text, size_t gone, size_t tokens)
{
    const struct labelled l = {.text = text, .gone = gone};

    return fit(out, bytes, &l, tokens);
}

long parley_fit_labelled(char *out, size_t bytes, struct parley_view label, struct parley_view text,
                         size_t tokens)
{
    const struct labelled l = {.label = label, .text = text};

    return fit(out, bytes, &l, tokens);
}
