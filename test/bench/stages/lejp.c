/* lejp, the streaming parser of libwebsockets: it hands out strings in pieces, so they are put together. */
#include "test/bench/stages/bench.h"

#include <libwebsockets.h>
#include <string.h>

enum { TYPE, ITEM_ID, RESPONSE_ID, CONTENT_INDEX, DELTA, ID, STATUS, CONVERSATION_ID, PATHS };
static const char *const paths[PATHS] = {
    "type",  "item_id",     "response_id",     "content_index",
    "delta", "response.id", "response.status", "response.conversation_id",
};

static struct {
    char delta[BENCH_ROOM];
    size_t delta_bytes;
    unsigned seen;
} got;

static signed char on_event(struct lejp_ctx *ctx, char reason)
{
    if (!(reason & LEJP_FLAG_CB_IS_VALUE) || ctx->path_match == 0)
        return 0;
    if (ctx->path_match - 1 == DELTA) {
        memcpy(got.delta + got.delta_bytes, ctx->buf, ctx->npos);
        got.delta_bytes += ctx->npos;
    }
    got.seen |= 1u << (ctx->path_match - 1);
    return 0;
}

static bool read_it(const char *text, size_t len, unsigned want)
{
    struct lejp_ctx ctx;
    int status;

    got.seen = 0;
    got.delta_bytes = 0;
    lejp_construct(&ctx, on_event, NULL, paths, PATHS);
    status = lejp_parse(&ctx, (const unsigned char *)text, (int)len);
    lejp_destruct(&ctx);
    return status >= 0 && (got.seen & want) == want;
}

static bool audio(char *text, size_t len)
{
    return read_it(text, len,
                   1u << TYPE | 1u << ITEM_ID | 1u << RESPONSE_ID | 1u << CONTENT_INDEX | 1u << DELTA) &&
           bench_table_decode(bench_out, got.delta, got.delta_bytes) == bench_pcm_bytes;
}

static bool transcript(char *text, size_t len)
{
    return read_it(text, len, 1u << TYPE | 1u << ITEM_ID | 1u << RESPONSE_ID | 1u << DELTA);
}

static bool done(char *text, size_t len)
{
    return read_it(text, len, 1u << TYPE | 1u << ID | 1u << STATUS | 1u << CONVERSATION_ID);
}

const struct bench_json bench_lejp = {"lejp (libwebsockets)", audio, transcript, done};
