/* jansson. */
#include "test/bench/stages/bench.h"

#include <jansson.h>

static bool is_string(json_t *object, const char *name)
{
    return json_string_length(json_object_get(object, name)) > 0;
}

static bool audio(char *text, size_t len)
{
    json_t *root = json_loadb(text, len, 0, NULL), *delta = json_object_get(root, "delta");
    bool fine =
        is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
        json_is_integer(json_object_get(root, "content_index")) &&
        bench_table_decode(bench_out, json_string_value(delta), json_string_length(delta)) == bench_pcm_bytes;

    json_decref(root);
    return fine;
}

static bool transcript(char *text, size_t len)
{
    json_t *root = json_loadb(text, len, 0, NULL);
    bool fine = is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
                is_string(root, "delta");

    json_decref(root);
    return fine;
}

static bool done(char *text, size_t len)
{
    json_t *root = json_loadb(text, len, 0, NULL), *response = json_object_get(root, "response");
    bool fine = is_string(root, "type") && is_string(response, "id") && is_string(response, "status") &&
                is_string(response, "conversation_id");

    json_decref(root);
    return fine;
}

const struct bench_json bench_jansson = {"jansson", audio, transcript, done};
