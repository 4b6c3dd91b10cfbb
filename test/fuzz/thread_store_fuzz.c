/*
 * A file of any bytes in the record of conversations: it is listed and read without harm, every text that
 * comes out of it is UTF-8, each line is read, passed over or counted, and what is appended to it comes out
 * as the last line, whatever stands before.
 */
#include "context/thread_log.h"
#include "parser/utf8.h"
#include "platform/fake/fake.h"
#include "platform/status.h"
#include "test/fuzz/fuzz.h"

static unsigned char block[2 << 20];

static size_t feeds(const uint8_t *data, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += data[i] == '\n';
    return count;
}

/* Reads all of it; *last is then the last line, good while the store is not used. Returns how many there are.
 */
static size_t read_all(struct parley_thread_store *s, struct parley_thread_reader *reader,
                       struct parley_thread_line *last)
{
    struct parley_thread_line line;
    size_t count = 0;

    must(parley_thread_store_read(s, parley_view("t"), reader) == PARLEY_OK);
    while (parley_thread_reader_next(reader, &line) == 1) {
        must(parley_utf8_valid(line.text) && parley_utf8_valid(line.cwd) && parley_utf8_valid(line.branch));
        must(line.at_s >= 0 && line.at_s <= PARLEY_THREAD_LAST_S);
        must(line.kind == PARLEY_THREAD_SESSION ? line.cwd.at != NULL : line.text.at != NULL);
        *last = line;
        count++;
    }
    return count;
}

static void check_summary(struct parley_thread_store *s, size_t lines)
{
    static struct parley_thread_summary t;
    size_t listed = parley_thread_store_list(s, &t, 1);

    must(listed <= 1);
    if (listed == 0)
        return;
    must(t.cwd[0] != '\0' && t.asks + t.replies + t.handoffs < lines);
    must(parley_utf8_valid(parley_view(t.ask)) && parley_utf8_valid(parley_view(t.cwd)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_arena arena = parley_arena(block, sizeof block);
    struct parley_thread_store store;
    struct parley_thread_reader reader;
    struct parley_thread_line last;
    struct parley_thread_log log;
    size_t before;

    if (size > PARLEY_FAKE_FILE_BYTES - 1000)
        return 0;
    parley_fake_reset();
    parley_thread_store_open(&store, "/r", &arena, NULL);
    parley_fake_file("/r/t.jsonl", data, size);
    before = read_all(&store, &reader, &last);
    must(before + reader.unread + reader.torn <= feeds(data, size) + 1);
    check_summary(&store, before);

    must(parley_thread_log_open(&log, &store, parley_view("t"), parley_view("/a"), parley_view(NULL), 5,
                                &arena) == PARLEY_OK);
    must(parley_thread_log_write(&log, PARLEY_THREAD_USER, parley_view("well"), 6) == PARLEY_OK);
    parley_thread_log_close(&log);
    must(read_all(&store, &reader, &last) >= 2);
    must(!reader.torn && last.kind == PARLEY_THREAD_USER && last.at_s == 6 &&
         parley_view_is(last.text, "well"));
    return 0;
}
