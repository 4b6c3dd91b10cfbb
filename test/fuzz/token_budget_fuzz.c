/*
 * Any bytes and any budget through context/token_budget.c: UTF-8 gives exactly what the literal model of
 * reference 8.2 gives, anything else stays within the budget; never a byte beyond the bound.
 */
#include "context/token_budget.h"
#include "parser/utf8.h"
#include "platform/status.h"
#include "test/fuzz/fuzz.h"
#include "test/unit/token_budget_model.h"

enum { INPUT_MAX = 4096 };

static void check(long (*call)(char *, size_t, struct parley_view, size_t),
                  size_t (*model)(char *, struct parley_view, size_t), struct parley_view text, size_t tokens)
{
    static char expected[INPUT_MAX + 64];
    long length = call(NULL, 0, text, tokens);
    char *exact = exact_room(length > 0 ? (size_t)length : 0);

    must(length >= 0);
    must(call(exact, (size_t)length, text, tokens) == length);
    must(length == 0 || call(exact, (size_t)length - 1, text, tokens) == PARLEY_ERR_TOO_LONG);
    if (parley_utf8_valid(text)) {
        must(call(exact, (size_t)length, text, tokens) == length);
        must(model(expected, text, tokens) == (size_t)length && memcmp(exact, expected, (size_t)length) == 0);
        must(parley_utf8_valid(parley_view_of(exact, (size_t)length)));
    }
    must(call != parley_fit || parley_tokens((size_t)length) <= tokens);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view text;
    size_t tokens;

    if (size < 2 || size > INPUT_MAX)
        return 0;
    text = parley_view_of((const char *)data + 2, size - 2);
    tokens = ((size_t)data[0] << 8 | data[1]) % (text.len / 3 + 2);
    check(parley_truncate, model_truncate, text, tokens);
    check(parley_fit, model_fit, text, tokens);
    return 0;
}
