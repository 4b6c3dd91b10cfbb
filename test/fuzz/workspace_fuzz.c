/*
 * Any bytes as the names in a folder, as its own path, and as cwd, branch and ask of a thread: what comes out
 * is UTF-8 without control characters, has one line for each entry, and no name makes a line, a heading or a
 * tag of its own.
 */
#include "context/startup_context.h"
#include "parser/utf8.h"
#include "platform/fake/fake.h"
#include "test/fuzz/fuzz.h"

enum { NAMES = 40, NAME_BYTES = 260 };

static struct parley_startup_work work;
static char out[PARLEY_STARTUP_CONTEXT_BYTES];

static size_t count_of(struct parley_view text, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == c;
    return count;
}

/* Makes an entry of each piece of the data between zeros. Returns how many. */
static size_t make_names(const uint8_t *data, size_t size)
{
    static char names[NAMES][NAME_BYTES + 8];
    size_t count = 0;

    while (size > 0 && count < NAMES) {
        const uint8_t *end = memchr(data, '\0', size);
        size_t len = end != NULL ? (size_t)(end - data) : size, kept = len < NAME_BYTES ? len : NAME_BYTES;

        memcpy(names[count], "/w/", 3);
        memcpy(names[count] + 3, data, kept);
        names[count][3 + kept] = '\0';
        parley_fake_entry(names[count++]);
        len += end != NULL;
        data += len;
        size -= len;
    }
    return count;
}

/* No line break but ours: each line begins as one of ours does. */
static void check_lines(struct parley_view text)
{
    static const char *const starts[] = {
        "Current working directory: ", "Working directory name: ", "Working directory tree:", "- ", "  - "};

    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct parley_view line = {text.at, end != NULL ? (size_t)(end - text.at) : text.len};
        bool known = line.len == 0;

        for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
            known = known || parley_view_starts(line, parley_view(starts[i]));
        must(known);
        text = parley_view_skip(text, line.len + (end != NULL));
    }
}

static void check_workspace(void)
{
    static struct parley_section section;
    struct parley_view text;

    parley_section_begin(&section);
    parley_workspace(&section, &work.of.tree, parley_view("/w"), parley_view(NULL), parley_view(NULL));
    text = parley_view_of(section.at, section.used);
    if (section.gone == 0) {
        check_lines(text);
        must(parley_utf8_valid(text));
    }
    for (size_t i = 0; i < text.len; i++)
        must(text.at[i] == '\n' || ((unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7F));
    must(count_of(text, '<') == 0 && count_of(text, '>') == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view text = {(const char *)data, size};
    struct parley_recent_thread thread = {text, parley_view_of(text.at, size / 2), text,
                                          (int64_t)size * -1000003};
    struct parley_message message = {PARLEY_ROLE_USER, text};
    struct parley_startup startup = {&message, 1, &thread, 1, parley_view("/w"), text};
    long len;

    if (size > 8192)
        return 0;
    parley_fake_reset();
    make_names(data, size);
    check_workspace();
    len = parley_startup_context(out, sizeof out, &startup, &work);
    must(len >= 0 && (size_t)len <= sizeof out);
    startup.cwd = text;
    len = parley_startup_context(out, sizeof out, &startup, &work);
    must(len >= 0 && (size_t)len <= sizeof out);
    return 0;
}
