/* libb64. */
#include "test/bench/stages/bench.h"

#include <b64/cdecode.h>
#include <b64/cencode.h>

static bool decode(char *text, size_t len)
{
    base64_decodestate state;

    base64_init_decodestate(&state);
    return base64_decode_block(text, (int)len, bench_out, &state) == (int)bench_pcm_bytes;
}

static bool encode(char *from, size_t bytes)
{
    base64_encodestate state;

    base64_init_encodestate(&state);
    int len = base64_encode_block(from, (int)bytes, bench_out, &state);
    return len + base64_encode_blockend(bench_out + len, &state) > (int)(bytes / 3 * 4);
}

const struct bench_base64 bench_libb64 = {"libb64", decode, encode};
