/*
 * parser/json on any bytes: tokens follow each other and end, a failure lies at the first byte that is
 * wrong, strings come out as UTF-8, a double is what strtod makes of it, and nothing outside the text is
 * touched (the sanitizers see to that).
 */
#include "parser/json.h"
#include "parser/utf8.h"
#include "test/fuzz/fuzz.h"

#include <math.h>

/* The answer the text ends with, and where; a copy, so that each reading starts from the same. */
static enum parley_json_token verdict(const uint8_t *data, size_t size, size_t *offset)
{
    char *text = exact_copy(data, size);
    struct parley_json j;
    enum parley_json_token token;
    parley_json_start(&j, text, size);
    while ((token = parley_json_next(&j)) > 0)
        continue;
    *offset = j.offset;
    free(text);
    return token;
}

static void check_place(const uint8_t *data, size_t size)
{
    size_t offset, other;
    enum parley_json_token token = verdict(data, size, &offset);
    if (token == PARLEY_JSON_MORE)
        must(offset == size);
    if (token != PARLEY_JSON_BAD && token != PARLEY_JSON_DEEP)
        return;
    must(offset < size);
    must(verdict(data, offset, &other) >= PARLEY_JSON_MORE);
    must(verdict(data, offset + 1, &other) == token && other == offset);
}

static void check_number(const struct parley_json *j)
{
    char text[64];
    double value, expected;
    uint64_t whole;
    int64_t negative;
    bool fits = parley_json_double(j, &value);
    bool is_unsigned = parley_json_u64(j, &whole), is_signed = parley_json_i64(j, &negative);
    must(!is_unsigned || !is_signed || whole == (uint64_t)negative);
    if (j->raw.len >= sizeof text)
        return;
    memcpy(text, j->raw.at, j->raw.len);
    text[j->raw.len] = '\0';
    expected = strtod(text, NULL);
    must(fits ? memcmp(&value, &expected, sizeof value) == 0 : isinf(expected) != 0);
}

/* Reads on, each token in one of several ways, as the bytes of `choice` will have it. */
static void read_in_all_ways(char *text, size_t size, uint64_t choice)
{
    struct parley_json j;
    struct parley_view raw;
    enum parley_json_token token;
    size_t tokens = 0;
    parley_json_start(&j, text, size);
    while ((token = parley_json_next(&j)) > 0) {
        must(++tokens <= size && j.raw.len > 0 && j.depth <= PARLEY_JSON_DEPTH);
        choice = choice * 6364136223846793005u + 1442695040888963407u;
        unsigned way = (unsigned)(choice >> 60);
        if (token == PARLEY_JSON_NUMBER)
            check_number(&j);
        if (token == PARLEY_JSON_NAME && way < 4) {
            parley_json_name_is(&j, "type");
            if (parley_json_raw(&j, &raw))
                must(raw.len > 0 && raw.at + raw.len == j.at);
        } else if (token == PARLEY_JSON_NAME || token == PARLEY_JSON_STRING) {
            must(parley_utf8_valid(parley_json_string(&j)));
        } else if (way > 12) {
            parley_json_skip(&j);
        }
    }
    must(parley_json_next(&j) == token && (j.error == NULL) == (token == PARLEY_JSON_END));
}

/* In a text that is good, passing objects and arrays unseen ends where reading them ends. */
static void check_skips(char *text, size_t size)
{
    struct parley_json j;
    enum parley_json_token token;
    unsigned containers = 0;

    parley_json_start(&j, text, size);
    while ((token = parley_json_next(&j)) > 0 && containers < 64) {
        struct parley_json read = j, passed = j;
        if (token != PARLEY_JSON_OBJECT && token != PARLEY_JSON_ARRAY)
            continue;
        containers++;
        passed.checked = true;
        must(parley_json_skip(&read) && parley_json_skip(&passed));
        must(read.at == passed.at && read.depth == passed.depth && read.expect == passed.expect);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t choice = size;
    for (size_t i = 0; i < size && i < 64; i++)
        choice = choice * 31 + data[i];
    check_place(data, size);
    char *text = exact_copy(data, size);
    size_t offset;
    if (verdict(data, size, &offset) == PARLEY_JSON_END)
        check_skips(text, size);
    read_in_all_ways(text, size, choice);
    free(text);
    return 0;
}
