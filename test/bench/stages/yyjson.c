/* yyjson, reading in place. */
#include "test/bench/stages/bench.h"

#include <string.h>
#include <yyjson.h>

static char pool[1 << 20];

static yyjson_doc *read_it(char *text, size_t len)
{
    yyjson_alc memory;

    yyjson_alc_pool_init(&memory, pool, sizeof pool);
    return yyjson_read_opts(text, len, YYJSON_READ_INSITU, &memory, NULL);
}

static bool is_string(yyjson_val *object, const char *name)
{
    return yyjson_get_len(yyjson_obj_get(object, name)) > 0;
}

static bool audio(char *text, size_t len)
{
    yyjson_val *root = yyjson_doc_get_root(read_it(text, len)), *delta = yyjson_obj_get(root, "delta");

    return is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
           yyjson_is_uint(yyjson_obj_get(root, "content_index")) &&
           bench_table_decode(bench_out, yyjson_get_str(delta), yyjson_get_len(delta)) == bench_pcm_bytes;
}

static bool transcript(char *text, size_t len)
{
    yyjson_val *root = yyjson_doc_get_root(read_it(text, len));

    return is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
           is_string(root, "delta");
}

static bool done(char *text, size_t len)
{
    yyjson_val *root = yyjson_doc_get_root(read_it(text, len)), *response = yyjson_obj_get(root, "response");

    return is_string(root, "type") && is_string(response, "id") && is_string(response, "status") &&
           is_string(response, "conversation_id");
}

const struct bench_json bench_yyjson = {"yyjson, in place", audio, transcript, done};
