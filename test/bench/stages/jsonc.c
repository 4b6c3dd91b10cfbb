/* json-c. */
#include "test/bench/stages/bench.h"

#include <json-c/json.h>

static struct json_tokener *tokener;

static json_object *read_it(const char *text, size_t len)
{
    if (tokener == NULL)
        tokener = json_tokener_new();
    json_tokener_reset(tokener);
    return json_tokener_parse_ex(tokener, text, (int)len);
}

static bool is_string(json_object *object, const char *name)
{
    return json_object_get_string_len(json_object_object_get(object, name)) > 0;
}

static bool audio(char *text, size_t len)
{
    json_object *root = read_it(text, len), *delta = json_object_object_get(root, "delta");
    bool fine = is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
                json_object_is_type(json_object_object_get(root, "content_index"), json_type_int) &&
                bench_table_decode(bench_out, json_object_get_string(delta),
                                   (size_t)json_object_get_string_len(delta)) == bench_pcm_bytes;

    json_object_put(root);
    return fine;
}

static bool transcript(char *text, size_t len)
{
    json_object *root = read_it(text, len);
    bool fine = is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
                is_string(root, "delta");

    json_object_put(root);
    return fine;
}

static bool done(char *text, size_t len)
{
    json_object *root = read_it(text, len), *response = json_object_object_get(root, "response");
    bool fine = is_string(root, "type") && is_string(response, "id") && is_string(response, "status") &&
                is_string(response, "conversation_id");

    json_object_put(root);
    return fine;
}

const struct bench_json bench_jsonc = {"json-c", audio, transcript, done};
