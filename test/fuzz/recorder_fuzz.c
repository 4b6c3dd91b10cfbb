/*
 * The flight recorder. Half of the inputs are what a service and a host say, with the key in it, as it is and
 * with escapes of JSON: no record holds it, and every record is held again byte for byte. The other half are
 * lines of a record: whatever they are, replay and timeline come to an end.
 */
#include "core/cli/picture.h"
#include "core/cli/play_again.h"
#include "platform/fake/fake.h"
#include "test/fuzz/fuzz.h"
#include "test/loopback_peer.h"

#include <stdio.h>

enum { RECORD_BYTES = 200 * 1024, SAID_BYTES = 8192, KEY_BYTES = 20 };

static char record[RECORD_BYTES];
static size_t record_used;
static char key[KEY_BYTES + 1];

static void take(void *nobody, struct parley_view piece)
{
    (void)nobody;
    must(record_used + piece.len <= sizeof record);
    memcpy(record + record_used, piece.at, piece.len);
    record_used += piece.len;
}

/* ---- the service ------------------------------------------------------------------------------- */

static struct {
    const char *at;
    size_t len, cut; /* in two pieces */
} says;

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    bool first = says.cut > 0;
    size_t count = first ? says.cut : says.len;

    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (says.at == NULL)
        return 0;
    *message = (struct parley_fragment){.bytes = {says.at, count}, .last = !first};
    says.at = first ? says.at + count : NULL;
    says.len -= count;
    says.cut = 0;
    return 1;
}

static struct parley_loopback_peer peer = {.opened = ignore_opened, .received = ignore_received, .say = say};

/* ---- the key in what is said ------------------------------------------------------------------- */

static void make_key(const uint8_t *data, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    memcpy(key, "sk-", 3);
    for (size_t i = 3; i < KEY_BYTES; i++)
        key[i] = letters[(i < size ? data[i] : i * 7) % (sizeof letters - 1)];
    key[KEY_BYTES] = '\0';
}

/* The bytes 1 and 2 stand for the key, plain and with some escapes. */
static size_t fill_in(char out[SAID_BYTES], const uint8_t *data, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < size && used + 6 * KEY_BYTES + 1 < SAID_BYTES; i++) {
        if (data[i] != 1 && data[i] != 2) {
            out[used++] = (char)data[i];
            continue;
        }
        for (size_t k = 0; k < KEY_BYTES; k++)
            used += (size_t)snprintf(out + used, 8, data[i] == 2 && k % 3 == 0 ? "\\u%04x" : "%c",
                                     (unsigned)(unsigned char)key[k]);
    }
    return used;
}

static bool holds(const char *at, size_t len, const char *part)
{
    size_t wanted = strlen(part);

    for (size_t i = 0; i + wanted <= len; i++)
        if (memcmp(at + i, part, wanted) == 0)
            return true;
    return false;
}

/* The character that six bytes stand for, such as \u0041; -1 for what is no such escape, or not of ASCII. */
static int escaped(const char *at, size_t len)
{
    char digits[5] = "";
    unsigned long code;

    if (len < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    memcpy(digits, at + 2, 4);
    code = strtoul(digits, NULL, 16);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 && code < 128 ? (int)code : -1;
}

/* Neither as it stands, nor when JSON is taken off once or twice. */
static void expect_no_key(void)
{
    char *text = exact_copy(record, record_used);
    size_t len = record_used;

    for (int depth = 0; depth < 3; depth++) {
        size_t used = 0;

        must(!holds(text, len, key));
        for (size_t i = 0; i < len; used++) {
            int code = escaped(text + i, len - i);

            if (code >= 0) {
                text[used] = (char)code;
                i += 6;
            } else {
                i += text[i] == '\\' && i + 1 < len;
                text[used] = text[i++];
            }
        }
        len = used;
    }
    free(text);
}

/* ---- the two halves ---------------------------------------------------------------------------- */

static void serve(struct parley_conversation *c, uint64_t now_us)
{
    struct parley_event event;

    for (int i = 0; i < 4; i++) {
        parley_service(c, now_us);
        while (parley_next_event(c, &event) > 0)
            ;
    }
}

static void converse(const uint8_t *data, size_t size)
{
    static char said[SAID_BYTES];
    struct parley_header header = {PARLEY_VIEW("X-Token"), {key, KEY_BYTES}};
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;
    struct parley_conversation *c = NULL;
    struct parley_play_again_result result;
    size_t len = fill_in(said, data, size), bytes;
    void *block;

    record_used = 0;
    o.recorder =
        (struct parley_recorder){.write = take, .bytes = RECORD_BYTES, .without_audio = size % 5 == 0};
    o.api_key = size % 2 == 0 ? parley_view(key) : parley_view(NULL);
    o.headers = &header;
    o.header_count = 1;
    o.prompt = parley_view_of(said, len < 300 ? len : 300);
    o.limits.inbox_bytes = 16384;
    o.limits.output_audio_ms = 1000;
    o.limits.transcript_bytes = 1024;
    o.limits.outbox_bytes = 16384;
    o.peer = &peer;
    says.at = said;
    says.len = len;
    says.cut = len > 2 ? size * 31 % len : 0;
    bytes = parley_memory_needed(&o);
    if (bytes == 0)
        return; /* a prompt that is not UTF-8 */
    block = exact_room(bytes);
    must(parley_open(&c, block, bytes, &o, 1000, NULL) == PARLEY_OK);
    serve(c, 2000);
    parley_send_text(c, parley_view_of(said, len));
    parley_agent_progress(c, parley_view_of(said, len), parley_view_of(said, len));
    serve(c, 3000);
    parley_close(c);
    free(block);
    expect_no_key();
    if (len > 900)
        return; /* where a text is cut in two, so may the key be */
    parley_fake_file("record", record, record_used);
    if (parley_play_again("record", NULL, &result) != 1) {
        fprintf(stderr, "%s\n", result.why);
        abort();
    }
}

static void read_lines(const uint8_t *data, size_t size)
{
    static const char head[] =
        "{\"record\":1,\"us\":1000,\"audio\":\"on\",\"options\":{\"protocol\":\"v2\","
        "\"limits\":{\"inbox_bytes\":4096,\"output_audio_ms\":500,\"outbox_bytes\":16384,"
        "\"transcript_bytes\":1024}}}\n";
    struct parley_play_again_result result;
    struct parley_cli_story story;
    struct parley_cli_sheet sheet = {.at = NULL};
    char why[PARLEY_CLI_FLIGHT_FILE_WHY];

    memcpy(record, head, sizeof head - 1);
    record_used = sizeof head - 1;
    if (size > sizeof record - record_used)
        size = sizeof record - record_used;
    if (size > 0)
        memcpy(record + record_used, data, size);
    parley_fake_file("record", record, record_used + size);
    must(parley_play_again("record", NULL, &result) == 1 || result.why[0] != '\0');
    if (parley_cli_story_read(&story, "record", why) == PARLEY_OK &&
        story.end_us < 3600 * UINT64_C(1000000)) {
        parley_cli_picture_svg(&sheet, &story, 60, true);
        parley_cli_picture_text(&sheet, &story, 60, 80);
    }
    parley_cli_sheet_free(&sheet);
    parley_cli_story_free(&story);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    parley_fake_reset();
    make_key(data, size);
    if (data[0] % 2 == 0)
        converse(data + 1, size - 1);
    else
        read_lines(data + 1, size - 1);
    return 0;
}
