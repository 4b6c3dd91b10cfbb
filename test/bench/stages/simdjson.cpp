// simdjson, on demand, with the vectors it chooses at run time.
#include "test/bench/stages/bench.h"

#include <simdjson.h>

static simdjson::ondemand::parser parser;

static bool is_string(simdjson::simdjson_result<simdjson::ondemand::value> value)
{
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS && !text.empty();
}

static bool audio(char *text, size_t len)
{
    simdjson::ondemand::document root;
    std::string_view delta;
    uint64_t index;

    return parser.iterate(text, len, len + 64).get(root) == simdjson::SUCCESS && is_string(root["type"]) &&
           is_string(root["response_id"]) && is_string(root["item_id"]) &&
           root["content_index"].get_uint64().get(index) == simdjson::SUCCESS &&
           root["delta"].get_string().get(delta) == simdjson::SUCCESS &&
           bench_table_decode(bench_out, delta.data(), delta.size()) == bench_pcm_bytes;
}

static bool transcript(char *text, size_t len)
{
    simdjson::ondemand::document root;

    return parser.iterate(text, len, len + 64).get(root) == simdjson::SUCCESS && is_string(root["type"]) &&
           is_string(root["response_id"]) && is_string(root["item_id"]) && is_string(root["delta"]);
}

static bool done(char *text, size_t len)
{
    simdjson::ondemand::document root;

    return parser.iterate(text, len, len + 64).get(root) == simdjson::SUCCESS && is_string(root["type"]) &&
           is_string(root["response"]["id"]) && is_string(root["response"]["status"]) &&
           is_string(root["response"]["conversation_id"]);
}

extern "C" const struct bench_json bench_simdjson = {"simdjson, on demand", audio, transcript, done};

extern "C" bool bench_simdjson_utf8(char *text, size_t len)
{
    return simdjson::validate_utf8(text, len);
}
