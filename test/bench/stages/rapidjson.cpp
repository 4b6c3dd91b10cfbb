// RapidJSON, parsing in place.
#include "test/bench/stages/bench.h"

#include <rapidjson/document.h>

static char values[1 << 16], stack[1 << 12];

// Reads into memory that is taken once.
template <typename Use> static bool with_document(char *text, Use use)
{
    rapidjson::MemoryPoolAllocator<> value_memory(values, sizeof values), stack_memory(stack, sizeof stack);
    rapidjson::GenericDocument<rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>, rapidjson::MemoryPoolAllocator<>>
        document(&value_memory, sizeof stack, &stack_memory);

    document.ParseInsitu(text);
    return !document.HasParseError() && use(document);
}

template <typename Object> static bool is_string(const Object &object, const char *name)
{
    auto found = object.FindMember(name);
    return found != object.MemberEnd() && found->value.GetStringLength() > 0;
}

static bool audio(char *text, size_t)
{
    return with_document(text, [](const auto &root) {
        auto delta = root.FindMember("delta");
        return is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
               root.FindMember("content_index")->value.IsUint() &&
               bench_table_decode(bench_out, delta->value.GetString(), delta->value.GetStringLength()) == bench_pcm_bytes;
    });
}

static bool transcript(char *text, size_t)
{
    return with_document(text, [](const auto &root) {
        return is_string(root, "type") && is_string(root, "item_id") && is_string(root, "response_id") &&
               is_string(root, "delta");
    });
}

static bool done(char *text, size_t)
{
    return with_document(text, [](const auto &root) {
        const auto &response = root.FindMember("response")->value;
        return is_string(root, "type") && is_string(response, "id") && is_string(response, "status") &&
               is_string(response, "conversation_id");
    });
}

extern "C" const struct bench_json bench_rapidjson = {"RapidJSON, in place", audio, transcript, done};
