/*
 * A block that is too small, by any number of bytes: an error in words, and nothing written behind its end.
 * Each block is one of its own from malloc, so a sanitizer sees every byte.
 */
#include "core/parley.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { EDGE = 128, STEP = 509 }; /* bytes: near both ends every size, between them this far apart */

static const struct parley_limits small = {.inbox_bytes = 1024,
                                           .outbox_bytes = 8192,
                                           .input_audio_ms = 100,
                                           .output_audio_ms = 200,
                                           .transcript_bytes = 256,
                                           .reply_items = 2,
                                           .link_recv_bytes = 1024,
                                           .link_send_bytes = 8192};

static void expect_refused(const char *title, const struct parley_options *options, size_t bytes,
                           size_t needed)
{
    struct parley_conversation *c = NULL;
    struct parley_error error = {PARLEY_OK, ""};
    unsigned char *block = malloc(bytes > 0 ? bytes : 1);
    int status = parley_open(&c, block, bytes, options, 1, &error);

    if (status == PARLEY_OK && needed - bytes <= 16) /* an aligned block needs less */
        parley_close(c);
    else if (status != PARLEY_ERR_MEMORY || error.status != status || error.text[0] == 0 || c != NULL)
        fail_msg("%s: %zu of %zu bytes: status %d, \"%s\"", title, bytes, needed, status, error.text);
    free(block);
}

static void a_block_of_any_size_below_what_is_needed(void **state)
{
    static const struct {
        const char *title;
        bool v1, transcription, reconnect, no_queue;
    } rows[] = {
        {"plain", false, false, false, false},
        {"version 1", true, false, false, false},
        {"a transcription", false, true, false, false},
        {"with links to come", false, false, true, false},
        {"without a queue of audio", false, false, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_options options = PARLEY_OPTIONS_DEFAULT;
        struct parley_conversation *c;
        size_t needed;
        void *block;

        options.protocol = rows[i].v1 ? PARLEY_PROTOCOL_V1 : PARLEY_PROTOCOL_V2;
        options.mode = rows[i].transcription ? PARLEY_TRANSCRIPTION : PARLEY_CONVERSATIONAL;
        options.reconnect.on = rows[i].reconnect;
        options.prompt = parley_view("p");
        options.limits = small;
        if (rows[i].no_queue)
            options.limits.output_audio_ms = PARLEY_LIMIT_NONE;
        needed = parley_memory_needed(&options);
        assert_true(needed > 2 * EDGE);
        for (size_t bytes = 0; bytes < needed; bytes += bytes < EDGE || needed - bytes <= EDGE ? 1 : STEP)
            expect_refused(rows[i].title, &options, bytes, needed);
        block = malloc(needed);
        assert_int_equal(parley_open(&c, block, needed, &options, 1, NULL), PARLEY_OK);
        parley_close(c);
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_block_of_any_size_below_what_is_needed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
