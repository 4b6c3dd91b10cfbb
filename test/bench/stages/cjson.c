/* cJSON. */
#include "test/bench/stages/bench.h"

#include <cjson/cJSON.h>
#include <string.h>

static bool is_string(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text != NULL && *text != '\0';
}

static bool audio(char *text, size_t len)
{
    cJSON *root = cJSON_ParseWithLength(text, len);
    const char *delta = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "delta"));
    bool fine = is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
                cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "content_index")) && delta != NULL &&
                bench_table_decode(bench_out, delta, strlen(delta)) == bench_pcm_bytes;

    cJSON_Delete(root);
    return fine;
}

static bool transcript(char *text, size_t len)
{
    cJSON *root = cJSON_ParseWithLength(text, len);
    bool fine = is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
                is_string(root, "delta");

    cJSON_Delete(root);
    return fine;
}

static bool done(char *text, size_t len)
{
    cJSON *root = cJSON_ParseWithLength(text, len);
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(root, "response");
    bool fine = is_string(root, "type") && is_string(response, "id") && is_string(response, "status") &&
                is_string(response, "conversation_id");

    cJSON_Delete(root);
    return fine;
}

const struct bench_json bench_cjson = {"cJSON", audio, transcript, done};
